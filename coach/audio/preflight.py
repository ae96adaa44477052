"""The microphone check before the interview: level, clipping, background, silence, each finding with its mend.

The check itself runs in the browser, by the limits told here; `judge` is the same verdict from sound alone, by a speech
detector the browser does not have, and what the browser's verdict is measured against.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from coach.audio.edges import levels_dbfs
from coach.audio.level import CLIP_AT
from coach.audio.pcm import FULL_SCALE, Pcm
from coach.audio.vad import speech_segments

ENOUGH_S = 3.0
DEAD_DBFS = -75.0
QUIET_SPEECH_DBFS = -38.0
CLIPPED_SHARE = 0.001
NOISE_SNR_DB = 12.0
LOUD_BACKGROUND_DBFS = -42.0
"""For the browser alone, which cannot tell speech: above it, sound without ups is noise; below it, nobody spoke yet."""


class MicrophoneFault(StrEnum):
    """What can be wrong, from worst to slightest."""

    NO_SOUND = "no_sound"
    NO_SPEECH = "no_speech"
    TOO_QUIET = "too_quiet"
    CLIPPING = "clipping"
    NOISY = "noisy"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what is wrong, how to mend it, and whether the interview can start all the same."""

    fault: MicrophoneFault
    message: str
    mend: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class MicrophoneReport:
    """Outcome of the check. Levels in dB below full scale; None where there was nothing to measure."""

    ok: bool
    seconds: float
    findings: tuple[Finding, ...]
    speech_dbfs: float | None = None
    background_dbfs: float | None = None
    clipped_share: float = 0.0


FINDINGS = {
    f.fault: f
    for f in (
        Finding(
            MicrophoneFault.NO_SOUND,
            "The microphone delivers no sound at all.",
            "Unmute it or choose another input device; it may be a monitor or a docking station without one.",
            True,
        ),
        Finding(
            MicrophoneFault.NO_SPEECH,
            "There is sound, but no speech in it.",
            "Say a sentence; if you did, choose the right input device.",
            True,
        ),
        Finding(MicrophoneFault.TOO_QUIET, "Your voice is very quiet.", "Move closer or raise the input level.", False),
        Finding(
            MicrophoneFault.CLIPPING, "Your voice is distorted by too much level.", "Lower the input level.", False
        ),
        Finding(
            MicrophoneFault.NOISY,
            "There is a lot of noise behind your voice.",
            "Close the window, switch the fan off, or use a headset.",
            False,
        ),
    )
}


def browser_limits() -> dict[str, float]:
    """The limits of the check that runs in the browser (`static/js/preflight.js`), over frames of 40 ms."""
    return {
        "window_s": ENOUGH_S,
        "dead_dbfs": DEAD_DBFS,
        "quiet_speech_dbfs": QUIET_SPEECH_DBFS,
        "loud_background_dbfs": LOUD_BACKGROUND_DBFS,
        "noise_snr_db": NOISE_SNR_DB,
        "clipped_share": CLIPPED_SHARE,
        "clip_at": CLIP_AT / FULL_SCALE,
    }


def judge(pcm: Pcm) -> MicrophoneReport:
    """The verdict on a recording of a few seconds in which a sentence was said."""
    levels = levels_dbfs(pcm.samples)
    if not len(levels) or float(np.percentile(levels, 95)) < DEAD_DBFS:
        return _report(pcm, [FINDINGS[MicrophoneFault.NO_SOUND]])
    segments = speech_segments(pcm.samples)
    if not segments:
        return _report(pcm, [FINDINGS[MicrophoneFault.NO_SPEECH]], background=float(np.median(levels)))
    inside = np.zeros(len(levels), dtype=bool)
    for start, end in segments:
        inside[round(start * 100) : round(end * 100)] = True
    speech = float(np.percentile(levels[inside], 75)) if inside.any() else float(np.percentile(levels, 90))
    background = float(np.median(levels[~inside])) if (~inside).sum() > 20 else float(np.percentile(levels, 5))
    clipped = float(np.mean(np.abs(pcm.samples.astype(np.int32)) >= CLIP_AT))
    faults = []
    if speech < QUIET_SPEECH_DBFS:
        faults.append(MicrophoneFault.TOO_QUIET)
    if clipped > CLIPPED_SHARE:
        faults.append(MicrophoneFault.CLIPPING)
    if speech - background < NOISE_SNR_DB:
        faults.append(MicrophoneFault.NOISY)
    return _report(pcm, [FINDINGS[f] for f in faults], speech, background, clipped)


def _report(
    pcm: Pcm,
    findings: list[Finding],
    speech: float | None = None,
    background: float | None = None,
    clipped: float = 0.0,
) -> MicrophoneReport:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 1)

    blocked = any(f.blocking for f in findings)
    return MicrophoneReport(
        not blocked, pcm.duration_s, tuple(findings), rounded(speech), rounded(background), round(clipped, 5)
    )
