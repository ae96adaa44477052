"""The rubric: own criteria, each with what 1, 5 and 10 look like, changed in a dialog and kept in versions."""

from collections.abc import Sequence

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.interview import Attempt, new_id
from coach.errors import CoachError
from coach.lab import coaching
from coach.lab.coaching import Criterion, Rubric
from pages.components.shared import dialogs
from pages.components.shared.prose import plain

DIALOG, DRAFT, SEEN = "rubric", "rubric_draft", "rubric_seen"
FIELDS = {"low": "What 1 looks like", "middle": "What 5 looks like", "high": "What 10 looks like"}


def in_force(parts: Services) -> Rubric | None:
    """The newest version; None before the first, and where the newest has no criteria."""
    history = coaching.rubric_history(parts.store, parts.people.coaches_in())
    return history[0] if history and history[0].criteria else None


def button(parts: Services, author: str) -> None:
    """Opens the editor."""
    st.button("Rubric", icon=":material/checklist:", on_click=_open, args=(parts,), help="Criteria of your own")
    if dialogs.asked(DIALOG):
        _editor(parts, author)


def _open(parts: Services) -> None:
    history = coaching.rubric_history(parts.store, parts.people.coaches_in())
    st.session_state[SEEN] = history[0].version if history else 0
    _draft(history[0].criteria if history else ())
    dialogs.ask(DIALOG, parts.people.coaches_in())


def _draft(criteria: Sequence[Criterion]) -> None:
    """What is in the fields: these criteria, or those to begin with."""
    rows = [criterion.model_dump() for criterion in criteria] or [{"id": new_id(), **row} for row in coaching.starter()]
    st.session_state[DRAFT] = [row["id"] for row in rows]
    for row in rows:
        for name in ("name", *FIELDS):
            st.session_state[_key(row["id"], name)] = row[name]


def _key(criterion_id: str, name: str) -> str:
    return f"rubric-{name}-{criterion_id}"


@st.dialog("Rubric", width="large", on_dismiss=lambda: dialogs.close(DIALOG))
def _editor(parts: Services, author: str) -> None:
    history = coaching.rubric_history(parts.store, parts.people.coaches_in())
    st.caption(
        "What you judge beside the overall score, with examples that keep everybody's scale the same. Every change is "
        "a new version; a review keeps the version it was given with."
    )
    for criterion_id in st.session_state.get(DRAFT, []):
        _criterion(criterion_id)
    with st.container(horizontal=True, gap="small"):
        st.button("Add a criterion", icon=":material/add:", on_click=_add)
        if st.button("Keep as version " + str(st.session_state.get(SEEN, 0) + 1), type="primary"):
            _keep(parts, author)
    _versions(history)


def _criterion(criterion_id: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            name = st.text_input("Criterion", key=_key(criterion_id, "name"), max_chars=60)
            st.button(
                "Remove", key=f"rubric-remove-{criterion_id}", icon=":material/close:", type="tertiary",
                help=f"Remove {name}" if name else None, on_click=_remove, args=(criterion_id,),
            )  # fmt: skip
        for column, (field, title) in zip(st.columns(3), FIELDS.items(), strict=True):
            column.text_area(title, key=_key(criterion_id, field), max_chars=300, height=110)


def _add() -> None:
    st.session_state[DRAFT] = [*st.session_state.get(DRAFT, []), new_id()]


def _remove(criterion_id: str) -> None:
    st.session_state[DRAFT] = [each for each in st.session_state[DRAFT] if each != criterion_id]


def _keep(parts: Services, author: str) -> None:
    state = st.session_state
    rows = [{"id": i, **{n: state.get(_key(i, n), "") for n in ("name", *FIELDS)}} for i in state.get(DRAFT, [])]
    try:
        kept = coaching.keep_rubric(
            parts.store, parts.people.coaches_in(), rows, author=author.strip(), seen=state[SEEN]
        )
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    dialogs.close(DIALOG)
    st.toast(f"Version {kept.version} of the rubric is in force.")
    st.rerun()


def _versions(history: Sequence[Rubric]) -> None:
    if not history:
        return
    with st.expander(f"Versions ({len(history)})"):
        for rubric in history:
            names = ", ".join(criterion.name for criterion in rubric.criteria) or "no criteria"
            by = f", by {rubric.author}" if rubric.author else ""
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    f"Take version {rubric.version}", key=f"rubric-take-{rubric.id}", on_click=_draft,
                    args=(rubric.criteria,), help="Puts its criteria into the fields; keep them to have it in force.",
                )  # fmt: skip
                st.caption(plain(f"{rubric.created_at:%d %b %Y}{by}: {names}"))


def scores(rubric: Rubric | None, attempt: Attempt) -> dict[str, float]:
    """The fields for own criteria; what is left empty is not judged."""
    given: dict[str, float] = {}
    for criterion in rubric.criteria if rubric else ():
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            score = st.number_input(
                criterion.name, 0.0, 10.0, None, 0.5, format="%.1f", key=f"own-{criterion.id}-{attempt.id}",
                placeholder="0 to 10", width=220,
            )  # fmt: skip
            if criterion.anchors:
                st.caption(plain(criterion.anchors))
        given |= {} if score is None else {criterion.id: score}
    return given


def told(rubric: Rubric, given: dict[str, float]) -> str:
    """Scores of a review by the names its rubric version had."""
    named = [f"{c.name} {given[c.id]:.1f}" for c in rubric.criteria if c.id in given]
    return f"{' · '.join(named)} (rubric version {rubric.version})" if named else ""
