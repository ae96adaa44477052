"""Jobs & resumes: postings read into skills and competencies, roles without a posting, one resume per job."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services, services
from coach.documents.reader import FORMATS
from coach.errors import CoachError
from coach.views.library import JobDescription
from coach.views.postings import POSTING_LIMIT, posting, posting_of_file, read_posting
from pages.components.jobs import match, resumes, roles
from pages.components.shared import preview, samples
from pages.components.shared.prose import plain
from pages.components.shared.undo import put_away

# The job in the form, and as it was when it came there.
DRAFT, BEGAN = "job_draft", "job_began"


def main() -> None:
    """The page; whatever fails is told, and what is being written stays in its fields."""
    st.title("Jobs & resumes")
    try:
        show(services())
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")


def show(parts: Services) -> None:
    """The page from top to bottom."""
    kept = parts.library.jobs()
    samples.switch(parts, there=any(job.is_sample for job in kept))
    jobs = samples.mine_or_samples(kept)
    at_jobs, at_roles, at_resumes = st.tabs(["Jobs", "Role profiles", "Resumes"], key="jobs_tab", bind="query-params")
    with at_jobs:
        if jobs:
            listed, adding = st.columns([3, 2], gap="medium")
        else:
            adding, listed = st.container(), st.container()
        draft = st.session_state.get(DRAFT)
        with adding:
            add_job(parts, None if draft is None or draft.id in {job.id for job in jobs} else draft)
        with listed:
            resumes_kept = samples.mine_or_samples(parts.library.resumes())
            stories = samples.mine_or_samples(parts.library.stories())
            if not jobs and draft is None:
                preview.finished("jobs", "Jobs & resumes: a job with its skills, and the form to add another")
            for job in jobs:
                if draft is not None and draft.id == job.id:
                    with st.container(border=True):
                        look_over(parts, draft, "Edit this job")
                    continue
                card(parts, job)
                match.show(job, resumes.text_for(job, resumes_kept), stories)
    with at_roles:
        roles.show(parts)
    with at_resumes:
        resumes.show(parts, jobs)


def add_job(parts: Services, draft: JobDescription | None) -> None:
    """Paste or import a posting, look over what was read from it, keep it; a kept job is edited in its own place."""
    with st.container(border=True):
        if draft is None:
            paste(parts)
        else:
            look_over(parts, draft, "Is this right?")


def paste(parts: Services) -> None:
    """The form for a posting."""
    st.markdown("## Add a job")
    st.caption("Paste the posting, or import it as a file. Your questions are planned from what it asks for.")
    file = st.file_uploader("Import a posting", type=[*FORMATS, "json"], max_upload_size=5)
    with st.form("posting", border=False):
        title = st.text_input("Title", placeholder="read from the posting when left empty", max_chars=200)
        company = st.text_input("Company", max_chars=200)
        text = st.text_area("Posting", height=220, placeholder="We are looking for …", max_chars=POSTING_LIMIT)
        sent = st.form_submit_button("Read posting", type="primary")
    if not sent:
        return
    try:
        with st.spinner("Reading the posting …"):
            pasted = posting(title, company, text)
            request = posting_of_file(file.name, file.getvalue(), pasted) if file else pasted
            begin(read_posting(parts.usage, parts.brain, parts.hub.call, request))
    except CoachError as error:
        st.error(plain(str(error)))
        return
    st.rerun()


def begin(draft: JobDescription) -> None:
    """Puts a job into the form: one that was just read, or one that is kept."""
    st.session_state.update({DRAFT: draft, BEGAN: draft})


def look_over(parts: Services, draft: JobDescription, heading: str) -> None:
    """What was read, to be corrected and kept."""
    st.markdown(f"## {heading}")
    with st.form("reading", border=False):
        title = st.text_input("Title", draft.title, max_chars=200)
        company = st.text_input("Company", draft.company, max_chars=200)
        skills = st.multiselect("Skills", draft.parsed_skills, draft.parsed_skills, accept_new_options=True)
        wanted = st.multiselect("Competencies", draft.competencies, draft.competencies, accept_new_options=True)
        summary = st.text_area("Summary", draft.summary, height=90)
        with st.container(horizontal=True):
            keep = st.form_submit_button("Keep this job", type="primary")
            drop = st.form_submit_button("Discard")
    if keep:
        texts = {"title": title.strip() or draft.title, "company": company, "summary": summary, "is_sample": False}
        lists = {"parsed_skills": skills, "competencies": wanted}
        try:
            parts.library.save_job(draft.model_copy(update={**texts, **lists}), seen=st.session_state.get(BEGAN))
        except CoachError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
    if keep or drop:
        del st.session_state[DRAFT]
        st.rerun()


def card(parts: Services, job: JobDescription) -> None:
    """One job."""
    with st.container(border=True):
        st.markdown(f"## {plain(job.title)}")
        st.caption(plain(job.company) + (" · sample" if job.is_sample else ""))
        if job.summary:
            st.markdown(plain(job.summary))
        badges = [f":orange-badge[{plain(skill)}]" for skill in job.parsed_skills]
        st.markdown(" ".join([*badges, *(f":gray-badge[{plain(name)}]" for name in job.competencies)]))
        with st.container(horizontal=True, gap="small"):
            if st.button("Practise for this job", key=f"practise-{job.id}", type="primary"):
                st.session_state["practice_job_id"] = job.id
                st.switch_page("practice.py")
            st.button(
                "Edit",
                key=f"edit-{job.id}",
                icon=":material/edit:",
                on_click=begin,
                args=(job,),
            )
            if st.button("Delete", key=f"delete-{job.id}", icon=":material/delete:", type="tertiary"):
                put_away(parts, "job", job.id, job.title, partial(parts.library.delete_job, job.id))
                st.rerun()


main()
