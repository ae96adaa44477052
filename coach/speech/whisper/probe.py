"""How fast Whisper is on this machine: what `doctor` says."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coach.audio.decode import decode
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.settings import DATA
from coach.speech.whisper.model import FoundModel
from coach.speech.whisper.recogniser import WhisperRecogniser

PROBE_S = 12.0
"""Length of the sound that is tried: one usual piece."""


@dataclass(frozen=True, slots=True)
class WhisperProbe:
    """What was found.

    Attributes:
        models: by role, `text` and `fillers`.
        load_s: how long loading took, seconds.
        times_real_time: time for both passes over a piece, per second of sound.
    """

    models: Mapping[str, FoundModel]
    load_s: float
    times_real_time: float


def probe(model: str, filler_model: str) -> WhisperProbe:
    """Loads the models and times both passes over a sample answer (blocking, 3 to 10 s).

    Raises:
        SettingsError: there is no model.
        VendorError: it does not run.
    """
    recogniser = WhisperRecogniser(model, filler_model)
    try:
        models = recogniser.found()
        recogniser.child.warm_up()
        sound = _sample().to_bytes()
        begun = time.monotonic()
        for what in ("plain", "hesitating")[: len(models)]:
            recogniser.child.hear({"pass": what, "language": "en"}, sound)
        return WhisperProbe(models, recogniser.child.load_s, (time.monotonic() - begun) / PROBE_S)
    finally:
        recogniser.child.close()


def _sample() -> Pcm:
    """The beginning of a sample answer; without the sample content a hum."""
    shipped = next(iter(sorted((DATA / "sample" / "audio").glob("*.*"))), None)
    if shipped:
        return decode(shipped).slice(0, PROBE_S)
    moments = np.arange(int(PROBE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return Pcm((3000 * np.sin(2 * np.pi * 140 * moments)).astype(np.int16))
