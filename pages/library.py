"""Library: the person's STAR stories, to be read ten minutes before the interview. Content only, no scores."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services, services
from coach.documents.writer import as_pdf
from coach.errors import CoachError
from coach.views.library import JobDescription, StarStory
from coach.views.materials import PARTS, cheat_sheet
from pages.components.library import cheat
from pages.components.library.card import card, name_of
from pages.components.library.tags import tagged
from pages.components.shared import dialogs, preview, samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, unique_labels
from pages.components.shared.undo import put_away

NEW = "new"
VIEWS = ["Stories", "Cheat sheet"]


def main() -> None:
    """The page; whatever fails is told."""
    st.title("Library")
    try:
        show(services())
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")


def show(parts: Services) -> None:
    """The page from top to bottom."""
    jobs = {job.id: job for job in parts.library.jobs()}
    kept = parts.library.stories()
    samples.switch(parts, there=any(story.is_sample for story in kept))
    everything = samples.mine_or_samples(kept)
    open_dialog(parts, everything, jobs)
    if not everything:
        empty()
        return
    st.caption("Your best answers, polished. Read them ten minutes before the real interview.")
    if not (shown := find(parts, jobs, everything)):
        st.info("No story matches. Try fewer or other words.")
        return
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], key="library_view", bind="query-params", label_visibility="collapsed"
    )
    if view == VIEWS[1]:
        cheat.show(shown)
        return
    st.query_params.pop(cheat.ADDRESS, None)
    columns = st.columns(2, gap="medium") if len(shown) > 1 else [st.container()]
    for position, story in enumerate(shown):
        with columns[position % len(columns)]:
            card(story, jobs)


def open_dialog(parts: Services, stories: list[StarStory], jobs: dict[str, JobDescription]) -> None:
    """The form or question that is open, if any."""
    by_id = {NEW: StarStory(title="")} | {story.id: story for story in stories}
    if (story := by_id.get(dialogs.asked("edit") or "")) is not None:
        edit(parts, story, jobs)
    elif (story := by_id.get(dialogs.asked("delete") or "")) is not None:
        confirm_delete(parts, story)


def empty() -> None:
    """What there is to do when no story was saved yet."""
    with st.container(border=True):
        st.header("No stories yet", anchor=False)
        st.markdown(
            "When an answer on the *Practice* page went well, press **Save to library** under its polished version. "
            "It waits for you here, with the coach's notes, ready to copy."
        )
        with st.container(horizontal=True):
            if st.button("Start practising", type="primary"):
                st.switch_page("practice.py")
            st.button("Write a story", on_click=dialogs.ask, args=("edit", NEW))
        preview.finished("library", "Library: polished stories side by side, each with its tags")


def find(parts: Services, jobs: dict[str, JobDescription], everything: list[StarStory]) -> list[StarStory]:
    """Search, job filter, export, new story."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            placeholder="conflict, dashboard, leadership …",
            key="search",
            bind="query-params",
            width="stretch",
        )
        used = [key for key in jobs if any(story.job_description_id == key for story in everything)]
        job = pick(
            "Job",
            [jobs[key] for key in used],
            identity=lambda job: job.id,
            label=lambda job: name_of(jobs, job.id),
            key="library_job",
            address="job",
            none="All jobs",
            width=260,
        )
        found = parts.library.stories(search=words, job_id=job.id if job else "")
        shown = tagged(samples.mine_or_samples(found), everything)
        st.download_button("Export", cheat_sheet(shown), "stories.md", "text/markdown", icon=":material/download:")
        st.download_button(
            "PDF",
            partial(as_pdf, cheat_sheet(shown).replace("*", "")),
            "stories.pdf",
            "application/pdf",
            icon=":material/print:",
        )
        st.button("Write a story", icon=":material/edit_note:", on_click=dialogs.ask, args=("edit", NEW))
    return shown


@st.dialog("Story", width="large", on_dismiss=lambda: dialogs.close("edit"))
def edit(parts: Services, story: StarStory, jobs: dict[str, JobDescription]) -> None:
    """A form for all texts of a story and the job it is linked to."""
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
        if not st.form_submit_button("Save", type="primary"):
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


main()
