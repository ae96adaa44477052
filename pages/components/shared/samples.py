"""Sample people beside one's own: left out of every figure, shown on a switch, taken out on request."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

import streamlit as st

from coach.bootstrap import Services

SWITCH = "show_samples"


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


def switch(parts: Services, *, there: bool) -> bool:
    """The switch where there is sample content, and the button that removes it; whether samples are to be shown."""
    if not there:
        return False
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        on = st.toggle(
            "Show sample people", key=SWITCH, help="Invented people, to see this page after a few weeks of practice."
        )
        if on and st.button("Remove samples", type="tertiary"):
            parts.remove_samples()
            st.session_state.pop(SWITCH, None)
            st.rerun()
    return on
