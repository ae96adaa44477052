"""The engine's own parts a hub uses unless told otherwise; imported late, so that a fake needs none of them."""

from pathlib import Path
from typing import Any, cast

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript
from coach.interview.dependencies import Ear, Evaluate, Follower, Journal


def journals() -> type[Journal]:
    """The crash-safe recording journal."""
    from coach.audio.journal import RecordingJournal

    return cast(type[Journal], RecordingJournal)


def evaluate() -> Evaluate:
    """The streaming evaluation pipeline."""
    from coach.brain.evaluation.pipeline import run_evaluation

    return run_evaluation


def ear() -> Ear:
    """Silero voice activity."""
    from coach.audio.vad import VoiceActivity

    return VoiceActivity()


def follow(journal: Any) -> Follower:
    """`listen` while the person still speaks."""
    from coach.delivery.measure import SoundFollower

    return SoundFollower(journal.path)


def listen(recording: Path) -> tuple[Any, Any]:
    """What the sound alone tells, found while the transcriber still works (blocking)."""
    from coach.audio.decode import decode
    from coach.delivery import measure as delivery

    pcm = decode(recording)
    return pcm, delivery.listen(pcm)


def measure(transcript: Transcript, heard: tuple[Any, Any] | None, eye_contact: float | None) -> DeliveryMetrics:
    """Delivery of an answer from its words and what `listen` found in its sound."""
    from coach.delivery import measure as delivery

    pcm, sound = heard or (None, None)
    return delivery.measure(transcript, pcm, eye_contact=eye_contact, sound=sound)
