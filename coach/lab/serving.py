"""Serves each live interview with its bundle: its arm of a running split, else what is in force; lean if throttled."""

import asyncio
import contextlib
from collections.abc import Callable

from coach.brain.port import Brain
from coach.brain.prompts.bundle import PromptBundle
from coach.brain.prompts.lean import is_lean, lean
from coach.errors import InputError
from coach.interview.dependencies import Judging
from coach.lab.promotion import Promotions


class LiveBundles:
    """Implements the conductor's `Bundles` on the record of promotions."""

    def __init__(
        self, promotions: Promotions, make_brain: Callable[[PromptBundle], Brain], *, lean_model: str = ""
    ) -> None:
        """`make_brain` builds the configured brain, once per bundle; `lean_model` serves the light mode."""
        self._promotions = promotions
        self._lean_model = lean_model
        self._make_brain = make_brain
        self._bundles: dict[str, PromptBundle] = {}
        self._brains: dict[str, Brain] = {}
        self._retired: list[Brain] = []

    async def for_new(self, interview_id: str, *, throttled: bool = False) -> str:
        """See `Bundles`."""
        bundle = await asyncio.to_thread(self._promotions.bundle_for, interview_id)
        bundle = lean(bundle, self._lean_model) if throttled else bundle
        self._bundles[bundle.label] = bundle
        return bundle.label

    async def judging(self, bundle: str) -> Judging:
        """See `Bundles`."""
        found = self._bundles.get(bundle)
        if found is None:
            found = await asyncio.to_thread(self._find, bundle)
            self._bundles[found.label] = found
        if found.label not in self._brains:
            self._brains[found.label] = self._make_brain(found)
        return Judging(found.label, self._brains[found.label], found.policy, lean=is_lean(found.label))

    def renew(self) -> None:
        """Who judges has changed: the next interview gets a brain built anew, those that run keep theirs."""
        self._retired += self._brains.values()
        self._brains = {}

    def _find(self, label: str) -> PromptBundle:
        """The bundle of a label; one that is gone gives way to the active one, a lean one to the lean active one."""
        known = [self._promotions.active()]
        with contextlib.suppress(InputError):
            known.append(PromptBundle.load(label.split("@", 1)[0]))
        if is_lean(label):
            known = [lean(bundle, self._lean_model) for bundle in known]
        return next((bundle for bundle in known if bundle.label == label), known[0])

    async def close(self) -> None:
        """Closes every brain."""
        for brain in (*self._retired, *self._brains.values()):
            await brain.close()
        self._retired.clear()
        self._brains.clear()
