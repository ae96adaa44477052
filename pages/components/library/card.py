"""One story of the library, to be read, copied, edited or deleted."""

import streamlit as st

from coach.views.library import JobDescription, StarStory
from coach.views.materials import PARTS, resume_line, tags_of
from pages.components.shared import dialogs
from pages.components.shared.again import practise_again
from pages.components.shared.copy import copy_button
from pages.components.shared.prose import plain


def name_of(jobs: dict[str, JobDescription], job_id: str | None) -> str:
    """Title and company of a job; empty when there is none."""
    job = jobs.get(job_id or "")
    return "" if job is None else f"{job.title}, {job.company}" if job.company else job.title


def card(story: StarStory, jobs: dict[str, JobDescription]) -> None:
    """One story."""
    with st.container(border=True):
        st.markdown(f"## {plain(story.title)}")
        badges = [name for name in (*tags_of(story), name_of(jobs, story.job_description_id)) if name]
        badges += ["sample"] if story.is_sample else []
        if badges:
            st.markdown(" ".join(f":gray-badge[{plain(badge)}]" for badge in badges))
        polished, star, said, notes, resume = st.tabs(
            ["Polished", "STAR", "What you said", "Coach notes", "For your resume"]
        )
        polished.markdown(plain(story.polished_answer) or "*Nothing written yet.*")
        for part in PARTS:
            star.markdown(f"**{part.capitalize()}** {plain(getattr(story, part)) or '*not told yet*'}")
        said.markdown(plain(story.original_transcript or "") or "*The raw transcript is not kept.*")
        for note in story.coach_notes:
            notes.markdown(f"- **{note.change_type.value.replace('_', ' ').capitalize()}:** {plain(note.reason)}")
        if not story.coach_notes:
            notes.caption("No notes with this story.")
        resume.code(resume_line(story), language=None, wrap_lines=True)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            copy_button(story.polished_answer, key=f"copy-{story.id}")
            if st.button("Practise this again", key=f"again-{story.id}", icon=":material/replay:"):
                practise_again(story.source_attempt_id or "", job_id=story.job_description_id or "")
            st.button(
                "Edit", key=f"edit-{story.id}", icon=":material/edit:", on_click=dialogs.ask, args=("edit", story.id)
            )
            st.button(
                "Delete",
                key=f"delete-{story.id}",
                icon=":material/delete:",
                type="tertiary",
                on_click=dialogs.ask,
                args=("delete", story.id),
            )
