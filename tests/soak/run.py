"""The soak: the real application in its own process, ten people, faulty vendors, and what must hold at the end.

Warm-up, a quiet moment, the long stretch, a quiet moment again. Between the two quiet moments nothing may have grown
(tasks, files, sockets); over the long stretch memory stays flat; the ledger says what the vendors counted.
"""

import asyncio
import os
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import psutil

from coach.bootstrap import Services
from coach.contracts.usage import UsageEvent
from coach.settings import load_settings
from coach.store.repositories import ledger
from tests.conversation.app_process import AppProcess, application
from tests.fakes.coded_speech import Speech, answer
from tests.fakes.deepgram_server import KEY
from tests.soak.person import Person
from tests.soak.vendors import Counts, FaultyDeepgram, FaultyModel

SPEAKING = {"COACH_TRANSCRIBER": "deepgram", "COACH_VOICE": "deepgram"}
FLAT = 0.05
"""How far the memory of the last third may be from that of the first."""
LOST_S = 1.0
"""Sound that was sent on a line that broke and may not have arrived: the vendor did not count it, the ledger did."""
STALLED = "speech stall_at_s"
"""A line that stalls takes the rest of the answer into the buffers of the system, and the vendor never reads it."""
SPARE = {"tasks": 3, "files": 6, "sockets": 4}
"""What one quiet moment may have more than another: a connection kept alive, a timer."""
QUIET_S = 40.0
FILLS_S = 30.0
"""From a quiet moment until everybody is under way again."""
EVERY_S = 0.5
TELL_EVERY_S = 30.0


@dataclass(frozen=True)
class Plan:
    """How long, how many, how faulty. `share` of the vendors' calls goes wrong; `slow` adds faults that run into
    deadlines of 10 to 20 s.
    """

    minutes: float = 60.0
    people: int = 10
    seed: int = 1
    share: float = 0.15
    slow: bool = True
    judge_memory: bool = True
    speaks_s: tuple[float, float] = (2.0, 7.0)
    questions: tuple[int, ...] = (1, 2)

    @property
    def warm_s(self) -> float:
        """A fifth of the time, ten minutes at most."""
        return min(600.0, self.minutes * 60 / 5)


@dataclass(frozen=True)
class Sample:
    """The application at one moment: resident memory (MB), asyncio tasks, open files, sockets, open interviews."""

    at_s: float
    rss_mb: float
    tasks: int
    files: int
    sockets: int
    interviews: int


@dataclass
class Report:
    """What was measured; `troubles` is empty when everything held."""

    plan: Plan
    samples: list[Sample] = field(default_factory=list)
    quiet: list[Sample] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    counts: Counts = field(default_factory=Counts)
    ledger: dict[str, float] = field(default_factory=dict)
    memory_mb: tuple[float, float] = (0.0, 0.0)
    troubles: list[str] = field(default_factory=list)


async def soak(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> Report:
    """Runs it; `folder` keeps the application's home and log."""
    report, dice = Report(plan), random.Random(plan.seed)
    speech = answer(24)
    hearing = FaultyDeepgram(speech, report.counts, random.Random(dice.random()), plan.share, slow=plan.slow)
    model = FaultyModel(report.counts, random.Random(dice.random()), plan.share, slow=plan.slow)
    async with hearing.running() as deepgram:
        with model as openai:
            keys = {"DEEPGRAM_API_KEY": KEY, "OPENAI_API_KEY": "k", "COACH_OPENAI_MODEL": "gpt-test-1"}
            places = {"DEEPGRAM_BASE_URL": deepgram.url, "OPENAI_BASE_URL": openai.base_url}
            entering = application(folder, "--server.headless", "true", **keys, **places, **SPEAKING)
            app = await asyncio.to_thread(entering.__enter__)
            try:
                await _stretches(plan, app, speech, dice, report, say)
            finally:
                await asyncio.to_thread(entering.__exit__, None, None, None)
    await _compare(folder, report)
    judge(report)
    return report


async def _stretches(
    plan: Plan, app: AppProcess, speech: Speech, dice: random.Random, report: Report, say: Callable[[str], None]
) -> None:
    async with httpx.AsyncClient(base_url=app.url, timeout=60) as http:
        watching = asyncio.create_task(_watch(app, http, report, say))
        try:
            for seconds in (plan.warm_s, plan.minutes * 60 - plan.warm_s):
                until = time.monotonic() + seconds
                people = [_person(plan, http, speech, dice, report) for _ in range(plan.people)]
                rounds = [each.go_round(partial(_before, until)) for each in people]
                ended = await asyncio.gather(*rounds, return_exceptions=True)
                report.troubles += [f"a person: {each!r}" for each in ended if isinstance(each, BaseException)]
                report.quiet.append(await _quiet(app, http))
                say(f"quiet: {report.quiet[-1]}")
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def _person(plan: Plan, http: httpx.AsyncClient, speech: Speech, dice: random.Random, report: Report) -> Person:
    own = random.Random(dice.random())
    return Person(http, speech, own, report.tally, speaks_s=plan.speaks_s, questions=plan.questions)


async def _watch(app: AppProcess, http: httpx.AsyncClient, report: Report, say: Callable[[str], None]) -> None:
    told = 0.0
    while True:
        report.samples.append(await _sample(app, http))
        if report.samples[-1].at_s - told >= TELL_EVERY_S:
            told = report.samples[-1].at_s
            say(f"{report.samples[-1]} {report.tally['interviews']} interviews, {report.tally['answers']} answers")
        await asyncio.sleep(EVERY_S)


async def _sample(app: AppProcess, http: httpx.AsyncClient) -> Sample:
    lines = (await http.get("/metrics")).text.splitlines()
    told = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}
    process = psutil.Process(app.process.pid)
    return Sample(
        at_s=time.monotonic(),
        rss_mb=round(process.memory_info().rss / 1e6, 1),
        tasks=int(told["coach_tasks"]),
        files=process.num_fds(),
        sockets=len(process.net_connections()),
        interviews=int(told["coach_interviews_open"]),
    )


