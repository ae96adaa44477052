"""A long text that is edited here and kept elsewhere: what was kept elsewhere meanwhile is never written over unseen.

The field keeps what is typed (`key` in the session); beside it stands the text it began with, and what its author was
told to stand there by now. A field nobody typed into follows what is kept. What was typed waits for its author while
another page is looked at: Streamlit forgets a field that it does not draw.
"""

import streamlit as st


def begin(key: str, kept: str) -> bool:
    """To be called before the field is drawn, with the text as it is kept now.

    Returns:
        Whether somebody changed the text since its author began to write; they are to be told. Whoever saves in a later
        run was told, and keeps their own on purpose.
    """
    state = st.session_state
    began, typed = state.get(_began(key)), state.get(key, state.get(_typed(key)))
    if began is None or typed is None or (typed == began and kept != began):
        done(key)
        state[key], state[_began(key)] = kept, kept
        return False
    state[key] = state[_typed(key)] = typed
    state[_seen(key)] = state.get(_told(key), began)
    if began != kept:
        state[_told(key)] = kept
    return bool(began != kept)


def seen(key: str) -> str:
    """The kept text that whoever saves now has looked at."""
    return str(st.session_state.get(_seen(key), st.session_state.get(_began(key), "")))


def done(key: str) -> None:
    """What was typed is kept; the field begins anew with that."""
    for name in (_began(key), _seen(key), _told(key), _typed(key)):
        st.session_state.pop(name, None)


def _began(key: str) -> str:
    return f"{key}-began"


def _typed(key: str) -> str:
    return f"{key}-typed"


def _seen(key: str) -> str:
    return f"{key}-seen"


def _told(key: str) -> str:
    return f"{key}-told"
