"""Who lends each persona a voice: a speaker of Aura with Deepgram's key, one of Kokoro on this computer."""

from functools import lru_cache
from typing import Literal

from coach.contracts.base import Lenient
from coach.settings import DATA

Accent = Literal["en-us", "en-gb"]


class Speaker(Lenient):
    """One persona's voices.

    Attributes:
        aura: Deepgram's model.
        kokoro: style of the local voice.
        accent: how words sound locally; espeak-ng's name.
        pace: of the local voice; 1 is as Kokoro learned it.
    """

    aura: str = "aura-2-thalia-en"
    kokoro: str = "af_heart"
    accent: Accent = "en-us"
    pace: float = 1.0


class _Persona(Lenient):
    speaker: Speaker = Speaker()


@lru_cache(maxsize=64)
def speaker_of(persona_id: str) -> Speaker:
    """The voices of a persona in `data/personas`; of one that is not there, Sarah's."""
    for path in (DATA / "personas").glob("*.json"):
        if path.stem == persona_id:
            return _Persona.model_validate_json(path.read_bytes()).speaker
    return Speaker()
