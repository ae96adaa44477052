"""Plans an interview: parses the job, then picks questions that balance competencies and types and never repeat."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from coach.brain.planning.job_parser import parse_job
from coach.brain.planning.question_bank import Candidate, candidates, slots
from coach.brain.port import InterviewPlan, PlanRequest
from coach.brain.reading.lexicon import shipped
from coach.contracts.brain import JobContext
from coach.contracts.interview import PlannedQuestion
from coach.errors import UsageError
from coach.settings import DATA

MAX_QUESTIONS = 5
_ENOUGH_SKILLS, _MOST_COMPETENCIES = 3, 6
_TOO_ALIKE = 72.0
_DEFAULT_COMPETENCIES = ["problem solving", "teamwork", "communication", "ownership", "adaptability"]


def plan_interview(request: PlanRequest) -> InterviewPlan:
    """Parses the job and plans `request.questions` (1-5) questions.

    Raises:
        UsageError: the number of questions is not 1 to 5.
    """
    if not 1 <= request.questions <= MAX_QUESTIONS:
        raise UsageError(f"An interview has 1 to {MAX_QUESTIONS} questions, not {request.questions}.")
    job = _naming_a_skill(with_profile(parse_job(request.title, request.company, request.description)))
    questions = plan_questions(job, request.questions, asked=request.asked, day=request.day)
    return InterviewPlan(job=job, questions=tuple(questions))


def _naming_a_skill(job: JobContext) -> JobContext:
    """Where nothing was listed the trade itself is what a question can name."""
    return job if job.key_skills or not job.job_title else job.model_copy(update={"key_skills": [job.job_title]})


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


def plan_questions(
    job: JobContext, count: int, *, asked: Sequence[PlannedQuestion] = (), day: str = ""
) -> list[PlannedQuestion]:
    """Questions for a job: each new one covers a competency not asked yet, in the type its place calls for.

    One question names a skill when the job has any. Nothing of `asked` (newest first) comes again before everything
    that fits was asked; then what was asked longest ago. `day` decides between equals.
    """
    wanted = job.competencies or _least_recent(_DEFAULT_COMPETENCIES, asked)
    ages = {question.text.casefold(): age for age, question in reversed([*enumerate(asked)])}
    chosen: list[PlannedQuestion] = []
    covered: list[str] = []
    for slot in slots(job, count):
        fitting = [c for c in candidates(slot, job) if _differs(c.text, chosen)] or [*candidates(slot, job)]
        best = max(
            fitting,
            key=lambda c: (
                ages.get(c.text.casefold(), len(asked)),
                _worth(c.competencies, wanted, covered),
                _tie(c.text, f"{job.job_title}|{day}"),
            ),
        )
        chosen.append(_planned(best, wanted, covered))
        covered += [best.competencies[0], chosen[-1].competency]
    return chosen


def _least_recent(names: Sequence[str], asked: Sequence[PlannedQuestion]) -> list[str]:
    """The names, those asked longest ago or never first; equals keep their order."""
    age: dict[str, int] = {}
    for number, question in enumerate(asked):
        age.setdefault(question.competency, number)
    return sorted(names, key=lambda name: -age.get(name, len(asked)))


def _differs(text: str, chosen: Sequence[PlannedQuestion]) -> bool:
    return all(fuzz.token_set_ratio(text, question.text) < _TOO_ALIKE for question in chosen)


def _worth(competencies: Sequence[str], wanted: Sequence[str], covered: Sequence[str]) -> float:
    """How much a question adds: the rank of what it covers, less what was covered."""
    worth = 0.0
    for place, name in enumerate(competencies):
        if name in wanted and name not in covered:
            worth += (len(wanted) - wanted.index(name)) / (1 + place)
        elif name in covered:
            worth -= 1.5
    return worth


def _tie(identity: str, seed: str) -> str:
    """A stable order that differs from job to job and day to day, so that not every interview opens alike."""
    return hashlib.sha256(f"{identity}|{seed}".encode()).hexdigest()


def _planned(candidate: Candidate, wanted: Sequence[str], covered: Sequence[str]) -> PlannedQuestion:
    fresh = [c for c in candidate.competencies if c in wanted and c not in covered]
    competency = (fresh or candidate.competencies)[0]
    reason = f"The job asks for {competency}." if competency in wanted else f"It shows {competency}."
    if candidate.trade:
        reason = "People of this trade are asked this."
    if candidate.skill:
        reason = f"The job names {candidate.skill}."
    return PlannedQuestion(
        text=candidate.text, type=candidate.kind, competency=competency, skill=candidate.skill, reason=reason
    )


def alike(questions: list[PlannedQuestion]) -> bool:
    """True when two neighbouring questions all but repeat each other."""
    return any(fuzz.token_set_ratio(a.text, b.text) >= _TOO_ALIKE for a, b in pairwise(questions))
