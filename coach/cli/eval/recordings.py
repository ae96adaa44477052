"""`python -m coach eval recordings`: word error rate, um/uh and pace on recordings with reference texts.

The manifest is a table with tabs: `file` and `reference` (paths from its folder) are needed, others are passed over.
Texts are compared as in Whisper's paper: its English normaliser, numbers digit by digit, um and uh apart.
"""

import asyncio
import csv
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from coach.audio.decode import decode
from coach.bootstrap import build_transcriber
from coach.cli.inputs import TRANSCRIBERS
from coach.cli.output import emit, json_option
from coach.contracts.transcript import Transcript, Word
from coach.delivery.measure import measure
from coach.errors import CoachError, InputError
from coach.settings import settings
from coach.speech.pieces.hesitations import placed
from coach.speech.port import SpeechContext, Transcriber
from coach.text.hesitation_sounds import HESITATION

PLACE_TOLERANCE = 1
"""Words by which an um may be beside its place in the reference."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of the manifest."""

    name: str
    audio: Path
    reference: str


@click.command(
    name="recordings", help="Score speech recognition on recordings with reference texts (a table with tabs)."
)
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--transcriber", type=click.Choice(TRANSCRIBERS), default=None, help="Default: COACH_TRANSCRIBER.")
@json_option
def recordings(manifest: Path, transcriber: str | None, as_json: bool) -> None:
    """Scores every row of `manifest` that has a reference."""
    emit(asyncio.run(score_all(read_manifest(manifest), transcriber or "")), as_json=as_json, human=_lines)


def read_manifest(manifest: Path) -> list[Recording]:
    """The rows with a reference text.

    Raises:
        InputError: no such table, or a file of it is missing; says which.
    """
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{manifest.name} cannot be read.") from error
    found = []
    for number, row in enumerate(rows, start=2):
        if not row.get("file"):
            raise InputError(f"{manifest.name} line {number} names no file.", mend="Columns: file, reference.")
        if not row.get("reference"):
            continue
        audio, reference = manifest.parent / row["file"], manifest.parent / row["reference"]
        if not audio.is_file() or not reference.is_file():
            raise InputError(f"{manifest.name} line {number}: {audio.name} or {reference.name} is missing.")
        found.append(Recording(row["file"], audio, reference.read_text(encoding="utf-8")))
    if not found:
        raise InputError(f"{manifest.name} holds no rows with a reference.", mend="Columns: file, reference.")
    return found


async def score_all(rows: list[Recording], transcriber: str) -> dict[str, object]:
    """Transcribes and compares every recording, then all together.

    Raises:
        CoachError: a recording cannot be used, or the transcriber failed.
    """
    engine = build_transcriber(settings(), transcriber)
    if not engine.capabilities.batch or engine.name == "typed":
        raise InputError("Nobody listens here: answers are typed.", mend="Run `make run`, or set COACH_TRANSCRIBER.")
    try:
        await engine.warm_up()
        items = [await _scored(engine, row) for row in rows]
    finally:
        await engine.close()
    return {"transcriber": engine.name, "items": items, **totals(items)}


async def _scored(engine: Transcriber, row: Recording) -> dict[str, object]:
    begun = time.monotonic()
    heard = (
        await engine.transcribe(row.audio, SpeechContext(), attempt_id=f"eval-{row.audio.stem}", verbatim=True)
    ).transcript
    took_s = time.monotonic() - begun
    try:
        metrics = await asyncio.to_thread(measure, heard, await asyncio.to_thread(decode, row.audio))
        wpm = metrics.wpm
    except CoachError:
        wpm = None
    return {
        "file": row.name,
        "seconds": round(heard.duration_s, 2),
        "took_s": round(took_s, 2),
        **compared(heard, row.reference, wpm),
    }


