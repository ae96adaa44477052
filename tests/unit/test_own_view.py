"""How people see themselves beside the machine and coaches; nothing told from few."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from coach.views import own_view


def stored(count: int, *, higher: float, coached: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        machine = float(rng.integers(6, 15) / 2)
        own = {"overall": min(10.0, machine + higher + float(rng.normal(0, 0.3))), "content": 5.0, "delivery": 5.0}
        review = {"overall": machine - 0.5} if number < coached else None
        rows.append(
            {
                "id": f"a{number}", "question_type": "behavioral", "overall_score": machine, "review": review,
                "extra": {"self_rating": own},
            }
        )  # fmt: skip
    return rows


def test_who_rated_nothing_is_left_out():
    rows = [*stored(2, higher=1.0), {**stored(1, higher=0)[0], "extra": None}, {**stored(1, higher=0)[0], "extra": {}}]
    frame = own_view.own_view_frame(rows)
    assert len(frame) == 2 and frame["coach"].isna().all()
    assert own_view.own_view_frame([]).empty and own_view.judges_table(own_view.own_view_frame([])).empty


def test_three_judges_in_pairs_on_the_answers_both_judged():
    table = own_view.judges_table(own_view.own_view_frame(stored(30, higher=1.2, coached=10)))
    assert table[["first", "second", "answers"]].values.tolist() == [
        ["the person", "the machine", 30], ["the person", "a coach", 10], ["the machine", "a coach", 10],
    ]  # fmt: skip
    assert table["first higher by"].tolist() == pytest.approx([1.2, 1.7, 0.5], abs=0.25)
    assert table["kappa"].notna().tolist() == [True, False, False], "kappa is told from twenty answers on"


@pytest.mark.parametrize(
    ("count", "higher", "words"),
    [(19, 2.0, "told from 20 on"), (40, 1.2, "higher than the machine"), (40, -1.0, "lower than the machine"),
     (40, 0.0, "as the machine does")],
)  # fmt: skip
def test_how_people_see_themselves_in_words(count, higher, words):
    assert words in own_view.own_view_in_words(own_view.own_view_frame(stored(count, higher=higher)))


def test_the_picture_has_machine_and_coach():
    figure = own_view.own_view_scatter(own_view.own_view_frame(stored(5, higher=1.0, coached=2)))
    assert [len(trace.x) for trace in figure.data] == [2, 5, 2]
    assert not pd.isna(figure.data[1].x[0])
