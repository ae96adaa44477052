"""Links to pay and to manage a plan, for one person."""

from collections.abc import Sequence

from coach.economics.billing.catalog import overage_key, price_key
from coach.economics.billing.gateway import BillingGateway, Purchase
from coach.economics.plans import Plan, PlanBook, plan_book
from coach.errors import UsageError
from coach.store import SqlStore
from coach.store.repositories import billing


class Checkout:
    """Makes links; blocking. The customer is created once and remembered."""

    def __init__(self, store: SqlStore, gateway: BillingGateway, *, plans: PlanBook | None = None) -> None:
        """`plans` is the plan file in force."""
        self._store = store
        self._gateway = gateway
        self._plans = plans or plan_book()

    def buy(self, user_id: str, plan_id: str, *, success_url: str, cancel_url: str) -> str:
        """The link to buy a pack, subscribe to a tier, or change the tier of a subscription there is.

        Nobody gets a second subscription: Stripe is asked whether there is one, whose change its portal offers, and
        an earlier checkout that is still open in another tab ends.

        Raises:
            UsageError: the plan is not for sale, or not synced to Stripe yet.
            PlanError: there is no such plan.
        """
        plan = self._plans.plan(plan_id)
        if plan.kind == "trial":
            raise UsageError("The free trial needs no payment.")
        customer = self._customer(user_id)
        if plan.kind == "monthly":
            running = self._gateway.running_subscription(customer)
            if running:
                return self._gateway.portal(customer, cancel_url, change=running)
            self._gateway.end_checkouts(customer)
        purchase = Purchase(
            user_id=user_id,
            customer_id=customer,
            plan_id=plan.id,
            subscription=plan.kind == "monthly",
            prices=self._prices(plan),
            success_url=success_url,
            cancel_url=cancel_url,
        )
        return self._gateway.checkout(purchase)

    def manage(self, user_id: str, *, return_url: str) -> str:
        """The link to the customer portal.

        Raises:
            UsageError: this person has never bought anything.
        """
        customer = self._store.run(billing.account_of, user_id).stripe_customer_id
        if customer is None:
            raise UsageError("There is nothing to manage yet: no purchase was made.")
        return self._gateway.portal(customer, return_url)

    def _customer(self, user_id: str) -> str:
        known = self._store.run(billing.account_of, user_id).stripe_customer_id
        if known:
            return known
        made = self._gateway.ensure_customer(user_id)
        self._store.run(billing.change_account, user_id, stripe_customer_id=made)
        return made

    def _prices(self, plan: Plan) -> tuple[tuple[str, int | None], ...]:
        wanted: Sequence[tuple[str, int | None]] = [(price_key(plan), 1)]
        if plan.overage:
            wanted = [*wanted, (overage_key(plan), None)]
        found = {each.key: each.id for each in self._gateway.catalog([]) if each.kind == "price" and each.active}
        missing = [key for key, _ in wanted if key not in found]
        if missing:
            raise UsageError(f"{plan.name} is not at Stripe yet.", mend="Run `python -m coach billing sync`.")
        return tuple((found[key], count) for key, count in wanted)
