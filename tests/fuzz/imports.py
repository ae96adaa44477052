"""Postings and resumes as files of any kind: read, kept and shown as they are, or refused in a sentence."""

import atexit
import json
import tempfile
from dataclasses import dataclass, field

from hypothesis import strategies as st

from coach.brain.offline.coach import OfflineCoach
from coach.errors import CoachError, InputError
from coach.store import SqlStore
from coach.store.repositories import library
from coach.store.repositories.library_records import JobDescription, Resume
from coach.views.materials import resume_of_file, tailored_copy
from coach.views.postings import POSTING_LIMIT, posting, posting_of_file, read_posting
from tests.fuzz.engine import Target
from tests.fuzz.texts import damaged, damages, phrases, texts, wild_texts

LINES = (
    "Senior Data Engineer", "Bright Water Ltd", "About the role", "Requirements", "What you'll do:", "Nice to have",
    "- 5+ years of SQL, Python and dbt", "* Own the roadmap", "Salary: $90k - $120k", "Apply now", "Cookie settings",
    "You must be able to lift 25 kg.", "Equal opportunity employer", "Berlin, Germany (hybrid)", "Posted 3 days ago",
    "|" * 30,
)  # fmt: skip
SCHEMA = {"@context": "https://schema.org", "@type": "JobPosting", "title": "Cook", "description": "<p>You cook.</p>"}
names = st.sampled_from(["a.txt", "a.md", "a.json", "A.JSON", "", "../../etc/passwd", "a.json\x00.txt", "\ud83d.json"])
lines = st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(LINES), texts(6)), max_size=25).map("\n".join)
scalars = st.one_of(st.none(), st.integers(), st.floats(), wild_texts(6), lines)
fields = st.dictionaries(
    st.one_of(
        st.sampled_from(["title", "company", "description", "@type", "hiringOrganization", "JobPosting"]),
        st.text(max_size=3),
    ),
    st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    ),
    max_size=5,
)
structured = st.builds(lambda more: {**SCHEMA, **more}, fields)
pages = st.builds(
    lambda record, text: f'<html><script type="application/ld+json">{json.dumps(record)}</script>{text}',
    structured,
    lines,
)
bodies = st.one_of(lines, wild_texts(), st.one_of(fields, structured).map(json.dumps), pages)
pieces = st.one_of(
    phrases,
    st.sampled_from(
        ["{", "}", '"', "[" * 2000, "<script>", "</p>", "&#0;", "&#55357;", "&amp;lt;", "<br>" * 50, "\x00"]
    ),
)
encodings = st.sampled_from(
    ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32", "cp037"]
)


def _as_bytes(body: str, damage: list[tuple[str, float, float, str]], encoding: str, tail: bytes) -> bytes:
    text = damaged(body, damage)
    handler = "surrogatepass" if encoding.startswith("utf") else "replace"
    return text.encode(encoding, handler) + tail


files = st.one_of(
    st.builds(_as_bytes, bodies, damages(pieces), encodings, st.binary(max_size=3)), st.binary(max_size=300)
)


@dataclass
class Kept:
    """A database of this process, opened when first needed."""

    store: list[SqlStore] = field(default_factory=list)

    def open(self) -> SqlStore:
        if not self.store:
            folder = tempfile.TemporaryDirectory()
            atexit.register(folder.cleanup)
            self.store.append(SqlStore(f"duckdb:///{folder.name}/fuzz.duckdb"))
            self.store[0].upgrade()
            atexit.register(self.store[0].close)
        return self.store[0]


KEPT = Kept()
COACH = OfflineCoach()


def _shown(*values: str) -> None:
    """What a page can show: no halves of characters."""
    for value in values:
        value.encode("utf-8")


def posting_holds(case: tuple[str, bytes, bool]) -> None:
    """From the file to the planned questions and the stored job."""
    name, content, typed = case
    try:
        request = posting("", "", content.decode("utf-8", "replace")) if typed else posting_of_file(name, content)
        job = read_posting(lambda _used: None, COACH, lambda _plan: None, request)
    except InputError as error:
        assert str(error)
        return
    assert len(request.description) <= POSTING_LIMIT or typed
    _shown(job.title, job.company, job.description, job.summary, *job.parsed_skills, *job.competencies)
    assert job.title.strip() and "\n" not in job.title
    assert len(job.parsed_skills) == len({skill.lower() for skill in job.parsed_skills})
    store = KEPT.open()
    store.run(library.save_job, job)
    assert repr(store.run(library.find_job, job.id)) == repr(job).replace("\\x00", "")
    store.run(library.delete_job, job.id)


def resume_holds(content: bytes) -> None:
    """From the file to the stored master and its copy for a job."""
    try:
        text = resume_of_file(content)
    except CoachError as error:
        assert str(error)
        return
    _shown(text)
    master = Resume(is_base_version=True, title="My resume", content=text)
    copy = tailored_copy(master, JobDescription(title="Cook"))
    assert copy.content == text and copy.source_resume_id == master.id
    store = KEPT.open()
    store.run(library.save_resume, master)
    kept = store.run(library.resumes_of)
    assert [resume.content for resume in kept] == [text.replace("\x00", "")]
    store.run(library.delete_resume, master.id)


TARGETS = (
    Target("postings", st.tuples(names, files, st.booleans()), posting_holds),
    Target("resumes", files, resume_holds),
)
