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
from coach.store.repositories import deletions, operations, outbox

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
COLOURS = {"vendor": "#2f6f73", "ours": "#e07a3f", "person": "#b9b2a3", "beside": "#7d6fa8"}
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
        for stage in _machine_and_person(answer["timeline"])
    ]
    return pd.DataFrame(rows, columns=[*known, "stage", "kind", "ms"])


def _machine_and_person(timeline: Mapping[str, float]) -> list[waterfall.Stage]:
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
    counts = {f"outbox: {state}": count for state, count in store.run(outbox.counts, of_samples=of_samples).items()}
    if of_samples:
        return counts | {"not queued yet": 0, "without a price": 0}
    names = meter_names(plan_book())
    return {
        **counts,
        "not queued yet": store.run(outbox.waiting, names),
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


def waterfall_figure(timeline: dict[str, float]) -> go.Figure:
    """The waterfall of one answer; what ran beside the main line is drawn in its own colour."""
    return _bars([(s.name, s.start_ms, s.ms, s.kind) for s in _machine_and_person(timeline) if s.kind != "person"])


def review_ms(timeline: Mapping[str, float]) -> float:
    """How long the person looked over the transcript of one answer; 0 where nobody did."""
    return sum(stage.ms for stage in waterfall.review(timeline))


def median_waterfall(percentiles: pd.DataFrame) -> go.Figure:
    """The median answer, stage after stage."""
    bars, at = [], 0.0
    for row in percentiles[percentiles["kind"] != "person"].to_dict("records"):
        beside, ms = row["kind"] == "beside", float(row["p50"])
        bars.append((str(row["stage"]), 0.0 if beside else at, ms, str(row["kind"])))
        at += 0.0 if beside else ms
    return _bars(bars)


def _bars(bars: Sequence[tuple[str, float, float, str]]) -> go.Figure:
    figure = go.Figure()
    for kind, label in (("vendor", "vendor"), ("ours", "ours"), ("person", "person"), ("beside", "avatar, beside")):
        part = [bar for bar in bars if bar[3] == kind]
        if part:
            figure.add_bar(
                y=[name for name, *_ in part],
                x=[ms for _, _, ms, _ in part],
                base=[start for _, start, *_ in part],
                orientation="h",
                name=label,
                marker_color=COLOURS[kind],
                hovertemplate="%{y}: %{x:.1f} ms<extra></extra>",
            )
    order = list(dict.fromkeys(name for name, *_ in bars))
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], title=None)
    figure.update_xaxes(title="milliseconds since Finish", rangemode="tozero")
    return _plain(figure, height=max(220, 60 + 34 * len(order)))


def over_time(answers: pd.DataFrame) -> go.Figure:
    """Finish to scores by day: median and 95th percentile, the time a person looked over a transcript left out."""
    figure, days = go.Figure(), 0
    timed = answers.dropna(subset=["scores_ms"])
    if not timed.empty:
        daily = timed.groupby(pd.to_datetime(timed["created_at"], utc=True).dt.floor("D"))["scores_ms"]
        days = daily.ngroups
        for name, colour in (("p95", COLOURS["ours"]), ("p50", COLOURS["vendor"])):
            line = daily.quantile(QUANTILES[name])
            figure.add_scatter(x=line.index, y=line.values, name=name, mode="lines+markers", line_color=colour)
    figure.update_yaxes(title="ms", rangemode="tozero")
    figure.update_xaxes(type="date", tickformat="%d %b", dtick=86_400_000 if days < 8 else None)
    return _plain(figure, height=280)


def _plain(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        barmode="overlay",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
    )
    return figure
