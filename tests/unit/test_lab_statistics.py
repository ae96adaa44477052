"""The statistics keep their promises: simulated with clustering, against known tables, and on hostile sizes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coach.errors import InputError
from coach.lab.statistics import intervals
from coach.lab.statistics import paired as statistics
from coach.lab.statistics.agreement import agreement, stability
from coach.lab.statistics.paired import adjust, compare_paired, intraclass_correlation
from coach.lab.statistics.power import Design, items_needed, minimum_detectable_effect, predicted_power
from coach.lab.statistics.sequential import boundaries, spent_alpha
from coach.lab.statistics.verdict import Margin, decide, equivalent
from tests.long import how_many

DESIGN = Design(n_clusters=30, items_per_cluster=5, sd=1.0, icc=0.3)


def simulate(rng: np.random.Generator, design: Design, effect: float) -> pd.DataFrame:
    """Items of `design` whose B-A difference has mean `effect` and the design's spread within and between people."""
    persons = np.repeat(np.arange(design.n_clusters), int(design.items_per_cluster))
    between = rng.normal(0, design.sd * design.icc**0.5, design.n_clusters)[persons]
    within = rng.normal(0, design.sd * (1 - design.icc) ** 0.5, len(persons))
    a = rng.normal(6, 1.5, len(persons))
    return pd.DataFrame(
        {"item": np.arange(len(persons)), "cluster": persons, "a": a, "b": a + effect + between + within}
    )


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "BOOTSTRAPS", 99)
    monkeypatch.setattr(statistics, "PERMUTATIONS", 199)


