"""How somebody tells a story at a given skill: what is left out, how often they hesitate, how fast they speak."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from coach.contracts.transcript import Transcript, TranscriptSource, Word, normalise_space

GAP_S = (0.3, 0.8)
LONG_PAUSE_S = (3.2, 4.4)
FIRST_WORD_S = 0.4
_HESITATIONS = ("um", "uh", "like", "you know", "um", "uh")
_VAGUE_RESULT = "In the end it was much better and people were happy with it."


@dataclass(frozen=True, slots=True)
class Tale:
    """One story: `situation`, `task`, `actions` and `result` as a practised speaker says them; `topic` for others."""

    competency: str
    question: str
    topic: str
    employer: str
    situation: str
    task: str
    actions: Sequence[str]
    result: str


def tell(tale: Tale, level: float, rng: random.Random) -> list[str]:
    """The sentences somebody of skill `level` (0-1) says; the thresholds are invention, the measuring is not."""
    said = [tale.situation if level >= 0.3 else f"So at {tale.employer} we had some trouble with {tale.topic}."]
    if level >= 0.55:
        said.append(tale.task)
    count = 1 if level < 0.45 else 2 if level < 0.8 else 3
    said += [action if level >= 0.4 else as_we(action) for action in tale.actions[:count]]
    if level >= 0.65:
        said.append(tale.result)
    elif level >= 0.2 or rng.random() < 0.5:
        said.append(_VAGUE_RESULT)
    return [_hesitating(sentence, level, rng) for sentence in said]


def as_we(sentence: str) -> str:
    """The sentence of somebody who hides in the team."""
    for pattern, word in ((r"^I\b", "We"), (r"\bI\b", "we"), (r"\bmy\b", "our"), (r"\bmyself\b", "ourselves")):
        sentence = re.sub(pattern, word, sentence)
    return sentence


def _hesitating(sentence: str, level: float, rng: random.Random) -> str:
    words = sentence.split()
    for _ in range(round(len(words) * 0.12 * (1 - level) * rng.random())):
        place = rng.randrange(1, len(words))
        words[place - 1] = words[place - 1].rstrip(",") + ","
        words.insert(place, f"{rng.choice(_HESITATIONS)},")
    if rng.random() < 0.5 * (1 - level):
        words = ["Um,", words[0] if words[0] == "I" else words[0][0].lower() + words[0][1:], *words[1:]]
    return " ".join(words)


def speak(sentences: Sequence[str], level: float, rng: random.Random) -> Transcript:
    """The sentences as a transcriber would have heard them: words share the time by their letters."""
    pace_wpm = rng.gauss(192 - 38 * level, 5)
    pauses = (
        {rng.randrange(1, len(sentences)) for _ in range(1 if level < 0.45 else 0)} if len(sentences) > 1 else set()
    )
    words, at = [], FIRST_WORD_S
    for number, sentence in enumerate(sentences):
        if number:
            at += rng.uniform(*(LONG_PAUSE_S if number in pauses else GAP_S))
        spoken = sentence.split()
        weights = [len(word.strip(".,")) + 2 for word in spoken]
        length = len(spoken) * 60 / pace_wpm
        for word, weight in zip(spoken, weights, strict=True):
            took = length * weight / sum(weights)
            times = {"start_s": round(at, 3), "end_s": round(at + took - 0.02, 3)}
            words.append(Word(word=word.strip(".,"), confidence=round(rng.uniform(0.9, 0.99), 2), **times))
            at += took
    return Transcript(
        text=normalise_space(" ".join(sentences)),
        words=words,
        duration_s=round(at + 0.4, 3),
        transcriber="sample",
        source=TranscriptSource.BATCH,
        verbatim=True,
        notes=["Sample: an invented person."],
    )
