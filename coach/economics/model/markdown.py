"""The worked tables of `docs/economics.md`, written from the same records as the page; a test compares the two."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from coach.economics.money import format_usd

Row = dict[str, Any]


def worked_tables(report: dict[str, object]) -> str:
    """Markdown of a session report: the five answers as tables."""
    parts = [
        ("1. What a session costs", _session(report)),
        ("Where each figure comes from (expected case)", _lines(report)),
        ("2. Plans and their limits", _plans(report)),
        ("3. Margins: best, expected, worst", _margins(report)),
        ("Limits the worst case allows", _limits(report)),
        ("4. What is counted", _metering(report)),
        ("5. When usage spikes (change of the expected margin)", _spikes(report)),
        ("Retries per interview at which a plan earns nothing", _break_even(report)),
    ]
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in parts) + "\n"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _session(report: Row) -> str:
    shapes = {row["case"]: row for row in report["session"]}
    parts = {(row["case"], row["part"]): row["cost_usd"] for row in report["cost_by_part"]}
    names = [row["part"] for row in report["cost_by_part"] if row["case"] == "expected"]
    rows = [
        [
            case,
            f"{shape['questions']:g} + {shape['follow_ups']:g} + {shape['retries']:g}",
            f"{shape['answer_s']:g} s",
            *(format_usd(parts[case, name], digits=4) for name in names),
        ]
        for case, shape in shapes.items()
    ]
    return table(["case", "questions + follow-ups + retries", "answer", *names], rows)


def _lines(report: Row) -> str:
    rows = [
        [
            row["part"],
            f"{row['vendor']} {row['meter']}",
            f"{row['quantity']:,.1f} {row['unit']}s",
            f"${row['price_usd']} / {row['per']:,}",
            format_usd(row["cost_usd"], digits=6),
            f"{row['source']} ({row['retrieved_on']})",
        ]
        for row in report["costs"]
        if row["case"] == "expected"
    ]
    return table(["part", "meter", "quantity", "price", "cost", "source"], rows)


def _plans(report: Row) -> str:
    prices = {row["plan"]: row for row in report["plans"]}
    rows = [
        [
            prices[row["plan"]]["name"],
            f"{format_usd(prices[row['plan']]['price_usd'])} / {row['per']}",
            str(row["interviews"]),
            str(row["questions_per_interview"]),
            str(row["retries_per_interview"]),
            str(row["avatar_minutes"]),
            f"{row['soft_cap_at']} / {row['throttled_after']} / {row['hard_cap_at']}",
            format_usd(row["overage_retry_usd"]) if row["overage_retry_usd"] else "–",
        ]
        for row in report["guardrails"]
    ]
    headers = [
        "plan",
        "price",
        "interviews",
        "questions each",
        "retries each",
        "avatar min",
        "told / lighter / offer at",
    ]
    return table([*headers, "extra retry"], rows)


def _margins(report: Row) -> str:
    rows = [
        [
            row["name"],
            row["case"],
            f"{row['interviews']:.1f}",
            format_usd(row["revenue_usd"]),
            format_usd(row["stripe_fee_usd"]),
            format_usd(row["vendor_cost_usd"]),
            format_usd(row["margin_usd"]),
            "–" if row["margin"] is None else f"{row['margin']:.0%}",
        ]
        for row in report["plans"]
    ]
    return table(["plan", "case", "interviews", "revenue", "Stripe", "vendors", "gross margin", "of revenue"], rows)


def _limits(report: Row) -> str:
    rows = [
        [row["plan"], row["limit"].replace("_", " "), str(row["configured"]), str(row["recommended"])]
        for row in report["limits"]
    ]
    return table(["plan", "limit", "configured", "at most"], rows)


def _metering(report: Row) -> str:
    rows = [
        [row["display_name"], row["counted"], row["identity"], f"`{row['event_name']}`", row["bills"] or "–"]
        for row in report["metering"]
    ]
    return table(["what", "when", "identity", "Stripe meter", "bills"], rows)


def _spikes(report: Row) -> str:
    plans = list(dict.fromkeys(row["plan"] for row in report["sensitivity"]))
    found = {(row["spike"], row["plan"]): row for row in report["sensitivity"]}
    rows = [
        [spike, *(_signed(found[spike, plan]["change_usd"]) for plan in plans)]
        for spike in dict.fromkeys(row["spike"] for row in report["sensitivity"])
    ]
    return table(["spike", *plans], rows)


def _break_even(report: Row) -> str:
    rows = [
        [
            row["plan"],
            str(row["included_retries"]),
            format_usd(row["cost_per_retry_usd"], digits=4),
            "never earns" if row["break_even_retries"] is None else f"{row['break_even_retries']:.0f}",
        ]
        for row in report["break_even"]
    ]
    return table(["plan", "included retries", "cost of one retry", "break-even retries per interview"], rows)


def _signed(amount: Decimal) -> str:
    if abs(amount) < Decimal("0.005"):
        return "0"
    return f"+{format_usd(amount)}" if amount > 0 else format_usd(amount)
