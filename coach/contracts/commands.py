"""Commands into one interview: the same objects in the process and on the socket (events out: `events`).

On the wire a message is the JSON text frame `{"type": ..., "payload": {...}}`; binary frames are audio
(Int16 little-endian PCM, mono, 16 kHz, 20-50 ms each).
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, FiniteFloat, TypeAdapter

from coach.contracts.base import Strict
from coach.contracts.brain import MAX_TYPED_CHARS
from coach.contracts.interview import OwnView

PROTOCOL_SAMPLE_RATE_HZ = 16_000


class FinishAnswerPayload(Strict):
    """Where `take` is given, the recording ends at `timestamp_ms` of the clock that its frames carry."""

    question_id: str
    attempt_id: str
    timestamp_ms: FiniteFloat
    take: int | None = Field(default=None, ge=0, lt=2**32)


class RestartAnswerPayload(Strict):
    attempt_id: str


class ReadyForNextPayload(Strict):
    last_question_id: str


class StartPayload(Strict):
    """Start of the interview, once the audio path is up (or none is wanted)."""

    audio: Literal["webrtc", "socket", "upload", "none"] = "socket"


class AttemptRef(Strict):
    attempt_id: str


class ExchangeRef(Strict):
    question_id: str


class TranscriptPayload(Strict):
    """The transcript as the person corrected or typed it."""

    attempt_id: str
    text: str = Field(max_length=MAX_TYPED_CHARS)


class EyeContactPayload(Strict):
    """One browser-side sample: is a face there, and does it look towards the camera. Frames never leave the browser."""

    at_ms: FiniteFloat
    face: bool
    towards_camera: bool | None = None


class SelfRatingPayload(OwnView):
    """What the person thinks of an answer of their own, before they saw the coach's scores."""

    attempt_id: str


class SpeechDonePayload(Strict):
    """The browser's voice finished (or failed) speaking `task_id`."""

    task_id: str
    ok: bool = True


class AvatarViewPayload(Strict):
    """The browser shows the live picture of this session, or cannot."""

    session_id: str = Field(max_length=200)
    shown: bool


class FinishAnswer(Strict):
    type: Literal["FINISH_ANSWER"] = "FINISH_ANSWER"
    payload: FinishAnswerPayload


class RestartAnswer(Strict):
    type: Literal["RESTART_ANSWER"] = "RESTART_ANSWER"
    payload: RestartAnswerPayload


class ReadyForNext(Strict):
    type: Literal["READY_FOR_NEXT"] = "READY_FOR_NEXT"
    payload: ReadyForNextPayload


class StartInterview(Strict):
    type: Literal["START_INTERVIEW"] = "START_INTERVIEW"
    payload: StartPayload = StartPayload()


class RetryQuestion(Strict):
    type: Literal["RETRY_QUESTION"] = "RETRY_QUESTION"
    payload: ExchangeRef


class AnswerFollowUp(Strict):
    type: Literal["ANSWER_FOLLOW_UP"] = "ANSWER_FOLLOW_UP"
    payload: ExchangeRef


class SubmitTranscript(Strict):
    """Corrected transcript (offline recogniser) or a typed answer."""

    type: Literal["SUBMIT_TRANSCRIPT"] = "SUBMIT_TRANSCRIPT"
    payload: TranscriptPayload


class SkipQuestion(Strict):
    """The question in hand stays unanswered; after the last one the interview is finished."""

    type: Literal["SKIP_QUESTION"] = "SKIP_QUESTION"
    payload: ExchangeRef


class OpenQuestion(Strict):
    """A question that was skipped is asked again."""

    type: Literal["OPEN_QUESTION"] = "OPEN_QUESTION"
    payload: ExchangeRef


class RetryFeedback(Strict):
    """Ask again for feedback that was delayed."""

    type: Literal["RETRY_FEEDBACK"] = "RETRY_FEEDBACK"
    payload: AttemptRef


class FinishInterview(Strict):
    type: Literal["FINISH_INTERVIEW"] = "FINISH_INTERVIEW"
    payload: dict[str, Any] = {}


class SelfRating(Strict):
    type: Literal["SELF_RATING"] = "SELF_RATING"
    payload: SelfRatingPayload


class SpeechDone(Strict):
    type: Literal["SPEECH_DONE"] = "SPEECH_DONE"
    payload: SpeechDonePayload


class EyeContactSample(Strict):
    type: Literal["EYE_CONTACT"] = "EYE_CONTACT"
    payload: EyeContactPayload


class AvatarViewed(Strict):
    type: Literal["AVATAR_VIEW"] = "AVATAR_VIEW"
    payload: AvatarViewPayload


Command: TypeAlias = Annotated[
    FinishAnswer
    | RestartAnswer
    | ReadyForNext
    | StartInterview
    | RetryQuestion
    | AnswerFollowUp
    | SkipQuestion
    | OpenQuestion
    | SubmitTranscript
    | RetryFeedback
    | FinishInterview
    | SelfRating
    | SpeechDone
    | EyeContactSample
    | AvatarViewed,
    Field(discriminator="type"),
]
command_adapter: TypeAdapter[Command] = TypeAdapter(Command)
