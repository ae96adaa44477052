"""All interviews of this process: planning, opening, tokens, resumption at start, letting go of the idle."""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from coach.avatar.port import Avatar
from coach.contracts.asking import asker, asking, is_foreign, own_id
from coach.contracts.events import SummaryPayload
from coach.contracts.interview import InterviewStatus, PlannedQuestion, new_id
from coach.errors import CoachError, EntitlementError, InputError, NotFoundError, StoppingError
from coach.interview import planning
from coach.interview.conductor import Conductor
from coach.interview.dependencies import Dependencies
from coach.interview.detached import DetachedWork
from coach.interview.idle import IdleInterviews
from coach.interview.loop_bound import LoopBound
from coach.interview.phases.listening import Parting
from coach.interview.planning import InitRequest as InitRequest
from coach.interview.planning import InitResult as InitResult
from coach.interview.ports import Entitlement
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.interview.together import Together
from coach.interview.tokens import LIFETIME_S, InterviewTokens

log = logging.getLogger(__name__)
WS_PATH = "/ws/mock-interview"
STORE_BUSY = "The database cannot be written just now; everything is kept on disk and stored as soon as it can be."
STORE_BACK = "Everything that waited has been stored."
SWITCH_INTERVAL_S = 0.0005
"""How long page scripts may keep the interpreter while audio waits; Python's own 5 ms add up over many sessions."""


