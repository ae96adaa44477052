"""How fast the local voice is on this machine: what `doctor` says."""

import time
from dataclasses import dataclass

from coach.speech.voice import phonemes
from coach.speech.voice.kokoro import SAMPLE_RATE_HZ, Kokoro

SENTENCE = "Tell me about a project you are proud of."


@dataclass(frozen=True, slots=True)
class VoiceSpeed:
    """How the local voice does here: seconds to load, and seconds of work per second of sound."""

    load_s: float
    times_real_time: float


def probe() -> VoiceSpeed:
    """Loads the model and says one sentence; blocks for some seconds.

    Raises:
        SettingsError: model or phonemiser are missing, or altered.
        VendorError: one of them failed.
    """
    started = time.monotonic()
    kokoro = Kokoro()
    loaded = time.monotonic()
    sound = kokoro.speak(phonemes.phonemes(SENTENCE, "en-us"), "af_heart")
    spoken_s = len(sound) / SAMPLE_RATE_HZ
    return VoiceSpeed(round(loaded - started, 2), round((time.monotonic() - loaded) / max(spoken_s, 0.1), 2))
