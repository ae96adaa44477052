"""Ready-made records for tests: an interview with its questions, attempts with real content, usage."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from coach.contracts.brain import Evidence, GuardFinding, JobContext
from coach.contracts.delivery import DeliveryMetrics, FillerHit, Pause
from coach.contracts.evaluation import Evaluation
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewStatus
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.contracts.usage import UsageEvent, usage_event_id

START = datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=UTC)
TEXT = "Um, I led the migration. We cut the night run from six hours to two."


def interview(**changes: Any) -> Interview:
    """A running interview."""
    values: dict[str, Any] = {
        "status": InterviewStatus.IN_PROGRESS,
        "job": JobContext(job_title="Data engineer", key_skills=["SQL"]),
        "created_at": START,
        "last_activity_at": START,
    }
    return Interview(**(values | changes))


def exchange(of: Interview, order: int = 0, **changes: Any) -> Exchange:
    """One question."""
    values = {"interview_id": of.id, "order": order, "question_text": f"Question {order}?", "competency": "ownership"}
    return Exchange(**(values | changes))


def transcript(text: str = TEXT) -> Transcript:
    """A timed transcript with a filler."""
    words = [
        Word(word=word.strip(".,"), start_s=i * 0.4, end_s=i * 0.4 + 0.3, confidence=0.9, is_filler=word == "Um,")
        for i, word in enumerate(text.split())
    ]
    return Transcript(
        text=text, words=words, duration_s=7.25, transcriber="test", source=TranscriptSource.BATCH, verbatim=True
    )


def delivery() -> DeliveryMetrics:
    """Measured delivery that quotes the transcript."""
    return DeliveryMetrics(
        wpm=141.5,
        word_count=15,
        filler_count=1,
        fillers={"um": 1},
        filler_hits=[FillerHit(start=0, end=2, text="Um", start_s=0, end_s=0.3)],
        pauses=[Pause(start_s=2, end_s=5.5)],
        long_pause_count=1,
        duration_s=7.25,
        speech_s=5.0,
        verbatim=True,
    )


def evaluation(overall: float = 6.5, *, polished: str = "I led the migration.") -> Evaluation:
    """A whole evaluation."""
    star = {"status": "present", "note": "said"}
    return Evaluation.model_validate(
        {
            "follow_up": {"should_ask": False, "question_text": "", "reason": ""},
            "scoring": {
                "overall": overall,
                "content": overall,
                "delivery": overall,
                "content_breakdown": {"star": 7, "relevance": 8, "clarity": 6, "impact": 5},
                "delivery_breakdown": {"pace": 9, "fillers": 4, "pauses": 5, "confidence": 6, "eye_contact_proxy": 0},
            },
            "content_feedback": {
                "headline": "Clear story",
                "top_strengths": ["Owns the work"],
                "top_improvements": ["Say the result first"],
                "star_checklist": {"situation": star, "task": star, "action": star, "result": star},
                "relevance_note": "On the point",
                "one_action_tip": "Open with the number",
            },
            "delivery_feedback": {
                "headline": "Good pace",
                "metrics": {"wpm": 142, "filler_count": 1, "long_pause_count": 1, "clarity_note": ""},
                "one_action_tip": "Pause instead of um",
            },
            "rewrite": {
                "polished_answer": polished,
                "star_version": {"situation": "s", "task": "t", "action": "a", "result": "r"},
                "keywords_to_include": ["SQL"],
            },
            "coach_notes": [
                {"change_type": "clarity", "original_snippet": "Um", "revised_snippet": "", "reason": "filler"}
            ],
            "library_suggestion": {
                "should_save": True,
                "suggested_title": "Migration",
                "category": "ownership",
                "why_save": "Reusable",
            },
            "metadata": {
                "model_version": "test",
                "policy_version": "mi_v1.0",
                "eye_contact_available": False,
                "follow_up_type": "none",
            },
        }
    )


def attempt(of: Exchange, number: int = 1, **changes: Any) -> Attempt:
    """A captured attempt."""
    values: dict[str, Any] = {
        "exchange_id": of.id,
        "interview_id": of.interview_id,
        "attempt_number": number,
        "status": AttemptStatus.CAPTURED,
        "created_at": START + timedelta(minutes=number),
    }
    return Attempt(**(values | changes))


def evaluated(of: Exchange, number: int = 1, overall: float = 6.5, **changes: Any) -> Attempt:
    """An attempt with everything in it."""
    values: dict[str, Any] = {
        "status": AttemptStatus.EVALUATED,
        "transcript": transcript(),
        "delivery": delivery(),
        "evaluation": evaluation(overall),
        "evidence": [Evidence(path="content_feedback.top_strengths.0", start=4, end=10, quote="I led", start_s=0.4)],
        "guards": [GuardFinding(rule="overall_recomputed", detail="6.4 became 6.5")],
        "overall_score": overall,
        "duration_seconds": 7.25,
        "prompt_version": "coach_v1",
        "policy_version": "mi_v1.0",
        "model": "test",
        "brain": "offline",
        "transcriber": "test",
        "timeline": {"finish": 0.0, "scores": 12.5},
        "finished_at": START + timedelta(minutes=number, seconds=30),
    }
    return attempt(of, number, **(values | changes))


def usage(of: Attempt, quantity: str = "7.25", *, call: str = "live", **changes: Any) -> UsageEvent:
    """A metered quantity of one call."""
    values: dict[str, Any] = {
        "event_id": usage_event_id(of.id, call, "nova-3.live"),
        "vendor": "deepgram",
        "meter": "nova-3.live",
        "quantity": Decimal(quantity),
        "unit": "second",
        "occurred_at": START,
        "attempt_id": of.id,
        "interview_id": of.interview_id,
        "user_id": "local",
        "cost_usd": Decimal("0.000930417"),
    }
    return UsageEvent(**(values | changes))
