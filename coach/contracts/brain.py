"""What goes into a brain and what comes out of the evaluation pipeline beside the evaluation itself."""

from typing import Literal

from pydantic import Field

from coach.contracts.base import Lenient, Record
from coach.contracts.evaluation import Evaluation
from coach.contracts.usage import UsageEvent

QuestionType = Literal["behavioral", "technical", "leadership", "situational", "general"]


class Question(Lenient):
    """The question that was asked."""

    text: str = Field(min_length=1, max_length=2000)
    type: str = "behavioral"
    competency: str = ""
    is_follow_up: bool = False


class JobContext(Lenient):
    """What is known of the job, parsed from a posting or a role profile."""

    job_title: str = ""
    company: str = ""
    key_skills: list[str] = []
    competencies: list[str] = []
    summary: str = ""


MAX_ANSWER_CHARS = 60_000
"""More than anybody says in an hour at 160 words a minute; what is recognised beyond it is not judged."""
MAX_TYPED_CHARS = 20_000
"""Some twenty minutes of speech; longer text that arrives as text is refused where it comes in."""


class UserAnswer(Lenient):
    """The answer itself; the transcript is data, never an instruction."""

    transcript: str = Field(max_length=MAX_ANSWER_CHARS)
    duration_seconds: float = Field(default=0, ge=0)


class DeliveryInput(Lenient):
    """The measured delivery handed to the model so that it need not guess. None where not measured."""

    wpm: float | None = None
    filler_count: int | None = None
    long_pause_count: int | None = None
    clarity_note: str = ""
    eye_contact_proxy_score_0_to_10: float | None = Field(default=None, ge=0, le=10)


class HistoryItem(Lenient):
    """One earlier attempt at the same question, in short."""

    attempt_number: int
    overall: float
    headline: str = ""


class EvaluationInput(Lenient):
    """The one JSON object a brain evaluates."""

    policy_version: str = "mi_v1.0"
    question: Question
    job_context: JobContext = JobContext()
    user_answer: UserAnswer
    delivery_metrics: DeliveryInput = DeliveryInput()
    attempt_history: list[HistoryItem] = []


class GuardFinding(Record):
    """One intervention of a guard: a stable rule name and what was changed, without personal data in logs."""

    rule: str
    detail: str


CareKind = Literal["crisis", "threat", "misconduct", "profanity", "protected", "other_language", "not_an_answer"]


class CareResource(Record):
    """Where help is found: a country, who helps, and how they are reached."""

    country: str
    name: str
    contact: str


class Care(Record):
    """What was noticed in an answer before it was coached, the gravest kind only, and what the person is told.

    `told_rewrite` is the polished answer with the protected facts still in it: the page shows it, and leaves them out
    on a click; everything else (library, command line, export) uses the evaluation's own.
    """

    kind: CareKind
    message: str
    resources: list[CareResource] = []
    told_rewrite: str = ""

    @property
    def unscored(self) -> bool:
        """True where coaching stops: no score, nothing praised, asked or saved."""
        return self.kind in ("crisis", "other_language", "not_an_answer")


class Evidence(Record):
    """The exact span of the transcript that a point of the evaluation rests on.

    `path` names the point (`content_feedback.star_checklist.action`, `content_feedback.top_strengths.0`); `start`/`end`
    are character offsets (end exclusive) into the transcript, `start_s`/`end_s` seconds where words are timed.
    """

    path: str
    start: int
    end: int
    quote: str
    start_s: float | None = None
    end_s: float | None = None


class EvaluationResult(Record):
    """What the pipeline hands over at its end: a valid evaluation in any case.

    `status`: `complete`, `repaired` (a retry was needed), `fallback` (safe minimal evaluation: feedback is delayed).
    `failed_outputs` keeps what the model said when it could not be used, for the lab.
    `relevance_judged`: false where the coach cannot tell whether the answer fits the question; the contract's number is
    then neutral, enters no sum and is not shown.
    """

    evaluation: Evaluation
    guards: list[GuardFinding] = []
    evidence: list[Evidence] = []
    usage: list[UsageEvent] = []
    status: Literal["complete", "repaired", "fallback"] = "complete"
    failed_outputs: list[str] = []
    brain: str = ""
    model: str = ""
    bundle: str = ""
    relevance_judged: bool = True
    care: Care | None = None
