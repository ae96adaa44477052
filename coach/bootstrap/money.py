"""Plans and payment."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.store import StoreParts
from coach.contracts.asking import as_program
from coach.contracts.people import Reach
from coach.errors import NotFoundError

if TYPE_CHECKING:
    from coach.contracts.alert_message import Tell
    from coach.economics.billing.giving_back import GivenBack
    from coach.economics.billing.service import Billing
    from coach.economics.budgets import Budgets, Checked


class MoneyParts(StoreParts):
    """What a customer's plan allows, and who is told what was used."""

    @cached_property
    def billing(self) -> Billing | None:
        """Plans, outbox and webhooks; None without a Stripe key: everything is included then."""
        if self.settings.stripe_api_key is None:
            return None
        from coach.economics.billing.service import Billing
        from coach.economics.billing.stripe_gateway import StripeGateway

        gateway = StripeGateway(self.settings.stripe_api_key, self.settings.stripe_base_url)
        return Billing(self.store, gateway, secret=self.settings.stripe_webhook_secret)

    @cached_property
    def alarm(self) -> Tell:
        """How an operator is told of what was raised."""
        from coach.economics.messenger import Messenger

        settings = self.settings
        url = settings.coach_smtp_url
        return Messenger(
            url.get_secret_value() if url else "",
            settings.coach_mail_from,
            inside=settings.coach_webhooks_inside,
            trusted=[settings.coach_watch_webhook],
        )

    def check_budgets(self) -> Checked:
        """Raises and tells what is due, unless another process is about it; blocking.

        Raises:
            StoreError: the database does not answer.
        """
        from coach.economics.budgets import Checked, check
        from coach.store.engine.alone import alone

        with alone(self.store.database, "budgets") as mine:
            return check(self.store, self.alarm) if mine else Checked(raised=0, told=0, failed=0)

    @property
    def budgets(self) -> Budgets:
        """The budgets as pages and commands change them."""
        from coach.economics.budgets import Budgets

        return Budgets(self.store, inside=self.settings.coach_webhooks_inside)

    def taken_interviews(self) -> list[dict[str, object]]:
        """Interviews taken from plans, newest first: whose, which plan, when, and whether given back."""
        from coach.store.repositories import uses

        return self.store.run(uses.taken_interviews)

    def give_back(self, interview_id: str) -> GivenBack:
        """Gives a lost interview back: its credit, and what was billed; blocking, safe to repeat.

        Raises:
            NotFoundError: no interview of this id was taken from a plan.
            VendorError: Stripe failed; the interview is given back, repeat it for the rest.
        """
        from coach.economics.billing.giving_back import give_back

        if interview_id not in {row["interview_id"] for row in self.taken_interviews()}:
            raise NotFoundError("No interview of this id was taken from a plan.")
        with as_program(reach=Reach.OPERATIONS):
            return give_back(self.store, interview_id, self.billing.gateway if self.billing else None)
