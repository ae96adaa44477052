"""Interviews taken from plans, and giving one back after its answer was lost."""

from typing import Any

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.economics.billing.giving_back import GivenBack
from coach.errors import CoachError
from pages.components.shared import dialogs
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

DIALOG, TOLD = "give-back", "given-back-told"
SHOWN = ["taken", "person", "plan", "state", "interview"]


def show(parts: Services) -> None:
    """The interviews, one of which can be given back."""
    st.header("Interviews taken from plans", anchor=False)
    try:
        rows = parts.taken_interviews()
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    if told := st.session_state.pop(TOLD, ""):
        st.success(told, icon=":material/undo:")
    if not rows:
        st.caption("No interview was taken from a plan yet. Once plans are sold, a lost answer is given back here.")
        return
    frame = pd.DataFrame(
        [
            dict(zip(SHOWN, (r["reserved_at"], r["user_id"], r["plan_id"], r["state"], r["interview_id"]), strict=True))
            for r in rows
        ]
    )
    st.dataframe(frame, hide_index=True)
    chosen = pick(
        "Interview to give back", rows, identity=lambda r: str(r["interview_id"]), label=_label, key="give-back-pick"
    )
    if chosen is None:
        return
    words = "Give back what Stripe still has of it" if chosen["state"] == "given back" else "Give this interview back"
    st.button(words, icon=":material/undo:", on_click=dialogs.ask, args=(DIALOG, chosen["interview_id"]))
    about = next((row for row in rows if row["interview_id"] == dialogs.asked(DIALOG)), None)
    if about:
        _confirm(parts, about)


@st.dialog("Give this interview back?", on_dismiss=lambda: dialogs.close(DIALOG))
def _confirm(parts: Services, row: dict[str, Any]) -> None:
    st.markdown(f"{plain(_label(row))}")
    st.markdown(
        "The person may have it again, extra retries of it are not charged, and what Stripe was told is cancelled or "
        "credited. What vendors were paid stays in the ledger."
    )
    if not st.button("Give back", type="primary", icon=":material/undo:"):
        return
    try:
        st.session_state[TOLD] = said(parts.give_back(row["interview_id"]))
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    dialogs.close(DIALOG)
    st.rerun()


def said(done: GivenBack) -> str:
    """What giving back did, in a sentence."""
    first = "The interview is free again." if done.interview else "It had been given back before."
    counts = {
        "not charged": done.withdrawn,
        "cancelled at Stripe": done.cancelled,
        "credited by Stripe": done.credited,
        "still waiting for Stripe: repeat it later": done.waiting_for_stripe,
    }
    rest = "; ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{first} {rest[:1].upper()}{rest[1:]}." if rest else first


def _label(row: dict[str, Any]) -> str:
    return f"{row['reserved_at']:%-d %b %Y %H:%M} · {row['user_id']} · {row['plan_id']} · {row['state']}"
