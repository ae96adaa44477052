"""Sample people beside one's own: left out of every figure, shown on a switch, taken out on request."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import own_id
from coach.contracts.people import OWNER
from pages.components.shared.undo import put_away

SWITCH = "show_samples"
OWNER_SAMPLE = "Robin Vale (sample)"
"""Who the small sample shows under the owner's own id."""


class Marked(Protocol):
    """What may be sample content."""

    @property
    def is_sample(self) -> bool:
        """Whether it belongs to an invented person."""


Thing = TypeVar("Thing", bound=Marked)


def mine_or_samples(things: Iterable[Thing]) -> list[Thing]:
    """One's own things; the samples instead while the switch is on, never both together."""
    return [thing for thing in things if bool(thing.is_sample) == shown()]


def shown() -> bool:
    """Whether the person asked to see the sample people."""
    return bool(st.session_state.get(SWITCH, False))


def called(user_id: str, name: str) -> str:
    """What somebody is called here: oneself is *You*; an invented person in the owner's place has a name."""
    if user_id == OWNER and shown():
        return OWNER_SAMPLE
    return "You" if user_id == own_id() else name or user_id


def switch(parts: Services, *, there: bool) -> bool:
    """The switch where there is sample content, and the button that removes it; whether samples are to be shown."""
    if not there or parts.bin.holds("samples"):
        return False
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        on = st.toggle(
            "Show sample people",
            key=SWITCH,
            bind="query-params",
            help="Invented people, to see this page after a few weeks of practice.",
        )
        if on:
            st.button("Remove samples", type="tertiary", on_click=_remove, args=(parts,))
    return on


def _remove(parts: Services) -> None:
    """Out of sight at once, gone in ten seconds."""
    put_away(parts, "samples", "all", "the sample people", parts.remove_samples)
    st.session_state[SWITCH] = False
