"""The engine's own parts an interview uses unless told otherwise; imported late, so that a fake needs none of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript

if TYPE_CHECKING:
    from coach.interview.dependencies import Evaluate
    from coach.interview.recording_ports import Ear, Follower, HeardSound, Journal, Journals


def journals() -> Journals:
    """The crash-safe recording journal."""
    from coach.audio.journal import RecordingJournal

    return RecordingJournal


def evaluate() -> Evaluate:
    """The streaming evaluation pipeline."""
    from coach.brain.evaluation.pipeline import run_evaluation

    return run_evaluation


def ear() -> Ear:
    """Silero voice activity."""
    from coach.audio.vad import VoiceActivity

    return VoiceActivity()


def follow(journal: Journal) -> Follower:
    """`listen` while the person still speaks."""
    from coach.delivery.measure import SoundFollower

    return SoundFollower(journal.path)


def listen(recording: Path) -> HeardSound:
    """What the sound alone tells, found while the transcriber still works (blocking)."""
    from coach.audio.decode import decode
    from coach.delivery import measure as delivery

    pcm = decode(recording)
    return pcm, delivery.listen(pcm)


def measure(
    transcript: Transcript, heard: HeardSound | None, eye_contact: float | None, band: tuple[float, float]
) -> DeliveryMetrics:
    """Delivery of an answer from its words and what `listen` found in its sound; `band` is the policy's, in wpm."""
    from coach.delivery import measure as delivery

    pcm, sound = heard or (None, None)
    return delivery.measure(transcript, pcm, eye_contact=eye_contact, sound=sound, band=band)


def take_upload(upload: Path, target: Path) -> str:
    """An uploaded file of any supported kind as a sealed recording at `target` (blocking).

    Gives what the person should know of it: how much could be read of a damaged one.

    Raises:
        AudioError: it is no recording, or is empty.
    """
    from coach.audio.decode import read_recording
    from coach.audio.flac import write_flac

    found = read_recording(upload)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_flac(found.pcm, target)
    return found.notice("The recording")