@pytest.mark.usefixtures("fewer_resamples")
def test_false_positives_and_coverage_over_many_equal_pairs() -> None:
    rng = np.random.default_rng(20)
    results = [compare_paired(simulate(rng, DESIGN, 0.0)) for _ in range(how_many("equal pairs of runs"))]
    assert np.mean([r.p_value < 0.05 for r in results]) == pytest.approx(0.05, abs=0.015)
    assert np.mean([r.low <= 0 <= r.high for r in results]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([r.p_permutation < 0.05 for r in results]) == pytest.approx(0.05, abs=0.02)


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("effect", [0.25, minimum_detectable_effect(DESIGN), 0.5])
def test_planted_effects_are_found_as_often_as_predicted(effect: float) -> None:
    rng = np.random.default_rng(21)
    times = how_many("planted effects")
    found = np.mean([compare_paired(simulate(rng, DESIGN, effect)).p_value < 0.05 for _ in range(times)])
    assert found == pytest.approx(predicted_power(DESIGN, effect), abs=0.05)


def test_ignoring_clusters_would_have_lied() -> None:
    rng = np.random.default_rng(22)
    naive = np.mean(
        [stats.ttest_1samp((t := simulate(rng, DESIGN, 0.0))["b"] - t["a"], 0).pvalue < 0.05 for _ in range(600)]
    )
    assert naive > 0.10


def test_order_of_rows_and_repeats_change_nothing() -> None:
    table = simulate(np.random.default_rng(3), DESIGN, 0.2)
    doubled = pd.concat([table, table]).sample(frac=1, random_state=1)
    assert compare_paired(doubled).as_dict() == compare_paired(table).as_dict()


def test_all_ties_is_no_difference_and_no_crash() -> None:
    table = simulate(np.random.default_rng(4), DESIGN, 0.0).assign(b=lambda t: t["a"])
    result = compare_paired(table)
    assert (result.estimate, result.low, result.high, result.p_value, result.n_ties) == (0, 0, 0, 1, 150)
    assert decide(result).decision == "hold"


@pytest.mark.parametrize(("rows", "words"), [(0, "0 item"), (1, "1 item")])
def test_too_few_items_is_told(rows: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        compare_paired(simulate(np.random.default_rng(5), DESIGN, 0.0).head(rows))


def test_one_person_is_told() -> None:
    with pytest.raises(InputError, match="one person"):
        compare_paired(simulate(np.random.default_rng(5), DESIGN, 0.0).head(5))


def test_boundaries_match_the_published_table() -> None:
    assert boundaries([0.25, 0.5, 0.75, 1.0]) == pytest.approx([4.333, 2.963, 2.359, 2.014], abs=0.01)
    assert boundaries([1.0]) == pytest.approx([stats.norm.ppf(0.975)], abs=1e-3)
    assert spent_alpha(1.0) == pytest.approx(0.05)


def test_sequential_looks_keep_the_error_rate() -> None:
    rng = np.random.default_rng(6)
    steps = rng.normal(size=(4000, 4)).cumsum(axis=1) / np.sqrt(np.arange(1, 5))
    bounds = boundaries([0.25, 0.5, 0.75, 1.0])
    assert (np.abs(steps) >= bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.012)
    assert (np.abs(steps) >= 1.96).any(axis=1).mean() > 0.10
    assert bounds == pytest.approx([4.333, 2.963, 2.359, 2.014], abs=0.001), "as published for these looks"


@pytest.mark.parametrize("fractions", [[], [0.5, 0.5], [0.0, 1.0], [0.5, 1.2], [0.1] * 7])
def test_impossible_looks_are_refused(fractions: list[float]) -> None:
    with pytest.raises(InputError):
        boundaries(fractions)


def test_agreement_of_equal_and_of_reversed_scores() -> None:
    scores = np.arange(11.0)
    same, reverse = agreement(scores, scores), agreement(scores, scores[::-1])
    assert [same.mae, same.bias, same.spearman, same.qwk] == pytest.approx([0, 0, 1, 1])
    assert reverse.qwk == pytest.approx(-1)
    with pytest.raises(InputError):
        agreement(np.array([np.nan]), np.array([1.0]))


def test_quadratic_kappa_matches_its_definition() -> None:
    rng = np.random.default_rng(7)
    human = rng.integers(0, 11, 200).astype(float)
    machine = np.clip(human + rng.integers(-2, 3, 200).astype(float), 0, 10)
    observed = ((human - machine) ** 2).mean()
    expected = ((human[:, None] - machine[None, :]) ** 2).mean()
    assert agreement(human, machine).qwk == pytest.approx(1 - observed / expected)


def test_stability_finds_the_noise_that_was_put_in() -> None:
    rng = np.random.default_rng(8)
    items = np.repeat([f"i{n}" for n in range(300)], 4)
    scores = np.repeat(rng.normal(6, 2, 300), 4) + rng.normal(0, 0.5, 1200)
    result = stability(pd.Series(items), pd.Series(scores))
    assert result.sd == pytest.approx(0.5, rel=0.05)
    assert result.icc == pytest.approx(4 / 4.25, abs=0.02)
    with pytest.raises(InputError, match="repeats"):
        stability(pd.Series(["a", "b"]), pd.Series([1.0, 2.0]))


@given(st.integers(3, 60), st.floats(1, 20), st.floats(0.1, 3), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_the_effect_it_calls_detectable_has_the_power_it_says(n: int, m: float, sd: float, icc: float) -> None:
    design = Design(n, m, sd, icc)
    effect = minimum_detectable_effect(design)
    assert predicted_power(design, effect) == pytest.approx(0.8, abs=1e-3)


def test_needed_items_reach_the_power() -> None:
    needed = items_needed(DESIGN, 0.2)
    bigger = Design(needed // 5, 5, 1.0, 0.3)
    assert predicted_power(bigger, 0.2) == pytest.approx(0.8, abs=0.01)


def test_icc_of_identical_groups_is_one_and_of_noise_is_none() -> None:
    groups = np.repeat(np.arange(50), 4)
    assert intraclass_correlation(groups.astype(float), groups) == pytest.approx(1)
    assert intraclass_correlation(np.random.default_rng(9).normal(size=200), groups) < 0.1


def test_verdicts_and_their_sentences() -> None:
    rng = np.random.default_rng(10)
    better = compare_paired(simulate(rng, DESIGN, 0.8), scorer="overall")
    worse = compare_paired(simulate(rng, DESIGN, -0.8), scorer="overall")
    cost = compare_paired(simulate(rng, DESIGN, 0.8), scorer="cost")
    small = compare_paired(simulate(rng, Design(6, 2, 1.0, 0.3), 0.1), scorer="overall")
    assert decide(better).decision == "ship" and "overall" in decide(better).sentence
    assert decide(worse).decision == "hold" and "worse" in decide(worse).sentence
    assert decide(worse, higher_is_better=False).decision == "ship"
    assert decide(better, [(cost, Margin("cost", 0.1, higher_is_better=False))]).decision == "hold"
    unsure = decide(small)
    assert unsure.decision == "need more" and unsure.more_items > 0 and str(unsure.more_items) in unsure.sentence
    assert equivalent(compare_paired(simulate(rng, Design(200, 5, 0.1, 0), 0.0)), 0.1)


def test_looking_at_many_scorers_is_paid_for() -> None:
    rng = np.random.default_rng(11)
    several = [compare_paired(simulate(rng, DESIGN, 0.0), scorer=f"s{n}") for n in range(8)]
    adjusted = adjust(several)
    assert all(a.p_adjusted is not None and a.p_adjusted >= s.p_value for a, s in zip(adjusted, several, strict=True))
    assert adjust([]) == []


def drawn(rng: np.random.Generator, effect: float) -> pd.DataFrame:
    """A comparison of 2-40 persons with 1-6 answers each and any spread."""
    size = Design(
        int(rng.integers(2, 41)), int(rng.integers(1, 7)), float(rng.uniform(0.1, 1.5)), float(rng.uniform(0, 0.6))
    )
    return simulate(rng, size, effect)


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("effect", [0.0, 0.05], ids=["A/A", "a quarter of the smallest useful"])
def test_what_is_not_worth_it_is_shipped_in_at_most_five_of_a_hundred(effect: float) -> None:
    rng = np.random.default_rng(31)
    verdicts: list[str] = []
    while len(verdicts) < how_many("verdicts"):
        table = drawn(rng, effect)
        if len(table) > 1:
            verdicts.append(decide(compare_paired(table, seed=len(verdicts)), smallest_useful=0.2).decision)
    assert verdicts.count("ship") / len(verdicts) <= 0.05


@pytest.mark.usefixtures("fewer_resamples")
def test_a_small_effect_is_not_worth_it_however_certain() -> None:
    certain = compare_paired(simulate(np.random.default_rng(2), Design(300, 4, 0.3, 0.2), 0.1))
    assert certain.p_value < 1e-6
    verdict = decide(certain, smallest_useful=0.2)
    assert (
        verdict.decision == "hold" and verdict.sentence.startswith("Not worth it") and "p < 0.001" in verdict.sentence
    )
    assert decide(certain, smallest_useful=0.05).decision == "ship"


@pytest.mark.usefixtures("fewer_resamples")
def test_few_persons_decide_nothing_and_p_is_never_zero() -> None:
    table = simulate(np.random.default_rng(2), Design(9, 5, 0.1, 0.0), 2.0)
    few = compare_paired(table)
    verdict = decide(few)
    assert verdict.decision == "need more" and "9 persons" in verdict.sentence and verdict.more_items == 5
    assert few.p_value == few.p_permutation >= 2 / 2**9
    assert few.boot_low is None
    same = compare_paired(table.assign(b=lambda t: t["a"] + 1))
    assert same.p_value > 0


@pytest.mark.usefixtures("fewer_resamples")
def test_further_items_are_sized_by_the_guard_that_is_unsure() -> None:
    rng = np.random.default_rng(12)
    primary = compare_paired(simulate(rng, Design(40, 4, 0.5, 0.1), 0.5))
    noisy = compare_paired(simulate(rng, Design(40, 4, 2.0, 0.1), 0.0), scorer="truth violations")
    verdict = decide(primary, [(noisy, Margin("truth violations", 0.1, higher_is_better=False))])
    assert verdict.decision == "need more" and "truth violations may have become worse" in verdict.sentence
    assert verdict.more_items > 1_000


def test_half_points_count_in_the_kappa() -> None:
    human = np.array([5.0, 5.5, 6.0, 6.5, 7.0, 7.5] * 5)
    assert agreement(human, human + 0.5).qwk < 1
