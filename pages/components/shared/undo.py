"""Ten seconds to take a deletion back, at the foot of every page."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from coach.bootstrap import Services
from coach.views.bin import UNDO_S, Kind
from pages.components.shared.prose import plain

OFFER = "undo_offer"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be taken back, and since when (monotonic seconds)."""

    kind: Kind
    identity: str
    label: str
    at: float


def put_away(parts: Services, kind: Kind, identity: str, label: str, delete: Callable[[], object]) -> None:
    """Takes a thing out of every list, deletes it in ten seconds, and offers to take that back."""
    parts.bin.put(kind, identity, label, delete)
    st.session_state[OFFER] = Offer(kind, identity, label, time.monotonic())


def undo_bar(parts: Services) -> None:
    """The offer as long as it stands; the bar fades by itself, without another run of the page."""
    for failure in parts.bin.failures():
        st.error(plain(failure), icon=":material/error:")
    offer: Offer | None = st.session_state.get(OFFER)
    if offer is None:
        return
    passed = time.monotonic() - offer.at
    if passed >= UNDO_S:
        del st.session_state[OFFER]
        return
    with st.container(key="jf_undo", horizontal=True, vertical_alignment="center"):
        st.html(f"<style>.st-key-jf_undo {{ animation-delay: -{passed:.1f}s; }}</style>")
        st.markdown(f"Deleted: {plain(offer.label)}")
        st.button(
            "Undo", key=f"undo_{offer.identity}", icon=":material/undo:", on_click=_take_back, args=(parts, offer)
        )


def _take_back(parts: Services, offer: Offer) -> None:
    st.session_state.pop(OFFER, None)
    if parts.bin.take_back(offer.kind, offer.identity):
        st.toast(f"Back again: {plain(offer.label)}", icon=":material/undo:")
    else:
        st.toast("Too late: it is deleted.", icon=":material/delete:")
