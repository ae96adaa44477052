"""Brain, bundles and judges of one process."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.brain import build_brain, build_pair_judge, chosen_brain
from coach.bootstrap.store import StoreParts
from coach.errors import SettingsError

if TYPE_CHECKING:
    from coach.brain.offline.judge_pool import JudgePool
    from coach.brain.openai.local import LocalModel
    from coach.brain.openai.pair_judge import OpenAIPairJudge
    from coach.brain.port import Brain
    from coach.brain.prompts.bundle import PromptBundle
    from coach.lab.serving import LiveBundles


class BrainParts(StoreParts):
    """Who judges, by which bundle, and the judges apart from this process."""

    @cached_property
    def judges(self) -> JudgePool | None:
        """Processes that judge apart from this one; None where `serves` is false."""
        if not self.serves:
            return None
        from coach.brain.offline.judge_pool import JudgePool

        return JudgePool()

    @cached_property
    def readers(self) -> JudgePool | None:
        """One process that reads long answers, so that none waits for them but they; None where `serves` is false."""
        if not self.serves:
            return None
        from coach.brain.offline.judge_pool import JudgePool

        return JudgePool(workers=1)

    def brain_for(self, bundle: PromptBundle, name: str = "") -> Brain:
        """The brain called `name`, or the one in force, judging by `bundle`; metered. Close it when done."""
        return build_brain(self.settings, bundle, name or self.brain_name, judges=self.judges, on_usage=self.usage)

    def interviewing_brain(self, bundle: PromptBundle, name: str = "") -> Brain:
        """The same for people in an interview: where a model on this computer fails, the offline coach stands in."""
        brain = self.brain_for(bundle, name)
        if brain.name == "local":
            from coach.brain.openai.brain import OpenAIBrain  # a second of loading the offline coach does without

            assert isinstance(brain, OpenAIBrain)
            brain.stand_in = self.brain_for(bundle, "offline")
        return brain

    @cached_property
    def brain(self) -> Brain:
        """Who judges."""
        return self.interviewing_brain(self.bundle)

    @cached_property
    def retired_brains(self) -> list[Brain]:
        """Brains that interviews under way may still be judged by; closed with the rest."""
        return []

    def coached_by(self, model: LocalModel | None) -> None:
        """Remembers that `model` coaches, None for the offline coach again; the next interview is judged by it.

        Interviews that run keep who judges them; other processes follow when they start.

        Raises:
            SettingsError: a setting or a key already says who coaches.
        """
        from coach.brain.openai.local import remember

        if self.brain_name or chosen_brain(self.settings) not in ("offline", "local"):
            raise SettingsError("A setting says who coaches.", mend="Set COACH_BRAIN=auto and no OPENAI_API_KEY.")
        with self._lock:
            remember(self.settings.coach_home, model)
            if known := self.__dict__.pop("brain", None):
                self.retired_brains.append(known)
            if "bundles" in self.__dict__:
                self.bundles.renew()

    @cached_property
    def bundles(self) -> LiveBundles:
        """Which bundle judges which interview."""
        from coach.lab.promotion import Promotions
        from coach.lab.serving import LiveBundles

        return LiveBundles(
            Promotions(self.store),
            self.interviewing_brain,
            lean_model=self.settings.lean_model,
        )

    @cached_property
    def pair_judge(self) -> OpenAIPairJudge:
        """The configured model as judge of two evaluations.

        Raises:
            SettingsError: the key is missing.
        """
        return build_pair_judge(self.settings, on_usage=self.usage)
