"""A job against what a person has to show: which line of the posting asks for what, who covers it, and what is a gap.

Names are found by their stems: every word of a skill or competency, in one line, in any order. That finds "leads teams"
for "leading a team" and misses other words for the same thing, so a gap is "nothing found", never "you cannot".
"""

from collections.abc import Sequence
from typing import Literal

from coach.brain.planning.planner import plan_interview
from coach.brain.planning.posting_text import posting_lines
from coach.brain.port import PlanRequest
from coach.contracts.base import Record
from coach.contracts.interview import PlannedQuestion
from coach.store.repositories.library_records import JobDescription, StarStory
from coach.text.stems import stem
from coach.text.tokens import tokenise

QUESTIONS = 5


class Requirement(Record):
    """What a posting asks for; `line` is empty where the role's profile brought it, `covered_by` where nothing does."""

    name: str
    kind: Literal["skill", "competency"]
    line: str = ""
    covered_by: str = ""


class ExplainedQuestion(Record):
    """A question somebody may be asked for a job, and the posting's line it comes from; empty without one."""

    question: PlannedQuestion
    line: str = ""


class GapDefence(Record):
    """How to meet the question about a gap without pretending."""

    question: str
    line_to_fill: str


def requirements(job: JobDescription, resume: str, stories: Sequence[StarStory]) -> list[Requirement]:
    """Every skill and competency of a job, in the job's order, with its line and what covers it."""
    named: list[tuple[str, Literal["skill", "competency"]]] = [(name, "skill") for name in job.parsed_skills]
    named += [(name, "competency") for name in job.competencies]
    lines = [line.raw.strip() for line in posting_lines(job.description)]
    return [
        Requirement(name=name, kind=kind, line=line_of(name, lines), covered_by=_covered_by(name, resume, stories))
        for name, kind in named
    ]


def explained_plan(job: JobDescription, questions: int = QUESTIONS) -> list[ExplainedQuestion]:
    """What somebody would be asked for a job, as the coach on this computer plans it."""
    plan = plan_interview(PlanRequest(job.title, job.company, job.description, questions=questions))
    lines = [line.raw.strip() for line in posting_lines(job.description)]
    return [
        ExplainedQuestion(question=each, line=line_of(each.skill or "", lines) or line_of(each.competency, lines))
        for each in plan.questions
    ]


def defence(requirement: Requirement) -> GapDefence:
    """The question a gap brings, and an honest answer to fill in."""
    name = requirement.name
    if requirement.kind == "skill":
        return GapDefence(
            question=f"This role needs {name}. What have you done with it?",
            line_to_fill=f"I have not used {name} at work yet. The closest I have done is [what], where "
            f"[what came of it]. I have begun with [first step], and expect to be useful within [time].",
        )
    return GapDefence(
        question=f"Tell me about a time you showed {name}.",
        line_to_fill=f"The best example of {name} I have is [situation]. I [what you did], and [what came of it].",
    )


def line_of(name: str, lines: Sequence[str]) -> str:
    """The first line that has every word of a name; empty when none has."""
    wanted = _stems(name)
    return next((line for line in lines if wanted and wanted <= _stems(line)), "")


def _covered_by(name: str, resume: str, stories: Sequence[StarStory]) -> str:
    for story in stories:
        said = "\n".join((story.situation, story.task, story.action, story.result, story.polished_answer))
        if story.category.casefold() == name.casefold() or line_of(name, [*said.splitlines(), story.title]):
            return f"your story “{story.title}”"
    return "your resume" if line_of(name, resume.splitlines()) else ""


def _stems(text: str) -> frozenset[str]:
    """Signs such as C++ stay whole beside the words."""
    signs = {word.casefold() for word in text.split() if not word.isalpha() and any(c in word for c in "+#./")}
    return frozenset(stem(token.word) for token in tokenise(text)) | {sign.strip(".,;:()") for sign in signs}
