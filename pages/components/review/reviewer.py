"""Who judges: whoever is signed in, else the name that is written down."""

import streamlit as st

from coach.contracts.asking import signed_by
from pages.components.shared import signed_in

LONGEST_NAME = 80


def name(key: str) -> str:
    """The reviewer's name; where people sign in it is theirs, so that nobody judges as somebody else."""
    if signed := signed_in.own_name()[:LONGEST_NAME]:
        st.text_input("Your name", signed, key=f"{key}-signed-in", disabled=True, width=220)
        return signed
    return st.text_input("Your name", max_chars=LONGEST_NAME, key=key, width=220).strip()


def identity() -> str | None:
    """Who judges, whatever they are called; None where nobody signs in."""
    return signed_by()
