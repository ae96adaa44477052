"""Experiments on live traffic: who gets which bundle, whether the split held, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from coach.errors import InputError
from coach.lab.split import Split

LEAST = 2
"""Interviews of an arm from which a metric is compared: one says nothing of its spread."""
SRM_ALARM = 0.001
"""p-value below which the split is not believed (Fabijan et al. 2019, sample ratio mismatch)."""
OUTCOMES: Mapping[str, bool] = {"retry_gain": True, "completed": True, "retried": True, "saved": True}
GUARDS: Mapping[str, bool] = {"cost_usd": False, "first_scores_ms": False, "fallback": False}


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """Whether interviews arrived in the proportions that were set. `held` is False on an alarm."""

    counts: dict[str, int]
    p_value: float
    held: bool


def sample_ratio(bundles: Sequence[str], split: Split) -> RatioCheck:
    """Chi-square test of the arrived proportions against the shares."""
    counts = {name: sum(_name(b) == name for b in bundles) for name in sorted(split.shares)}
    total = sum(counts.values())
    if total == 0:
        return RatioCheck(counts, 1.0, True)
    expected = [total * split.shares[name] for name in counts]
    p_value = float(scipy.stats.chisquare(list(counts.values()), expected).pvalue)
    return RatioCheck(counts, p_value, p_value >= SRM_ALARM)


def interview_outcomes(attempts: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """One row per interview: `bundle, user_id`, outcomes and guard metrics, from rows of `store.lab.live_outcomes`.

    retry_gain = mean over retried questions of second minus first overall, missing where nobody retried: the best of
    several attempts would lie above the first by scoring noise alone, the further the more often somebody retries.
    completed, retried, saved are 0 or 1; fallback is the share of attempts whose feedback was delayed.
    """
    frame = pd.DataFrame(list(attempts))
    if frame.empty:
        return pd.DataFrame(columns=["interview_id", "bundle", "user_id", *OUTCOMES, *GUARDS])
    frame["first_scores_ms"] = [(t or {}).get("first_scores") for t in frame["timeline"]]
    frame["cost_usd"] = pd.to_numeric(frame["cost_usd"]).fillna(0.0)
    rows = [_one_interview(str(key), group) for key, group in frame.groupby("interview_id", sort=True)]
    return pd.DataFrame(rows)


def _one_interview(interview_id: str, group: pd.DataFrame) -> dict[str, object]:
    scored = group.dropna(subset=["overall_score"]).sort_values("attempt_number")
    by_question = scored.groupby("exchange_id")["overall_score"]
    gains = [scores.iloc[1] - scores.iloc[0] for _, scores in by_question if len(scores) > 1]
    return {
        "interview_id": interview_id,
        "bundle": _name(str(group["bundle"].iloc[0])),
        "user_id": group["user_id"].iloc[0],
        "retry_gain": float(np.mean(gains)) if gains else np.nan,
        "completed": float(group["interview_status"].iloc[0] == "completed"),
        "retried": float((group["attempt_number"] > 1).any()),
        "saved": float(group["saved"].any()),
        "cost_usd": float(group["cost_usd"].sum()),
        "first_scores_ms": float(pd.to_numeric(group["first_scores_ms"]).mean()),
        "fallback": float((group["status"] == "delayed").mean()),
    }


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """Treatment minus control on one metric, clustered by user."""

    metric: str
    control: float
    treatment: float
    estimate: float
    low: float
    high: float
    p_value: float
    n: int
    higher_is_better: bool


def compare_arms(outcomes: pd.DataFrame, *, control: str, treatment: str, alpha: float = 0.05) -> list[ArmDifference]:
    """Differences between two arms: least squares on the arm, cluster-robust by user (statsmodels, t).

    `alpha` is the two-sided level of the intervals; that of a look before the end is smaller.

    Raises:
        InputError: an arm has fewer than two interviews or all are of one user.
    """
    two = outcomes[outcomes["bundle"].isin([control, treatment])].copy()
    two["arm"] = (two["bundle"] == treatment).astype(float)
    if _too_few(two):
        raise InputError("Each arm needs at least two interviews, of more than one person.")
    found = [_difference(two.dropna(subset=[m]), m, better, alpha) for m, better in {**OUTCOMES, **GUARDS}.items()]
    return [d for d in found if d is not None]


def _too_few(frame: pd.DataFrame) -> bool:
    return min((frame["arm"] == arm).sum() for arm in (0.0, 1.0)) < LEAST or frame["user_id"].nunique() < LEAST


def _difference(frame: pd.DataFrame, metric: str, higher_is_better: bool, alpha: float) -> ArmDifference | None:
    if _too_few(frame):
        return None
    from statsmodels.formula.api import ols

    groups = pd.factorize(frame["user_id"])[0]
    fit = ols(f"{metric} ~ arm", frame).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fit.conf_int(alpha).loc["arm"]
    return ArmDifference(
        metric=metric,
        control=float(frame.loc[frame["arm"] == 0, metric].mean()),
        treatment=float(frame.loc[frame["arm"] == 1, metric].mean()),
        estimate=float(fit.params["arm"]),
        low=float(low),
        high=float(high),
        p_value=float(np.nan_to_num(fit.pvalues["arm"], nan=1.0)),
        n=len(frame),
        higher_is_better=higher_is_better,
    )


def _name(label: str) -> str:
    """Bundle name of a stored label `name@version#hash`."""
    return label.split("@", 1)[0]
