"""Read models for the operator: where the time of answers goes, how providers do, what waits and what is due."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from coach.economics.billing.outbox import meter_names
from coach.economics.plans import plan_book
from coach.interview import latency as waterfall
from coach.store import SqlStore
from coach.store.repositories import deletions, operations, outbox_sums

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
TO_SCORES = "Finish to scores"
_ANSWER_COLUMNS = ["attempt_id", "created_at", "status", "brain", "model", "transcriber", "bundle", "outcome"]


def answers_frame(
    store: SqlStore, *, days: int = 30, now: datetime | None = None, of_samples: bool = False
) -> pd.DataFrame:
    """One row per finished answer: providers, outcome, guard interventions, `scores_ms` and the raw `timeline`.

    Answers of real people, or with `of_samples` of invented ones; never both together.

    `outcome`: complete, repaired, fallback, or failed (no evaluation at all).
    """
    since = (now or datetime.now(UTC)) - timedelta(days=days)
    rows = [_answer(row) for row in store.run(operations.answer_rows, since, of_samples=of_samples)]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*_ANSWER_COLUMNS, "guards", "scores_ms", "timeline"])


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    timeline = row["timeline"] or {}
    return {
        "attempt_id": row["attempt_id"],
        "created_at": row["created_at"],
        "status": row["status"],
        "brain": row["brain"] or "–",
        "model": row["model"] or "–",
        "transcriber": row["transcriber"] or "–",
        "bundle": row["prompt_version"] or "–",
        "outcome": row["evaluation_status"] or ("complete" if row["status"] == "evaluated" else "failed"),
        "guards": row["guard_count"] or 0,
        "scores_ms": _own(timeline),
        "timeline": timeline,
    }


def _own(timeline: dict[str, float]) -> float | None:
    """Finish to scores without the time a person took to look over the transcript."""
    if "first_scores" not in timeline:
        return None
    looked = timeline.get("reviewed", 0.0) - timeline.get("transcript_final", 0.0) if "reviewed" in timeline else 0.0
    return float(timeline["first_scores"] - max(0.0, looked))


def duration(ms: float) -> str:
    """Milliseconds as a person reads them."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def answer_label(row: Mapping[Hashable, Any]) -> str:
    """When, by whom, how long: what an answer is picked by."""
    return (
        f"{row['created_at']:%d %b %H:%M:%S} · {row['brain']} · {duration(row['scores_ms'])} · {row['attempt_id'][:6]}"
    )


def stages_frame(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per stage of every answer; the stages of the main line add up to its wall time."""
    known = ["attempt_id", "created_at", "brain", "transcriber"]
    rows = [
        {**{name: answer[name] for name in known}, "stage": stage.name, "kind": stage.kind, "ms": stage.ms}
        for answer in answers.to_dict("records")
        for stage in machine_and_person(answer["timeline"])
    ]
    return pd.DataFrame(rows, columns=[*known, "stage", "kind", "ms"])


def machine_and_person(timeline: Mapping[str, float]) -> list[waterfall.Stage]:
    """The machine's stages, which add up; then what ran beside them, and the person's own time apart."""
    machine = waterfall.without_review(timeline)
    return [*waterfall.stages(machine), *waterfall.beside(machine), *waterfall.review(timeline)]


def percentiles_frame(stages: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """p50, p95 and p99 of every stage in milliseconds, over all answers or by provider; stages in their order."""
    if stages.empty:
        return pd.DataFrame(columns=[*by, "stage", "kind", "answers", *QUANTILES])
    keys = [*by, "stage", "kind"]
    grouped = stages.groupby(keys)["ms"]
    out = grouped.quantile(np.array(list(QUANTILES.values()))).unstack()
    out.columns = pd.Index(list(QUANTILES))
    out.insert(0, "answers", grouped.size())
    order = [name for name, *_ in (*waterfall.MAIN_LINE, *waterfall.BESIDE)]
    return (
        out.round(1)
        .reset_index()
        .sort_values([*by, "stage"], key=lambda c: c.map(_place(order)) if c.name == "stage" else c)
    )


def _place(order: list[str]) -> Any:
    return lambda name: order.index(name) if name in order else len(order)


def health_frame(answers: pd.DataFrame, provider: str) -> pd.DataFrame:
    """How each provider (`brain` or `transcriber`) did: answers, shares repaired, fallback and failed, last trouble."""
    if answers.empty:
        return pd.DataFrame(columns=[provider, "answers", "repaired", "fallback", "failed", "last trouble"])
    rows = []
    for name, part in answers.groupby(provider):
        trouble = part[part["outcome"].isin(["fallback", "failed"])]
        shares = {k: float((part["outcome"] == k).mean()) for k in ("repaired", "fallback", "failed")}
        last = trouble["created_at"].max() if len(trouble) else None
        rows.append({provider: name, "answers": len(part), **shares, "last trouble": last})
    return pd.DataFrame(rows).sort_values("answers", ascending=False)


def trouble_frame(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers whose feedback failed or is delayed, newest first."""
    troubled = answers[answers["outcome"].isin(["fallback", "failed"])]
    return troubled[_ANSWER_COLUMNS].sort_values("created_at", ascending=False)


def outbox_counts(store: SqlStore, *, of_samples: bool = False) -> dict[str, int]:
    """Usage on its way to billing by state, what is not queued yet, and what has no price; nothing waits of samples."""
    counts = {
        f"outbox: {state}": count for state, count in store.run(outbox_sums.counts, of_samples=of_samples).items()
    }
    if of_samples:
        return counts | {"not queued yet": 0, "without a price": 0}
    names = meter_names(plan_book())
    return {
        **counts,
        "not queued yet": store.run(outbox_sums.waiting, names),
        "without a price": store.run(operations.unpriced_usage),
    }


def retention_counts(store: SqlStore, now: datetime | None = None, *, of_samples: bool = False) -> dict[str, int]:
    """Recordings kept, due and overdue, sessions to be marked abandoned, and how much was deleted in all."""
    return store.run(operations.retention_counts, now or datetime.now(UTC), of_samples=of_samples)


def deletions_frame(store: SqlStore, *, of_samples: bool = False) -> pd.DataFrame:
    """The latest deletions, newest first: when, why, and how much of what."""
    causes = {
        "sweep": "it was due",
        "session": "its owner deleted the session",
        "sample": "sample content removed",
        "person": "somebody deleted everything of theirs",
    }
    rows = store.run(deletions.latest, of_samples=of_samples)
    frame = pd.DataFrame(rows, columns=["occurred_at", "cause", *deletions.COUNTED])
    frame["cause"] = frame["cause"].map(causes)
    return frame.rename(columns={"occurred_at": "when", "cause": "why", "files": "stray files"})


def plain(figure: go.Figure, height: int) -> go.Figure:
    """A figure without frame, at a height in pixels."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        barmode="overlay",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
    )
    return figure
