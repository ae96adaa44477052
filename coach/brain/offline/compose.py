"""Puts one reading into the contract's shape, section by section."""

from coach.brain.offline.delivery import delivery_feedback, delivery_scores
from coach.brain.offline.feedback import content_feedback
from coach.brain.offline.follow_up import decide_follow_up
from coach.brain.offline.keywords import keywords
from coach.brain.offline.library import library_suggestion
from coach.brain.offline.notes import coach_notes
from coach.brain.offline.rewrite import (
    MAX_WORDS,
    RewrittenPart,
    polished,
    rewrite_plain,
    rewrite_story,
    star_version,
)
from coach.brain.prompts.policy import Policy
from coach.brain.reading.answer import Reading
from coach.contracts.evaluation import ContentBreakdown, Evaluation, Metadata, Rewrite, Scoring, StarVersion


def compose(reading: Reading, model: str, max_words: int = MAX_WORDS) -> Evaluation:
    """The whole evaluation of one reading; the rewrite keeps at most about `max_words` of its words."""
    follow_up = decide_follow_up(reading)
    parts = rewritten_parts(reading, max_words)
    measured = reading.input.delivery_metrics
    return Evaluation(
        follow_up=follow_up.section,
        scoring=_scoring(reading),
        content_feedback=content_feedback(reading),
        delivery_feedback=delivery_feedback(measured, reading.answer.word_count),
        rewrite=_rewrite(reading, parts),
        coach_notes=coach_notes(reading, parts),
        library_suggestion=library_suggestion(reading),
        metadata=Metadata(
            model_version=model,
            policy_version=reading.input.policy_version[:20],
            eye_contact_available=measured.eye_contact_proxy_score_0_to_10 is not None,
            follow_up_type=follow_up.type,
        ),
    )


def rewritten_parts(reading: Reading, max_words: int = MAX_WORDS) -> list[RewrittenPart]:
    """The rewrite as parts; an answer that is no story keeps its order."""
    if reading.verdict in ("empty", "repeat", "refusal"):
        return []
    if reading.verdict == "other_language":
        return [RewrittenPart("other", reading.answer.transcript.strip(), None)]
    if reading.verdict == "no_example":
        return rewrite_story([], reading.star, has_metric=False, owned_by_we=False)
    if reading.form == "story" or (reading.form == "plan" and reading.told_as_story):
        owned_by_we = reading.ownership.kind == "we"
        return rewrite_story(
            reading.units,
            reading.star,
            has_metric=not reading.figure_wanted,
            owned_by_we=owned_by_we,
            max_words=max_words,
        )
    return rewrite_plain(reading.units, max_words)


def _scoring(reading: Reading) -> Scoring:
    scores = reading.scores
    delivery = delivery_scores(reading.input.delivery_metrics, otherwise=scores.content)
    overall = Policy().overall(scores.content, delivery.pace)
    return Scoring(
        overall=overall,
        content=scores.content,
        delivery=delivery.pace,
        content_breakdown=ContentBreakdown(
            star=scores.star, relevance=scores.relevance, clarity=scores.clarity, impact=scores.impact
        ),
        delivery_breakdown=delivery,
    )


def _rewrite(reading: Reading, parts: list[RewrittenPart]) -> Rewrite:
    return Rewrite(
        polished_answer=polished(parts)[:2200],
        star_version=StarVersion(**star_version(parts)),
        keywords_to_include=keywords(reading),
    )
