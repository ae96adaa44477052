"""The labelled answers, each with its writer; derived rows that only training sees."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coach.brain.reading.clauses import ROLES, ClauseReading, read_clauses
from coach.brain.reading.question import Form, asked_form
from coach.brain.reading.text import AnswerText, read_answer, sentence_spans

FOLDER = Path(__file__).parents[1] / "data" / "training"
_NO_STORY = ("other_language",)
_LOOSE_END = re.compile(r"[\s,;:–—-]*(?:\b(?:and|so|but|then|because|which)\s*)*$", re.IGNORECASE)
_MARKS = re.compile(r"[.,!?;:…]+(?=\s|$)|[\"“”()–—]")
_MIN_WORDS, _LATE, _LEAD_WORDS = 12, 0.4, 6


@dataclass(frozen=True)
class LabelledRow:
    """One labelled answer; `derived` names what was cut out of it, empty for an answer as written."""

    id: str
    writer: str
    question: str
    kind: str
    type: str
    theme: str
    text: str
    star: dict[str, str]
    evidence: dict[str, str]
    label: dict[str, Any]
    derived: str = ""


@dataclass(frozen=True)
class ReadRow:
    """A labelled answer as the coach reads it."""

    row: LabelledRow
    answer: AnswerText
    clauses: list[ClauseReading]
    form: Form


def load(folder: Path = FOLDER) -> list[LabelledRow]:
    """All labelled answers in the order of their files."""
    return [row for path in sorted(folder.glob("*.jsonl")) for row in _file(path)]


def _file(path: Path) -> Iterator[LabelledRow]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        evidence = {role: (row.get("evidence") or {}).get(role) or "" for role in ROLES}
        kind, asked = row.get("kind", ""), (row.get("question_type") or "").lower()
        yield LabelledRow(
            row["id"], path.stem, row["question"], kind, asked, row.get("theme") or row["question"], row["answer"],
            row["star"], evidence if "evidence" in row else {}, row,
        )  # fmt: skip


def data_hash(folder: Path = FOLDER) -> str:
    """SHA-256 over names and bytes of all training files."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def with_derived(rows: list[LabelledRow]) -> list[LabelledRow]:
    """Every answer, then the same told without its outcome and without its task where the spans allow it."""
    stories = [row for row in rows if row.kind not in _NO_STORY]
    return [each for row in stories for each in (row, *derived(row))]


def derived(row: LabelledRow) -> Iterator[LabelledRow]:
    """The answer cut before its outcome, without the clause that states the task, and as a transcriber may write it."""
    spans = {
        role: (at, at + len(said)) for role, said in row.evidence.items() if said and (at := row.text.find(said)) >= 0
    }
    for name, text in (("result", _without_result(row.text, spans)), ("task", _without_task(row.text, spans))):
        if text:
            star = {**row.star, name: "missing"}
            evidence = {r: said if star[r] != "missing" and said in text else "" for r, said in row.evidence.items()}
            yield replace(row, text=text, star=star, evidence=evidence, derived=name)
    if row.evidence and (bare := _bare(row.text)) != row.text:
        yield replace(row, text=bare, evidence={r: _bare(said) for r, said in row.evidence.items()}, derived="bare")


def _bare(text: str) -> str:
    """Lower case, no punctuation."""
    return " ".join(_MARKS.sub(" ", text).lower().split())


def _without_result(text: str, spans: dict[str, tuple[int, int]]) -> str:
    if "result" not in spans or len(spans) < 2:
        return ""
    start = spans["result"][0]
    if start <= _LATE * len(text) or any(end > start for role, (_, end) in spans.items() if role != "result"):
        return ""
    cut = _LOOSE_END.sub("", text[:start])
    stop = max(cut.rfind(mark) for mark in (". ", "? ", "! "))
    if stop > 0 and len(cut[stop + 1 :].split()) < _LEAD_WORDS:
        cut = cut[: stop + 1]
    if len(cut.split()) <= _MIN_WORDS:
        return ""
    return cut if cut[-1] in ".!?" or "." not in text else f"{cut}."


def _without_task(text: str, spans: dict[str, tuple[int, int]]) -> str:
    if "task" not in spans:
        return ""
    start, end = spans["task"]
    sentences = sentence_spans(text)
    hit = [span for span in sentences if span[0] < end and span[1] > start]
    if len(hit) != 1 or len(sentences) < 3:
        return ""
    shared = any(a < hit[0][1] and b > hit[0][0] for role, (a, b) in spans.items() if role != "task")
    if not shared:
        return (text[: hit[0][0]] + text[hit[0][1] :].lstrip()).strip()
    return f"{text[:start].rstrip(' ,')} {text[end:].lstrip(' ,')}".strip()


def read_row(row: LabelledRow) -> ReadRow:
    """The answer as the coach reads it."""
    answer = read_answer(row.text)
    return ReadRow(row, answer, read_clauses(answer), asked_form(row.question, row.type))
