"""Rubrics in versions, comments at a moment, marks of doubt, and how far coaches agree."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from coach.contracts.asking import asking
from coach.contracts.interview import Attempt
from coach.contracts.people import Asker, Reach, Role
from coach.contracts.transcript import typed_transcript
from coach.errors import ConflictError, InputError, NotFoundError
from coach.lab import coaching
from coach.lab.attempts import HumanScore, keep_scores
from coach.lab.statistics.agreement import agreement, kappa_interval
from coach.store import SqlStore
from coach.store.repositories import interviews, invitations, people
from coach.views import coaches, review
from tests.fakes import records as make
from tests.fakes import town

LAB = "lab-west"


@pytest.fixture
def store(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}", idle_s=30) as opened:
        yield opened


def answered(store: SqlStore, number: int = 0, *, user_id: str = "local", overall: float = 6.0, **changes) -> Attempt:
    """One judged answer in a session of its own."""
    session = make.interview(user_id=user_id, created_at=make.START + timedelta(hours=number))
    question = make.exchange(session)
    store.run(interviews.create_interview, session, [question])
    attempt = make.evaluated(question, 1, overall).model_copy(update=changes)
    store.run(interviews.add_attempt, attempt)
    return attempt


def draft(name: str, **more: str) -> dict[str, str]:
    return {"name": name, "low": "nothing", "middle": "some", "high": "all", **more}


def test_a_rubric_is_kept_in_versions_that_never_change(store):
    one = coaching.keep_rubric(store, LAB, [draft("Calm")], author="Ada", seen=0)
    again = coaching.keep_rubric(store, LAB, [one.criteria[0].model_dump()], author="Ada", seen=1)
    assert again == one, "nothing changed: no new version"
    changed = [one.criteria[0].model_dump() | {"high": "a rock"}, draft("Proof")]
    two = coaching.keep_rubric(store, LAB, changed, author="Grace", seen=1)
    assert [r.version for r in coaching.rubric_history(store, LAB)] == [2, 1]
    assert two.criteria[0].id == one.criteria[0].id, "the same criterion, in other words"
    assert coaching.rubric_of(store, one.id) == one
    assert coaching.rubric_history(store, "another lab") == []


def test_two_who_change_a_rubric_do_not_undo_each_other(store):
    coaching.keep_rubric(store, LAB, [draft("Calm")], author="Ada", seen=0)
    with pytest.raises(ConflictError, match="version 1"):
        coaching.keep_rubric(store, LAB, [draft("Proof")], author="Grace", seen=0)
    assert [c.name for c in coaching.rubric_history(store, LAB)[0].criteria] == ["Calm"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([draft("Calm"), draft(" calm ")], "same name"),
        ([draft(" ")], "needs a name"),
        ([draft("x" * 61)], "60 characters"),
        ([draft("Calm", low="x" * 301)], "300 characters"),
        ([draft(f"Criterion {n}") for n in range(13)], "at most 12"),
    ],
)
def test_a_rubric_that_nobody_could_use_is_refused_in_words(store, rows, told):
    with pytest.raises(InputError, match=told):
        coaching.keep_rubric(store, LAB, rows, author="Ada", seen=0)
    assert coaching.rubric_history(store, LAB) == []


def test_empty_rows_are_left_out_and_an_empty_rubric_can_be_kept(store):
    blank = dict.fromkeys(("name", "low", "middle", "high"), " ")
    assert coaching.keep_rubric(store, LAB, [draft("Calm"), blank], author="", seen=0).criteria[0].name == "Calm"
    assert coaching.keep_rubric(store, LAB, [], author="", seen=1).criteria == ()


def test_criteria_to_begin_with_make_a_rubric(store):
    assert len(coaching.keep_rubric(store, LAB, coaching.starter(), author="", seen=0).criteria) == 3


def test_a_comment_stands_at_its_second_and_a_second_click_is_none(store):
    attempt = answered(store)
    late = coaching.comment_on(store, attempt, " Ada ", "Stop here. ", at_s=5.26)
    early = coaching.comment_on(store, attempt, "Grace", "Good start.", at_s=1.0)
    assert coaching.comment_on(store, attempt, "Ada", "Stop here.", at_s=5.3).id == late.id
    assert [c.id for c in coaching.comments_on(store, [attempt.id])] == [early.id, late.id]
    assert coaching.comments_on(store, [attempt.id], hidden=frozenset({early.id})) == [late]
    assert (late.author, late.text, late.at_s) == ("Ada", "Stop here.", 5.3)


def test_a_typed_answer_is_commented_by_the_sentence(store):
    attempt = answered(store, transcript=typed_transcript("I led it. We won."), duration_seconds=0.0)
    assert coaching.sentences_of(attempt) == ["I led it.", "We won."]
    assert coaching.comment_on(store, attempt, "Ada", "Who is we?", sentence=1).sentence == 1
    for wrong in ({"sentence": 2}, {"sentence": -1}, {"at_s": 5.0}, {}, {"at_s": 0.0, "sentence": 0}):
        with pytest.raises(InputError):
            coaching.comment_on(store, attempt, "Ada", "x", **wrong)


@pytest.mark.parametrize(
    ("author", "text", "at_s"),
    [("", "x", 1.0), ("Ada", "  ", 1.0), ("Ada", "x" * 2001, 1.0), ("Ada", "x", -1.0), ("Ada", "x", 9e9),
     ("Ada", "x", float("nan")), ("A" * 81, "x", 1.0)],
)  # fmt: skip
def test_a_comment_that_says_nothing_or_stands_nowhere_is_refused(store, author, text, at_s):
    attempt = answered(store)
    with pytest.raises(InputError):
        coaching.comment_on(store, attempt, author, text, at_s=at_s)
    assert coaching.comments_on(store, [attempt.id]) == []


def test_two_tabs_do_not_write_over_each_others_words(store):
    comment = coaching.comment_on(store, answered(store), "Ada", "Stop here.", at_s=1.0)
    ada = coaching.author_called("Ada")
    coaching.revise(store, comment, "Breathe here.", by=ada)
    with pytest.raises(ConflictError):
        coaching.revise(store, comment, "Shorter.", by=ada)
    (kept,) = coaching.comments_on(store, [comment.attempt_id])
    assert kept.text == "Breathe here." and kept.edited_at is not None
    grace = coaching.author_called("Grace")
    for meddling in (
        lambda: coaching.revise(store, kept, "Hers.", by=grace),
        lambda: coaching.remove(store, kept.id, by=grace),
    ):
        with pytest.raises(NotFoundError, match="somebody else"):
            meddling()
    assert coaching.remove(store, comment.id, by=ada) is True
    assert coaching.remove(store, comment.id, by=ada) is False
    with pytest.raises(NotFoundError):
        coaching.revise(store, kept, "Too late.", by=ada)


def test_two_coaches_of_one_name_are_two_people(store):
    places = town.fill(store)
    _, secret = store.run(invitations.invite, places["Blue"], Role.COACH, town.NOW)
    store.run(invitations.accept, secret, "kay", town.NOW, name="Kim", identity_id="kay")
    attempt = store.run(interviews.find_attempt, "attempt-carl")
    kim, kay = (Asker(person, frozenset({Role.COACH}), Reach.COACHED) for person in ("kim", "kay"))
    with asking(kim):
        hers = coaching.comment_on(store, attempt, "Kim", "Breathe.", at_s=0.0)
        keep_scores(store, [score(attempt, "Kim", 3.0, reviewer_id="kim")])
    with asking(kay):
        me = coaching.author_called("Kim")
        assert not me.wrote(hers)
        with pytest.raises(NotFoundError, match="somebody else"):
            coaching.revise(store, hers, "Faster.", by=me)
        with pytest.raises(NotFoundError, match="somebody else"):
            coaching.remove(store, hers.id, by=me)
        assert not review.judged_by(review.review_frame(store), "kay").any()
        keep_scores(store, [score(attempt, "Kim", 9.0, reviewer_id="kay")])
        frame = review.review_frame(store)
        (row,) = frame[frame["attempt_id"] == attempt.id].to_dict("records")
        assert {"kim", "kay"} <= {*row["coaches"]} and row["coaches_apart"] == 6.0
        assert review.judged_by(frame, "kay").sum() == 1
        names = {name for pair in coaches.pairs(frame, review.all_reviews(store)) for name in (pair.first, pair.second)}
        assert {"Kim (kim)", "Kim (kay)"} <= names
    with asking(kim):
        assert coaching.remove(store, hers.id, by=coaching.author_called("Kim"))


def test_a_coach_who_is_deleted_leaves_judgements_and_no_name(store):
    town.fill(store)
    attempt = store.run(interviews.find_attempt, "attempt-carl")
    with asking(Asker("kim", frozenset({Role.COACH}), Reach.COACHED)):
        coaching.comment_on(store, attempt, "Kim", "Breathe.", at_s=0.0)
        keep_scores(store, [score(attempt, "Kim", 3.0, reviewer_id="kim")])
    store.run(people.forget, "kim")
    (comment,) = coaching.comments_on(store, [attempt.id])
    given = review.all_reviews(store)
    left = given[given["overall"] == 3.0].iloc[0]
    assert comment.author == left["reviewer"] == left["coach"] and comment.author.startswith("Former coach ")
    assert not comment.author_id and not left["reviewer_id"]


def test_an_answer_that_is_gone_takes_no_comment(store):
    stranger = make.evaluated(make.exchange(make.interview()), 1, 5.0)
    with pytest.raises(NotFoundError):
        coaching.comment_on(store, stranger, "Ada", "x", at_s=0.0)


def score(attempt: Attempt, reviewer: str, overall: float | None, **more) -> HumanScore:
    return HumanScore(attempt_id=attempt.id, reviewer=reviewer, overall=overall, **more)


def by_attempt(store: SqlStore) -> dict[str, dict[str, Any]]:
    rows = review.review_frame(store).to_dict("records")
    return {str(row["attempt_id"]): {str(name): value for name, value in row.items()} for row in rows}


def test_a_review_keeps_the_rubric_it_was_given_with(store):
    attempt = answered(store)
    one = coaching.keep_rubric(store, LAB, [draft("Calm")], author="", seen=0)
    keep_scores(store, [score(attempt, "Ada", 7.0, rubric_id=one.id, criteria={one.criteria[0].id: 8.5})])
    coaching.keep_rubric(store, LAB, [one.criteria[0].model_dump() | {"name": "Poise"}], author="", seen=1)
    (row,) = review.review_frame(store).to_dict("records")
    used = coaching.rubric_of(store, row["rubric_id"])
    assert used is not None and [c.name for c in used.criteria] == ["Calm"]
    assert row["criteria"] == {one.criteria[0].id: 8.5}


def test_doubt_and_disagreement_are_found(store):
    apart, doubted, heard_badly = (answered(store, n) for n in range(3))
    keep_scores(store, [score(apart, "Ada", 3.0), score(apart, "Grace", 8.0), score(apart, "Ada", 4.0)])
    keep_scores(store, [score(doubted, "Ada", 6.5), score(doubted, "Grace", None, unsure=True)])
    words = [word.model_copy(update={"confidence": 0.5}) for word in make.transcript(make.TEXT).words]
    heard_badly = heard_badly.model_copy(
        update={"transcript": make.transcript(make.TEXT).model_copy(update={"words": words})}
    )
    store.run(interviews.update_attempt, heard_badly)
    found = by_attempt(store)
    assert [found[apart.id][name] for name in ("coaches_apart", "machine_apart", "unsure")] == [4.0, 2.0, False]
    assert found[apart.id]["coaches"] == ("Grace", "Ada")
    assert (found[doubted.id]["human"], found[doubted.id]["unsure"]) == (6.5, True), "a doubt is no score"
    assert pd.isna(found[doubted.id]["coaches_apart"])
    assert found[heard_badly.id]["unsure"] and pd.isna(found[heard_badly.id]["human"])
    keep_scores(store, [score(doubted, "Grace", 7.0)])
    assert not by_attempt(store)[doubted.id]["unsure"], "she made up her mind"
    assert review.judged_by(review.review_frame(store), "Grace").sum() == 2


def test_the_sum_form_of_kappa_is_the_librarys():
    rng = np.random.default_rng(4)
    x = rng.integers(4, 18, 60) / 2
    y = np.clip(x + rng.integers(-3, 4, 60) / 2, 0, 10)
    counts = pd.crosstab(pd.Categorical(2 * x, range(21)), pd.Categorical(2 * y, range(21)), dropna=False)
    wanted = float(cohens_kappa(counts.to_numpy(), wt="quadratic", return_results=True).kappa)
    whole = 1 - np.mean((x - y) ** 2) / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert whole == pytest.approx(wanted) == pytest.approx(agreement(x, y).qwk)
    low, high = kappa_interval(x, y, pd.Series(["one"] * 60))
    assert low < wanted < high and high - low < 0.3


def test_answers_of_few_people_say_less_than_they_seem_to():
    """Twelve people whose answers are alike: drawn by people the interval is wider than by answers."""
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(12), 10)
    x = np.round(2 * np.clip(rng.normal(5, 2, 12), 0, 10))[person] / 2
    y = np.clip(x + np.round(rng.normal(0, 2, 12))[person], 0, 10)
    by_people = kappa_interval(x, y, pd.Series(person.astype(str)))
    by_answers = kappa_interval(x, y, pd.Series(["one"] * 120))
    assert by_people[1] - by_people[0] > 1.5 * (by_answers[1] - by_answers[0])


def test_kappa_of_two_coaches_is_told_from_twenty_answers(store):
    rng = np.random.default_rng(2)
    for number in range(20):
        attempt, first = answered(store, number), float(rng.integers(4, 18) / 2)
        keep_scores(store, [score(attempt, "Ada", first), score(attempt, "Grace", min(10.0, first + number % 2))])
        frame = review.review_frame(store)
        (pair,) = coaches.pairs(frame, review.all_reviews(store))
        assert (pair.kappa is None) == (number < 19)
    assert (pair.first, pair.second, pair.answers) == ("Ada", "Grace", 20)
    assert pair.low < pair.kappa < pair.high
    assert "95 % interval" in coaches.in_words(pair)
    assert pair.bias == pytest.approx(-0.5, abs=0.1)


def test_a_coach_who_gives_everybody_the_same_is_told_apart_from_agreement(store):
    for number in range(20):
        attempt = answered(store, number)
        keep_scores(store, [score(attempt, "Ada", 5.0), score(attempt, "Grace", float(number % 9))])
    (pair,) = coaches.pairs(review.review_frame(store), review.all_reviews(store))
    assert pair.kappa is None and "same score" in coaches.in_words(pair)


def test_one_coach_alone_agrees_with_nobody(store):
    keep_scores(store, [score(answered(store), "Ada", 5.0)])
    assert coaches.pairs(review.review_frame(store), review.all_reviews(store)) == []
