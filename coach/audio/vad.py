"""Is somebody speaking? Batch (`speech_segments`) for the metrics, streaming (`VoiceActivity`) for the Finish button.

Level-based detectors take typing and breath for speech, Silero does not. After a long silence it recognises the first
syllables late; the batch form therefore listens forwards and backwards and believes whichever is surer.
"""

import numpy as np

from coach.audio.edges import Segments, refine
from coach.audio.pcm import FULL_SCALE, SAMPLE_RATE_HZ, Pcm, Samples
from coach.audio.silero import WINDOW, WINDOW_S, Floats, Silero
from coach.audio.spans import joined
from coach.errors import AudioError

LIVE_SPEECH_FROM, LIVE_SILENCE_BELOW = 0.3, 0.15
SPEECH_FROM, SILENCE_BELOW = 0.3, 0.2
MERGE_GAP_S = 0.3
MIN_SPEECH_S = 0.2
TARGET_LEVEL = 10 ** (-16 / 20)
MAX_GAIN = 10.0
FIRST_LOUDEST = 0.1
LOUDEST_HALF_LIFE_S = 15.0
LIVE_STEP = 4 * WINDOW
BLOCK, AHEAD = 128 * WINDOW, 32 * WINDOW


class VoiceActivity:
    """Streaming: bytes in, "is speaking" out, with hysteresis between two thresholds.

    Not thread-safe; one instance per attempt. Works in steps of 128 ms, about 0.7 ms each. A slow automatic gain lifts
    quiet voices, as the batch form does for the whole recording at once.
    """

    def __init__(self) -> None:
        self._model = Silero()
        self._rest = b""
        self._speaking = False
        self._loudest = FIRST_LOUDEST
        self.probability = 0.0
        self.seconds = 0.0

    def push(self, pcm16: bytes) -> bool | None:
        """Takes 16 kHz mono Int16 bytes of any length; None until a step is full, else whether speech is heard."""
        data = self._rest + pcm16
        steps = len(data) // (LIVE_STEP * 2)
        self._rest = data[steps * LIVE_STEP * 2 :]
        if not steps:
            return None
        sound = np.frombuffer(data, "<i2", count=steps * LIVE_STEP).astype(np.float32) / np.float32(FULL_SCALE)
        for probability in self._model.probabilities(self._lifted(sound)):
            self._step(float(probability))
        return self._speaking

    def _lifted(self, sound: Floats) -> Floats:
        rms = float(np.sqrt(np.mean(sound**2)))
        decay = 0.5 ** (len(sound) / SAMPLE_RATE_HZ / LOUDEST_HALF_LIFE_S)
        self._loudest = max(rms, self._loudest * decay, 1e-4)
        return np.clip(sound * np.float32(min(MAX_GAIN, TARGET_LEVEL / self._loudest)), -1, 1)

    def _step(self, probability: float) -> None:
        self.probability = probability
        self.seconds += WINDOW_S
        self._speaking = probability >= (LIVE_SILENCE_BELOW if self._speaking else LIVE_SPEECH_FROM)


class SpeechFinder:
    """Speech probability per 32 ms window of a recording that may still be growing, heard forwards and backwards.

    Works in blocks of 4.1 s and looks 1 s ahead for the backward hearing, so that little is left to do at the end.
    Block borders lie at fixed samples: the outcome does not depend on how the sound was cut. Not thread-safe.
    """

    def __init__(self) -> None:
        self._forwards = Silero()
        self._rest: Samples = np.zeros(0, np.int16)
        self._levels: list[Floats] = []
        self._found: list[Floats] = []

    def push(self, samples: Samples) -> None:
        """Takes 16 kHz mono samples; about 4 ms of work per second of sound, done a block at a time."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) > BLOCK + AHEAD:
            self._take(self._rest[: BLOCK + AHEAD], BLOCK)
            self._rest = self._rest[BLOCK:]

    def finish(self) -> Floats:
        """The probabilities of the whole recording; nothing may be pushed after it."""
        padded = np.pad(self._rest, (0, -len(self._rest) % WINDOW))
        self._take(padded, len(padded))
        self._rest = self._rest[:0]
        return np.concatenate(self._found)

    def _take(self, samples: Samples, length: int) -> None:
        sound = samples.astype(np.float32) / np.float32(FULL_SCALE)
        levels = np.sqrt((sound.reshape(-1, WINDOW) ** 2).mean(axis=1))
        sound = _levelled(sound, np.concatenate([*self._levels, levels]))
        self._levels.append(levels[: length // WINDOW])
        forwards = self._forwards.probabilities(sound[:length])
        backwards = Silero().probabilities(sound[::-1].copy())[::-1]
        self._found.append(np.maximum(forwards, backwards[: len(forwards)]))


def speech_segments(samples: Samples) -> Segments:
    """Stretches of speech in seconds, in order.

    Gaps under 0.3 s are bridged and speech under 0.2 s is dropped; edges are refined by level to about 0.03 s.
    """
    finder = SpeechFinder()
    finder.push(samples)
    return segments_of(samples, finder)


def segments_of(samples: Samples, finder: SpeechFinder) -> Segments:
    """The same where `finder` has heard `samples`, all of them, before."""
    if not len(samples):
        return []
    found = _smooth(_hysteresis(finder.finish()))
    length_s = Pcm(samples).duration_s
    return [(max(0.0, a), min(b, length_s)) for a, b in refine(samples, found)]


def require_speech(pcm: Pcm, name: str = "The recording") -> Segments:
    """The speech segments, where there are any.

    Raises:
        AudioError: nothing but silence or noise.
    """
    segments = speech_segments(pcm.samples)
    if not segments:
        raise AudioError(f"{name} holds no speech.", mend="Check the microphone and record again.")
    return segments


def _levelled(sound: Floats, levels: Floats) -> Floats:
    """Scales so that the loud windows lie at -16 dBFS: the network misses speech that is much quieter."""
    loud = float(np.percentile(levels, 95)) if len(levels) else 0.0
    gain = min(MAX_GAIN, TARGET_LEVEL / max(loud, 1e-6))
    return np.clip(sound * np.float32(gain), -1, 1)


def _hysteresis(probabilities: Floats) -> Segments:
    segments: Segments = []
    start: int | None = None
    for at, probability in enumerate(probabilities):
        if start is None and probability >= SPEECH_FROM:
            start = at
        elif start is not None and probability < SILENCE_BELOW:
            segments.append((start * WINDOW_S, at * WINDOW_S))
            start = None
    if start is not None:
        segments.append((start * WINDOW_S, len(probabilities) * WINDOW_S))
    return segments


def _smooth(segments: Segments) -> Segments:
    return [(start, end) for start, end in joined(segments, MERGE_GAP_S) if end - start >= MIN_SPEECH_S]
