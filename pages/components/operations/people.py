"""*People* on Operations: who is what in which organisation, invitations, and what was changed."""

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.people import Role
from coach.errors import CoachError
from coach.views.membership import ROLE_WORDS, Plain
from pages.components.shared import signed_in
from pages.components.shared.prose import plain
from pages.components.shared.told import tried

LINK = "people_link"


def show(parts: Services) -> None:
    """The section, where people have accounts."""
    if signed_in.people() is None:
        return
    st.header("People", anchor=False)
    try:
        places = parts.people.headed()
        if not places:
            st.caption(
                "No organisation yet. `python -m coach user invite --organisation NAME --role operator` makes one."
            )
            return
        names = {str(row["id"]): str(row["name"]) for row in places}
        chosen = next(iter(names))
        if len(names) > 1:
            chosen = st.selectbox(
                "Organisation", list(names), format_func=names.__getitem__, key="people_place", width=420
            )
        _organisation(parts, chosen)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _organisation(parts: Services, place: str) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        _members(parts, place)
    with right:
        _invite(parts, place)
        _open(parts, place)
    with st.expander("What was changed"):
        rows = [
            {"when": row["occurred_at"], "what": row["kind"].replace("_", " ")} | _who(row)
            for row in parts.people.facts()
        ]
        st.dataframe(rows, hide_index=True)


def _who(row: Plain) -> Plain:
    return {"role": row["role"], "whose": row["person_id"], "by": row["by_id"]}


def _members(parts: Services, place: str) -> None:
    rows = parts.people.members(place)
    if not rows:
        st.caption("Nobody yet: make a link and send it to somebody.")
    names = {str(row["person_id"]): str(row["name"]) for row in rows}
    for person, name in names.items():
        held = [Role(row["role"]) for row in rows if row["person_id"] == person]
        key = f"roles-{place}-{person}"

        def change(person: str = person, held: list[Role] = held, key: str = key) -> None:
            _changed(parts, place, person, set(held), {Role(role) for role in st.session_state[key]}, key)

        st.multiselect(
            plain(name),
            [*Role],
            held,
            format_func=ROLE_WORDS.__getitem__,
            key=key,
            on_change=change,
            help=f"Id: {person}. Taking the last role ends the membership, and the consent given here.",
        )


def _changed(parts: Services, place: str, person: str, before: set[Role], after: set[Role], key: str) -> None:
    def change() -> None:
        for role in sorted(after - before):
            parts.people.change_role(place, person, role, give=True)
        for role in sorted(before - after):
            parts.people.change_role(place, person, role, give=False)

    tried(change, key=key)
    if everybody := signed_in.people():
        everybody.forget()


def _invite(parts: Services, place: str) -> None:
    with st.form("people-invite"):
        st.markdown("**Invite somebody**")
        role = st.selectbox("As", [*Role], format_func=ROLE_WORDS.__getitem__)
        days = st.number_input("Days the link lives", 1, 90, 7)
        if st.form_submit_button("Make a link", type="primary"):
            st.session_state[LINK] = parts.people.invite(place, Role(role), days=int(days))
    if secret := st.session_state.pop(LINK, None):
        st.success("Copy the link now: it is good for one person and is not shown again.", icon=":material/link:")
        st.code(f"{signed_in.base_url()}/join/{secret}", language=None)


def _open(parts: Services, place: str) -> None:
    for one in parts.people.open_invitations(place):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{ROLE_WORDS[one.role]}, until {one.expires_at:%d %B %Y}")
            if st.button("Take back", key=f"take-{one.id}", type="tertiary"):
                parts.people.take_back(place, one.id)
                st.rerun()
