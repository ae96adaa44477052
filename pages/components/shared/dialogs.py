"""Which dialog is open, kept in the session so that it outlives reruns until it is answered or dismissed."""

import streamlit as st


def ask(name: str, about: str) -> None:
    """Opens the dialog `name` about something; for a button's `on_click`."""
    st.session_state[f"dialog-{name}"] = about


def asked(name: str) -> str | None:
    """What the dialog `name` is open about; None when it is closed."""
    return st.session_state.get(f"dialog-{name}")


def close(name: str) -> None:
    """Closes it."""
    st.session_state.pop(f"dialog-{name}", None)
