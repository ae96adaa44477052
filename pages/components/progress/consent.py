"""*Who may see my interviews*: the word given to an organisation's coaches and to the prompt lab, with its date."""

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import asker
from coach.contracts.people import Role
from coach.errors import CoachError
from coach.views.membership import Place
from pages.components.shared.clock import here
from pages.components.shared.prose import plain
from pages.components.shared.told import tried


def show(parts: Services) -> None:
    """The switches, where people have accounts and the person practises."""
    who = asker()
    if who is None or Role.CANDIDATE not in who.roles:
        return
    st.header("Who may see my interviews", anchor=False)
    st.caption("Nobody, unless you say so here. What you take back is hidden at once; what coaches wrote stays yours.")
    try:
        for place in parts.people.own_places():
            _switch(parts, place)
        _lab(parts)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _switch(parts: Services, place: Place) -> None:
    key = f"consent-{place.id}"

    def change() -> None:
        tried(lambda: parts.people.let_see(place.id, bool(st.session_state[key])), key=key)

    st.toggle(f"The coaches of {plain(place.name)}", value=place.seen, key=key, on_change=change)
    if place.consent is not None:
        given, taken = place.consent.given_at, place.consent.revoked_at
        said = f"Taken back on {here(taken):%d %B %Y, %H:%M}" if taken else f"Since {here(given):%d %B %Y, %H:%M}"
        st.caption(said)


def _lab(parts: Services) -> None:
    key = "consent-lab"

    def change() -> None:
        tried(lambda: parts.people.let_replay(bool(st.session_state[key])), key=key)

    st.toggle("My answers may be replayed in the Prompt lab", value=parts.people.in_lab(), key=key, on_change=change)
