"""Frozen sets of answers to replay: from stored attempts, from JSONL, with human scores as gold where there are any.

A dataset is content-addressed: its hash covers every item in order, so two runs on the same hash saw the same answers.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from coach.contracts.base import Record
from coach.contracts.brain import DeliveryInput, EvaluationInput, JobContext, Question, UserAnswer
from coach.errors import InputError
from coach.foreign_data import from_json, lines_of
from coach.private_files import written_whole
from coach.vault.files import opened_line, sealed_line

HELD_OUT = 0.3


class Gold(Record):
    """What careful people say of an answer; None where they said nothing. Scores 0-10."""

    overall: float | None = Field(default=None, ge=0, le=10)
    content: float | None = Field(default=None, ge=0, le=10)
    relevance: float | None = Field(default=None, ge=0, le=10)
    star: dict[str, str] | None = None
    follow_up: str | None = None
    care: str | None = None
    """What has to be noticed before coaching: a kind of care, or `none`."""


class Item(Record):
    """One answer. `person` groups answers of one speaker; `stratum` is what a sample is balanced over.

    `speaker_language` is the language the speaker grew up with, as ISO 639-1, where it is known.
    """

    id: str
    person: str
    stratum: str = ""
    input: EvaluationInput
    resume_text: str = ""
    gold: Gold = Gold()
    speaker_language: str = ""

    def canonical(self) -> str:
        """As JSON for hash and file; what was added since the first frozen dataset stands only where it is said."""
        left_out = {name for name in ("speaker_language",) if not getattr(self, name)}
        inside = {"care"} if self.gold.care is None else set()
        return self.model_dump_json(exclude={**dict.fromkeys(left_out, True), "gold": inside})


class Dataset(Record):
    """Named, ordered, hashed items."""

    name: str
    items: tuple[Item, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 over all items in order, 16 hex digits."""
        digest = hashlib.sha256()
        for item in self.items:
            digest.update(item.canonical().encode())
        return digest.hexdigest()[:16]

    @property
    def persons(self) -> int:
        """How many different speakers."""
        return len({item.person for item in self.items})

    def split(self, *, held_out: float = HELD_OUT, salt: str = "") -> tuple["Dataset", "Dataset"]:
        """Train and held-out part; all answers of one person fall on the same side, for ever (stable hash)."""
        sides: tuple[list[Item], list[Item]] = ([], [])
        for item in self.items:
            sides[_unit_interval(f"{salt}|{item.person}") < held_out].append(item)
        return (
            Dataset(name=f"{self.name}/train", items=tuple(sides[0])),
            Dataset(name=f"{self.name}/held-out", items=tuple(sides[1])),
        )

    def sample(self, size: int, *, salt: str = "") -> "Dataset":
        """`size` items, strata in proportion (largest remainder), chosen by stable hash."""
        if size >= len(self.items):
            return self
        strata: dict[str, list[Item]] = {}
        for item in sorted(self.items, key=lambda i: _unit_interval(f"{salt}|{i.id}")):
            strata.setdefault(item.stratum, []).append(item)
        quota = _proportional({name: len(items) for name, items in strata.items()}, size)
        chosen = {item.id for name, items in strata.items() for item in items[: quota[name]]}
        return Dataset(name=f"{self.name}/{size}", items=tuple(i for i in self.items if i.id in chosen))

    def freeze(self, folder: Path) -> Path:
        """Writes the dataset as JSONL named by its hash; the same content is written once."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.content_hash}.jsonl"
        if not path.exists():
            lines = [json.dumps({"dataset": self.name, "items": len(self.items)})]
            items = (sealed_line(path, i.canonical(), i.person) for i in self.items)
            with written_whole(path) as draft:
                draft.write_text("\n".join([*lines, *items]) + "\n", "utf8")
        return path


def thaw(path: Path) -> Dataset:
    """Reads a frozen dataset; its answers lie sealed for their speakers where keys are in force.

    Raises:
        InputError: not a frozen dataset, or its content is not what its name says.
    """
    try:
        head, *lines = filter(str.strip, lines_of(path.read_text("utf8")))
        found = Dataset(name=from_json(head)["dataset"], items=tuple(_thawed(path, lines)))
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise InputError(f"{path.name} is not a frozen dataset.", mend="Freeze one from JSONL or attempts.") from error
    if found.content_hash != path.stem:
        raise InputError(f"{path.name} was changed after it was frozen.", mend="Freeze it anew under its own hash.")
    return found


def _thawed(path: Path, lines: list[str]) -> Iterator[Item]:
    return (Item.model_validate_json(opened_line(path, line)) for line in lines)


def from_jsonl(path: Path, *, name: str = "") -> Dataset:
    """Reads answers from JSONL: our own items, or labelled answers (`id, question, answer, …`).

    Raises:
        InputError: naming the first line that cannot be used, or that there is none.
    """
    try:
        lines = lines_of(path.read_text("utf8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text.") from error
    items = tuple(_parse(n, line) for n, line in enumerate(lines, 1) if line.strip())
    if not items:
        raise InputError(f"{path.name} holds no answers.", mend="One JSON object a line is expected.")
    if len({i.id for i in items}) < len(items):
        raise InputError(f"{path.name} names an id twice.")
    return Dataset(name=name or path.stem, items=items)


def _parse(number: int, line: str) -> Item:
    try:
        row = from_json(line)
        return Item.model_validate(row) if "input" in row else _labelled(row)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise InputError(f"Line {number} is not an answer: {type(error).__name__}.") from error


def _labelled(row: dict[str, Any]) -> Item:
    competency = row.get("competency", "")
    return Item(
        id=row["id"],
        person=row.get("person") or row["id"],
        stratum=row.get("kind", ""),
        input=EvaluationInput(
            question=Question(text=row["question"], type=row.get("question_type", "behavioral"), competency=competency),
            job_context=JobContext(summary=row.get("job_summary") or ""),
            user_answer=UserAnswer(transcript=row["answer"], duration_seconds=row.get("duration_seconds", 0)),
            delivery_metrics=DeliveryInput.model_validate(row.get("delivery_metrics", {})),
        ),
        gold=Gold(
            content=row.get("gold_overall_content"),
            overall=row.get("gold_overall"),
            relevance=row.get("relevance"),
            star=row.get("star"),
            follow_up=row.get("expected_follow_up"),
            care=row.get("expected_care"),
        ),
        speaker_language=row.get("speaker_language", ""),
    )


def _unit_interval(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def _proportional(sizes: dict[str, int], total: int) -> dict[str, int]:
    whole = sum(sizes.values())
    exact = {name: total * size / whole for name, size in sizes.items()}
    quota = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda n: exact[n] - quota[n], reverse=True)[: total - sum(quota.values())]:
        quota[name] += 1
    return quota
