"""`interview`, `retention`, `sample-data`: sessions as data."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from coach.cli.output import emit, json_option
from coach.errors import UsageError
from coach.settings import settings

if TYPE_CHECKING:
    from coach.audio.archive import AudioArchive
    from coach.store import SqlStore


def _store() -> "SqlStore":
    from coach.store import open_store

    return open_store()


def _archive() -> "AudioArchive":
    from coach.audio.archive import AudioArchive

    return AudioArchive(settings().audio_url)


@click.group(help="Sessions: list, show, export, delete.")
def interview() -> None:
    """The group of session commands."""


@interview.command("list", help="All sessions, newest first.")
@json_option
def list_(as_json: bool) -> None:
    """Prints all sessions."""
    from coach.views.sessions import list_sessions

    with _store() as store:
        emit({"interviews": list_sessions(store)}, as_json=as_json, human=_lines)


def _lines(result: dict[str, Any]) -> str:
    rows = result["interviews"]
    if not rows:
        return "No sessions yet. Start one on the Practice page, or with `python -m coach practice`."
    return "\n".join(_line(row) for row in rows)


def _line(row: dict[str, object]) -> str:
    score = "  –" if row["overall_score"] is None else f"{row['overall_score']:4.1f}"
    what = row["job_title"] or "general practice"
    mark = " (sample)" if row["is_sample"] else ""
    return (
        f"{row['interview_id']}  {row['created_at']:%Y-%m-%d %H:%M}  {row['status']:<11} {score}  "
        f"{row['attempts']} attempts  {what}{mark}"
    )


@interview.command(help="One session with questions, attempts and feedback.")
@click.argument("interview_id", metavar="ID")
@json_option
def show(interview_id: str, as_json: bool) -> None:
    """Prints one session."""
    from coach.views.sessions import show_session

    with _store() as store:
        emit(show_session(store, interview_id), as_json=as_json, human=_shown)


def _shown(session: dict[str, Any]) -> str:
    lines = [f"{session['interview_id']}  {session['status']}  {session['created_at'][:16].replace('T', ' ')}"]
    for exchange in session["exchanges"]:
        lines.append(f"  {exchange['question_text']}")
        for attempt in exchange["attempts"]:
            score = "not scored" if attempt["overall_score"] is None else f"{attempt['overall_score']:.1f}"
            mark = "  best" if attempt["best"] else ""
            lines.append(f"    {attempt['attempt_number']}. {score}{mark}  {attempt['attempt_id']}")
    return "\n".join(lines)


@interview.command(help="Everything of one session as a zip, recordings included.")
@click.argument("interview_id", metavar="ID")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.zip")
@json_option
def export(interview_id: str, target: Path, as_json: bool) -> None:
    """Writes the zip."""
    from coach.store.maintenance.export import export_interview

    with _store() as store:
        done = export_interview(store, _archive(), interview_id, target)
    emit(
        asdict(done),
        as_json=as_json,
        human=lambda d: f"{d['file']}: {d['attempts']} attempts, {d['audio_files']} recordings",
    )


@interview.command(help="Deletes a session for good: texts, scores, recordings. Usage stays, without its identity.")
@click.argument("interview_id", metavar="ID")
@click.option("--with-stories", is_flag=True, help="Also delete library stories saved from it.")
@json_option
def delete(interview_id: str, with_stories: bool, as_json: bool) -> None:
    """Deletes one session."""
    from coach.bootstrap.own_data import forget_in_lab
    from coach.store.maintenance.removal import delete_interview

    with _store() as store:
        forget_in_lab(store, settings().coach_home, interview_id)
        removed = delete_interview(
            store, _archive(), interview_id, journal_dir=settings().journal_dir, with_stories=with_stories
        )
    emit(
        {"deleted": True, **asdict(removed)},
        as_json=as_json,
        human=lambda d: f"Deleted: {d['attempts']} attempts, {d['audio_deleted']} recordings.",
    )


@click.group(help="What expires.")
def retention() -> None:
    """The group of retention commands."""


@retention.command(help="Deletes audio and text that is due and files no row knows, marks abandoned sessions.")
@click.option("--now", "moment", default="", metavar="ISO8601", help="Sweep as if it were this time.")
@json_option
def sweep(moment: str, as_json: bool) -> None:
    """Sweeps once."""
    from coach.store.maintenance.leftovers import clear_leftovers
    from coach.store.maintenance.retention import RetentionPolicy, sweep

    policy = RetentionPolicy(audio_days=settings().coach_audio_days, text_months=settings().coach_text_months)
    now, archive = _moment(moment), _archive()
    with _store() as store:
        swept = sweep(store, archive, now=now, policy=policy)
        stray = clear_leftovers(store, archive, settings().journal_dir, now=now, policy=policy)
    emit(
        asdict(swept),
        as_json=as_json,
        human=lambda s: (
            f"{s['audio_deleted']} recordings and {s['text_deleted']} texts deleted, "
            f"{s['abandoned']} sessions marked abandoned, {stray} stray files removed."
        ),
    )


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--now {text} is not a time.", mend="Give it like 2026-12-24T18:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group("sample-data", help="Clearly marked sample content.")
def sample_data() -> None:
    """The group of sample commands."""


@sample_data.command(help="Puts the sample content in; twice changes nothing.")
@click.option(
    "--size",
    type=click.Choice(["small", "full"]),
    default="small",
    help="small: three interviews. full: a career centre of twelve people and two coaches as well.",
)
@click.option("--if-empty", is_flag=True, help="Only when there is no session yet.")
@json_option
def load(size: Literal["small", "full"], if_empty: bool, as_json: bool) -> None:
    """Loads the samples."""
    from coach.store.maintenance.sample import load_sample

    with _store() as store:
        loaded = load_sample(store, _archive, size=size, if_empty=if_empty)
    emit(asdict(loaded), as_json=as_json, human=lambda d: f"{d['interviews']} sample interviews loaded.")


@sample_data.command(help="Takes the sample content out again.")
@json_option
def remove(as_json: bool) -> None:
    """Removes the samples."""
    from coach.store.maintenance.sample_removal import remove_sample

    with _store() as store:
        removed = remove_sample(store, _archive(), settings().journal_dir)
    emit(asdict(removed), as_json=as_json, human=lambda d: f"{d['interviews']} sample interviews removed.")
