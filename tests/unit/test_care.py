"""Care before coaching: what is noticed, and what is then neither praised, repeated, asked nor saved."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from coach.brain.care.advice import care_for, cleaned, repeats, without
from coach.brain.care.languages import other_language
from coach.brain.care.model import MODEL_KINDS
from coach.brain.care.reader import kinds_in, read_care, ruled_kinds
from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.prompts.policy import Policy
from coach.brain.reading.text import fold
from coach.contracts.brain import EvaluationResult
from tests.fakes import brain_samples as samples
from tests.unit.test_brain_guards import Says

SENTENCES = Path(__file__).parent.parent / "data" / "care_sentences.tsv"
NO_ANSWERS = SENTENCES.with_name("no_answers.tsv")
HARMLESS = "none"


def sentences() -> dict[str, list[tuple[str, str]]]:
    by_half: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        half, kind, text = line.split("\t")
        by_half[half].append((kind, text))
    return by_half


@pytest.mark.parametrize(
    ("half", "share"),
    [
        ("written_on", 0.05), ("held_out", 0.05), ("afterwards", 0.05), ("last", 0.05), ("classes", 0.05),
        ("classes_later", 0.05), ("parts", 0.02), ("parts_later", 0.08), ("parts_last", 0.13),
        ("sorts", 0.05), ("sorts_later", 0.53), ("pairs", 0.25), ("plain", 0.1), ("indirect", 0.1),
        ("indirect_later", 0.25), ("mixed", 0.32),
    ],
)  # fmt: skip
def test_what_needs_care_is_found_and_look_alikes_are_not(half: str, share: float) -> None:
    """False alarms ≤ 2 % (or one sentence) and misses up to `share`, on each part of the list; the open ones among the
    wordings of misconduct stay missed (docs/care.md)."""
    listed = sentences()[half]
    harmful = [(kind, text) for kind, text in listed if kind != HARMLESS]
    harmless = [text for kind, text in listed if kind == HARMLESS]
    missed = [text for _, text in harmful if not read_care(text).kind]
    alarms = [text for text in harmless if read_care(text).kind]
    assert len(missed) <= share * len(harmful), missed
    assert len(alarms) <= max(1, 0.02 * len(harmless)), alarms


async def judged(text: str, **body: Any) -> tuple[EvaluationResult, Says]:
    """What comes of `text` when the model says what it likes."""
    brain = Says(samples.output(**{**samples.evaluation(), **body}))
    result = await evaluate_to_end(
        brain, samples.call(text), transcript=samples.transcript(text), delivery=samples.delivery(), policy=Policy()
    )
    return result, brain


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I tried to kill myself after that project failed. Then we cut the delay by forty percent.", "crisis"),
        ("在上一份工作中，我负责计费系统的迁移。结果延迟减少了百分之四十。", "other_language"),
        ("前の会社で在庫を管理しました。", "other_language"),
        ("Sorry, could you repeat the question?", "not_an_answer"),
    ],
)
async def test_coaching_stops_and_no_model_is_asked(text: str, kind: str) -> None:
    result, brain = await judged(text)
    assert result.care and result.care.kind == kind and result.care.unscored and result.care.message
    assert brain.calls == [] and result.usage == [], "it is neither sent nor paid"
    evaluation = result.evaluation
    assert evaluation.scoring.overall == 0 and evaluation.scoring.content_breakdown.relevance == 0
    assert not evaluation.follow_up.should_ask and not evaluation.library_suggestion.should_save
    assert evaluation.content_feedback.top_strengths == [] and evaluation.coach_notes == []
    assert (kind == "crisis") == bool(result.care.resources)
    if kind == "crisis":
        assert "kill" not in evaluation.model_dump_json()


async def test_an_admission_is_neither_shown_to_the_model_nor_praised_asked_or_saved() -> None:
    text = "I forged the inspection certificates for a month. Then I moved the label printer next to the till."
    strengths = ['You act: "I forged the inspection certificates".', 'You act: "I moved the label printer".']
    feedback = samples.evaluation()["content_feedback"] | {"top_strengths": strengths}
    rewrite = samples.evaluation()["rewrite"] | {"polished_answer": "I forged the certificates. I moved the printer."}
    result, brain = await judged(text, content_feedback=feedback, rewrite=rewrite)
    assert "forged" not in brain.calls[0].input.user_answer.transcript
    assert result.care and result.care.kind == "misconduct" and "admit" in result.care.message
    said = result.evaluation
    assert said.content_feedback.top_strengths == [] and not said.follow_up.should_ask
    assert said.rewrite.polished_answer == "I moved the printer." and not said.library_suggestion.should_save


async def test_strong_words_leave_rewrite_quotes_and_notes() -> None:
    text = "The old desk was a piece of shit. I moved the fucking printer next to the till myself."
    note = {
        "change_type": "clarity", "original_snippet": "the fucking printer", "revised_snippet": "it", "reason": "x",
    }  # fmt: skip
    rewrite = samples.evaluation()["rewrite"] | {"polished_answer": "I moved the fucking printer next to the till."}
    feedback = samples.evaluation()["content_feedback"] | {
        "top_strengths": ['Bold: "I moved the fucking printer".'], "headline": "What a shitty desk",
    }  # fmt: skip
    result, brain = await judged(text, rewrite=rewrite, coach_notes=[note], content_feedback=feedback)
    seen = brain.calls[0].input.user_answer.transcript
    assert "shit" not in seen and "fuck" not in seen and "I moved the printer next to the till myself." in seen
    assert result.care and result.care.kind == "profanity"
    plain = result.evaluation.model_dump_json().lower()
    assert "fuck" not in plain and "shit" not in plain
    assert result.evaluation.rewrite.polished_answer == "I moved the printer next to the till."


async def test_protected_facts_leave_the_rewrite_and_the_telling_version_is_kept_beside_it() -> None:
    text = "I have epilepsy and asked for a day shift. I moved the label printer next to the till."
    rewrite = samples.evaluation()["rewrite"] | {"polished_answer": text}
    follow_up = {"should_ask": True, "question_text": "How did your epilepsy change your work?", "reason": "r"}
    feedback = samples.evaluation()["content_feedback"] | {"top_strengths": ['Open: "I have epilepsy".']}
    result, _ = await judged(text, rewrite=rewrite, follow_up=follow_up, content_feedback=feedback)
    assert result.care and result.care.kind == "protected"
    assert result.evaluation.rewrite.polished_answer == "I moved the label printer next to the till."
    assert result.care.told_rewrite == text
    assert not result.evaluation.follow_up.should_ask and result.evaluation.content_feedback.top_strengths == []


async def test_the_offline_coach_is_guarded_alike() -> None:
    text = (
        "Honestly the old system was a piece of shit. My task was to fix the damn invoices. I rewrote the scheduler in "
        "two weeks. As a result we cut the delay by forty percent."
    )
    result = await evaluate_to_end(
        OfflineCoach(), samples.call(text), transcript=samples.transcript(text), delivery=samples.delivery(),
        policy=Policy(),
    )  # fmt: skip
    plain = json.dumps(result.evaluation.model_dump(mode="json")).lower()
    assert result.care and "shit" not in plain and "damn" not in plain and "forty percent" in plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("It was a piece of shit.", "It was in poor shape."),
        ("My boss was a total asshole about it.", "My boss was difficult about it."),
        ("I rewrote the fucking parser.", "I rewrote the parser."),
        ("He pissed me off.", "He annoyed me."),
        ("I worked my ass off.", "I worked hard."),
        ("It was a clear plan.", "It was a clear plan."),
    ],
)
def test_strong_words_are_replaced_by_plain_ones(said: str, plain: str) -> None:
    assert cleaned(said) == plain


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I feel so worthless that I think about death all the time.", "crisis"),
        ("If I don't get this job I'm going to end it.", "crisis"),
        ("I went under the tram line and fixed the cable.", ""),
        ("I think about customers all the time.", ""),
    ],
)
def test_what_no_rule_words_is_known_by_what_it_has_in_common(text: str, kind: str) -> None:
    assert read_care(text).kind == kind


def test_the_model_finds_what_rules_alone_miss() -> None:
    """On the sentences whose figures were taken at first look: more of crisis, threat and protected with the model."""
    kinds = [(kind, text) for half in ("pairs", "plain") for kind, text in sentences()[half] if kind in MODEL_KINDS]
    ruled = sum(kind in ruled_kinds(fold(text)) for kind, text in kinds)
    both = sum(kind in kinds_in(text) for kind, text in kinds)
    assert both > ruled


def test_a_coach_line_repeats_what_it_says_with_your() -> None:
    assert repeats("How did your epilepsy change the plan?") == ["protected"]
    assert repeats("How did your plan change?") == []


def test_only_the_sentence_itself_is_left_out() -> None:
    assert without("I was calm. I bribed the inspector. We shipped.", ("misconduct",)) == "I was calm. We shipped."


@pytest.mark.parametrize("text", ["", " ", "I did it.", "a " * 30_000, "\x00\ud800" * 50, "!?" * 500, "." * 60_000])
def test_odd_input_needs_no_care_and_no_time(text: str) -> None:
    assert read_care(text).kind == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich habe die Planung übernommen und das Team war zufrieden", "German"),
        ("我负责这个项目", "Chinese"),
        ("新人の教育を任されました", "Japanese"),
        ("the team in Zürich liked the schnitzel", ""),
        ("I no understand, I am work in bakery and the oven it broke", ""),
        ("Hello", ""),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert other_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "I only imagine the answers before a survey, I never wrote one into it.",
        "Sorted mail, trained temps, drove nights, fixed scanners, counted stock.",
        "I reported a driver who clocked Tom in when he was late.",
        "My supervisor asked me to change the dates on the log before the audit and I refused.",
    ],
)
def test_a_deed_of_somebody_else_or_refused_is_none_of_the_speakers(text: str) -> None:
    assert read_care(text).kind == ""


def test_a_question_asked_back_is_no_answer_by_the_readings_own_verdict() -> None:
    said = "Sorry, I don't understand the question. Can you explain me again?"
    assert read_care(said).kind == "not_an_answer"


def test_labelled_answers_of_the_project_raise_no_alarm() -> None:
    rows = (SENTENCES.parent / "offline_answers.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(row)["answer"] for row in rows]
    alarms = [a[:80] for a in answers if read_care(a).kind not in ("", "protected", "not_an_answer", "other_language")]
    assert alarms == []


def told(kind: str) -> list[str]:
    return [
        line.split("\t")[1] for line in NO_ANSWERS.read_text(encoding="utf-8").splitlines() if line.startswith(kind)
    ]


@pytest.mark.parametrize("text", told("not_an_answer"))
def test_whoever_has_nothing_to_say_has_not_answered(text: str) -> None:
    reading = read_care(text)
    care = care_for(reading)
    assert reading.kind == "not_an_answer" and care is not None and "asked for a moment" not in care.message


@pytest.mark.parametrize("text", told("answer"))
def test_whoever_goes_on_has_answered(text: str) -> None:
    assert read_care(text).kind == ""