async def _quiet(app: AppProcess, http: httpx.AsyncClient) -> Sample:
    """The least of everything in the moments after everybody has gone."""
    until, found = time.monotonic() + QUIET_S, [await _sample(app, http)]
    while time.monotonic() < until and not (len(found) > 6 and len({each.tasks for each in found[-6:]}) == 1):
        await asyncio.sleep(EVERY_S / 2)
        found.append(await _sample(app, http))
    least = {name: min(getattr(each, name) for each in found) for name in ("tasks", "files", "sockets", "interviews")}
    return Sample(at_s=found[-1].at_s, rss_mb=found[-1].rss_mb, **least)


async def _compare(folder: Path, report: Report) -> None:
    """Reads the ledger the application left."""
    services = Services(load_settings(coach_home=folder / "home", deepgram_api_key=KEY, openai_api_key="k"))
    try:
        events: list[UsageEvent] = await services.store.arun(ledger.usage_events)
    finally:
        await services.close()
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for event in events:
        totals[event.meter + (" guessed" if event.estimated else "")] += event.quantity
    report.ledger = {name: round(float(total), 3) for name, total in sorted(totals.items())}
    report.ledger["guessed calls"] = sum(e.estimated and e.meter.endswith(".input") for e in events)


def judge(report: Report) -> None:
    """Adds to `troubles` whatever does not hold."""
    counts, told = report.counts, report.ledger
    trouble = report.troubles.append
    for kind in ("input", "cached_input", "output"):
        if told.get(f"gpt-test-1.{kind}", 0) != counts.tokens[kind]:
            trouble(f"ledger: {told.get(f'gpt-test-1.{kind}', 0):.0f} {kind} tokens, vendor {counts.tokens[kind]}")
    if told["guessed calls"] != counts.untold:
        trouble(f"ledger: {told['guessed calls']:.0f} guessed calls, vendor never told the use of {counts.untold}")
    if told.get("aura-2.characters", 0) != counts.characters:
        trouble(f"ledger: {told.get('aura-2.characters', 0):.0f} characters spoken, vendor {counts.characters}")
    if abs(told.get("nova-3.batch", 0) - counts.batch_s) > 0.01 * counts.batch_s + 0.01:
        trouble(f"ledger: {told.get('nova-3.batch', 0):.1f} s of recordings, vendor {counts.batch_s:.1f} s")
    more_s = told.get("nova-3.live", 0) - counts.live_s
    unread_s = LOST_S * counts.broken_lines + report.plan.speaks_s[1] * counts.faults[STALLED]
    if not -0.05 * report.tally["interviews"] - 0.1 <= more_s <= unread_s + 0.1:
        trouble(f"ledger: {told.get('nova-3.live', 0):.1f} s live, vendor {counts.live_s:.1f} s")
    for name, spare in SPARE.items():
        before, after = (getattr(each, name) for each in report.quiet)
        if after > before + spare:
            trouble(f"{name}: {before} at the first quiet moment, {after} at the second")
    if report.quiet[-1].interviews:
        trouble(f"{report.quiet[-1].interviews} finished interviews are still open")
    _judge_memory(report)


def _judge_memory(report: Report) -> None:
    begun, ended = (each.at_s for each in report.quiet)
    busy = [each for each in report.samples if begun + FILLS_S < each.at_s < ended and each.interviews]
    long = [each.rss_mb for each in busy]
    if len(long) < 6:
        return
    third = len(long) // 3
    first, last = statistics.median(long[:third]), statistics.median(long[-third:])
    report.memory_mb = (first, last)
    if report.plan.judge_memory and abs(last - first) > FLAT * first:
        report.troubles.append(f"memory: {first:.0f} MB in the first third, {last:.0f} MB in the last")


def load() -> str:
    """What else the machine did."""
    return f"load average {os.getloadavg()[0]:.1f}"


def _before(until: float) -> bool:
    return time.monotonic() < until
