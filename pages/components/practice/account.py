"""The plan of the person practising: what is left, what can be bought, and the switch for paid extras."""

from collections.abc import Callable
from urllib.parse import urljoin

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import own_id
from coach.economics.billing.account import AccountView, Offer, account_view, agree_to_extras
from coach.economics.billing.checkout import Checkout
from coach.economics.money import format_usd
from coach.errors import CoachError
from pages.components.shared.prose import plain
from pages.components.shared.told import tried

LINK, AGREED = "account_link", "account_overage"


def account_panel(parts: Services, *, unfold: bool) -> None:
    """Shows the plan where billing is set up, else nothing; `unfold` when an offer was just made."""
    if parts.billing is None:
        return
    try:
        view = account_view(parts.store, own_id())
    except CoachError as error:
        st.error(plain(str(error)))
        return
    with st.container(key="jf_account"), st.expander(_title(view), expanded=unfold or LINK in st.session_state):
        _standing(view)
        _link()
        _offers(parts.billing.checkout, view)
        _extras(parts, view)


def _title(view: AccountView) -> str:
    left = "1 interview left" if view.left == 1 else f"{view.left} interviews left"
    return f"Your plan: **{view.name}**, {left}"


def _standing(view: AccountView) -> None:
    st.progress(min(1.0, view.used / view.included), text=f"{view.used} of {view.included} interviews used")
    retries = view.retries_per_interview
    facts = [f"{retries} {'retry' if retries == 1 else 'retries'} after feedback in each; starting over is free"]
    if view.avatar_minutes_left is not None:
        facts.append(f"{view.avatar_minutes_left} avatar minutes left")
    if view.until:
        word = "renews" if view.kind == "monthly" else "valid until"
        facts.append(f"{word} {view.until:%d %B %Y}")
    st.caption(" · ".join(facts))
    if view.left == 0 and view.light_left:
        st.info(f"{view.light_left} more in the light mode: drawn coach, shorter rewrite.")
    elif view.left == 0:
        st.warning("All interviews are used. Buy credits or choose a plan to go on; nothing you did is lost.")
    if view.payment_failed:
        st.warning("The last payment failed; please check your card under *Manage subscription*.")


def _link() -> None:
    """The way to Stripe, made when it was asked for; leaving the page is the person's own click."""
    if LINK in st.session_state:
        label, url = st.session_state[LINK]
        st.link_button(label, url, type="primary", icon=":material/open_in_new:")


def _offers(checkout: Checkout, view: AccountView) -> None:
    for title, offers, verb in (("Buy credits", view.credits, "Buy"), ("Choose a plan", view.tiers, "Choose")):
        if not offers:
            continue
        st.markdown(f"**{title}**")
        for column, offer in zip(st.columns(3), offers, strict=False):
            with column.container(border=True):
                st.markdown(f"{offer.name}  \n:small[{offer.text}]".replace("$", "\\$"))
                st.button(f"{verb} {offer.name}", key=f"buy_{offer.plan_id}", on_click=_buy, args=(checkout, offer))
    if view.manageable:
        st.button("Manage subscription", key="account_manage", on_click=_manage, args=(checkout,))


def _extras(parts: Services, view: AccountView) -> None:
    if view.overage_price is None:
        return
    price = format_usd(view.overage_price).replace("$", "\\$")

    def agree() -> None:
        tried(lambda: agree_to_extras(parts.store, own_id(), agreed=bool(st.session_state[AGREED])), key=AGREED)

    st.toggle(
        f"Extra retries at {price} each when the included ones are used",
        value=view.overage_agreed,
        key=AGREED,
        on_change=agree,
    )


def _buy(checkout: Checkout, offer: Offer) -> None:
    page = _page()
    _keep(
        f"Pay for {offer.name} at Stripe",
        lambda: checkout.buy(own_id(), offer.plan_id, success_url=page, cancel_url=page),
    )


def _manage(checkout: Checkout) -> None:
    _keep("Open the customer portal at Stripe", lambda: checkout.manage(own_id(), return_url=_page()))


def _keep(label: str, make: Callable[[], str]) -> None:
    st.session_state.pop(LINK, None)
    try:
        st.session_state[LINK] = (label, make())
    except CoachError as error:
        st.error(plain(str(error)))


def _page() -> str:
    """Where Stripe sends the person back to."""
    return urljoin(st.context.url or "http://localhost:8501/", "practice")
