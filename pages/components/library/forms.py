"""The form of a story, and the question before it goes."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services
from coach.errors import CoachError
from coach.views.library import JobDescription, StarStory
from coach.views.materials import PARTS
from pages.components.library.card import name_of
from pages.components.shared import dialogs
from pages.components.shared.prose import plain
from pages.components.shared.selection import unique_labels
from pages.components.shared.undo import put_away

NEW = "new"


def open_dialog(parts: Services, stories: list[StarStory], jobs: dict[str, JobDescription]) -> None:
    """The form or question that is open, if any."""
    by_id = {NEW: StarStory(title="")} | {story.id: story for story in stories}
    if (story := by_id.get(dialogs.asked("edit") or "")) is not None:
        edit(parts, story, jobs)
    elif (story := by_id.get(dialogs.asked("delete") or "")) is not None:
        confirm_delete(parts, story)


@st.dialog("Story", width="large", dismissible=False)
def edit(parts: Services, story: StarStory, jobs: dict[str, JobDescription]) -> None:
    """A form for all texts of a story and the job it is linked to; a click beside it loses nothing that was written."""
    with st.form("story", border=False):
        changed: dict[str, str | None] = {
            "title": st.text_input("Title", story.title, max_chars=80),
            "category": st.text_input("Tags", story.category, max_chars=40, placeholder="conflict, leadership"),
            "polished_answer": st.text_area("Polished answer", story.polished_answer, height=160),
        }
        for part in PARTS:
            changed[part] = st.text_area(part.capitalize(), getattr(story, part), height=80)
        names = {"": "No job", **unique_labels({key: name_of(jobs, key) for key in jobs})}
        at = list(names).index(story.job_description_id) if story.job_description_id in names else 0
        linked = st.selectbox("Job", list(names), index=at, format_func=lambda key: names.get(key, key))
        changed["job_description_id"] = linked or None
        with st.container(horizontal=True, gap="small"):
            save = st.form_submit_button("Save", type="primary")
            cancel = st.form_submit_button("Cancel")
    if cancel:
        dialogs.close("edit")
        st.rerun()
    if not save:
        return
    if not (changed["title"] or "").strip():
        st.error("A story needs a title.")
        return
    try:
        parts.library.change_story(story, **changed)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    dialogs.close("edit")
    st.rerun()


@st.dialog("Delete this story?", on_dismiss=lambda: dialogs.close("delete"))
def confirm_delete(parts: Services, story: StarStory) -> None:
    """Asks once, then deletes."""
    st.markdown(f"**{plain(story.title)}** goes for good; you have ten seconds to take it back.")
    if st.button("Delete for good", type="primary"):
        put_away(parts, "story", story.id, story.title, partial(parts.library.delete_story, story.id))
        dialogs.close("delete")
        st.rerun()
