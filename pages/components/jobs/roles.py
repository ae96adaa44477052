"""Role profiles: what a role usually asks for, to practise without a posting."""

import streamlit as st

from coach.bootstrap import Services
from coach.views.roles import as_job, shipped_profiles
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick


def show(parts: Services) -> None:
    """Chooses a shipped profile; practising it makes it a job of the person's own."""
    st.caption("No posting at hand? Take a role; the questions are planned from what it usually asks for.")
    profile = pick(
        "Role",
        shipped_profiles(),
        identity=lambda role: role.id,
        label=lambda role: role.title,
        key="role",
        address="role",
    )
    if profile is None:
        return
    with st.container(border=True):
        st.markdown(f"## {plain(profile.title)}")
        st.markdown(plain(profile.summary))
        badges = [f":orange-badge[{plain(skill)}]" for skill in profile.key_skills]
        st.markdown(" ".join([*badges, *(f":gray-badge[{plain(name)}]" for name in profile.competencies)]))
        if st.button("Practise this role", type="primary"):
            job = as_job(profile)
            parts.bin.take_back("job", job.id)
            if all(known.id != job.id for known in parts.library.jobs()):  # else it may have been edited since
                parts.library.save_job(job)
            st.session_state["practice_job_id"] = job.id
            st.switch_page("practice.py")
