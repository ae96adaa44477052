"""Interview, exchange and attempt: the records the conductor works on and the store keeps."""

from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from pydantic import Field

from coach.contracts.base import Lenient, Record
from coach.contracts.brain import Care, Evidence, GuardFinding, JobContext
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import Evaluation
from coach.contracts.transcript import Transcript


def new_id() -> str:
    """A fresh random identity (UUID4, 32 hex digits)."""
    return uuid4().hex


class ViewState(StrEnum):
    """What the person sees; the stage carries it as `data-state`."""

    INTRO_LOADING = "INTRO_LOADING"
    ASKING = "ASKING"
    LISTENING = "LISTENING"
    PROCESSING = "PROCESSING"
    FEEDBACK = "FEEDBACK"
    ERROR_RECOVERABLE = "ERROR_RECOVERABLE"
    ERROR_BLOCKING = "ERROR_BLOCKING"


class InterviewStatus(StrEnum):
    """Lifecycle of one interview."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class AttemptStatus(StrEnum):
    """Lifecycle of one attempt.

    recording -> captured (audio sealed) -> review (offline transcript waits for correction) -> evaluating -> evaluated;
    delayed = transcript kept, feedback to be produced later; discarded = Start over.
    """

    RECORDING = "recording"
    CAPTURED = "captured"
    REVIEW = "review"
    EVALUATING = "evaluating"
    EVALUATED = "evaluated"
    DELAYED = "delayed"
    DISCARDED = "discarded"


class AttemptRank(StrEnum):
    """Place of an attempt among those of its exchange."""

    CURRENT = "current"
    BEST = "best"
    SUPERSEDED = "superseded"


class PlannedQuestion(Record):
    """One question of the plan."""

    text: str
    type: str = "behavioral"
    competency: str = ""
    skill: str | None = None
    reason: str = ""


class SessionSummary(Record):
    """What one interview showed; a readiness score, never a verdict."""

    strengths: list[str] = []
    gaps: list[str] = []
    stories_to_save: list[str] = []
    next_plan: list[str] = []
    resume_prompts: list[str] = []
    readiness_score: float | None = Field(default=None, ge=0, le=10)
    headline: str = ""


class Interview(Record):
    """One session."""

    id: str = Field(default_factory=new_id)
    user_id: str = "local"
    job_description_id: str | None = None
    role_profile_id: str | None = None
    resume_id: str | None = None
    persona_id: str = "sarah"
    q_count: int = Field(default=3, ge=1, le=5)
    status: InterviewStatus = InterviewStatus.PLANNED
    overall_score: float | None = None
    readiness_score: float | None = None
    strengths: list[str] = []
    gaps: list[str] = []
    plan: list[str] = []
    summary: SessionSummary | None = None
    job: JobContext = JobContext()
    bundle: str = ""
    is_sample: bool = False
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_activity_at: datetime


class Exchange(Record):
    """One question (or follow-up) of an interview and what belongs to it."""

    id: str = Field(default_factory=new_id)
    interview_id: str
    order: int = Field(ge=0)
    question_text: str
    competency: str = ""
    question_type: str = "behavioral"
    follow_up_of: str | None = None
    follow_up_question_text: str = ""
    final_attempt_id: str | None = None
    avatar_clip_key: str = ""
    avatar_dynamic_text_hash: str = ""


class BaselineRow(Record):
    """One delivery metric of an answer against the speaker's own median; `better` is None where neither way is."""

    metric: str
    label: str
    now: float
    usual: float
    better: bool | None = None
    sentence: str = ""


class OwnView(Record):
    """The person's own scores of an answer, 0-10, given before the coach's were seen."""

    overall: float = Field(ge=0, le=10)
    content: float = Field(ge=0, le=10)
    delivery: float = Field(ge=0, le=10)


class AttemptExtra(Lenient):
    """What is known of an attempt beside its answer; a key written by a version that had more is left out.

    Attributes:
        eye_contact: 0-10, share of speaking time towards the camera; None where it was not measured.
        feedback_retries: how often feedback that failed was asked for again.
        follow_up_asked: whether clients were told a follow-up; None before that was decided.
        evaluation_status: `complete`, `repaired` or `fallback`; empty before the evaluation.
        baseline: delivery against the speaker's own medians.
        recording_recovered: the recording was found after a crash.
        care: what was noticed in the answer before it was coached.
        self_rating: what the person gave the answer before they saw the coach's scores.
        completes_answer: this answer to a follow-up was judged together with the question's answer.
        lead_in: what the interviewer said before the question that this attempt is the first at.
    """

    eye_contact: float | None = None
    feedback_retries: int = 0
    follow_up_asked: bool | None = None
    evaluation_status: str = ""
    baseline: list[BaselineRow] = []
    recording_recovered: bool = False
    care: Care | None = None
    completes_answer: bool = False
    lead_in: str = ""
    self_rating: OwnView | None = None


class Attempt(Record):
    """One spoken answer.

    `timeline` is milliseconds since *Finish* by mark name (see `coach.interview.latency`); `relevance_judged` is false
    where the coach could not tell whether the answer fits the question.
    """

    id: str = Field(default_factory=new_id)
    exchange_id: str
    interview_id: str
    attempt_number: int = Field(ge=1)
    status: AttemptStatus = AttemptStatus.RECORDING
    transcript: Transcript | None = None
    delivery: DeliveryMetrics | None = None
    evaluation: Evaluation | None = None
    evidence: list[Evidence] = []
    guards: list[GuardFinding] = []
    failed_outputs: list[str] = []
    overall_score: float | None = None
    audio_uri: str | None = None
    audio_expires_at: datetime | None = None
    audio_deleted_at: datetime | None = None
    duration_seconds: float = 0
    prompt_version: str = ""
    policy_version: str = ""
    model: str = ""
    brain: str = ""
    transcriber: str = ""
    relevance_judged: bool = True
    timeline: dict[str, float] = {}
    extra: AttemptExtra = AttemptExtra()
    created_at: datetime
    finished_at: datetime | None = None

    def noting(self, **known: object) -> "Attempt":
        """The attempt with these values of `extra`."""
        return self.model_copy(update={"extra": self.extra.model_copy(update=known)})

    @property
    def care(self) -> Care | None:
        """What was noticed in this answer before it was coached; it goes with the text when that expires."""
        return self.extra.care


class InterviewSnapshot(Record):
    """An interview with all that belongs to it, as the conductor loads it."""

    interview: Interview
    exchanges: list[Exchange] = []
    attempts: list[Attempt] = []
