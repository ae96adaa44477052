"""*People* on Operations: who is what in which organisation, invitations, and what was changed."""

from collections.abc import Collection, Mapping

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.people import Role
from coach.errors import CoachError
from coach.views.membership import ROLE_WORDS, Plain
from pages.components.shared import dialogs, signed_in
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, unique_labels
from pages.components.shared.told import tried

WHEN = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")
LINK, LAST = "people_link", "people-last-role"


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
        chosen = places[0]
        if len(places) > 1:
            chosen = pick(
                "Organisation", places, identity=lambda row: str(row["id"]), label=lambda row: str(row["name"]),
                key="people_place", address="place", width=420,
            ) or chosen  # fmt: skip
        _organisation(parts, str(chosen["id"]))
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
        names = {str(row["person_id"]): str(row["name"]) for row in parts.people.members(place)}
        rows = [
            {"when": row["occurred_at"], "what": row["kind"].replace("_", " ")} | _who(row, names)
            for row in parts.people.facts()
        ]
        st.dataframe(rows, hide_index=True, column_config={"when": WHEN})


def _who(row: Plain, names: Mapping[str, str]) -> Plain:
    """Whoever is a member by name, whoever is none (any more) by id."""
    role = ROLE_WORDS[Role(row["role"])] if row["role"] else ""
    return {"role": role} | {
        title: names.get(str(row[key]), row[key]) for title, key in (("whose", "person_id"), ("by", "by_id"))
    }


def _members(parts: Services, place: str) -> None:
    rows = parts.people.members(place)
    if not rows:
        st.caption("Nobody yet: make a link and send it to somebody.")
    names = unique_labels({str(row["person_id"]): str(row["name"]) for row in rows})
    for person, name in names.items():
        held = [Role(row["role"]) for row in rows if row["person_id"] == person]
        key = f"roles-{place}-{person}"
        st.session_state[key] = held  # what stands, also where another tab changed it
        st.pills(
            plain(name),
            [*Role],
            selection_mode="multi",
            format_func=ROLE_WORDS.__getitem__,
            key=key,
            on_change=_changed,
            args=(parts, place, person, held),
            help=f"A click gives a role or takes it. Id: {person}.",
        )
    leaving = dialogs.asked(LAST)
    if leaving in names:
        _last(parts, place, leaving, names[leaving], [Role(r["role"]) for r in rows if r["person_id"] == leaving])


def _changed(parts: Services, place: str, person: str, held: list[Role]) -> None:
    """What was shown against what is chosen now; the last role is asked about first."""
    before, after = set(held), {Role(role) for role in st.session_state[f"roles-{place}-{person}"]}
    if not after:
        dialogs.ask(LAST, person)
        return
    _change(parts, place, person, give=after - before, take=before - after)


def _change(
    parts: Services, place: str, person: str, *, give: Collection[Role] = (), take: Collection[Role] = ()
) -> None:
    def change() -> None:
        for role in sorted(give):
            parts.people.change_role(place, person, role, give=True)
        for role in sorted(take):
            parts.people.change_role(place, person, role, give=False)

    tried(change)
    if everybody := signed_in.people():
        everybody.forget()


@st.dialog("End the membership?", on_dismiss=lambda: dialogs.close(LAST))
def _last(parts: Services, place: str, person: str, name: str, held: list[Role]) -> None:
    st.markdown(
        f"It is the last role of **{plain(name)}**. Without one they are no member any more, and their consent to "
        "coaches of this organisation ends; both take a new invitation to come back."
    )
    with st.container(horizontal=True, gap="small"):
        ends = st.button("End the membership", key="people-end", type="primary")
        stays = st.button("Keep it", key="people-keep")
    if ends:
        _change(parts, place, person, take=held)
    if ends or stays:
        dialogs.close(LAST)
        st.rerun()


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
            made = f"{one.created_at:%-d %B, %H:%M}"
            st.caption(f"{ROLE_WORDS[one.role]}, made {made} UTC, until {one.expires_at:%-d %B %Y} · #{one.id[-6:]}")
            if st.button("Take back", key=f"take-{one.id}", type="tertiary"):
                parts.people.take_back(place, one.id)
                st.rerun()
