"""The economics commands' reports as text."""

from typing import Any

from coach.economics.model import markdown


def retention_text(result: dict[str, Any]) -> str:
    """Who comes back."""
    if not result["retention"]:
        return "No month of a customer is over yet."
    cells = [
        [c["cohort"], str(c["age"]), f"{c['active']} of {c['customers']}", f"{c['share']:.0%}"]
        for c in result["retention"]
    ]
    lives = [
        [str(p["age"]), str(p["customers"]), *(_usd(p[k]) for k in ("low_usd", "margin_usd", "high_usd"))]
        for p in result["lifetime_value"]
    ]
    tables = [markdown.table(["cohort", "age in months", "active", "share"], cells)]
    if lives:
        tables.append(
            markdown.table(["age in months", "customers", "low (5 %)", "brought so far USD", "high (95 %)"], lives)
        )
    return "\n\n".join(tables)


def backtest_text(result: dict[str, Any]) -> str:
    """What the plans would have earned from what customers did."""
    if not result["backtest"]:
        return "Nothing is recorded yet: a plan is tried on what customers did."
    rows = [
        [
            r["name"],
            str(r["cases"]),
            f"{r['served']} of {r['interviews']}",
            str(r["refused"]),
            _usd(r["revenue_usd"]),
            _usd(r["vendor_cost_usd"]),
            _usd(r["margin_usd"]),
            "–" if r["margin"] is None else f"{r['margin']:.0%}",
            str(r["cases_at_a_loss"]),
        ]
        for r in result["backtest"]
    ]
    heads = ["plan", "cases", "served", "refused", "revenue", "vendors", "margin USD", "margin", "at a loss"]
    first = result["backtest"][0]
    picked = f"{first['customers']} of {first['of_customers']} customers, picked by chance.\n\n"
    return (picked if first["customers"] < first["of_customers"] else "") + markdown.table(heads, rows)


def commitments_text(result: dict[str, Any]) -> str:
    """Which commitment to a vendor would pay."""
    if not result["commitments"]:
        return "No use of a vendor that sells commitments is recorded yet."
    rows = [
        [
            r["month"],
            r["commitment"],
            f"{r['used']:f}",
            f"{r['unused']:f}",
            _usd(r["cost_usd"]),
            _usd(r["unused_usd"]),
            "yes" if r["cheapest"] else "",
        ]
        for r in result["commitments"]
    ]
    return markdown.table(["month", "commitment", "used", "unused", "cost USD", "of which unused", "cheapest"], rows)


def customers_text(result: dict[str, Any]) -> str:
    """Customers: paid, cost, margin."""
    if not result["customers"]:
        return "Nobody has paid or practised yet."
    keys = ("paid_usd", "refunded_usd", "disputed_usd", "stripe_fee_usd", "vendor_cost_usd", "margin_usd")
    rows = [[row["key"], *(_usd(row[key]) for key in keys)] for row in [*result["customers"], *result["cohorts"]]]
    return markdown.table(["customer or cohort", "paid", "refunded", "disputed", "Stripe", "vendors", "margin"], rows)


def invoice_text(result: dict[str, Any]) -> str:
    """A vendor's invoice beside the ledger."""
    rows = [
        [str(row["day"]), row["meter"], f"{row['invoice_usd']:.4f}", f"{row['ledger_usd']:.4f}", row["verdict"]]
        for row in result["rows"]
    ]
    return markdown.table(["day", "meter", "invoice USD", "ledger USD", "verdict"], rows)


def forecast_text(result: dict[str, Any]) -> str:
    """The month as it will end."""
    if not result["forecast"]:
        return "Nothing is recorded yet: practise once, then ask again."
    rows = [
        [
            row["vendor"],
            f"{row['so_far_usd']:.2f}",
            _usd(row["low_usd"]),
            _usd(row["expected_usd"]),
            _usd(row["high_usd"]),
        ]
        for row in result["forecast"]
    ]
    return markdown.table(["vendor", "so far USD", "low (5 %)", "expected", "high (95 %)"], rows)


def _usd(amount: object) -> str:
    return "–" if amount is None else f"{amount:.2f}"


def plans_text(result: dict[str, Any]) -> str:
    """Plans and their margins."""
    rows = [
        [
            row["name"],
            row["case"],
            f"{row['interviews']:.1f}",
            f"{row['vendor_cost_usd']:.2f}",
            f"{row['margin_usd']:.2f}",
        ]
        for row in result["plans"]
    ]
    return markdown.table(["plan", "case", "interviews", "vendors USD", "margin USD"], rows)


def sensitivity_text(result: dict[str, Any]) -> str:
    """What moves a margin most."""
    rows = [
        [
            row["plan"],
            row["input"],
            row["low"],
            row["high"],
            f"{row['margin_low_usd']:.2f}",
            f"{row['margin_high_usd']:.2f}",
        ]
        for row in result["tornado"]
    ]
    return markdown.table(["plan", "input", "low", "high", "margin at low", "margin at high"], rows)


def simulation_text(result: dict[str, Any]) -> str:
    """How far chance moves a margin."""
    rows = [
        [
            row["plan"],
            *(f"{row[f'margin_{key}_usd']:.2f}" for key in ("p5", "p50", "p95")),
            f"{row['probability_of_loss']:.1%}",
        ]
        for row in result["plans"]
    ]
    return markdown.table(["plan", "margin p5", "p50", "p95", "loss"], rows)
