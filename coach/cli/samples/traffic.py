"""What an invented answer leaves with providers: its timeline, its metered use, its rows of the billing outbox."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from coach.contracts.interview import Attempt
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.ledger import price_what_can_be
from coach.economics.metering import ANSWER_EVALUATED, ANSWER_RETRIED, PRODUCT
from coach.economics.pricebook import price_book

TRANSCRIBER, MODEL = "nova-3", "gpt-6-luna"
PRICED_ON = timedelta(days=380)
"""From the sample's epoch into the time the price book covers: the use is priced there and dated back."""
_STEPS = (
    ("transcript_final", 240, 60), ("measured", 4, 1), ("request_sent", 6, 2), ("first_token", 420, 110),
    ("follow_up_complete", 260, 60), ("first_scores", 900, 200), ("rewrite", 1700, 350), ("stored", 9, 3),
)  # fmt: skip


def timeline(rng: random.Random, *, slow: bool = False) -> dict[str, float]:
    """Milliseconds since *Finish* by mark; on the bad day speech to text and the model take nine times as long."""
    marks, at = {"finish": 0.0}, 0.0
    for name, mean, spread in _STEPS:
        vendor = mean > 100
        at += max(1.0, rng.gauss(mean, spread)) * (9 if slow and vendor else 1)
        marks[name] = round(at, 1)
    marks["speak_requested"] = round(marks["follow_up_complete"] + 3, 1)
    marks["speech_start"] = round(marks["speak_requested"] + rng.gauss(380, 60), 1)
    return dict(sorted(marks.items(), key=lambda mark: mark[1]))


def usage(attempt: Attempt, user_id: str, bundle: str, rng: random.Random) -> list[UsageEvent]:
    """The metered use of one answer, priced: speech, tokens, the spoken question, the product's own unit."""
    written = len(attempt.transcript.text) // 4 if attempt.transcript else 0
    meters: list[tuple[str, str, float, str]] = [
        ("deepgram", f"{TRANSCRIBER}.live", round(attempt.duration_seconds, 3), "second"),
        ("deepgram", "aura-2.characters", rng.randrange(70, 130), "character"),
        ("openai", f"{MODEL}.input", 380 + written + rng.randrange(40), "token"),
        ("openai", f"{MODEL}.cached_input", 2350, "token"),
    ]
    if attempt.overall_score is not None:
        meters.append(("openai", f"{MODEL}.output", 760 + rng.randrange(240), "token"))
        meters.append((PRODUCT, ANSWER_EVALUATED if attempt.attempt_number == 1 else ANSWER_RETRIED, 1, "answer"))
    at = attempt.finished_at or attempt.created_at
    events = [
        UsageEvent(
            event_id=usage_event_id(attempt.id, "sample", f"{vendor}/{meter}"), vendor=vendor, meter=meter,
            quantity=Decimal(str(quantity)), unit=unit, occurred_at=at + PRICED_ON, attempt_id=attempt.id,
            interview_id=attempt.interview_id, user_id=user_id, bundle=bundle, call_id="sample",
        )
        for vendor, meter, quantity, unit in meters
    ]  # fmt: skip
    priced, _ = price_what_can_be(events, price_book())
    return [event.model_copy(update={"occurred_at": at}) for event in priced]


def outbox(events: Sequence[UsageEvent], bad_day: datetime) -> list[dict[str, object]]:
    """The product's units as told to Stripe: sent, those of the bad day refused at first; no row waits to be sent."""
    rows = []
    for event in events:
        if event.vendor != PRODUCT:
            continue
        refused = event.occurred_at.date() == bad_day.date()
        sent = event.occurred_at + timedelta(minutes=5 if not refused else 400)
        rows.append(
            {
                "event_id": event.event_id,
                "customer_id": f"sample-{event.user_id}",
                "event_name": event.meter.replace(".", "_"),
                "value": 1,
                "occurred_at": event.occurred_at.isoformat(),
                "stamped_at": event.occurred_at.isoformat(),
                "state": "rejected" if refused and event.meter == ANSWER_RETRIED else "sent",
                "tries": 4 if refused else 1,
                "first_tried_at": (event.occurred_at + timedelta(minutes=5)).isoformat(),
                "tried_at": sent.isoformat(),
                "next_try_at": sent.isoformat(),
                "settled_at": sent.isoformat(),
                "error": "The meter was not known on that day (sample)." if refused else None,
            }
        )
    return rows
