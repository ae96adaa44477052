"""Choosing one of many things on a page: by identity, never by label.

A browser sends back the label of what was chosen, so two rows of one label would be one. Labels are made unique here,
and the choice stands in the page's address, where a link, a reload and the browser's way back find it again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components.shared.prose import plain

TAIL = 6
Row = TypeVar("Row")


def unique_labels(labels: dict[str, str]) -> dict[str, str]:
    """The labels by id; those that stand more than once get the end of their id, as long as it takes to differ."""
    often = Counter(labels.values())
    twins = {key for key, label in labels.items() if often[label] > 1}
    size = next((n for n in range(TAIL, 65) if len({key[-n:] for key in twins}) == len(twins)), 64)
    return {key: f"{label} · #{key[-size:]}" if key in twins else label for key, label in labels.items()}


def hold(*keys: str) -> None:
    """Keeps the choices of these keys in a run that does not show them; Streamlit forgets what it did not draw."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def pick(
    title: str,
    rows: Iterable[Row],
    *,
    identity: Callable[[Row], str],
    label: Callable[[Row], str],
    key: str,
    address: str = "",
    first: str = "",
    none: str = "",
    as_buttons: bool = False,
    width: int | Literal["stretch"] = "stretch",
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> Row | None:
    """The row the person chose; None when there is no row, or `none` was chosen.

    `address` names the parameter of the page's address that holds the choice. `first` is the id that is chosen at
    first; while it is, the address says nothing. `none` is the label of choosing nothing. `as_buttons` shows them side
    by side, for a few rows.
    """
    by_id = {identity(row): row for row in rows}
    names = unique_labels({i: label(row) for i, row in by_id.items()})
    if none:
        names = {"": none, **names}
    if not names:
        return None
    begin(key, list(names), address=address, first=first)
    chosen = _choice(title, names, key, width, label_visibility, as_buttons=as_buttons)
    if address:
        _remember(address, "" if chosen == first else chosen or "")
    return by_id.get(chosen or "")


def pick_name(title: str, names: Sequence[str], *, key: str, address: str, first: str) -> str:
    """One of several names that are their own ids, `first` unless the address or the person says another."""
    return pick(title, names, identity=str, label=str, key=key, address=address, first=first) or first


def _choice(
    title: str,
    names: dict[str, str],
    key: str,
    width: int | Literal["stretch"],
    label_visibility: Literal["visible", "hidden", "collapsed"],
    *,
    as_buttons: bool,
) -> str | None:
    if as_buttons:
        return st.segmented_control(
            title,
            list(names),
            format_func=lambda i: plain(names.get(i, i) or ""),
            key=key,
            required=True,
            label_visibility=label_visibility,
        )
    return st.selectbox(
        title,
        list(names),
        format_func=lambda i: names.get(i, i),
        key=key,
        width=width,
        label_visibility=label_visibility,
    )


def begin(key: str, ids: Sequence[str], *, address: str = "", first: str = "") -> str:
    """Which of `ids` is chosen: what the person chose; before anybody did, when it has gone, and on the browser's way
    back, what the address says, else `first`, else the first of all. To be asked before the choice is drawn.
    """
    if st.session_state.get(key) not in ids or (address and on_the_way_back()):
        wished = st.query_params.get(address, "") if address else ""
        st.session_state[key] = next((i for i in (wished, first) if i in ids), ids[0])
    return str(st.session_state[key])


def on_the_way_back() -> bool:
    """Whether this run came of the browser's back or forward: widgets keep what they had, the address knows better."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def _remember(address: str, chosen: str) -> None:
    if not chosen:
        st.query_params.pop(address, None)
    elif st.query_params.get(address) != chosen:
        st.query_params[address] = chosen
