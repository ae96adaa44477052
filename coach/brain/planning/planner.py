"""Plans an interview: parses the job, then picks questions that balance competencies and types and never repeat."""

import hashlib
import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from coach.brain.planning.job_parser import parse_job
from coach.brain.port import InterviewPlan, PlanRequest
from coach.brain.reading.lexicon import shipped
from coach.contracts.brain import JobContext
from coach.contracts.interview import PlannedQuestion
from coach.errors import UsageError
from coach.settings import DATA

MAX_QUESTIONS = 5
_ENOUGH_SKILLS, _MOST_COMPETENCIES = 3, 6
_TOO_ALIKE = 72.0
_TYPE_ORDER = {
    1: ("behavioral",),
    2: ("behavioral", "technical"),
    3: ("behavioral", "technical", "behavioral"),
    4: ("behavioral", "technical", "leadership", "behavioral"),
    5: ("behavioral", "technical", "leadership", "situational", "behavioral"),
}
_LEADING = re.compile(
    r"\b(?:lead|leader|manager|head|supervisor|director|chief|principal|chef|foreman|owner)\b", re.IGNORECASE
)
_DEFAULT_COMPETENCIES = ["problem solving", "teamwork", "communication", "ownership", "adaptability"]


@lru_cache(maxsize=1)
def question_bank() -> tuple[dict[str, Any], ...]:
    """The shipped questions."""
    return tuple(shipped("questions/bank.json")["questions"])


def plan_interview(request: PlanRequest) -> InterviewPlan:
    """Parses the job and plans `request.questions` (1-5) questions.

    Raises:
        UsageError: the number of questions is not 1 to 5.
    """
    if not 1 <= request.questions <= MAX_QUESTIONS:
        raise UsageError(f"An interview has 1 to {MAX_QUESTIONS} questions, not {request.questions}.")
    job = with_profile(parse_job(request.title, request.company, request.description))
    return InterviewPlan(job=job, questions=tuple(plan_questions(job, request.questions)))


@lru_cache(maxsize=1)
def role_profiles() -> dict[str, dict[str, Any]]:
    """Shipped role profiles by folded title."""
    folder = DATA / "role_profiles"
    found = (shipped(f"role_profiles/{path.name}") for path in sorted(folder.glob("*.json")))
    return {entry["title"].lower(): entry for entry in found}


def with_profile(job: JobContext) -> JobContext:
    """Fills in what the role usually asks for when the text of the job says little and its title is a known role."""
    profile = role_profiles().get(job.job_title.strip().lower())
    if profile is None or len(job.key_skills) >= _ENOUGH_SKILLS:
        return job
    skills = list(dict.fromkeys([*job.key_skills, *profile["key_skills"]]))
    competencies = list(dict.fromkeys([*profile["competencies"], *job.competencies]))[:_MOST_COMPETENCIES]
    return job.model_copy(update={"key_skills": skills, "competencies": competencies})


def plan_questions(job: JobContext, count: int) -> list[PlannedQuestion]:
    """Questions for a job: each new one covers a competency not asked yet, in the type its place calls for.

    One question names a skill when the job has any: alone, it is the technical one.
    """
    wanted = job.competencies or _DEFAULT_COMPETENCIES
    types = list(_TYPE_ORDER[count])
    if count == 3 and _LEADING.search(job.job_title):
        types[2] = "leadership"
    if count == 1 and job.key_skills:
        types = ["technical"]
    chosen: list[PlannedQuestion] = []
    covered: list[str] = []
    for kind in types:
        best = max(
            (entry for entry in question_bank() if _fits(entry, kind, job, chosen)),
            key=lambda entry: _worth(entry, wanted, covered, job),
        )
        chosen.append(_fill(best, wanted, covered, job, len(chosen)))
        covered += [*best["competencies"][:1], chosen[-1].competency]
    return chosen


def _fits(entry: dict[str, Any], kind: str, job: JobContext, chosen: list[PlannedQuestion]) -> bool:
    if entry["type"] != kind or (entry["names_skill"] and not job.key_skills):
        return False
    if kind == "technical" and job.key_skills and not entry["names_skill"]:
        return False
    return all(fuzz.token_set_ratio(entry["text"], q.text) < _TOO_ALIKE for q in chosen)


def _worth(entry: dict[str, Any], wanted: list[str], covered: list[str], job: JobContext) -> tuple[float, str]:
    """How much an entry adds: the rank of what it covers, less what was covered; ties by identity of the job."""
    worth = 0.0
    for place, name in enumerate(entry["competencies"]):
        if name in wanted and name not in covered:
            worth += (len(wanted) - wanted.index(name)) / (1 + place)
        elif name in covered:
            worth -= 1.5
    return worth, _tie(entry["id"], job.job_title)


def _tie(identity: str, title: str) -> str:
    """A stable order that differs from job to job, so that not every interview opens alike."""
    return hashlib.sha256(f"{identity}|{title}".encode()).hexdigest()


def _fill(entry: dict[str, Any], wanted: list[str], covered: list[str], job: JobContext, place: int) -> PlannedQuestion:
    fresh = [c for c in entry["competencies"] if c in wanted and c not in covered]
    competency = (fresh or entry["competencies"])[0]
    skill = job.key_skills[place % len(job.key_skills)] if entry["names_skill"] else None
    text = entry["text"].replace("{skill}", skill) if skill else entry["text"]
    reason = f"The job asks for {competency}." if competency in wanted else f"It shows {competency}."
    if skill:
        reason = f"The job names {skill}."
    return PlannedQuestion(text=text, type=entry["type"], competency=competency, skill=skill, reason=reason)


def alike(questions: list[PlannedQuestion]) -> bool:
    """True when two neighbouring questions all but repeat each other."""
    return any(fuzz.token_set_ratio(a.text, b.text) >= _TOO_ALIKE for a, b in pairwise(questions))
