"""An answer, and the evaluation a good model would give it: the ground on which outputs are broken in tests."""

import json
from typing import Any

from coach.brain.port import EvaluationCall
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.contracts.delivery import DeliveryMetrics, DeliverySubScores
from coach.contracts.transcript import Transcript, TranscriptSource, Word

ANSWER = (
    "So um last winter our returns desk at the Harbour Street shop took about twenty minutes per customer. "
    "My manager asked me to shorten it. I moved the label printer next to the till and I wrote a short checklist. "
    "After a month it was down to eight minutes."
)


def transcript(text: str = ANSWER, *, timed: bool = True) -> Transcript:
    spoken = [w.strip(".,") for w in text.split()] if timed else []
    words = [Word(word=w, start_s=i * 0.4, end_s=i * 0.4 + 0.3, confidence=0.9) for i, w in enumerate(spoken)]
    return Transcript(
        text=text, words=words, duration_s=len(spoken) * 0.4, transcriber="fake", source=TranscriptSource.LIVE
    )


def delivery(**update: Any) -> DeliveryMetrics:
    scores = DeliverySubScores(pace=8.0, fillers=7.0, pauses=9.0, confidence=None, delivery=8.0)
    measured = DeliveryMetrics(
        wpm=142.4, filler_count=1, long_pause_count=0, duration_s=22, speech_s=20, verbatim=True, scores=scores
    )
    return measured.model_copy(update=update)


def call(answer: str = ANSWER, **question: Any) -> EvaluationCall:
    asked = Question(**{"text": "Tell me about a time you improved a process.", **question})
    return EvaluationCall(
        EvaluationInput(question=asked, user_answer=UserAnswer(transcript=answer, duration_seconds=22)), "attempt-1"
    )


def evaluation(**sections: Any) -> dict[str, Any]:
    """The whole output; `sections` replace top-level values."""
    return {
        "follow_up": {
            "should_ask": True,
            "question_text": "You said your manager asked you to shorten it: what was your own goal?",
            "reason": "The task is only hinted at.",
        },
        "scoring": {
            "overall": 9.9,
            "content": 7.5,
            "delivery": 1.0,
            "content_breakdown": {"star": 7.0, "relevance": 9.0, "clarity": 8.0, "impact": 7.0},
            "delivery_breakdown": {"pace": 1, "fillers": 1, "pauses": 1, "confidence": 1, "eye_contact_proxy": 6},
        },
        "content_feedback": {
            "headline": "A clear before and after.",
            "top_strengths": ['You name the outcome: "down to eight minutes".'],
            "top_improvements": ["State your own goal right after the situation."],
            "star_checklist": {
                "situation": {"status": "present", "note": '"our returns desk at the Harbour Street shop"'},
                "task": {"status": "weak", "note": '"My manager asked me to shorten it"'},
                "action": {"status": "present", "note": '"I moved the label printer next to the till"'},
                "result": {"status": "present", "note": '"it was down to eight minutes"'},
            },
            "relevance_note": "It answers the question about improving a process.",
            "one_action_tip": "Say in one sentence what you set out to reach.",
        },
        "delivery_feedback": {
            "headline": "Steady pace.",
            "metrics": {"wpm": 100, "filler_count": 40, "long_pause_count": 9, "clarity_note": "Clear."},
            "one_action_tip": "Leave out the opening filler.",
        },
        "rewrite": {
            "polished_answer": (
                "Last winter the returns desk at our Harbour Street shop took about 20 minutes per customer. I was "
                "asked to shorten it. I moved the label printer next to the till and wrote a short checklist. Within a "
                "month it was down to eight minutes."
            ),
            "star_version": {
                "situation": "The returns desk at Harbour Street took about 20 minutes per customer.",
                "task": "I was asked to shorten it.",
                "action": "I moved the label printer next to the till and wrote a short checklist.",
                "result": "After a month it was down to eight minutes.",
            },
            "keywords_to_include": ["process improvement"],
        },
        "coach_notes": [
            {
                "change_type": "conciseness",
                "original_snippet": "So um last winter",
                "revised_snippet": "Last winter",
                "reason": "Starts without a filler.",
            }
        ],
        "library_suggestion": {
            "should_save": True,
            "suggested_title": "The returns desk",
            "category": "process improvement",
            "why_save": "Shows initiative with a measured outcome.",
        },
        "metadata": {
            "model_version": "whatever",
            "policy_version": "x",
            "eye_contact_available": True,
            "follow_up_type": "missing_star",
        },
        **sections,
    }


def output(**sections: Any) -> str:
    """The evaluation as a model writes it."""
    return json.dumps(evaluation(**sections), ensure_ascii=False)
