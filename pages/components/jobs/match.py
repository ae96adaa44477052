"""What a job asks for against resume and stories: questions with their line, and how to meet a gap."""

from collections.abc import Sequence

import streamlit as st

from coach.views.job_match import Requirement, defence, explained_plan, requirements
from coach.views.library import JobDescription, StarStory
from pages.components.shared.prose import plain


def show(job: JobDescription, resume: str, stories: Sequence[StarStory]) -> None:
    """Under a job's card, opened when asked for."""
    with st.expander("What you may be asked, and what is not covered yet"):
        st.markdown("### Questions")
        for number, each in enumerate(explained_plan(job), 1):
            st.markdown(f"{number}. {plain(each.question.text)}")
            said = f"because of “{plain(each.line)}”" if each.line else plain(each.question.reason)
            st.caption(said)
        found = requirements(job, resume, stories)
        gaps = [each for each in found if not each.covered_by]
        covered = [each for each in found if each.covered_by]
        st.markdown("### Not covered yet")
        if not resume and not stories:
            st.caption("Save your resume or a story first; then gaps are told here.")
        elif not gaps:
            st.caption("Your resume and stories have something for everything the posting names.")
        else:
            for gap in gaps:
                _gap(gap)
        if covered and (resume or stories):
            st.markdown("### Covered")
            st.markdown("\n".join(f"- **{plain(each.name)}** by {plain(each.covered_by)}" for each in covered))


def _gap(gap: Requirement) -> None:
    meet = defence(gap)
    st.markdown(f"**{plain(gap.name)}**" + (f" – “{plain(gap.line)}”" if gap.line else ""))
    st.caption(f"Nothing found in your words. You may be asked: {plain(meet.question)}")
    st.code(meet.line_to_fill, language=None, wrap_lines=True)
