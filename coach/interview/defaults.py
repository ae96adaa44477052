"""The engine's own parts a hub uses unless told otherwise; imported late, so that a fake needs none of them."""

from pathlib import Path
from typing import cast

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript
from coach.interview.parts import Ear, Evaluate, Journal


def journals() -> type[Journal]:
    """The crash-safe recording journal."""
    from coach.audio.journal import RecordingJournal

    return cast(type[Journal], RecordingJournal)


def evaluate() -> Evaluate:
    """The streaming evaluation pipeline."""
    from coach.brain.evaluate import run_evaluation

    return run_evaluation


def ear() -> Ear:
    """Silero voice activity."""
    from coach.audio.vad import VoiceActivity

    return VoiceActivity()


def measure(transcript: Transcript, recording: Path | None, eye_contact: float | None) -> DeliveryMetrics:
    """Delivery of an answer from its words and its recording (blocking)."""
    from coach.audio.decode import decode
    from coach.speech import delivery

    pcm = decode(recording) if recording else None
    return delivery.measure(transcript, pcm, eye_contact=eye_contact)
