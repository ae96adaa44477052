"""Library: the person's STAR stories, to be read ten minutes before the interview. Content only, no scores."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services, services
from coach.documents.writer import as_pdf
from coach.errors import CoachError
from coach.views.library import JobDescription, StarStory
from coach.views.materials import cheat_sheet
from pages.components.library import cheat
from pages.components.library.card import card, name_of
from pages.components.library.forms import NEW, open_dialog
from pages.components.library.tags import tagged
from pages.components.shared import dialogs, preview, samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

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


main()
