"""What the microphone delivers right now: a level for the waveform and the fade of the Finish button."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from coach.audio.pcm import BYTES_PER_SAMPLE, FULL_SCALE
from coach.audio.vad import VoiceActivity

SILENCE_DBFS = -100.0
CLIP_AT = 32_500
QUIET_DBFS, LOUD_DBFS = -60.0, -10.0
RELEASE_PER_S = 4.0


def rms_dbfs(pcm16: bytes) -> float:
    """RMS level in dB below full scale; -100 for digital silence."""
    samples = np.frombuffer(pcm16, "<i2", count=len(pcm16) // BYTES_PER_SAMPLE).astype(np.float32)
    if not len(samples):
        return SILENCE_DBFS
    power = float(np.mean((samples / FULL_SCALE) ** 2))
    return max(SILENCE_DBFS, 10 * np.log10(power + 1e-10))


class FinishState(StrEnum):
    """How the Finish button shows: half faded while speaking, full after 1.5 s of silence. Always clickable."""

    WAITING = "waiting"
    SPEAKING = "speaking"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class FinishView:
    """State of the button and its opacity 0-1."""

    state: FinishState
    opacity: float


_OPACITY = {FinishState.WAITING: 0.5, FinishState.SPEAKING: 0.5, FinishState.READY: 1.0}


class FinishFade:
    """Fades Finish in when the person has paused for 1.5 s, and out again only for real speech.

    Hysteresis in time: a pause must last `SILENCE_S`; speech must last `SPEECH_S` before a shown button fades again, so
    that a cough or a key press does not make it flicker. At most one change per pause and one per return to speech.
    """

    SILENCE_S = 1.5
    SPEECH_S = 0.25

    def __init__(self) -> None:
        self._activity = VoiceActivity()
        self._silent_s = 0.0
        self._spoken_s = 0.0
        self.state = FinishState.WAITING

    @property
    def view(self) -> FinishView:
        """What to show now."""
        return FinishView(self.state, _OPACITY[self.state])

    def push(self, pcm16: bytes) -> FinishView | None:
        """Takes a frame (16 kHz mono Int16); the new view when it changed, else None."""
        before = self._activity.seconds
        speaking = self._activity.push(pcm16)
        if speaking is None:
            return None
        return self.step(speaking=speaking, seconds=self._activity.seconds - before)

    def step(self, *, speaking: bool, seconds: float) -> FinishView | None:
        """The same for a caller that has a voice detector of its own."""
        self._spoken_s = self._spoken_s + seconds if speaking else 0.0
        if self._spoken_s >= self.SPEECH_S:
            self._silent_s = 0.0
        elif not speaking:
            self._silent_s += seconds
        return self._change(self._next())

    def _next(self) -> FinishState:
        if self._spoken_s >= self.SPEECH_S:
            return FinishState.SPEAKING
        if self.state is FinishState.SPEAKING and self._silent_s >= self.SILENCE_S:
            return FinishState.READY
        return self.state

    def _change(self, state: FinishState) -> FinishView | None:
        if state is self.state:
            return None
        self.state = state
        return self.view
