"""What each customer brings and costs, and each cohort: payments at Stripe against the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from coach.contracts.base import Record
from coach.economics.money import ZERO_USD, quantise_usd
from coach.economics.pricebook import PriceBook
from coach.store import SqlStore
from coach.store.repositories import billing, ledger
from coach.store.repositories.billing_records import Account, Payment

Costs = Sequence[tuple[str, date, Decimal]]
"""What a person (`(none)` for nobody) cost in a month, by its first day."""


class CustomerMargin(Record):
    """One customer, or one cohort when `customers` is more than one person; USD, refunds and disputes taken off."""

    key: str
    cohort: str
    customers: int
    paid_usd: Decimal
    refunded_usd: Decimal
    disputed_usd: Decimal
    stripe_fee_usd: Decimal
    vendor_cost_usd: Decimal
    margin_usd: Decimal


def costs_by_month(store: SqlStore) -> Costs:
    """What everybody cost, for whoever asks for more than one of the tables below."""
    return store.run(ledger.costs_by_month)


def customer_margins(store: SqlStore, book: PriceBook, costs: Costs | None = None) -> list[CustomerMargin]:
    """One row per person with payments or use, the thinnest margin first; Stripe keeps its fee of what is refunded."""
    accounts = {each.user_id: each for each in store.run(billing.accounts)}
    paid: dict[str, list[Payment]] = defaultdict(list)
    for payment in store.run(billing.payments):
        paid[payment.customer_id].append(payment)
    cost: dict[str, Decimal] = defaultdict(lambda: ZERO_USD)
    first: dict[str, date] = {}
    for user, month, usd in costs_by_month(store) if costs is None else costs:
        cost[user] += usd
        first[user] = min(month, first.get(user, month))
    known = {account.stripe_customer_id for account in accounts.values()}
    strangers = {customer: Account(customer, customer) for customer in paid if customer not in known}
    people = {**{user: Account(user) for user in cost if user != "(none)"}, **accounts, **strangers}
    rows = [
        _row(user, paid.get(account.stripe_customer_id or "", []), cost.get(user, ZERO_USD), first.get(user), book)
        for user, account in people.items()
    ]
    return sorted((row for row in rows if row is not None), key=lambda row: (row.margin_usd, row.key))


def monthly_margins(store: SqlStore, book: PriceBook, costs: Costs | None = None) -> dict[str, dict[date, Decimal]]:
    """Margin of each person in each month (its first day) with a payment or use; dated as paid and as used."""
    accounts = {each.stripe_customer_id: each.user_id for each in store.run(billing.accounts)}
    found: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO_USD))
    for payment in store.run(billing.payments):
        user = accounts.get(payment.customer_id, payment.customer_id)
        fee = _fee(payment, book) if payment.kind == "paid" else ZERO_USD
        found[user][payment.paid_at.date().replace(day=1)] += _usd(payment.cents) - fee
    for person, month, usd in costs_by_month(store) if costs is None else costs:
        if person != "(none)":
            found[person][month] -= usd
    return {user: dict(months) for user, months in found.items()}


def cohort_margins(rows: list[CustomerMargin]) -> list[CustomerMargin]:
    """The same by month of the first payment or use."""
    groups: dict[str, list[CustomerMargin]] = defaultdict(list)
    for row in rows:
        groups[row.cohort].append(row)
    names = [name for name in CustomerMargin.model_fields if name.endswith("_usd")]
    return [
        CustomerMargin(
            key=cohort,
            cohort=cohort,
            customers=sum(row.customers for row in members),
            **{name: sum((getattr(row, name) for row in members), ZERO_USD) for name in names},
        )
        for cohort, members in sorted(groups.items())
    ]


def _row(
    user: str, payments: list[Payment], cost: Decimal, first_use: date | None, book: PriceBook
) -> CustomerMargin | None:
    begun = min([payment.paid_at.date() for payment in payments] + ([first_use] if first_use else []), default=None)
    if begun is None:
        return None
    sums = {kind: _usd(sum(p.cents for p in payments if p.kind == kind)) for kind in ("paid", "refunded", "disputed")}
    fee = sum((_fee(payment, book) for payment in payments if payment.kind == "paid"), ZERO_USD)
    return CustomerMargin(
        key=user,
        cohort=f"{begun:%Y-%m}",
        customers=1,
        paid_usd=sums["paid"],
        refunded_usd=sums["refunded"],
        disputed_usd=sums["disputed"],
        stripe_fee_usd=fee,
        vendor_cost_usd=cost,
        margin_usd=quantise_usd(sum(sums.values(), ZERO_USD) - fee - cost),
    )


def _fee(payment: Payment, book: PriceBook) -> Decimal:
    """Card fee of the day, and Stripe Billing's where an invoice of a subscription was paid."""
    if not payment.cents:
        return ZERO_USD
    meters = ("card.percentage", *(("billing.percentage",) if payment.id.startswith("in_") else ()))
    share = sum((book.find("stripe", meter, payment.paid_at).cost(_usd(payment.cents)) for meter in meters), ZERO_USD)
    return share + book.find("stripe", "card.fixed", payment.paid_at).price


def _usd(cents: int) -> Decimal:
    return Decimal(cents) / 100