def compared(heard: Transcript, reference: str, wpm: float | None) -> dict[str, object]:
    """Word errors, um/uh found by place, and words counted against the reference; `wpm` as measured."""
    import jiwer

    said, text = normalised(reference), normalised(heard.text)
    counts = jiwer.process_words(said, text) if said else None
    errors = counts.substitutions + counts.deletions + counts.insertions if counts else len(text.split())
    words = len(said.split())
    found, gold = _places(heard.words), _places(_words(reference))
    hits = _hits(_words(reference), heard, gold)
    spoken = len(_plain(reference).split())
    return {
        "wer": round(errors / words, 4) if words else None,
        "errors": errors,
        "words": words,
        "hesitations": {"said": gold, "found": found, "right": hits},
        "wpm": wpm,
        "word_count_error": round(len(_plain(heard.text).split()) / spoken - 1, 4) if spoken else None,
    }


def _places(words: list[Word]) -> int:
    return sum(bool(HESITATION.fullmatch(w.word.strip(".,!?;:"))) for w in words)


def _hits(reference: list[Word], heard: Transcript, gold: int) -> int:
    """How many um and uh of the reference were found at their place among the plain words."""
    plain = [w for w in heard.words if not HESITATION.fullmatch(w.word.strip(".,!?;:"))]
    wanted = [h.at for h in placed(plain, reference)]
    hits = 0
    for at in [h.at for h in placed(plain, heard.words)]:
        near = next((w for w in wanted if abs(w - at) <= PLACE_TOLERANCE), None)
        if near is not None:
            wanted.remove(near)
            hits += 1
    return min(hits, gold)


def totals(items: list[dict[str, Any]]) -> dict[str, Any]:
    """All recordings together: pooled word errors, F1 of um/uh, false ones per two minutes."""
    errors, words = sum(i["errors"] for i in items), sum(i["words"] for i in items)
    said, found, right = (sum(i["hesitations"][k] for i in items) for k in ("said", "found", "right"))
    seconds = sum(i["seconds"] for i in items)
    return {
        "wer": round(errors / words, 4) if words else None,
        "hesitation_precision": round(right / found, 3) if found else None,
        "hesitation_recall": round(right / said, 3) if said else None,
        "hesitation_f1": round(2 * right / (said + found), 3) if said + found else None,
        "false_hesitations_per_2_min": round(120 * (found - right) / seconds, 2) if seconds else None,
        "times_real_time": round(sum(i["took_s"] for i in items) / seconds, 3) if seconds else None,
    }


def normalised(text: str) -> str:
    """A text for comparison: Whisper's normaliser, um and uh out, numbers digit by digit."""
    from whisper_normalizer.english import EnglishTextNormalizer

    return " ".join(re.sub(r"(\d)", r" \1 ", EnglishTextNormalizer()(_plain(text))).split())


def _plain(text: str) -> str:
    return re.sub(HESITATION.pattern + r"[,.]?", " ", text, flags=re.IGNORECASE)


def _words(text: str) -> list[Word]:
    return [Word(word=w, start_s=0, end_s=0) for w in text.split()]


def _lines(result: dict[str, Any]) -> str:
    rows = [f"{'':<34} {'WER':>6} {'words':>6} {'um/uh said, found, right':>26} {'s':>7}"]
    for item in result["items"]:
        um = item["hesitations"]
        wer = "-" if item["wer"] is None else f"{item['wer']:.3f}"
        marks = f"{um['said']}, {um['found']}, {um['right']}"
        rows.append(f"{item['file'][-34:]:<34} {wer:>6} {item['words']:>6} {marks:>26} {item['took_s']:>7.1f}")
    f1 = "-" if result["hesitation_f1"] is None else f"{result['hesitation_f1']:.2f}"
    rows.append(
        f"all: WER {result['wer']}, um/uh F1 {f1}, {result['false_hesitations_per_2_min']} false per 2 min, "
        f"{result['times_real_time']} x real time"
    )
    return "\n".join(rows)
