"""The drawn interviewers that ship as data: look, voice and a sentence about them; behaviour is the same for all."""

from functools import lru_cache

from pydantic import Field

from coach.contracts.base import Record
from coach.settings import DATA
from coach.speech.voice.speakers import Speaker

DEFAULT_PERSONA = "sarah"
_ORDER = ("sarah", "john", "priya", "leo")


class VoiceWish(Record):
    """How the browser should speak: language, preferred voice names in order, rate and pitch around 1."""

    lang: str
    names: list[str]
    rate: float = 1.0
    pitch: float = 1.0


class Look(Record):
    """What the drawing is made of; names as in the stage's `persona_parts.js`, colours as CSS hex."""

    hair: str
    outfit: str
    lashes: bool = False
    extras: list[str] = []
    colors: dict[str, str]


class Persona(Record):
    """One interviewer to choose."""

    id: str
    name: str
    role: str
    label: str
    tagline: str
    greeting: str
    voice: VoiceWish
    speaker: Speaker = Field(default=Speaker(), exclude=True)
    look: Look


@lru_cache(maxsize=1)
def load_personas() -> list[Persona]:
    """Every persona in `data/personas`, the usual ones first."""
    found = [
        Persona.model_validate_json(path.read_text(encoding="utf-8")) for path in (DATA / "personas").glob("*.json")
    ]
    rank = {name: index for index, name in enumerate(_ORDER)}
    return sorted(found, key=lambda persona: (rank.get(persona.id, len(rank)), persona.id))
