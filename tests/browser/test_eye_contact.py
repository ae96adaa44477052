"""The geometry of the eye-contact proxy, in the browser it runs in: known turns come out again."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

SCRIPT = Path("pages/components/stage/static/js/eye_contact.js")
WIDTH, HEIGHT = 640, 480
POINTS = {234: (-70, 0, 0), 454: (70, 0, 0), 10: (0, -90, 0), 152: (0, 90, 0)}
CORNERS = {33: (-46, -30, -10), 133: (-18, -30, -10), 362: (18, -30, -10), 263: (46, -30, -10)}


def face(turn: float = 0, nod: float = 0, eyes: float = 0, at: tuple[float, float] = (320, 240)) -> list[dict]:
    """478 points of a face turned to the right of the picture and raised by degrees, its eyes turned by `eyes`."""
    across, up = math.radians(turn), math.radians(nod)
    shift = 12 * math.sin(math.radians(eyes))
    points: dict[int, tuple[float, float, float]] = {
        **POINTS,
        **CORNERS,
        468: (-32 + shift, -30, -10),
        473: (32 + shift, -30, -10),
    }
    placed = [{"x": at[0] / WIDTH, "y": at[1] / HEIGHT, "z": 0.0} for _ in range(478)]
    for index, (x, y, z) in points.items():
        y, z = y * math.cos(up) + z * math.sin(up), -y * math.sin(up) + z * math.cos(up)
        x, z = x * math.cos(across) - z * math.sin(across), x * math.sin(across) + z * math.cos(across)
        placed[index] = {"x": (at[0] + x) / WIDTH, "y": (at[1] + y) / HEIGHT, "z": z / WIDTH}
    return placed


@pytest.fixture(scope="module")
def gaze(shell: Browser):
    page = shell.new_context().new_page()
    code = SCRIPT.read_text(encoding="utf-8").replace("export ", "")
    page.evaluate(f"() => {{ {code}; window.gazeOf = gazeOf; window.towardsCamera = towardsCamera; }}")

    def look(landmarks: list[dict]) -> dict | None:
        return page.evaluate(
            f"(p) => {{ const g = gazeOf(p, {WIDTH}, {HEIGHT}); return g && {{...g, towards: towardsCamera(g)}}; }}",
            json.loads(json.dumps(landmarks)),
        )

    yield look
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("turn", [-40, -15, 0, 15, 40])
def test_a_turned_head_is_measured(gaze, turn: float) -> None:
    seen, straight = gaze(face(turn=turn)), gaze(face())
    assert seen["head"]["across"] - straight["head"]["across"] == pytest.approx(turn, abs=1)
    assert seen["towards"] == (abs(turn) <= 20)


@pytest.mark.browser
@pytest.mark.parametrize("nod", [-40, 40])
def test_a_bowed_or_raised_head_looks_elsewhere(gaze, nod: float) -> None:
    seen, straight = gaze(face(nod=nod)), gaze(face())
    assert seen["head"]["up"] - straight["head"]["up"] == pytest.approx(nod, abs=1)
    assert not seen["towards"]


@pytest.mark.browser
def test_eyes_can_make_up_for_the_head_or_turn_away_from_it(gaze) -> None:
    assert gaze(face(eyes=30))["eye"]["across"] == pytest.approx(30, abs=2)
    assert not gaze(face(eyes=30))["towards"]
    assert gaze(face(turn=25, eyes=-25))["towards"]


@pytest.mark.browser
def test_where_the_face_is_in_the_picture_counts(gaze) -> None:
    beside = gaze(face(at=(520, 240)))
    assert beside["across"] - gaze(face())["across"] == pytest.approx(math.degrees(math.atan(200 / 554)), abs=1)


@pytest.mark.browser
def test_a_face_too_small_to_tell_is_not_judged(gaze) -> None:
    tiny = [{"x": 0.5 + (p["x"] - 0.5) / 8, "y": 0.5 + (p["y"] - 0.5) / 8, "z": p["z"] / 8} for p in face()]
    assert gaze(tiny) is None


MESH = """(points) => {
  window.FaceMesh = class {
    setOptions() {}
    onResults(tell) { this.tell = tell; }
    async send() { this.tell({multiFaceLandmarks: window.nobody ? [] : [points]}); }
    close() {}
  };
}"""


@pytest.mark.browser
def test_looks_are_sent_while_listening_and_only_when_wanted(open_stage) -> None:
    page, server = open_stage()
    page.evaluate(MESH, face())
    page.context.grant_permissions(["microphone", "camera"])
    page.get_by_role("switch", name="Eye contact").click()
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()
    until(page, lambda: len(looks(server)) >= 3)
    assert all(look["face"] and look["towards_camera"] for look in looks(server))
    page.evaluate("window.nobody = true")
    until(page, lambda: not looks(server)[-1]["face"])
    assert (looks(server)[-1]["face"], looks(server)[-1]["towards_camera"]) == (False, None)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    heard = len(looks(server))
    page.wait_for_timeout(600)
    assert len(looks(server)) == heard


@pytest.mark.browser
def test_without_the_mesh_it_is_told_and_the_interview_goes_on(open_stage) -> None:
    page, server = open_stage()
    page.context.grant_permissions(["microphone", "camera"])
    page.get_by_role("switch", name="Eye contact").click()
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.locator(".jf-toast").get_by_text("eye contact").wait_for()
    assert looks(server) == []


def until(page: Page, condition: Callable[[], bool], within_ms: int = 10_000) -> None:
    for _ in range(within_ms // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")


def looks(server) -> list[dict]:
    return [c["payload"] for c in server.commands if c["type"] == "EYE_CONTACT"]
