"""Events out of one interview: the same objects in the process and on the socket (commands in: `commands`).

On the wire a message is the JSON text frame `{"type": ..., "payload": {...}}`.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from coach.contracts.base import Strict
from coach.contracts.brain import Care
from coach.contracts.evaluation import (
    CoachNote,
    ContentFeedback,
    DeliveryFeedback,
    LibrarySuggestion,
    Rewrite,
    Scoring,
    StarChecklist,
)
from coach.contracts.interview import AttemptRank, OwnView, ViewState


class CurrentQuestion(Strict):
    id: str
    text: str
    media_url: str | None = None
    mode: Literal["cached", "stream"] = "stream"


class AttemptDot(Strict):
    """One attempt in the history of a question."""

    attempt_id: str
    attempt_number: int
    overall: float | None
    rank: AttemptRank
    status: str


class QuestionDot(Strict):
    """One planned question and how it stands; `attempt_id` is what counts for it."""

    id: str
    number: int
    text: str
    standing: Literal["ahead", "current", "answered", "skipped"]
    overall: float | None = None
    attempt_id: str = ""


class SessionStatePayload(Strict):
    """Everything a client needs to be where it was."""

    status: str
    view_state: ViewState
    current_question: CurrentQuestion | None
    attempt_number: int
    attempt_id: str | None = None
    question_number: int = 0
    question_count: int = 0
    is_follow_up: bool = False
    can_follow_up: bool = False
    is_last_question: bool = False
    persona_id: str = ""
    history: list[AttemptDot] = []
    questions: list[QuestionDot] = []
    elapsed_ms: float = 0
    notice: str = ""
    recoverable_s: float = 0
    """Seconds of this answer recorded already: after an interruption finish it, go on speaking, or start over."""


class ListeningResetPayload(Strict):
    new_attempt_id: str


class ProcessingHintPayload(Strict):
    min_display_ms: int = 800
    attempt_id: str = ""


class FollowUpQueuedPayload(Strict):
    question_text: str
    heygen_task_id: str = ""
    attempt_id: str = ""


class NoFollowUpPayload(Strict):
    attempt_id: str = ""


class EvidenceSpan(Strict):
    path: str
    start: int
    end: int
    start_s: float | None = None
    end_s: float | None = None


class UpdateScoresPayload(Strict):
    """Scores and feedback of one attempt. Sent again (`updated`) when a verbatim pass replaces provisional counts."""

    attempt_id: str
    attempt_number: int
    attempt_status: AttemptRank
    overall: float
    content: float
    delivery: float
    star_checklist: StarChecklist
    scoring: Scoring
    content_feedback: ContentFeedback
    delivery_feedback: DeliveryFeedback
    delivery_metrics: dict[str, object]
    history: list[AttemptDot] = []
    comparison: str = ""
    evidence: list[EvidenceSpan] = []
    label: str = ""
    notices: list[str] = []
    updated: bool = False
    care: Care | None = None
    self_rating: OwnView | None = None


class UpdateRewritePayload(Strict):
    attempt_id: str
    transcript: str
    polished_answer: str
    rewrite: Rewrite
    coach_notes: list[CoachNote]
    library_suggestion: LibrarySuggestion
    filler_hits: list[tuple[int, int]] = []
    repetitions: list[tuple[int, int]] = []
    evidence: list[EvidenceSpan] = []


class SpeakPayload(Strict):
    """Something is to be spoken by the browser: the drawn persona's voice.

    With `by` avatar the browser has the live avatar say it, over the room of its picture, and its own voice if not.
    """

    task_id: str
    text: str
    purpose: Literal["intro", "question", "follow_up", "transition"] = "question"
    audio_url: str | None = None
    by: Literal["browser", "avatar"] = "browser"
    lead_in: str = ""
    """Said before `text`, in the same breath; `lead_in_url` is its clip."""
    lead_in_url: str | None = None


class AvatarStreamPayload(Strict):
    """The live picture of the interviewer: the LiveKit room to join, or with an empty `url` that it is over.

    `token` opens this one room and ends with it.
    """

    session_id: str = ""
    url: str = ""
    token: str = ""
    mode: Literal["lite", "full"] = "lite"


class TranscriptReviewPayload(Strict):
    """A transcript nobody is sure of, to be corrected before it is scored; it never sends itself.

    Attributes:
        doubtful: character spans of words that were probably misheard.
    """

    attempt_id: str
    text: str
    reason: str
    doubtful: list[tuple[int, int]] = []


class LevelPayload(Strict):
    """Level of the microphone and the state of the Finish button; several a second while listening."""

    rms_dbfs: float
    speaking: bool
    finish_ready: bool
    seconds: float
    dropped_frames: int = 0


class SoundKeptPayload(Strict):
    """What of the answer in hand rests on disk: `samples` of `take` without a gap, which need not be sent again."""

    attempt_id: str
    take: int
    samples: int


class NoticePayload(Strict):
    code: str
    message: str


class SummaryQuestion(Strict):
    """One question of the finished interview; without `attempt_id` it was not answered."""

    exchange_id: str
    number: int
    text: str
    overall: float | None = None
    attempt_id: str = ""
    attempts: int = 0


class SummaryLine(Strict):
    """One line of the summary, why it is said, and the question and attempt that can be acted on."""

    kind: Literal["strength", "gap", "story", "plan", "resume"]
    text: str
    why: str
    exchange_id: str = ""
    attempt_id: str = ""


class SummaryPayload(Strict):
    """INTERVIEW_SUMMARY: `summary` and `plan` as stored; the rest says why, and what can be done about it."""

    status: str
    overall_score: float | None
    summary: dict[str, object]
    plan: list[str]
    questions: list[SummaryQuestion] = []
    lines: list[SummaryLine] = []
    readiness_why: str = ""


class ErrorPayload(Strict):
    code: str
    message: str
    recoverable: bool


class _Event(Strict):
    type: str
    payload: Strict


class SessionState(_Event):
    type: Literal["SESSION_STATE"] = "SESSION_STATE"
    payload: SessionStatePayload


class ListeningReset(_Event):
    type: Literal["LISTENING_RESET"] = "LISTENING_RESET"
    payload: ListeningResetPayload


class ProcessingHint(_Event):
    type: Literal["PROCESSING_HINT"] = "PROCESSING_HINT"
    payload: ProcessingHintPayload = ProcessingHintPayload()


class FollowUpQueued(_Event):
    type: Literal["FOLLOW_UP_QUEUED"] = "FOLLOW_UP_QUEUED"
    payload: FollowUpQueuedPayload


class NoFollowUp(_Event):
    type: Literal["NO_FOLLOW_UP"] = "NO_FOLLOW_UP"
    payload: NoFollowUpPayload = NoFollowUpPayload()


class UpdateScores(_Event):
    type: Literal["UPDATE_SCORES"] = "UPDATE_SCORES"
    payload: UpdateScoresPayload


class UpdateRewrite(_Event):
    type: Literal["UPDATE_REWRITE"] = "UPDATE_REWRITE"
    payload: UpdateRewritePayload


class Speak(_Event):
    type: Literal["SPEAK"] = "SPEAK"
    payload: SpeakPayload


class AvatarStream(_Event):
    type: Literal["AVATAR_STREAM"] = "AVATAR_STREAM"
    payload: AvatarStreamPayload = AvatarStreamPayload()


class SpeechEnd(_Event):
    type: Literal["SPEECH_END"] = "SPEECH_END"
    payload: dict[str, object] = {}  # type: ignore[assignment]


class TranscriptReview(_Event):
    type: Literal["TRANSCRIPT_REVIEW"] = "TRANSCRIPT_REVIEW"
    payload: TranscriptReviewPayload


class Level(_Event):
    type: Literal["LEVEL"] = "LEVEL"
    payload: LevelPayload


class SoundKept(_Event):
    type: Literal["SOUND_KEPT"] = "SOUND_KEPT"
    payload: SoundKeptPayload


class Notice(_Event):
    type: Literal["NOTICE"] = "NOTICE"
    payload: NoticePayload


class InterviewSummary(_Event):
    type: Literal["INTERVIEW_SUMMARY"] = "INTERVIEW_SUMMARY"
    payload: SummaryPayload


class ErrorEvent(_Event):
    type: Literal["ERROR"] = "ERROR"
    payload: ErrorPayload


Event: TypeAlias = Annotated[
    SessionState
    | ListeningReset
    | ProcessingHint
    | FollowUpQueued
    | NoFollowUp
    | UpdateScores
    | UpdateRewrite
    | Speak
    | AvatarStream
    | SpeechEnd
    | TranscriptReview
    | Level
    | SoundKept
    | Notice
    | InterviewSummary
    | ErrorEvent,
    Field(discriminator="type"),
]
event_adapter: TypeAdapter[Event] = TypeAdapter(Event)

PROTOCOL_VERSION = "1"
