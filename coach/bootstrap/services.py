"""All parts together: what pages, routes and commands use."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING

from coach.bootstrap.avatar import AvatarParts
from coach.bootstrap.brain import build_brain
from coach.bootstrap.brain_parts import BrainParts
from coach.bootstrap.lab import LabParts
from coach.bootstrap.money import MoneyParts
from coach.bootstrap.own_data import OwnData, forget_in_lab
from coach.bootstrap.speech import SpeechParts
from coach.contracts.asking import as_program
from coach.errors import CoachError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coach.bootstrap.providers import ProviderWatch
    from coach.contracts.interview import Attempt
    from coach.interview.service import InterviewService
    from coach.store.maintenance.removal import Removed
    from coach.web.watch.figures import Figures
    from coach.web.watch.traces import Traces

log = logging.getLogger(__name__)


_PARTS = ("hub", "bundles", "transcriber", "brain", "judges", "readers", "avatar", "clips", "pair_judge")
"""What is closed on the event loop, in this order."""
_BLOCKING = ("handed_over", "usage", "traces", "store")
"""What is closed in a thread, behind all that may still write to it."""


class Services(OwnData, SpeechParts, BrainParts, AvatarParts, MoneyParts, LabParts):
    """What pages, routes and commands use. Each part is built on first use and once."""

    @cached_property
    def hub(self) -> InterviewService:
        """All interviews of this process."""
        from coach.brain.evaluation.pipeline import run_evaluation
        from coach.interview import defaults
        from coach.interview.dependencies import Dependencies
        from coach.interview.service import InterviewService
        from coach.views.roles import shipped_profiles
        from coach.web.shelf import StoreMaterials

        self.usage.recover()
        self.store.when_deleting(self._forget)
        return InterviewService(
            Dependencies(
                store=self.store,
                transcriber=self.transcriber,
                brain=self.brain,
                avatar=self.avatar,
                plain_avatar=self.plain_avatar,
                spare_brain=build_brain(self.settings, self.bundle, "offline", judges=self.judges),
                archive=self.archive,
                journal_dir=self.settings.journal_dir,
                journals=self.journals,
                fleet=self.fleet,
                policy=self.bundle.policy,
                bundle=self.bundle.label,
                bundles=self.bundles,
                materials=StoreMaterials(self.store, shipped_profiles),
                entitlements=self.billing.entitlements if self.billing else None,
                ear=defaults.ear,
                rehearse=self.rehearse,
                on_answer=self.answered,
                evaluate=partial(run_evaluation, read_apart=self.readers.read if self.readers else None),
            )
        )

    @cached_property
    def figures(self) -> Figures:
        """What this process counts of itself."""
        from coach.web.watch.figures import Figures

        return Figures()

    @cached_property
    def traces(self) -> Traces | None:
        """Spans for a collector; None where the environment names none."""
        from coach.web.watch import collector

        if not (self.serves and collector.configured()):
            return None
        from coach.web.watch.traces import Traces

        return Traces()

    @cached_property
    def providers(self) -> ProviderWatch:
        """Whether the providers that are set up answer; asked once a minute while this process serves."""
        from coach.bootstrap.providers import ProviderWatch

        return ProviderWatch(self.settings)

    def standing(self) -> dict[str, float]:
        """How this installation stands now (blocking); what cannot be asked is left out."""
        from coach.views import standing

        found: dict[str, float] = {**self.hub.standing, "judges": float(len(self.judges.pids) if self.judges else 0)}
        with suppress(CoachError, OSError):
            found |= standing.figures(self.store, self.settings.coach_home)
        found |= self.providers.last.gauges()
        return found

    def answered(self, attempt: Attempt) -> None:
        """An answer has its feedback: counted, and logged without its words."""
        if self.serves:
            self.figures.answered(attempt)
            if self.traces:
                self.traces.answered(attempt)
        outcome = attempt.extra.evaluation_status or attempt.status.value
        ids = {"interview_id": attempt.interview_id, "attempt_id": attempt.id}
        log.info("an answer was judged by %s: %s", attempt.brain or "nobody", outcome, extra=ids)

    def delete_session(self, interview_id: str, *, with_stories: bool = False) -> Removed:
        """*Delete this session*: whoever holds it lets go of it, rows, recordings, the lab's copies go; blocking.

        Raises:
            NotFoundError: there is no such session.
            StoreError: it is still there; repeat it.
        """
        from coach.store.maintenance.removal import delete_interview
        from coach.views.sessions import require_own

        require_own(self.store, interview_id)
        folder = self.settings.journal_dir
        with as_program():
            forget_in_lab(self.store, self.settings.coach_home, interview_id)
            return delete_interview(
                self.store, self.archive, interview_id, journal_dir=folder, with_stories=with_stories
            )

    def _forget(self, interview_id: str) -> None:
        """A session is being deleted: nothing of it stays in memory; blocking, not on the hub's own loop."""
        if self.hub.running:
            self.hub.call(self.hub.let_go(interview_id))

    async def close(self) -> None:
        """Closes what was opened; what waits to be deleted is deleted first, the database goes last.

        Raises:
            Exception: what one part raised; all others are closed.
            ExceptionGroup: several could not be closed; all others are.
        """
        built, troubles = self.__dict__, list[Exception]()
        ends: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        if "bin" in built:
            ends.append(("bin", lambda: asyncio.to_thread(self.bin.empty)))
        ends += [(name, built[name].close) for name in _PARTS if built.get(name) is not None]
        ends += [("brain", brain.close) for brain in self.retired_brains]
        ends += [(name, partial(asyncio.to_thread, built[name].close)) for name in _BLOCKING if built.get(name)]
        for name, end in ends:
            try:
                await end()
            except Exception as error:
                log.exception("%s could not be closed", name)
                troubles.append(error)
        if len(troubles) == 1:
            raise troubles[0]
        if troubles:
            raise ExceptionGroup("not everything could be closed", troubles)
