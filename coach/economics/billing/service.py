"""Billing as one part: entitlements, outbox, checkout and webhooks over one store and one gateway."""

import asyncio
import logging
from functools import cached_property

from pydantic import SecretStr

from coach.economics.billing.checkout import Checkout
from coach.economics.billing.entitlements import PlanEntitlements
from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.outbox import Outbox
from coach.economics.billing.webhooks import Webhooks
from coach.economics.plans import PlanBook, plan_book
from coach.errors import CoachError
from coach.store import SqlStore

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 60.0


class Billing:
    """What the application uses of billing when a Stripe key is set."""

    def __init__(
        self,
        store: SqlStore,
        gateway: BillingGateway,
        *,
        secret: SecretStr | None = None,
        plans: PlanBook | None = None,
    ) -> None:
        """`secret` signs webhooks; without it none are taken."""
        book = plans or plan_book()
        self._store, self.gateway, self._secret, self._plans = store, gateway, secret, book
        self.entitlements = PlanEntitlements(store, book)
        self.checkout = Checkout(store, gateway, plans=book)
        self.outbox = Outbox(store, gateway, plans=book)

    @cached_property
    def webhooks(self) -> Webhooks | None:
        """The receiver, when the signing secret is set."""
        if self._secret is None:
            return None
        return Webhooks(self._store, self._secret, gateway=self.gateway, plans=self._plans)

    async def flush_for_ever(self, every_s: float = FLUSH_EVERY_S) -> None:
        """Sends usage as it comes; a failure is logged and tried again, nothing is lost meanwhile."""
        while True:
            try:
                await asyncio.to_thread(self.outbox.flush)
            except CoachError as error:
                log.warning("billing flush: %s", error)
            await asyncio.sleep(every_s)
