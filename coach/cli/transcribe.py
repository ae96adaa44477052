"""`python -m coach transcribe`: speech only, nothing stored."""

import asyncio
from pathlib import Path
from typing import Any

import click

from coach.audio.decode import read_recording
from coach.audio.vad import require_speech
from coach.bootstrap import build_transcriber
from coach.cli.inputs import TRANSCRIBERS
from coach.cli.output import emit, json_option
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript
from coach.delivery.measure import measure
from coach.delivery.words import mark_fillers
from coach.settings import settings
from coach.speech.port import SpeechContext
from coach.text.fillers import find_fillers


@click.command(help="Transcribe a recording and measure its delivery; nothing is stored.")
@click.option("--audio", required=True, type=click.Path(path_type=Path), help="wav, flac, mp3, ogg/opus, webm or m4a.")
@click.option("--transcriber", type=click.Choice(TRANSCRIBERS), default=None, help="Default: COACH_TRANSCRIBER.")
@json_option
def transcribe(audio: Path, transcriber: str | None, as_json: bool) -> None:
    """Runs the chosen transcriber over `audio`."""
    if transcriber == "typed":
        raise click.UsageError("The transcriber 'typed' does not listen.")
    result = asyncio.run(transcribe_file(audio, transcriber or ""))
    emit(result, as_json=as_json, human=_lines)


async def transcribe_file(audio: Path, transcriber: str = "") -> dict[str, object]:
    """The JSON object of the command.

    Raises:
        AudioError: the file is empty, not audio, too long, or holds no speech.
    """
    found = await asyncio.to_thread(read_recording, audio)
    await asyncio.to_thread(require_speech, found.pcm, audio.name)
    engine = build_transcriber(settings(), transcriber)
    try:
        heard = await engine.transcribe(audio, SpeechContext(), attempt_id=f"cli-{audio.stem}", verbatim=True)
    finally:
        await engine.close()
    metrics = await asyncio.to_thread(measure, heard.transcript, found.pcm)
    return with_note(describe(heard.transcript, metrics), found.notice(audio.name))


def with_note(result: dict[str, Any], note: str) -> dict[str, Any]:
    """The same with `note` before its other notes; nothing is added where there is none."""
    return {**result, "notes": [note, *result["notes"]]} if note else result


def describe(transcript: Transcript, metrics: DeliveryMetrics) -> dict[str, Any]:
    """Transcript, words and delivery under their public names."""
    words = mark_fillers(transcript, find_fillers(transcript.text) if transcript.verbatim else [])
    return {
        "transcript": transcript.text,
        "words": [w.model_dump(mode="json") for w in words],
        "delivery": metrics.model_dump(mode="json"),
        "transcriber": transcript.transcriber,
        "source": transcript.source.value,
        "notes": transcript.notes,
    }


def _lines(result: dict[str, Any]) -> str:
    delivery = result["delivery"]
    about = "about " if delivery["fillers_about"] else ""
    fillers = f"{about}{delivery['filler_count']}" if delivery["verbatim"] else "not measurable with this transcriber"
    pace = "not measured" if delivery["wpm"] is None else f"{delivery['wpm']:.0f} words per minute"
    return "\n".join(
        [
            result["transcript"],
            "",
            f"pace         {pace}",
            f"fillers      {fillers}",
            f"long pauses  {delivery['long_pause_count']}",
            f"length       {delivery['duration_s']:.1f} s, speech {delivery['speech_s']:.1f} s",
            *(f"note         {note}" for note in result["notes"]),
        ]
    )
