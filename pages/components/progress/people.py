"""Whose progress is looked at, where there are several people to look at."""

import streamlit as st

from coach.contracts.asking import asker
from coach.contracts.people import Reach, Role
from coach.views.sessions import Plain
from pages.components.shared import samples
from pages.components.shared.selection import pick


def choose(sessions: list[Plain]) -> str | None:
    """The person chosen, by id; None where all sessions are one person's."""
    names = {str(s["user_id"]): samples.called(str(s["user_id"]), str(s["person"])) for s in sessions}
    if len(names) < 2:
        return None
    ordered = sorted(names, key=lambda user_id: names[user_id].casefold())
    return pick(
        "Person", ordered, identity=str, label=names.__getitem__, key="progress_person", address="person", width=420
    )


def coached() -> bool:
    """Whether a coach looks, who sees everybody who said yes."""
    who = asker()
    return who is not None and who.reach == Reach.COACHED


def practises() -> bool:
    """Whether the person has answers of their own."""
    who = asker()
    return who is None or Role.CANDIDATE in who.roles


def nobody_yet() -> None:
    """What a coach sees before anybody said yes."""
    with st.container(border=True):
        st.header("Nobody to look at yet", anchor=False)
        st.markdown(
            "People you coach decide themselves: under *Who may see my interviews* at the end of *Progress*. "
            "As soon as somebody says yes, you find them here and on *Review*."
        )
