"""Job postings: from a form or a file to what they ask for."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

from coach.brain.planning.planner import plan_interview
from coach.brain.port import Brain, InterviewPlan, PlanRequest
from coach.contracts.usage import UsageEvent
from coach.documents.reader import read_document
from coach.errors import InputError
from coach.foreign_data import from_json
from coach.store.repositories.library_records import JobDescription
from coach.text.decoding import decoded, storable

POSTING_LIMIT = 60_000
"""Characters of a posting that are read."""
NOTHING = PlanRequest("", "", "")


def posting(title: str, company: str, text: str) -> PlanRequest:
    """A posting as it was typed or pasted."""
    return PlanRequest(storable(title.strip()), storable(company.strip()), storable(text))


def posting_of_file(name: str, content: bytes, beside: PlanRequest = NOTHING) -> PlanRequest:
    """A posting from a document, a text file, or JSON with title, company and description; blocking.

    Args:
        name: of the file; its ending says what it is.
        content: the file.
        beside: what stands in the form's fields; a title and a company typed there go before the file's own.

    Raises:
        InputError: it is none of these, or there is a pasted posting beside it; the mend says what to do.
    """
    if beside.description.strip():
        raise InputError("There are two postings: a file and a pasted text.", mend="Take one of the two out.")
    read = _of_file(name, content)
    return replace(read, title=beside.title or read.title, company=beside.company or read.company)


def _of_file(name: str, content: bytes) -> PlanRequest:
    if not name.lower().endswith((".txt", ".md", ".json")):
        return PlanRequest("", "", read_document(name, content)[:POSTING_LIMIT])
    try:
        text = decoded(content)
        if not name.lower().endswith(".json") or "JobPosting" in text:
            return PlanRequest("", "", storable(text[:POSTING_LIMIT]))
        fields = from_json(text)
        texts = (str(fields.get(key, ""))[:POSTING_LIMIT] for key in ("title", "company", "description"))
        title, company, body = map(storable, texts)
        return PlanRequest(title, company, body)
    except (UnicodeDecodeError, ValueError, AttributeError) as error:
        raise InputError("This file cannot be read.", mend="Use text, or JSON with title and description.") from error


def read_posting(
    meter: Callable[[Sequence[UsageEvent]], None],
    brain: Brain,
    wait_for: Callable[[Coroutine[object, None, InterviewPlan]], InterviewPlan],
    request: PlanRequest,
) -> JobDescription:
    """What a posting asks for, by the brain in force; what that used is metered. Nothing is kept yet.

    Args:
        meter: takes what was used, e.g. `services().usage`.
        brain: who reads; the offline coach does so at once.
        wait_for: runs the brain's coroutine on the loop its client lives on, e.g. `hub.call`.
        request: the posting.

    Raises:
        InputError: there is nothing to read.
        VendorError: the brain could not be reached.
    """
    if not f"{request.title}{request.description}".strip():
        raise InputError("There is nothing to read yet.", mend="Paste the posting or choose a file.")
    plan = plan_interview(request) if brain.name == "offline" else wait_for(brain.plan(request))
    meter(plan.usage)
    return JobDescription(
        title=plan.job.job_title or request.title or "Untitled job",
        company=plan.job.company or request.company,
        description=request.description,
        parsed_skills=plan.job.key_skills,
        competencies=plan.job.competencies,
        summary=plan.job.summary,
    )
