"""The tables of billing: who has which plan, what was bought and used, what waits to be told to Stripe."""

import sqlalchemy as sa

from coach.store.tables.columns import JSON, MONEY, flag, identity, instant, metadata, reference, text
from coach.store.tables.core import INDEXED

billing_accounts = sa.Table(
    "billing_accounts",
    metadata,
    identity("user_id"),
    sa.Column("stripe_customer_id", sa.String(64)),
    sa.Column("plan_id", sa.String(40)),
    sa.Column("subscription_id", sa.String(64)),
    sa.Column("status", sa.String(30), nullable=False),
    instant("period_start"),
    instant("period_end"),
    flag("payment_failed"),
    flag("overage_agreed"),
    instant("state_at"),
    instant("payment_at"),
    instant("past_due_since"),
)

billing_credits = sa.Table(
    "billing_credits",
    metadata,
    sa.Column("id", sa.String(96), primary_key=True),
    reference("user_id", required=True),
    sa.Column("plan_id", sa.String(40), nullable=False),
    sa.Column("interviews", sa.Integer(), nullable=False),
    sa.Column("payment_id", sa.String(96), nullable=False),
    instant("bought_at", required=True),
    instant("expires_at", required=True),
    instant("refunded_at"),
)

billing_uses = sa.Table(
    "billing_uses",
    metadata,
    identity("use_id"),
    reference("user_id", required=True),
    sa.Column("plan_id", sa.String(40), nullable=False),
    sa.Column("source", sa.String(96), nullable=False),
    sa.Column("level", sa.String(20), nullable=False),
    instant("reserved_at", required=True),
    instant("returned_at"),
)

billing_outbox = sa.Table(
    "billing_outbox",
    metadata,
    identity("event_id"),
    sa.Column("customer_id", sa.String(64), nullable=False),
    sa.Column("event_name", sa.String(80), nullable=False),
    sa.Column("value", sa.BigInteger(), nullable=False),
    instant("occurred_at", required=True),
    instant("stamped_at"),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False),
    instant("first_tried_at"),
    instant("tried_at"),
    instant("next_try_at", required=True),
    instant("settled_at"),
    text("error", None),
)

billing_webhooks = sa.Table(
    "billing_webhooks",
    metadata,
    sa.Column("event_id", sa.String(96), primary_key=True),
    sa.Column("type", sa.String(80), nullable=False),
    instant("created_at", required=True),
    instant("received_at", required=True),
    sa.Column("outcome", sa.String(40), nullable=False),
)

billing_payments = sa.Table(
    "billing_payments",
    metadata,
    sa.Column("id", sa.String(96), primary_key=True),
    sa.Column("customer_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("cents", sa.BigInteger(), nullable=False),
    instant("paid_at", required=True),
)

budgets = sa.Table(
    "budgets",
    metadata,
    identity("id"),
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("period", sa.String(10), nullable=False),
    sa.Column("usd", MONEY, nullable=False),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("webhook", sa.String(2000), nullable=False),
    instant("created_at", required=True),
)

budget_alerts = sa.Table(
    "budget_alerts",
    metadata,
    sa.Column("id", sa.String(96), primary_key=True),
    reference("budget_id", required=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    instant("period_start", required=True),
    sa.Column("level", sa.Integer(), nullable=False),
    sa.Column("spent_usd", MONEY, nullable=False),
    instant("raised_at", required=True),
    instant("told_at"),
    sa.Column("tries", sa.Integer(), nullable=False),
    instant("next_try_at"),
    text("error", None),
    sa.Column("arrived", sa.String(40)),
)

watch_alerts = sa.Table(
    "watch_alerts",
    metadata,
    sa.Column("id", sa.String(96), primary_key=True),
    sa.Column("bundle", sa.String(200), nullable=False),
    sa.Column("metric", sa.String(40), nullable=False),
    instant("day", required=True),
    sa.Column("finding", JSON, nullable=False),
    instant("raised_at", required=True),
    instant("told_at"),
    sa.Column("tries", sa.Integer(), nullable=False),
    instant("next_try_at"),
    text("error", None),
    sa.Column("arrived", sa.String(40)),
)

economics_scenarios = sa.Table(
    "economics_scenarios",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("scenario", JSON, nullable=False),
    instant("updated_at", required=True),
)

INDEXED.update(
    {
        "billing_accounts": (("stripe_customer_id",),),
        "billing_credits": (("user_id",),),
        "billing_uses": (("user_id",),),
        "billing_payments": (("customer_id",),),
        "billing_outbox": (("state", "next_try_at"), ("customer_id", "event_name")),
    }
)
