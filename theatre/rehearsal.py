"""A scene without browser: the services of `bootstrap` over the loopback vendors, eight times as fast as speech."""

import asyncio
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from coach.bootstrap import Services, build_services
from coach.contracts import commands as cmd
from coach.contracts.interview import Attempt, AttemptStatus, PlannedQuestion, ViewState
from coach.errors import CoachError
from coach.interview.service import InitRequest
from coach.speech.deepgram.transcriber import DeepgramTranscriber
from coach.store.repositories import ledger
from tests.conversation.driver import Client
from tests.fakes.coded_speech import RATE_HZ
from tests.fakes.deepgram_run import FAST, SPEED, coded_voice
from tests.fakes.deepgram_server import KEY
from tests.fakes.openai_server import Tokens
from theatre.scene import Happening, Moment, Scene
from theatre.stagehands import Holder
from theatre.vendors import QUESTIONS, Vendors, words_until

ANSWER_S = 6.0
FRAME_S = 0.02
WITHIN_S = 40.0
TOKENS = Tokens().input + Tokens().output
ON_A_BUSY_MACHINE = {"HEARING_SLOW"}
ENDS = (ViewState.FEEDBACK, ViewState.ERROR_RECOVERABLE, ViewState.ERROR_BLOCKING)


@dataclass
class Kept:
    """What is there at the end, as the store, the archive and the vendors say."""

    attempts: list[Attempt]
    sound_s: float
    told: set[str]
    evaluations: int
    tokens_told: int
    tokens_in_ledger: int
    estimated: int
    breaches: list[str] = field(default_factory=list)

    def misses(self, scene: Scene) -> list[str]:
        """What is not as the scene says; empty when all is."""
        found = []
        if [a.status for a in self.attempts] != [AttemptStatus(scene.keeps.status)]:
            found.append(f"attempts: {[a.status.value for a in self.attempts]}")
        said = [w.text.strip(".,").lower() for w in words_until(ANSWER_S)]
        heard = [w.word.strip(".,").lower() for a in self.attempts if a.transcript for w in a.transcript.words]
        wanted = said if scene.keeps.words == "all" else []
        if lost := Counter(wanted) - Counter(heard):
            found.append(f"words lost: {[*lost]}")
        if doubled := Counter(heard) - Counter(said):
            found.append(f"words too many: {[*doubled]}")
        if not ANSWER_S * 0.98 <= self.sound_s <= ANSWER_S * 1.02:
            found.append(f"sound kept: {self.sound_s:.1f} of {ANSWER_S:.1f} s")
        if self.told - set(scene.keeps.may_be_told) - ON_A_BUSY_MACHINE != set(scene.keeps.told):
            found.append(f"told: {sorted(self.told)}")
        if self.evaluations != scene.keeps.evaluations:
            found.append(f"evaluations asked for: {self.evaluations}")
        if self.tokens_told != self.tokens_in_ledger + scene.keeps.given_up * TOKENS:
            found.append(f"tokens: {self.tokens_told} told, {self.tokens_in_ledger} in the ledger")
        if self.estimated != scene.keeps.given_up:
            found.append(f"given up and estimated: {self.estimated}")
        return found + self.breaches


def rehearse(scene: Scene, home: Path) -> Kept:
    """Plays a scene in an empty home."""
    return asyncio.run(_Rehearsal(scene, home).play())


def _sum(tokens: Tokens) -> int:
    return tokens.input + tokens.output + tokens.reasoning


