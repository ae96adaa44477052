"""*Export everything of mine*, *Delete everything of mine*."""

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import own_id
from coach.errors import CoachError
from pages.components.shared import dialogs, receipt
from pages.components.shared.prose import plain

READY = "own_data_file"
WORD = "delete"


def show(parts: Services) -> None:
    """Both, at the end of the page."""
    st.header("Everything of yours", anchor=False)
    receipt.show()
    st.caption(
        "Interviews, recordings, stories, jobs, resumes, reviews of your answers and their copies in the Prompt lab. "
        "Take it with you as one file, or have all of it deleted, copies of the database included."
    )
    with st.container(horizontal=True, gap="small"):
        _export(parts)
        st.button(
            "Delete everything of mine", icon=":material/delete_forever:", on_click=dialogs.ask,
            args=("delete-everything", own_id()),
        )  # fmt: skip
    if dialogs.asked("delete-everything"):
        _confirm(parts)


def _export(parts: Services) -> None:
    if st.button("Export everything of mine", icon=":material/folder_zip:"):
        try:
            with st.spinner("Gathering interviews, recordings and stories…"):
                st.session_state[READY] = parts.hand_over_everything()
        except CoachError as error:
            st.error(plain(str(error)), icon=":material/error:")
    if ready := st.session_state.get(READY):
        st.link_button(
            f"Save the file ({ready.size_bytes / 1e6:.1f} MB)", ready.url, icon=":material/download:", type="primary"
        )
        st.caption("It waits for an hour.")


@st.dialog("Delete everything of yours?", on_dismiss=lambda: dialogs.close("delete-everything"))
def _confirm(parts: Services) -> None:
    st.markdown(
        "Every interview, recording, story, job and resume goes **for good**; so do their copies in the Prompt lab and "
        "in the copies of the database. This cannot be undone: export first if you may want any of it."
    )
    typed = st.text_input(f"Type *{WORD}* to confirm", key="own_data_word")
    if st.button("Delete everything", type="primary"):
        if typed.strip().lower() != WORD:
            st.error(f"Nothing was deleted yet: type *{WORD}* into the field first.", icon=":material/keyboard:")
            return
        try:
            with st.spinner("Deleting…"):
                gone = parts.delete_person(own_id())
        except CoachError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        receipt.keep(gone.model_dump_json(indent=2))
        st.session_state.pop(READY, None)
        dialogs.close("delete-everything")
        st.rerun()
