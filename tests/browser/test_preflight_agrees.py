"""The microphone check in the browser and the one on the server: one set of limits, the same verdicts."""

import re

import numpy as np
import pytest

from coach.audio.level import rms_dbfs
from coach.audio.pcm import FULL_SCALE, SAMPLE_RATE_HZ, Pcm
from coach.audio.preflight import MicrophoneFault, browser_limits, judge
from pages.components.stage import STATIC
from tests.fakes.spoken import SENTENCES, answer

FRAME = SAMPLE_RATE_HZ // 25
LIMITS = browser_limits()
VERDICTS = {
    MicrophoneFault.NO_SOUND: "dead",
    MicrophoneFault.TOO_QUIET: "quiet",
    MicrophoneFault.CLIPPING: "clipping",
    MicrophoneFault.NOISY: "noise",
}


def sound(gain: float, noise: float = 0.0) -> Pcm:
    """A sentence that lasts about as long as the check listens, louder or softer, with noise."""
    spoken = answer(0.4, SENTENCES[0], 0.4, background="hiss").pcm.samples.astype(float)
    made = spoken * gain + np.random.default_rng(2).normal(0, noise, len(spoken))
    return Pcm(made.clip(-32768, 32767).astype(np.int16))


def frames(pcm: Pcm) -> list[dict[str, float]]:
    """What the browser's microphone tells of each frame."""
    out = []
    for at in range(0, len(pcm.samples) - FRAME + 1, FRAME):
        piece = pcm.samples[at : at + FRAME]
        loud = np.abs(piece.astype(float) / FULL_SCALE) >= LIMITS["clip_at"]
        out.append({"dbfs": float(rms_dbfs(piece.tobytes())), "clipped": float(np.mean(loud))})
    return out


def in_browser(page, pcm: Pcm, limits: dict[str, float] | None = LIMITS) -> str:
    check = re.sub(r"^export ", "", (STATIC / "js" / "preflight.js").read_text("utf8"), flags=re.MULTILINE)
    told = page.evaluate(
        f"""([limits, frames]) => {{ {check}
        const check = new Preflight(); check.limits = limits;
        for (const frame of frames) check.push(frame);
        return check.verdict().code; }}""",
        [limits, frames(pcm)],
    )
    return str(told)


@pytest.mark.parametrize(
    ("gain", "noise"),
    [(1, 0), (0, 0), (0.03, 0), (12, 0), (1, 1000)],
    ids=["good", "dead", "quiet", "clipped", "noisy"],
)
def test_browser_and_server_judge_alike(open_stage, gain, noise):
    page, _ = open_stage()
    pcm = sound(gain, noise)
    faults = [finding.fault for finding in judge(pcm).findings]
    expected = {VERDICTS[fault] for fault in faults} or {"good"}
    assert in_browser(page, pcm) in expected


def test_without_the_servers_limits_nothing_is_judged(open_stage):
    page, _ = open_stage()
    assert in_browser(page, sound(1), limits=None) == "listening"
