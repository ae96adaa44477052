"""Avatar policies replayed on recorded interviews: what each would have cost on the asks that really happened."""

from collections.abc import Iterable
from decimal import Decimal

from coach.avatar.policy import AvatarConnection, AvatarPolicies, AvatarPolicy, Utterance, avatar_policies
from coach.contracts.base import Record
from coach.economics.model.margins import Market
from coach.economics.money import ZERO_USD, quantise_usd
from coach.store.repositories.asked import AskedInterview


class PolicyCost(Record):
    """One policy on the recorded interviews; money in USD at the price of the day."""

    policy: str
    label: str
    interviews: int
    credits: int
    credits_per_interview: float
    cost_usd: Decimal
    cost_per_interview_usd: Decimal
    price_source: str


def recorded_connections(
    asked: AskedInterview, policy: AvatarPolicy, *, characters_per_s: float, connect_s: float = 0.0
) -> list[AvatarConnection]:
    """The connections an interview makes under a policy.

    Args:
        asked: what was asked and when.
        policy: when to be connected.
        characters_per_s: pace of the avatar's voice.
        connect_s: connected before the first word of each utterance.
    """
    if not asked.asks:
        return []
    start = asked.asks[0].at
    utterances = [
        Utterance(
            at_s=(ask.at - start).total_seconds(),
            speech_s=connect_s + ask.characters / characters_per_s,
            purpose=ask.purpose,
            first=number == 0,
        )
        for number, ask in enumerate(asked.asks)
    ]
    return policy.connections(utterances, ended_s=(asked.ended_at - start).total_seconds())


def compare_policies(
    interviews: Iterable[AskedInterview], market: Market, policies: AvatarPolicies | None = None
) -> list[PolicyCost]:
    """Every policy on the same recorded interviews, cheapest first; empty where nothing was recorded."""
    recorded = list(interviews)
    point = market.assumptions.point("expected")
    rows = []
    for policy in (policies or avatar_policies()).policies.values():
        made = [
            recorded_connections(
                each, policy, characters_per_s=point.characters_per_s, connect_s=point.avatar_overhead_s
            )
            for each in recorded
        ]
        credits = sum(connection.credits for connections in made for connection in connections)
        rows.append(_row(policy, len(recorded), credits, market))
    return sorted(rows, key=lambda row: (row.credits, row.policy)) if recorded else []


def _row(policy: AvatarPolicy, interviews: int, credits: int, market: Market) -> PolicyCost:
    entry = market.book.find(policy.tariff.vendor, policy.tariff.meter, market.at)
    cost = entry.cost(Decimal(credits)) if credits else ZERO_USD
    return PolicyCost(
        policy=policy.name,
        label=policy.label,
        interviews=interviews,
        credits=credits,
        credits_per_interview=round(credits / max(1, interviews), 4),
        cost_usd=cost,
        cost_per_interview_usd=quantise_usd(cost / max(1, interviews)),
        price_source=f"{entry.id}: {entry.source}",
    )
