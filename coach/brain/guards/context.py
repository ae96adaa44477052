"""What the guards of one answer know."""

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from coach.brain.care.advice import care_for
from coach.brain.care.reader import CareReading, read_care
from coach.brain.guards.evidence import AnswerIndex
from coach.brain.prompts.policy import Policy
from coach.brain.reading.question import asked_form
from coach.brain.truth.guard import TruthGuard
from coach.contracts.brain import Care, EvaluationInput
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GuardContext:
    """All that guards compare a section with; built once per attempt, before the first token."""

    input: EvaluationInput
    transcript: Transcript
    delivery: DeliveryMetrics
    policy: Policy
    model: str
    resume_text: str = ""

    @cached_property
    def answer(self) -> AnswerIndex:
        """The transcript, indexed for finding evidence."""
        asked = self.input.question
        story = asked_form(asked.text, asked.type.lower()) in ("story", "plan")
        return AnswerIndex(self.transcript, story_asked=story, care=self.care_reading)

    @cached_property
    def care_reading(self) -> CareReading:
        """What must be noticed in the answer; nothing when it cannot be read at all."""
        try:
            return read_care(self.transcript.text)
        except Exception:
            log.exception("an answer could not be read for care")
            return CareReading("", {})

    @cached_property
    def care(self) -> Care | None:
        """What the person is told about it."""
        return care_for(self.care_reading)

    @cached_property
    def instructions(self) -> tuple[tuple[int, int], ...]:
        """Passages addressed to the evaluator; none when the answer cannot be read at all."""
        try:
            return self.answer.instructions
        except Exception:
            log.exception("an answer could not be read")
            return ()

    @property
    def has_content(self) -> bool:
        """True when there is any answer to judge."""
        try:
            return self.answer.has_content
        except Exception:
            return bool(self.transcript.text.strip())

    @cached_property
    def truth(self) -> TruthGuard:
        """What transcript, resume, question and job state, indexed for the truth guard."""
        asked, job = self.input.question, self.input.job_context
        named = (asked.text, asked.competency, job.job_title, job.company, *job.key_skills, *job.competencies)
        return TruthGuard((self.transcript.text, self.resume_text, *named, job.summary))

    def read_ahead(self) -> Self:
        """Everything that is read of the answer, done; what is kept of it can be pickled."""
        self.care, self.instructions  # noqa: B018 - kept by being asked for
        self.warm()
        return self

    def warm(self) -> None:
        """Builds the indexes, so that no section pays for them; some 10 ms, best beside waiting for the model."""
        self.answer.warm()
        self.truth.warm()
