"""One master resume, and for every job a copy of it that may be changed on its own."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from coach.bootstrap import Services
from coach.documents.reader import FORMATS
from coach.documents.writer import DOCX, as_docx, as_pdf
from coach.errors import CoachError, ConflictError
from coach.views.library import JobDescription, Resume
from coach.views.materials import RESUME_LIMIT, resume_diff, resume_line, resume_of_file, tailored_copy
from pages.components.jobs import long_text
from pages.components.shared import preview, samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import unique_labels
from pages.components.shared.undo import put_away


def show(parts: Services, jobs: list[JobDescription]) -> None:
    """The master, then its copies."""
    kept = samples.mine_or_samples(parts.library.resumes())
    master = next((resume for resume in kept if resume.is_base_version), None)
    with st.container(border=True):
        edit_master(parts, master)
    if master is None:
        preview.finished("resumes", "Resumes: the master with its exports, and a copy of it for one job")
        return
    st.markdown("## Tailored to a job")
    tailored = {resume.job_description_id: resume for resume in kept if not resume.is_base_version}
    if not jobs:
        st.caption("Add a job first; then you can make a copy of your resume for it.")
    for job in jobs:
        with st.container(border=True):
            one_job(parts, master, job, tailored.get(job.id))


def text_for(job: JobDescription, kept: list[Resume]) -> str:
    """The resume as it is for a job: its tailored copy, else the master; empty without one."""
    copy = next((each for each in kept if each.job_description_id == job.id and not each.is_base_version), None)
    found = copy or next((each for each in kept if each.is_base_version), None)
    return found.content if found else ""


def edit_master(parts: Services, master: Resume | None) -> None:
    """The resume everything comes from."""
    st.markdown("## Master resume")
    st.caption(
        "Everything you have done. Polished answers take names and numbers only from here and from what you said."
    )
    field = _field(master)
    _begin(field, master.content if master else "")
    file = st.file_uploader("Import a resume", type=list(FORMATS), key="resume-file", max_upload_size=5)
    if file is not None and st.session_state.get("resume-read") != file.file_id:
        st.session_state["resume-read"] = file.file_id
        try:
            with st.spinner("Reading the file …"):
                st.session_state[field] = resume_of_file(file.getvalue(), file.name)
            st.toast("Read. Look it over, then save.", icon=":material/visibility:")
        except CoachError as error:
            st.error(plain(str(error)))
    text = st.text_area("Master resume", height=260, max_chars=RESUME_LIMIT, key=field, label_visibility="collapsed")
    with st.container(horizontal=True, gap="small"):
        save = st.button("Save resume", type="primary")
        if text.strip():
            exports(text, "master")
            _unsaved(text, master.content if master else "")
    if save and text.strip():
        keep_text(parts, master or Resume(is_base_version=True, title="My resume"), text, field)
    elif save:
        st.error("There is nothing to save yet: paste your resume above, or import it.", icon=":material/edit:")


def _field(resume: Resume | None) -> str:
    """The key of a resume's text on the page; the sample person's is another one than one's own."""
    return f"resume-text-{resume.id if resume else samples.shown()}"


def _begin(field: str, kept: str) -> None:
    """The text begins as it is kept, and follows what is kept as long as nobody has changed it here."""
    if long_text.begin(field, kept):
        st.warning(
            "This resume was changed elsewhere since you began to write; saving writes over it.",
            icon=":material/sync_problem:",
        )


def _unsaved(text: str, kept: str) -> None:
    """Says so where the field is ahead of what is kept."""
    if text.strip() != kept.strip():
        st.caption("Not saved yet.")


def exports(text: str, key: str) -> None:
    """The same words as Word document, PDF or Markdown; made when asked for."""
    kinds: tuple[tuple[str, str, str, Callable[[str], bytes]], ...] = (
        ("Word", "resume.docx", DOCX, as_docx),
        ("PDF", "resume.pdf", "application/pdf", as_pdf),
        ("Markdown", "resume.md", "text/markdown", str.encode),
    )
    for label, name, kind, make in kinds:
        st.download_button(
            label, partial(make, text), name, kind, icon=":material/download:", key=f"export-{name}-{key}"
        )


def one_job(parts: Services, master: Resume, job: JobDescription, copy: Resume | None) -> None:
    """The copy for one job, or the button that makes it."""
    name = f"{job.title}, {job.company}" if job.company else job.title
    st.markdown(f"**{plain(name)}**")
    if copy is None:
        if st.button("Make a copy for this job", key=f"tailor-{job.id}"):
            keep_copy(parts, tailored_copy(master, job))
        return
    if copy.source_resume_id and copy.updated_at < master.updated_at:
        st.caption("Your master resume has changed since this copy was made. The copy stays as it is.")
    field = _field(copy)
    _begin(field, copy.content)
    text = st.text_area("Tailored resume", height=220, max_chars=RESUME_LIMIT, key=field)
    _difference(master, copy)
    stories = {story.id: story for story in samples.mine_or_samples(parts.library.stories())}
    names = unique_labels({story_id: story.title for story_id, story in stories.items()})
    chosen = st.multiselect(
        "Add lines from your library",
        list(names),
        format_func=lambda key: names.get(key, key),
        key=f"lines-{copy.id}-{copy.updated_at:%H%M%S%f}",
    )
    with st.container(horizontal=True, gap="small"):
        if st.button("Save copy", key=f"save-{copy.id}", type="primary"):
            added = [resume_line(stories[story_id]) for story_id in chosen if story_id in stories]
            keep_text(parts, copy, "\n".join([text.rstrip(), *added]), field)
        exports(text, copy.id)
        _unsaved(text, copy.content)
        if st.button("Delete copy", key=f"drop-{copy.id}", type="tertiary"):
            put_away(parts, "resume", copy.id, copy.title, partial(parts.library.delete_resume, copy.id))
            st.rerun()


def _difference(master: Resume, copy: Resume) -> None:
    """Line by line against the master, as it is kept."""
    changed = resume_diff(master.content, copy.content)
    with st.expander("What differs from the master"):
        if changed:
            st.code(changed, language="diff", wrap_lines=True)
        else:
            st.caption("Nothing yet: the copy says what the master says.")


def keep_copy(parts: Services, copy: Resume) -> None:
    """Keeps a new copy and shows it; one for the same job that waits for its deletion makes room at once."""
    try:
        going = parts.library.going_copy(copy.job_description_id or "")
        if going and parts.bin.take_back("resume", going):
            parts.library.delete_resume(going)
        parts.library.save_resume(copy)
    except CoachError as error:
        st.error(plain(str(error)))
        return
    st.toast("Saved.")
    st.rerun()


def keep_text(parts: Services, resume: Resume, content: str, field: str) -> None:
    """Keeps a resume with the content of the field; over what was kept elsewhere only by whoever was told of it."""
    try:
        parts.library.change_resume(resume, content=content, seen=long_text.seen(field))
    except ConflictError:
        st.warning("Nothing was saved yet: save once more to keep yours instead.", icon=":material/sync_problem:")
        return
    except CoachError as error:
        st.error(plain(str(error)))
        return
    long_text.done(field)
    st.toast("Saved.")
    st.rerun()
