"""Serves each live interview with its bundle: the arm of a running split, else what is in force."""

import asyncio
from collections.abc import Callable

from coach.brain.bundle import PromptBundle
from coach.brain.port import Brain
from coach.errors import InputError
from coach.interview.parts import Judging
from coach.lab.promotion import Promotions


class LiveBundles:
    """Implements the conductor's `Bundles` on the record of promotions."""

    def __init__(self, promotions: Promotions, make_brain: Callable[[PromptBundle], Brain]) -> None:
        """`make_brain` builds the configured brain for a bundle; it is called once per bundle."""
        self._promotions = promotions
        self._make_brain = make_brain
        self._bundles: dict[str, PromptBundle] = {}
        self._brains: dict[str, Brain] = {}

    async def for_new(self, interview_id: str) -> str:
        """See `Bundles`."""
        bundle = await asyncio.to_thread(self._promotions.bundle_for, interview_id)
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
        return Judging(found.label, self._brains[found.label], found.policy)

    def _find(self, label: str) -> PromptBundle:
        active = self._promotions.active()
        name = label.split("@", 1)[0]
        if active.label == label or not name:
            return active
        try:
            shipped = PromptBundle.load(name)
        except InputError:
            return active
        return shipped if shipped.label == label else active

    async def close(self) -> None:
        """Closes every brain."""
        for brain in self._brains.values():
            await brain.close()
        self._brains.clear()
