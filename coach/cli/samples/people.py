"""`python -m coach.cli.samples.people`: makes `data/sample/people.json.gz` from `data/sample/people.yaml`.

Who practises when, in which words and with which bundle is drawn from one seed; every answer is then measured by the
delivery metrics, judged by the offline coach behind all guards, rolled up and summed up like a real one. A minute or
two of one core; run when the coach or the people change.
"""

import asyncio
import gzip
import hashlib
import json
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml

from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.port import BrainChunk, EvaluationCall, StreamEnd
from coach.brain.prompts.bundle import PromptBundle
from coach.cli.sample_build import stories_of, summary_item
from coach.cli.samples import traffic
from coach.cli.samples.speech import speak as spoken_aloud
from coach.cli.samples.speech import write_opus
from coach.cli.samples.telling import Tale, speak, tell
from coach.contracts.brain import DeliveryInput, EvaluationInput, HistoryItem, JobContext, Question, UserAnswer
from coach.contracts.interview import (
    Attempt,
    Exchange,
    Interview,
    InterviewSnapshot,
    InterviewStatus,
)
from coach.delivery import measure as delivery
from coach.errors import VendorError
from coach.interview import rollup
from coach.interview.answer.evaluation_call import judged
from coach.store.maintenance.sample_file import EPOCH, SAMPLE
from coach.store.maintenance.sample_people import PEOPLE, PREFIX

SESSIONS = 11
UNDER_TEST_DAYS = 90
TEST_NAME = "Anchored scales (sample)"
Plain = dict[str, Any]


class SampleCoach(OfflineCoach):
    """The offline coach under a name that tells its answers from those of real people."""

    name = "sample"


class DownCoach(SampleCoach):
    """A model that cannot be reached: what a bad provider day looks like from here."""

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        """Fails before the first token."""
        if not call.attempt_id:
            yield StreamEnd("refused")
        raise VendorError("The model cannot be reached.")


def identity(*parts: object) -> str:
    """A stable id that says it is a sample's, the same in every build."""
    return PREFIX + hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session to come: `tales` with how often each is told."""

    person: Plain
    number: int
    began: datetime
    tales: tuple[tuple[Tale, int], ...]
    bundle: PromptBundle
    bad: bool

    @property
    def user_id(self) -> str:
        """Whose it is."""
        return identity("person", self.person["name"])

    @property
    def id(self) -> str:
        """The interview's."""
        return identity("interview", self.person["name"], self.number)


