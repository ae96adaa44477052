"""Two groups side by side: intervals that cover, nothing told from few, people as the unit."""

import numpy as np
import pandas as pd
import pytest

from coach.lab.statistics.cohorts import FEWEST_PEOPLE, GroupDifference, compare_groups, mean_interval
from coach.views import cohorts
from tests.long import how_many


def people(rng: np.random.Generator, count: int, rate: float, gain: float, *, begin: int = 0) -> pd.DataFrame:
    """One row per person: some sessions, a rate and a gain of their own around the group's."""
    rows = []
    for number in range(begin, begin + count):
        started = int(rng.integers(3, 20))
        completed = int(rng.binomial(started, np.clip(rng.normal(rate, 0.1), 0, 1)))
        gains = rng.normal(rng.normal(gain, 0.4), 0.8, int(rng.integers(1, 12)))
        rows.append(
            {
                "key": "k", "label": "K", "user_id": f"u{number}", "started": started, "completed": completed,
                "retried": completed // 2, "saved": completed // 3, "gains": len(gains), "gain_sum": gains.sum(),
                "gain_squares": (gains**2).sum(), "noise_sum": 0.08 * len(gains),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def found(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, GroupDifference]:
    return {each.measure: each for each in compare_groups(a, b)}


def ends(difference: GroupDifference) -> tuple[float, float]:
    assert difference.low is not None and difference.high is not None
    return difference.low, difference.high


@pytest.mark.parametrize("count", [FEWEST_PEOPLE, 30])
def test_the_interval_covers_the_difference_there_is(count):
    rng, hits = np.random.default_rng(7), {"completed": 0, "gain": 0}
    times = how_many("differences between cohorts")
    for _ in range(times):
        told = found(people(rng, count, 0.7, 0.6), people(rng, count, 0.5, 0.2, begin=100))
        for name, wanted in (("completed", 0.2), ("gain", 0.4)):
            low, high = ends(told[name])
            hits[name] += low <= wanted <= high
    assert min(hits.values()) / times >= 0.91, hits


def test_the_same_people_in_both_groups_cancel_out():
    """People differ much, the groups not at all: paired by person the interval is far narrower."""
    rng = np.random.default_rng(3)
    whole = people(rng, 20, 0.6, 0.5)
    other = whole.assign(completed=(whole["completed"] - 1).clip(lower=0))
    paired = found(whole, other)["completed"]
    apart = found(whole, other.assign(user_id=[f"v{n}" for n in range(20)]))["completed"]
    assert paired.estimate == apart.estimate
    assert float(np.ptp(ends(paired))) < 0.7 * float(np.ptp(ends(apart)))


def test_nothing_is_told_from_few():
    rng = np.random.default_rng(5)
    few, many = people(rng, FEWEST_PEOPLE - 1, 0.9, 2.0), people(rng, 30, 0.1, -2.0, begin=50)
    for each in compare_groups(few, many):
        assert each.low is None and not each.told and each.estimate is not None
        assert cohorts.verdict(each) == "too few to tell; from 8 people in each on"
    nobody = few[few["started"] < 0]
    assert {cohorts.verdict(each) for each in compare_groups(nobody, many)} == {"nothing to compare"}


def test_two_people_are_compared_by_their_sessions():
    one = pd.DataFrame([{"user_id": "a", "started": 40, "completed": 36, "retried": 20, "saved": 0, "gains": 30,
                         "gain_sum": 30.0, "gain_squares": 40.0}])  # fmt: skip
    other = one.assign(user_id="b", completed=16, gain_sum=0.0, gain_squares=10.0)
    told = found(one, other)
    assert told["completed"].told and told["gain"].told
    assert ends(told["completed"])[0] == pytest.approx(0.294, abs=0.01), "Newcombe's interval of 36/40 and 16/40"
    assert not told["saved"].told and told["saved"].low is not None
    assert cohorts.verdict(found(one.assign(started=19, completed=19), other)["completed"]).startswith("too few")


def test_the_mean_gain_has_an_interval_from_enough_people():
    rng = np.random.default_rng(9)
    interval = mean_interval(people(rng, 12, 0.5, 0.5))
    assert interval is not None
    low, high = interval
    assert low < 0.6 and high > 0.3 and high - low < 1.5
    assert mean_interval(people(rng, 3, 0.5, 0.5)) is None
    assert mean_interval(people(rng, 3, 0.5, 0.5).iloc[:0]) is None


def test_what_noise_alone_would_do_is_said():
    frame = people(np.random.default_rng(1), 10, 0.5, 0.5)
    (row,) = cohorts.groups_table(frame).to_dict("records")
    assert row["noise"] == pytest.approx(1.96 * (0.08 * row["gains"]) ** 0.5 / row["gains"])
    assert f"±{row['noise']:.2f}" in cohorts.gain_in_words(frame)
    assert cohorts.gain_in_words(frame.assign(gains=0)) == "Nobody has answered a question twice yet."
