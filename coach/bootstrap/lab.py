"""The prompt lab."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.brain import build_batch, build_brain, build_score_judge, chosen_brain
from coach.bootstrap.store import StoreParts

if TYPE_CHECKING:
    from coach.contracts.alert_message import Tell
    from coach.lab.service import Lab
    from coach.lab.watch.alarms import WatchChecked
    from coach.lab.watch.desk import BundleWatch


class LabParts(StoreParts):
    """Where bundles are compared before one judges."""

    @cached_property
    def lab(self) -> Lab:
        """The prompt lab."""
        from coach.economics.ledger import price_what_can_be
        from coach.lab.runs.workspace import Workspace
        from coach.lab.service import Lab

        return Lab(
            workspace=Workspace(self.settings.coach_home / "lab"),
            store=self.store,
            make_brain=lambda variant, bundle: build_brain(self.settings, bundle, variant.brain, on_usage=self.usage),
            price=lambda events: price_what_can_be(events, self.price_book)[0],
            meter=self.usage,
            default_model=self.settings.coach_openai_model,
            default_brain=self.brain_name or chosen_brain(self.settings),
            make_batch=lambda variant, bundle: build_batch(self.settings, bundle),
            make_score_judge=lambda used: build_score_judge(self.settings, on_usage=used),
        )

    @cached_property
    def watch(self) -> BundleWatch:
        """Bundles in use, day by day.

        Raises:
            SettingsError: the rules cannot be used.
        """
        from coach.lab.watch.desk import BundleWatch
        from coach.lab.watch.rules import watch_rules

        settings = self.settings
        return BundleWatch(
            self.store,
            self.lab.workspace,
            watch_rules(settings.coach_watch_file),
            email=settings.coach_watch_email,
            webhook=settings.coach_watch_webhook,
        )

    def check_watch(self, tell: Tell) -> WatchChecked:
        """Raises and tells what became worse, unless another process is about it; blocking.

        Raises:
            StoreError: the database does not answer.
            SettingsError: the rules cannot be used.
        """
        from coach.lab.watch.alarms import WatchChecked
        from coach.store.engine.alone import alone

        with alone(self.store.database, "watch") as mine:
            return self.watch.check(tell) if mine else WatchChecked(raised=0, told=0, failed=0)