class InterviewService(LoopBound):
    """Process-wide. Every coroutine runs on the loop given to `bind` (or the one `start` runs on)."""

    def __init__(
        self, parts: Dependencies, *, wall: Callable[[], float] = time.time, token_lifetime_s: float = LIFETIME_S
    ) -> None:
        """Nothing is opened yet.

        Args:
            parts: what every interview is built from; facts the store does not take at once are spooled before it.
            wall: wall clock in epoch seconds, for tokens.
            token_lifetime_s: how long a token lives.
        """
        super().__init__()
        self._spool = SpooledStore(parts.store, parts.journal_dir / SPOOL, self._store_trouble)
        self.parts = replace(parts, store=self._spool, owner=parts.fleet.owner)
        self._tokens = InterviewTokens(self._spool, wall, token_lifetime_s)
        self._conductors: dict[str, Conductor] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One for each interview that is being opened or put away; it lives as long as somebody has it or waits."""
        self._together = Together(
            parts.fleet,
            self._conductors,
            resume=lambda interview_id: self.open(interview_id, ask=False),
            put_away=self._put_away,
            let_go=self.let_go,
            opening=lambda interview_id: self._turn(interview_id).locked(),
        )
        self.idle = IdleInterviews(self.parts, self._conductors, put_away=self._put_away, let_go=self.let_go)
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = False
        self.detached = DetachedWork()

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Binds to the running loop and resumes what the last process left unfinished."""
        self._loop = asyncio.get_running_loop()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._sweeper = self._loop.create_task(self.idle.sweep_for_ever())
        try:
            await self._together.enter()
            await self._spool.recover()
            unfinished = await self.parts.store.unfinished_attempts()
        except CoachError:
            log.warning("the store cannot be asked for unfinished attempts; they are resumed when opened")
            return
        await self._together.take_up({a.interview_id for a in unfinished})

    def stop_taking(self) -> None:
        """From now on no interview is begun or taken up; those that run go on. Safe in a signal handler."""
        self._stopping = True

    async def settle(self, timeout_s: float) -> None:
        """Waits until no answer is being processed any more, at most `timeout_s`."""
        working = [asyncio.create_task(c.settle(timeout_s)) for c in self._conductors.values() if c.working]
        await asyncio.wait([*working, *self.detached.tasks, asyncio.create_task(asyncio.sleep(0))], timeout=timeout_s)

    @property
    def standing(self) -> dict[str, int]:
        """How many interviews are in memory, are listened to, are processing an answer; and whether facts wait."""
        conductors = [*self._conductors.values()]
        return {
            "interviews_open": len(conductors),
            "interviews_watched": sum(bool(c.listeners) for c in conductors),
            "answers_processing": sum(c.working for c in conductors),
            "store_waiting": int(self._spool.waiting),
            "stopping": int(self._stopping),
        }

    def _still_taking(self) -> None:
        if self._stopping:
            raise StoppingError("The service is being stopped.", mend="Try again in a minute; nothing is lost.")

    async def close(self) -> None:
        """Closes every conductor; nothing is lost, nothing keeps running."""
        if self._sweeper:
            self._sweeper.cancel()
        self.detached.cancel()
        await self._together.stand_still()
        while self._conductors:
            await self._conductors.popitem()[1].end()
        await self._spool.close()
        await self._together.leave()

    # -- interviews --------------------------------------------------------------------------------------------------

    async def init(
        self,
        request: InitRequest,
        *,
        user_id: str = "",
        questions: Sequence[PlannedQuestion] = (),
        ws_base: str = "",
    ) -> InitResult:
        """Plans an interview, stores it, warms it up, and gives the way in.

        Args:
            request: job, resume, persona, number of questions.
            user_id: whose interview; left out, the asker's.
            questions: a ready plan instead of one made from the job.
            ws_base: `ws(s)://host` to put before the socket's path.

        Raises:
            NotFoundError: the job or resume is unknown.
            EntitlementError: the plan does not include another interview.
            StoreError: it could not be stored.
            StoppingError: the service is being stopped.
        """
        self._still_taking()
        interview_id, user_id = new_id(), user_id or own_id()
        leave = await self._leave(user_id, interview_id, request.q_count)
        count = min(request.q_count, leave.max_questions)
        throttled, bundles = leave.level == "throttled", self.parts.bundles
        bundle = await bundles.for_new(interview_id, throttled=throttled) if bundles else self.parts.bundle
        parts = await self._judged_by(bundle) if throttled else self.parts
        plan = await planning.plan(parts, request, count, user_id=user_id, ready=questions)
        interview = planning.interview(request, plan, interview_id, user_id, bundle, self.parts.clock())
        await self.parts.store.create_interview(interview, planning.exchanges(interview, plan.questions))
        await self.parts.store.add_usage(plan.usage)
        conductor = await self.open(interview.id, avatar=None if leave.avatar and not throttled else self._plain())
        if leave.notice:
            conductor.greet(leave.notice)
        token = await self.token(interview.id)
        log.info("an interview was begun: %d questions", interview.q_count, extra={"interview_id": interview.id})
        return self.way_in(conductor, token, ws_base)

    @staticmethod
    def way_in(conductor: Conductor, token: str, ws_base: str = "") -> InitResult:
        """What a client needs to connect."""
        return InitResult(
            mock_interview_id=conductor.id,
            ws_url=f"{ws_base}{WS_PATH}",
            auth_token=token,
            avatar=conductor.avatar_config,
        )

    async def resume(self, interview_id: str, ws_base: str = "") -> InitResult:
        """*Resume interview*: opens it again (abandoned becomes in progress) and gives the way in.

        Raises:
            NotFoundError: unknown.
            InputError: it is completed.
            StoppingError: the service is being stopped.
            EntitlementError: its place in the plan lapsed meanwhile and none is left.
        """
        self._still_taking()
        conductor = await self.open(interview_id)
        interview = conductor.board.interview
        if interview.status == InterviewStatus.COMPLETED:
            raise InputError("This interview is finished.")
        await self._leave(interview.user_id, interview_id, interview.q_count)
        await conductor.reawaken()
        return self.way_in(conductor, await self.token(interview_id), ws_base)

    async def open(self, interview_id: str, *, avatar: Avatar | None = None, ask: bool = True) -> Conductor:
        """The conductor of an interview, from memory or from the store; `avatar` stands in for the usual one.

        With `ask`, another process that has the interview is asked for it.

        Raises:
            NotFoundError: unknown, or not of the person who asks.
            OpenElsewhereError: another process has it, and somebody is in it there.
        """
        if asker() is not None and interview_id not in self._conductors:
            stored = await self.parts.store.load_interview(interview_id)
            if stored is None or is_foreign(stored.interview.user_id):
                raise NotFoundError("There is no such interview.")
        with asking(None):
            found = await self._opened(interview_id, avatar, ask=ask)
        if is_foreign(found.board.interview.user_id):
            raise NotFoundError("There is no such interview.")
        return found

    async def _opened(self, interview_id: str, avatar: Avatar | None, *, ask: bool) -> Conductor:
        opening = self._turn(interview_id)
        known = self._conductors.get(interview_id)
        if known and not opening.locked():
            return known
        async with opening:  # whoever comes while it finds its place would be told a place it is not at
            if interview_id in self._conductors:
                return self._conductors[interview_id]
            await self._together.elsewhere.claim(interview_id, ask=ask)
            try:
                return await self._taken_up(interview_id, avatar)
            except BaseException:
                await self._together.give_back(interview_id)
                raise

    async def _taken_up(self, interview_id: str, avatar: Avatar | None) -> Conductor:
        """The conductor of an interview that is with this process, from the store."""
        snapshot = await self.parts.store.load_interview(interview_id)
        if snapshot is None:
            raise NotFoundError("There is no such interview.")
        parts = await self._judged_by(snapshot.interview.bundle)
        parts = replace(parts, avatar=avatar) if avatar else parts
        conductor = self._conductors[interview_id] = Conductor(parts, snapshot)
        try:
            await conductor.open()
        except BaseException:
            self._conductors.pop(interview_id, None)
            await conductor.end()
            raise
        return conductor

    def _turn(self, interview_id: str) -> asyncio.Lock:
        """Who opens an interview or puts it away has it."""
        return self._opening.setdefault(interview_id, asyncio.Lock())

    def watch(self, interview_id: str) -> AsyncGenerator[str, None]:
        """What happens in an interview that another process has: events as JSON, until it can be opened here."""
        return self._together.elsewhere.watch(interview_id)

    async def _judged_by(self, bundle: str) -> Dependencies:
        """The parts with the brain and policy of an interview's own bundle; a lean one is asked by the plain avatar."""
        if self.parts.bundles is None:
            return self.parts
        judging = await self.parts.bundles.judging(bundle)
        avatar = self._plain() if judging.lean else self.parts.avatar
        return replace(self.parts, brain=judging.brain, policy=judging.policy, bundle=judging.bundle, avatar=avatar)

    def _plain(self) -> Avatar:
        """Who asks where the plan has no other, or in light mode."""
        return self.parts.plain_avatar or self.parts.avatar

    async def let_go(self, interview_id: str, parting: Parting = "deleted") -> None:
        """The interview is to be deleted, or was lost to another process: its conductor ends, clients are told,
        nothing of it stays in memory.
        """
        async with self._turn(interview_id):
            conductor = self._conductors.pop(interview_id, None)
            if conductor:
                await conductor.end(parting)
            if parting == "deleted":
                self.forget_token(interview_id)
            await self._together.give_back(interview_id)

    def find(self, interview_id: str) -> Conductor | None:
        """The conductor if it is in memory and of whoever asks; for threads that push audio."""
        conductor = self._conductors.get(interview_id)
        return None if conductor and is_foreign(conductor.board.interview.user_id) else conductor

    # -- tokens ------------------------------------------------------------------------------------------------------

    async def token(self, interview_id: str) -> str:
        """The interview's token: the live one for a second tab, else a fresh one (the old one dies)."""
        return await self._tokens.of(interview_id)

    async def check(self, token: str) -> str | None:
        """The interview a live token opens; None for any other."""
        return await self._tokens.check(token)

    def finished_by(self, token: str) -> str | None:
        """The interview that was finished with this token, so that a double click gets the same answer."""
        return self._tokens.finished_by(token)

    async def finish(self, interview_id: str) -> SummaryPayload:
        """*Finish interview*; its token is dead afterwards."""
        conductor = await self.open(interview_id)
        payload = await conductor.finish()
        self.forget_token(interview_id)
        return payload

    def forget_token(self, interview_id: str) -> None:
        """The interview is over: its token is remembered only as finished."""
        self._tokens.forget(interview_id)

    async def _leave(self, user_id: str, interview_id: str, questions: int) -> Entitlement:
        if self.parts.entitlements is None:
            return Entitlement(allowed=True, plan="local")
        leave = await self.parts.entitlements.before_session(user_id, interview_id, questions=questions)
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another interview.", mend=leave.offer)
        return leave

    def _store_trouble(self, waiting: bool) -> None:
        for conductor in self._conductors.values():
            conductor.tell("STORE_BUSY" if waiting else "STORE_BACK", STORE_BUSY if waiting else STORE_BACK)

    # -- the idle ----------------------------------------------------------------------------------------------------

    async def left(self, interview_id: str) -> None:
        """A client has gone: a finished interview that nobody listens to any more leaves the memory at once."""
        if (known := self._conductors.get(interview_id)) and known.over and not known.listeners:
            await self._put_away(interview_id)

    async def _put_away(self, interview_id: str) -> bool:
        """Closes an interview that nobody is in, and gives it back; False where somebody came meanwhile."""
        async with self._turn(interview_id):
            conductor = self._conductors.get(interview_id)
            if conductor and (conductor.listeners or conductor.working):
                return False
            self._conductors.pop(interview_id, None)
            if conductor:
                await conductor.end()
            await self._together.give_back(interview_id)
        return True