@dataclass
class Organisation:
    """Everything of `people.yaml` under way to records."""

    plan: Plain
    coach: OfflineCoach = field(default_factory=SampleCoach)

    def __post_init__(self) -> None:
        self.bundles = [PromptBundle.load(self.plan["bundles"][arm]) for arm in ("control", "treatment")]
        self.bad_day = EPOCH - timedelta(days=self.plan["bad_day"])

    def sittings(self) -> Iterator[Sitting]:
        """Who practises when: eleven evenings in twelve weeks, two stories each, three answers or four."""
        extra = self.plan["attempts"] - 3 * SESSIONS * len(self.plan["people"])
        for place, person in enumerate(self.plan["people"]):
            rng = random.Random(f"{self.plan['seed']}/{person['name']}")
            tales = [_tale(person, story) for story in person["stories"]]
            for number in range(SESSIONS):
                days_ago = self.plan["weeks"] * 7 - 7 * number - rng.randrange(4)
                bad = number == SESSIONS - 2 and place % 4 < 2
                days_ago = self.plan["bad_day"] if bad else days_ago
                arm = (place + number) % 2 if days_ago <= UNDER_TEST_DAYS else 0
                again = 2 if place < extra and number == SESSIONS // 2 else 1
                yield Sitting(
                    person=person,
                    number=number,
                    began=EPOCH - timedelta(days=days_ago) + timedelta(hours=rng.randrange(17, 21)),
                    tales=((tales[number % 3], 2), (tales[(number + 1) % 3], again)),
                    bundle=self.bundles[arm],
                    bad=bad,
                )

    async def held(self, sitting: Sitting) -> InterviewSnapshot:
        """One finished interview with all its answers judged."""
        rng = random.Random(f"{self.plan['seed']}/{sitting.id}")
        exchanges, attempts, clock = [], [], sitting.began
        for order, (tale, times) in enumerate(sitting.tales):
            exchange = Exchange(
                id=identity(sitting.id, order), interview_id=sitting.id, order=order, question_text=tale.question,
                competency=tale.competency,
            )  # fmt: skip
            mine: list[Attempt] = []
            for number in range(1, times + 1):
                mine.append(await self.answered(sitting, exchange, tale, number, clock, rng, mine))
                clock = (mine[-1].finished_at or clock) + timedelta(minutes=1)
            best = rollup.best_attempt(mine)
            exchanges.append(exchange.model_copy(update={"final_attempt_id": best.id if best else None}))
            attempts += mine
        return await self._closed(sitting, exchanges, attempts, clock)

    async def answered(
        self,
        sitting: Sitting,
        exchange: Exchange,
        tale: Tale,
        number: int,
        at: datetime,
        rng: random.Random,
        earlier: list[Attempt],
    ) -> Attempt:
        """One answer: told, measured, judged."""
        level = self.level(sitting, number, rng)
        attempt_id = identity(exchange.id, number)
        sentences = tell(tale, level, rng)
        transcript = speak(sentences, level, rng)
        if self.is_recorded(sitting, exchange, number):
            transcript, sound = spoken_aloud(" ".join(sentences), "en-us+f3", 165)
            write_opus(sound, SAMPLE / "audio" / f"{attempt_id}.ogg")
        spoken = Attempt(
            id=attempt_id,
            exchange_id=exchange.id,
            interview_id=sitting.id,
            attempt_number=number,
            transcript=transcript,
            delivery=delivery.measure(transcript, None),
            duration_seconds=transcript.duration_s,
            transcriber="sample",
            timeline=traffic.timeline(rng, slow=sitting.bad),
            created_at=at,
            finished_at=at + timedelta(seconds=transcript.duration_s + 3),
        )
        return await self._judged(spoken, sitting, exchange, earlier)

    async def _judged(self, spoken: Attempt, sitting: Sitting, exchange: Exchange, earlier: list[Attempt]) -> Attempt:
        transcript, measured = spoken.transcript, spoken.delivery
        assert transcript
        assert measured
        metrics = measured.model_dump(include={"wpm", "filler_count", "long_pause_count", "clarity_note"})
        request = EvaluationInput(
            question=Question(text=exchange.question_text, competency=exchange.competency, type=exchange.question_type),
            job_context=_job(sitting.person),
            user_answer=UserAnswer(transcript=transcript.text, duration_seconds=transcript.duration_s),
            delivery_metrics=DeliveryInput.model_validate(metrics),
            attempt_history=[
                HistoryItem(attempt_number=a.attempt_number, overall=a.overall_score or 0) for a in earlier
            ],
        )
        result = await evaluate_to_end(
            DownCoach() if sitting.bad and spoken.attempt_number == 1 else self.coach,
            EvaluationCall(request, spoken.id),
            transcript=transcript,
            delivery=measured,
            policy=sitting.bundle.policy,
            bundle=sitting.bundle.label,
        )
        return judged(spoken, result)

    def is_recorded(self, sitting: Sitting, exchange: Exchange, number: int) -> bool:
        """Four answers of four weeks ago have a recording: their day of deletion is near."""
        early = [person["name"] for person in self.plan["people"][:4]]
        return sitting.number == 8 and exchange.order == 0 and number == 2 and sitting.person["name"] in early

    def level(self, sitting: Sitting, number: int, rng: random.Random) -> float:
        """Skill 0-1: what the person began with, what practice added, what this bundle adds to a retry."""
        gain = self.plan["bundles"]["retry_gain"][sitting.bundle.name] * (number - 1)
        practised = sitting.person["pace"] * sitting.number / SESSIONS
        return min(1.0, max(0.0, sitting.person["level"] + practised + gain + rng.gauss(0, 0.05)))

    async def _closed(
        self, sitting: Sitting, exchanges: list[Exchange], attempts: list[Attempt], ended: datetime
    ) -> InterviewSnapshot:
        scored = {a.exchange_id for a in attempts if a.overall_score is not None}
        items = tuple(summary_item(e, attempts) for e in exchanges if e.id in scored)
        job = _job(sitting.person)
        summary, _ = await self.coach.summarise(items, job, interview_id=sitting.id)
        session = Interview(
            id=sitting.id,
            user_id=sitting.user_id,
            q_count=len(exchanges),
            job=job,
            status=InterviewStatus.COMPLETED,
            overall_score=rollup.session_score(exchanges, attempts),
            readiness_score=summary.readiness_score,
            strengths=summary.strengths,
            gaps=summary.gaps,
            plan=summary.next_plan,
            summary=summary,
            bundle=sitting.bundle.label,
            is_sample=True,
            created_at=sitting.began,
            started_at=sitting.began,
            ended_at=ended,
            last_activity_at=ended,
        )
        return InterviewSnapshot(interview=session, exchanges=exchanges, attempts=attempts)

    def reviews(self, snapshots: list[InterviewSnapshot]) -> list[Plain]:
        """Two coaches judge every third answer, and every sixth both of them: one strict, one generous."""
        rng = random.Random(f"{self.plan['seed']}/reviews")
        judged = [a for snapshot in snapshots for a in snapshot.attempts if a.overall_score is not None][::3]
        coaches = self.plan["coaches"]
        return [
            _review(attempt, coach, rng)
            for place, attempt in enumerate(judged)
            for coach in (coaches if place % 2 == 0 else [coaches[place // 2 % 2]])
        ]

    async def whole(self) -> Plain:
        """The whole content of the file."""
        snapshots = [await self.held(sitting) for sitting in self.sittings()]
        rng = random.Random(f"{self.plan['seed']}/usage")
        used = [
            event
            for snapshot in snapshots
            for attempt in snapshot.attempts
            for event in traffic.usage(attempt, snapshot.interview.user_id, snapshot.interview.bundle, rng)
        ]
        stories = [
            story.model_copy(update={"id": identity("story", story.id), "user_id": snapshot.interview.user_id})
            for snapshot in snapshots
            for story in stories_of(snapshot)
        ]
        people = self.plan["people"]
        return {
            "people": [{"id": identity("person", p["name"]), "name": f"{p['name']}, {p['trade']}"} for p in people],
            "interviews": [snapshot.model_dump(mode="json") for snapshot in snapshots],
            "stories": [story.model_dump(mode="json") for story in stories],
            "reviews": self.reviews(snapshots),
            "usage": [event.model_dump(mode="json") for event in used],
            "outbox": traffic.outbox(used, self.bad_day),
            "split": self._split(),
        }

    def _split(self) -> Plain:
        shares = {bundle.name: 0.5 for bundle in self.bundles}
        began = (EPOCH - timedelta(days=UNDER_TEST_DAYS + 1)).isoformat()
        return {"id": identity("split"), "name": TEST_NAME, "shares": shares, "salt": "sample", "created_at": began}


def _tale(person: Plain, story: Plain) -> Tale:
    told = {"situation": story["s"], "task": story["t"], "actions": story["a"], "result": story["r"]}
    same = {name: story[name] for name in ("competency", "question", "topic")}
    return Tale(employer=person["employer"], **same, **told)


def _job(person: Plain) -> JobContext:
    return JobContext(job_title=person["trade"], company=f"{person['employer']} (sample)")


def _review(attempt: Attempt, coach: Plain, rng: random.Random) -> Plain:
    assert attempt.evaluation is not None
    scoring = attempt.evaluation.scoring

    def felt(machine: float) -> float:
        return min(10.0, max(0.0, round(2 * rng.gauss(machine + coach["bias"], coach["spread"])) / 2))

    at = (attempt.finished_at or attempt.created_at) + timedelta(days=1, minutes=rng.randrange(300))
    return {
        "id": identity("review", attempt.id, coach["name"]),
        "attempt_id": attempt.id,
        "reviewer": coach["name"],
        "overall": felt(scoring.overall),
        "content": felt(scoring.content),
        "delivery": felt(scoring.delivery),
        "comment": "",
        "created_at": at.isoformat(),
    }


def main() -> None:
    """Builds and writes the file."""
    plan = yaml.safe_load((SAMPLE / "people.yaml").read_text("utf8"))
    content = asyncio.run(Organisation(plan).whole())
    packed = gzip.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0)
    PEOPLE.write_bytes(packed)
    counts = {name: len(value) for name, value in content.items()}
    print(f"{PEOPLE.name}: {counts}, {len(packed) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