class _Rehearsal:
    def __init__(self, scene: Scene, home: Path) -> None:
        self.scene, self.home = scene, home
        self.told: set[str] = set()
        self.vendors = Vendors(scene, self._tell)
        self._due = [*scene.events]
        self._met = threading.Lock()
        self._happening: asyncio.Queue[tuple[Happening, float]] = asyncio.Queue()
        self._gone: list[Services] = []
        self._holder: Holder | None = None

    def _tell(self, moment: Moment) -> None:
        with self._met:
            if self._due and self._due[0].when == moment:
                event = self._due.pop(0)
                self._loop.call_soon_threadsafe(self._happening.put_nowait, (event.do, event.for_s / SPEED))

    async def play(self) -> Kept:
        self._loop = asyncio.get_running_loop()
        if all(event.do != "hold the database" for event in self.scene.events):
            return await self._played()
        with Holder(self.home / "coach.duckdb") as self._holder:
            return await self._played()

    async def _played(self) -> Kept:
        async with self.vendors.running(), asyncio.timeout(WITHIN_S):
            await self._open()
            begun = await self.services.hub.init(InitRequest(q_count=1), questions=[PlannedQuestion(text=QUESTIONS[0])])
            self.id = begun.mock_interview_id
            await self._come_back()
            await self.client.start()
            await self.client.listen()
            hands = asyncio.create_task(self._stagehands())
            await self._answer()
            await self._stored()
            hands.cancel()
            await asyncio.gather(hands, return_exceptions=True)
            return await self._look()

    async def _open(self) -> None:
        self.services = build_services(
            coach_home=self.home,
            transcriber="deepgram",
            brain="openai",
            coach_voice="none",
            deepgram_api_key=KEY,
            deepgram_base_url=self.vendors.transcriber.url,
            openai_api_key="theatre",
            openai_base_url=self.vendors.model.base_url,
            coach_verbatim_check=0.0,
        )
        self.services.store.database.lock_wait_s /= SPEED
        self.services.__dict__["transcriber"] = DeepgramTranscriber(
            SecretStr(KEY), self.vendors.transcriber.url, probe=coded_voice, options=FAST
        )
        await self.services.hub.start()

    async def _come_back(self) -> None:
        self.client = Client(await self.services.hub.open(self.id))

    async def _answer(self) -> None:
        noise = random.Random(1).randbytes(int(ANSWER_S * RATE_HZ) * 2)
        size, at = int(FRAME_S * RATE_HZ) * 2, 0
        while at < len(noise):
            at += size if self.client.conductor.push_audio(noise[at : at + size]) else 0
            await asyncio.sleep(FRAME_S / SPEED)
        await self.client.send(self.client.finish_command())
        await self._ended()
        if self.scene.tries_again:
            self.vendors.recover()
            ref = cmd.AttemptRef(attempt_id=self.client.state.attempt_id or "")
            await self.client.send(cmd.RetryFeedback(payload=ref))
            await self.client.wait("UPDATE_REWRITE", WITHIN_S)
        await self.client.settled()

    async def _ended(self) -> None:
        """Until the page shows how it went; by whichever process."""
        while self.client.state.view_state not in ENDS:  # noqa: ASYNC110 - the client changes when a server dies
            await asyncio.sleep(0.02)
        await self.client.settled()

    async def _stored(self) -> None:
        """Until what waited for the database is in it."""
        while self.services.hub.standing["store_waiting"]:  # noqa: ASYNC110 - only looked at
            await asyncio.sleep(0.05)
        await asyncio.sleep(0)

    async def _stagehands(self) -> None:
        while True:
            what, for_s = await self._happening.get()
            if what == "hold the database":
                assert self._holder
                await asyncio.to_thread(self._holder.take)
                await asyncio.sleep(for_s)
                await asyncio.to_thread(self._holder.give_back)
            else:
                await self._die()

    async def _die(self) -> None:
        """The process dies: nothing is closed in order, tasks just stop. Another one starts."""
        self._hear()
        hub = self.services.hub
        for conductor in hub._conductors.values():
            await conductor._processing.close()
            conductor._listening.capture = None
            conductor._s.fanout.close()
        hub._conductors.clear()
        self._gone.append(self.services)
        await self._open()
        await self._come_back()

    def _hear(self) -> None:
        self.told |= {e.payload.code for e in self.client.seen if e.type in ("NOTICE", "ERROR")}

    async def _look(self) -> Kept:
        self._hear()
        for services in (*self._gone, self.services):
            await services.close()
        again = build_services(coach_home=self.home, transcriber="typed", brain="offline", coach_voice="none")
        try:
            snapshot = await again.store.load_interview(self.id)
            assert snapshot
            used = await again.store.arun(ledger.usage_events)
        finally:
            await again.close()
        model = self.vendors.model
        return Kept(
            attempts=snapshot.attempts,
            sound_s=sum(a.duration_seconds or 0.0 for a in snapshot.attempts if a.audio_uri),
            told=self.told,
            evaluations=model.evaluations,
            tokens_told=sum(map(_sum, model.billed)),
            tokens_in_ledger=int(sum(e.quantity for e in used if e.vendor == "openai" and not e.estimated)),
            estimated=len({e.call_id for e in used if e.estimated}),
            breaches=[*model.breaches, *self.vendors.transcriber.errors],
        )


def verdict(name: str, scene: Scene, home: Path) -> bool:
    """Rehearses and says how it went."""
    try:
        misses = rehearse(scene, home).misses(scene)
    except (CoachError, TimeoutError) as error:
        misses = [f"{type(error).__name__}: {error}"]
    print(f"{'✓' if not misses else '✗'} {name}: {scene.title}", *misses, sep="\n    ")
    return not misses
