"""Whole interviews with the loopback avatar over its wire, on a clock that jumps: the vendor's count, the ledger's, and
what the policy computes from the recorded attempts.
"""

import asyncio
import io
import random
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from coach.avatar.drawn import DrawnAvatar
from coach.avatar.governed import GovernedAvatar
from coach.avatar.liveavatar.avatar import LiveAvatar
from coach.avatar.liveavatar.sound import RATE_HZ
from coach.avatar.policy import AvatarPolicy
from coach.avatar.port import SpeechRequest
from coach.contracts.interview import PlannedQuestion, ViewState
from coach.contracts.usage import UsageEvent
from coach.economics.ledger import total_usd
from coach.economics.metering import MeteredStore
from coach.economics.model.replay import recorded_connections
from coach.economics.pricebook import price_book
from coach.interview.dependencies import InterviewTiming
from coach.interview.service import InitRequest, InterviewService
from coach.store.repositories import asked, ledger
from tests.conversation.driver import Client, make_hub
from tests.fakes import vendors
from tests.fakes.liveavatar_server import KEY, LiveAvatarServer, Serving

PACE = 14.0
"""Characters a second the loopback avatar says."""
EPOCH = datetime(2026, 11, 23, 9, tzinfo=UTC)
QUESTION = "Tell me about a time you had to decide something without all the facts, and say what came of it. "
FOLLOW_UP = "What did you do yourself, and how did you know that it had worked out?"
TIMING = InterviewTiming(min_display_s=0.01, speech_grace_s=30, restart_every_s=0, settle_s=5, level_every_s=5)


@dataclass
class Counts:
    """Credits of the same interviews in three books."""

    interviews: int
    model: int
    ledger: int
    vendor: int
    model_usd: Decimal
    ledger_usd: Decimal
    connections: int
    follow_ups: int


class Person:
    """Answers of 5-180 s, follow-ups where they come, a retry now and then, feedback read in between."""

    def __init__(self, seed: int, evaluate: vendors.ScriptedEvaluation) -> None:
        self._rng = random.Random(seed)
        self._evaluate = evaluate
        self.follow_ups = 0

    async def interview(self, hub: InterviewService) -> str:
        """One whole interview; its id."""
        rng = self._rng
        questions = [PlannedQuestion(text=QUESTION[: rng.randint(60, 95)]) for _ in range(rng.randint(1, 5))]
        made = await hub.init(InitRequest(q_count=len(questions)), questions=questions)
        client = Client(await hub.open(made.mock_interview_id))
        await client.start()
        for number in range(len(questions)):
            await self._question(client, last=number == len(questions) - 1)
        await hub.finish(made.mock_interview_id)
        await client.leave()
        return made.mock_interview_id

    async def _question(self, client: Client, *, last: bool) -> None:
        rng = self._rng
        asks_more = rng.random() < 0.45
        await self._answer(client, FOLLOW_UP if asks_more else "")
        if rng.random() < 0.2 and not asks_more:
            await client.retry()
            await self._answer(client, "")
        if asks_more:
            self.follow_ups += 1
            await client.follow_up()
            await self._answer(client, "")
        if not last:
            await client.next()

    async def _answer(self, client: Client, follow_up: str) -> None:
        rng = self._rng
        await client.view(ViewState.LISTENING, 900)
        await asyncio.sleep(rng.choice((6, 12, 20, 35, 60, 90, 170)) * rng.uniform(0.8, 1.05))
        self._evaluate.scripts = [{"follow_up": follow_up, "pause_s": 0.4}]
        await client.answer()
        await asyncio.sleep(rng.uniform(1, 60))


async def sound(request: SpeechRequest, *, persona_id: str, interview_id: str) -> bytes:
    """Silence as long as the words take."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(2 * round(len(request.text) / PACE * RATE_HZ)))
    return out.getvalue()


def wall() -> datetime:
    """The jumping clock as the time of day."""
    return EPOCH + timedelta(seconds=asyncio.get_running_loop().time() - 1_000)


async def sessions(count: int, home: Path, policy: AvatarPolicy, *, seed: int = 1) -> Counts:
    """Plays `count` interviews one after another and counts their credits in three books."""
    vendor = LiveAvatarServer(credits=1_000_000, minute_s=policy.tariff.minute_s)
    evaluate = vendors.ScriptedEvaluation()
    store = MeteredStore(f"duckdb:///{home / 'coach.duckdb'}")
    person = Person(seed, evaluate)
    async with Serving(vendor) as serving:
        given_up: list[UsageEvent] = []
        live = LiveAvatar(
            SecretStr(KEY),
            serving.url,
            policy=policy,
            sound=sound,
            on_usage=given_up.extend,
            picture_patience_s=0,
        )
        parts: dict[str, Any] = {
            "store": store,
            "avatar": GovernedAvatar(live, DrawnAvatar(), policy),
            "evaluate": evaluate,
            "timing": TIMING,
            "clock": wall,
            "monotonic": asyncio.get_running_loop().time,
        }
        hub = make_hub(home, **parts)
        played = [await person.interview(hub) for _ in range(count)]
        await hub.close()
        await parts["avatar"].close()
        await store.add_usage(given_up)
    counts = _counted(store, policy, vendor, played, person)
    store.close()
    return counts


def _counted(
    store: MeteredStore, policy: AvatarPolicy, vendor: LiveAvatarServer, played: list[str], person: Person
) -> Counts:
    events = [e for e in store.run(ledger.usage_events, vendors=["liveavatar"]) if e.unit == "credit"]
    recorded = {each.interview_id: each for each in store.run(asked.asked_interviews)}
    made = [c for key in played for c in recorded_connections(recorded[key], policy, characters_per_s=PACE)]
    model = sum(connection.credits for connection in made)
    price = price_book().find("liveavatar", policy.tariff.meter, EPOCH)
    return Counts(
        interviews=len(played),
        model=model,
        ledger=int(sum(event.quantity for event in events)),
        vendor=vendor.used,
        model_usd=sum((price.cost(Decimal(c.credits)) for c in made), Decimal(0)),
        ledger_usd=total_usd(events),
        connections=len(made),
        follow_ups=person.follow_ups,
    )
