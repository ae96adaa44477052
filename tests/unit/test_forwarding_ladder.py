"""The forwarding benchmark climbs until an engine breaks, lets one stall of the machine decide nothing, needs no uv."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import forwarding
from benchmarks.forwarding import Climb, Figure, climb, verdict


def engine(limit: int, stalls: tuple[int, ...] = ()) -> tuple[list[int], Callable[[str, int], Figure]]:
    """An engine that holds `limit` sessions; run number n of `stalls` meets a busy machine."""
    asked: list[int] = []

    def run(name: str, sessions: int) -> Figure:
        asked.append(sessions)
        late = sessions > limit or len(asked) in stalls
        return Figure(name, sessions, 1000, 0, 1.0, 50.0 if late else 2.0, 2.5, 0.1)

    return asked, run


@pytest.mark.parametrize("limit", [20, 49, 120, 230, 640])
def test_a_ladder_ends_where_the_engine_breaks(limit):
    asked, run = engine(limit)
    found = climb("pipecat", run)
    assert found.held <= limit < found.broke and found.broke - found.held <= max(2, 0.1 * found.held)
    assert max(asked) > limit and found.cpu_ms_per_session_s == (2.5, 2.5)


def test_one_stall_of_the_machine_decides_nothing():
    _, run = engine(120, stalls=(1, 4, 8))
    calm = climb("pipecat", engine(120)[1])
    assert climb("pipecat", run).held == calm.held


def test_lost_frames_break_a_rung():
    lossy = Figure("ours", 50, 900, 100, 1.0, 2.0, 2.5, 0.1)
    assert not forwarding.holds([lossy, lossy])


def test_a_ladder_that_never_breaks_says_so(monkeypatch):
    monkeypatch.setattr(forwarding, "MOST", 200)
    found = climb("ours", engine(10_000)[1])
    assert (found.held, found.broke) == (200, None)
    told = verdict(
        {"ours": Climb(230, 240, None), "pipecat": Climb(120, 130, None), "pipecat-lean": Climb(210, None, None)}
    )
    assert told["ours over"]["pipecat"] == {"ratio": 1.92, "reference broke": True}
    assert told["ours over"]["pipecat-lean"] == {"ratio": 1.1, "reference broke": False}


def test_the_reference_is_installed_with_uv_or_without():
    home = Path("env")
    assert forwarding._making(home, "/bin/uv")[0][:2] == ["/bin/uv", "venv"]
    made, installed = forwarding._making(home, None)
    assert made[1:] == ["-m", "venv", "env"] and installed[:3] == ["env/bin/python", "-m", "pip"]
    assert set(forwarding.PIPECAT) <= set(installed)
