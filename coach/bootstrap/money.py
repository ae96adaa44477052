"""Plans and payment."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.store import StoreParts

if TYPE_CHECKING:
    from coach.economics.billing.service import Billing


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
