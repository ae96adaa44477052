"""One session as a zip: `interview.json` with every record, the recordings, and a page a person can read."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from coach.contracts.interview import Attempt, Exchange, InterviewSnapshot
from coach.errors import NotFoundError, StoreError
from coach.private_files import written_whole
from coach.store.repositories import interviews, queries
from coach.store.sqlstore import SqlStore


class ExportedRecordings(Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""

    def read(self, uri: str) -> bytes:
        """The recording's bytes."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into the file."""

    interview_id: str
    file: str
    attempts: int
    audio_files: int
    size_bytes: int


def export_interview(store: SqlStore, archive: ExportedRecordings, interview_id: str, target: Path) -> Exported:
    """Writes the zip, whole or not at all.

    Raises:
        NotFoundError: there is no such session.
        StoreError: `target` cannot be written.
    """
    attempts = len(_whole(store, interview_id).attempts)
    try:
        with written_whole(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle:
            heard = add_interview(bundle, store, archive, interview_id)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror or type(error).__name__}).") from error
    return Exported(interview_id, str(target), attempts, heard, target.stat().st_size)


def add_interview(
    bundle: zipfile.ZipFile, store: SqlStore, archive: ExportedRecordings, interview_id: str, *, folder: str = ""
) -> int:
    """Writes one session below `folder` (empty, or ending in a slash) of a zip; returns how many recordings it has.

    Raises:
        NotFoundError: there is no such session.
    """
    snapshot = _whole(store, interview_id)
    usage = store.run(queries.usage_rows, interview_id)
    heard = _write_audio(bundle, archive, snapshot, folder)
    plain = json.dumps(_plain(snapshot, usage, heard), ensure_ascii=False, indent=2)
    bundle.writestr(f"{folder}interview.json", plain)
    bundle.writestr(f"{folder}interview.md", readable(snapshot))
    return len(heard)


def _whole(store: SqlStore, interview_id: str) -> InterviewSnapshot:
    snapshot = store.run(interviews.load_interview, interview_id)
    if snapshot is None:
        raise NotFoundError(f"There is no session {interview_id}.", mend="`python -m coach interview list` shows them.")
    return snapshot


def _write_audio(
    bundle: zipfile.ZipFile, archive: ExportedRecordings, snapshot: InterviewSnapshot, folder: str
) -> dict[str, str]:
    """Attempt id -> name below `folder`; recordings that expired are left out."""
    names: dict[str, str] = {}
    for attempt in snapshot.attempts:
        if attempt.audio_uri is None:
            continue
        try:
            sound = archive.read(attempt.audio_uri)
        except NotFoundError:
            continue
        names[attempt.id] = f"audio/{attempt.id}{PurePosixPath(attempt.audio_uri).suffix or '.flac'}"
        bundle.writestr(zipfile.ZipInfo(f"{folder}{names[attempt.id]}"), sound)
    return names


def _plain(snapshot: InterviewSnapshot, usage: queries.Rows, heard: dict[str, str]) -> dict[str, object]:
    plain = snapshot.model_dump(mode="json")
    for attempt in plain["attempts"]:
        attempt["audio_file"] = heard.get(attempt["id"])
        attempt.pop("audio_uri")
    shown = ("vendor", "meter", "quantity", "unit", "cost_usd", "occurred_at", "attempt_id", "billable", "estimated")
    plain["usage"] = [{name: _text(row[name]) for name in shown} for row in usage]
    return {"format": "jobfoxy-interview/1"} | plain


def _text(value: object) -> object:
    return value if value is None or isinstance(value, (str, bool)) else str(value)


def readable(snapshot: InterviewSnapshot) -> str:
    """The session as Markdown: questions, attempts, scores, transcripts, polished answers."""
    session = snapshot.interview
    lines = [f"# Interview of {session.created_at:%d %B %Y}", ""]
    if session.is_sample:
        lines += ["*Sample content.*", ""]
    for exchange in snapshot.exchanges:
        lines += [f"## {exchange.question_text}", ""]
        for attempt in snapshot.attempts:
            if attempt.exchange_id == exchange.id:
                lines += _readable_attempt(exchange, attempt)
    return "\n".join(lines)


def _readable_attempt(exchange: Exchange, attempt: Attempt) -> list[str]:
    best = " (best)" if exchange.final_attempt_id == attempt.id else ""
    score = "not scored" if attempt.overall_score is None else f"{attempt.overall_score:.1f} of 10"
    lines = [f"### Attempt {attempt.attempt_number}{best}: {score}", ""]
    if attempt.transcript:
        lines += ["**What you said**", "", attempt.transcript.text, ""]
    if attempt.evaluation:
        feedback = attempt.evaluation.content_feedback
        lines += [f"**{feedback.headline}** {feedback.one_action_tip}", ""]
        lines += ["**Polished answer**", "", attempt.evaluation.rewrite.polished_answer, ""]
    return lines
