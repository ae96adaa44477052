"""The REST handlers: each turns a request into commands of the conductor and its state into an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.asking import asker
from coach.contracts.interview import Attempt, AttemptStatus, ViewState
from coach.errors import CoachError, IllegalCommandError, InputError, NotFoundError, RateLimitError
from coach.interview import event_builders as payloads
from coach.interview.conductor import Conductor
from coach.interview.dependencies import StoryShelf
from coach.interview.recording_ports import Archive
from coach.interview.service import InitRequest, InterviewService
from coach.web import access, models, upload
from coach.web.byte_ranges import recording_answer
from coach.web.problems import AccessError, NotYoursError, OriginError, TooLargeError, problem, unusable

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class WebServices(Protocol):
    """What the interface needs of the wiring."""

    @property
    def hub(self) -> InterviewService:
        """All interviews."""

    @property
    def archive(self) -> Archive:
        """Finished recordings."""


def answer(body: BaseModel, status: int = 200) -> JSONResponse:
    """A JSON answer."""
    return JSONResponse(body.model_dump(mode="json"), status)


async def body_of(request: Request, model: type[Model]) -> Model:
    """The request's JSON as `model`; an empty body is an empty object.

    Raises:
        InputError, TooLargeError.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > access.MAX_JSON_BYTES:
            raise TooLargeError("The request is too large.")
    try:
        return model.model_validate_json(bytes(raw) or b"{}")
    except ValidationError as error:
        raise InputError(f"The request cannot be used: {unusable(error, 'body')}") from error


def require_candidate() -> None:
    """The interface is for whoever practises.

    Raises:
        NotYoursError: somebody signed in who does not.
    """
    who = asker()
    if who is not None and not who.may_open("practice"):
        raise NotYoursError("This is for people who practise.")


class Rest:
    """Handlers over one set of services."""

    def __init__(self, services: WebServices, origins: tuple[str, ...] = ()) -> None:
        """`origins`: foreign pages that are welcome, as `https://host`."""
        self._services = services
        self._origins = origins
        self._rates = access.rates()
        self._uploads: set[str] = set()

    @property
    def hub(self) -> InterviewService:
        """All interviews."""
        return self._services.hub

    def guarded(self, handler: Handler) -> Handler:
        """Checks the origin and turns expected failures into answers; one who hung up gets none."""

        async def wrapped(request: Request) -> Response:
            try:
                if not access.origin_allowed(request.headers, request.url.scheme, self._origins):
                    raise OriginError("This page may not call the interview service.")
                require_candidate()
                return await handler(request)
            except CoachError as error:
                return problem(error)
            except ClientDisconnect:
                return Response(status_code=400)

        return wrapped

    @contextmanager
    def _uploading(self, interview_id: str) -> Iterator[None]:
        """One recording per interview on its way in at a time, and no more than a few together.

        Raises:
            RateLimitError: there are too many.
        """
        if interview_id in self._uploads or len(self._uploads) >= access.MAX_UPLOADS:
            raise RateLimitError("A recording is being uploaded already; try again when it is through.")
        self._uploads.add(interview_id)
        try:
            yield
        finally:
            self._uploads.discard(interview_id)

    async def _interview(self, request: Request, interview_id: str) -> Conductor:
        token = access.bearer(request.headers, request.query_params)
        opens = await self.hub.check(token)
        if opens and opens != interview_id and asker() is not None:
            raise NotFoundError("There is no such interview.")
        if opens != interview_id:
            raise AccessError("The token does not open this interview.")
        return await self.hub.open(interview_id)

    async def _attempt(self, request: Request) -> tuple[Conductor, Attempt]:
        """The attempt of the path, in the interview of the token: what is not in it does not exist for the caller."""
        conductor = await self._of_token(request)
        return conductor, conductor.board.attempt(request.path_params["id"])

    async def _of_token(self, request: Request) -> Conductor:
        interview_id = await self.hub.check(access.bearer(request.headers, request.query_params))
        if interview_id is None:
            raise AccessError("The token is unknown or has expired.")
        return await self.hub.open(interview_id)

    # -- handlers ----------------------------------------------------------------------------------------------------

    async def init(self, request: Request) -> Response:
        """POST /mock-interviews/init."""
        asked = await body_of(request, InitRequest)
        client = request.client.host if request.client else ""
        mine, all_ = access.INITS_PER_CLIENT, access.INITS_OF_ALL
        if not (self._rates.hit(mine, "init", client) and self._rates.hit(all_, "inits")):
            raise RateLimitError("Too many interviews were begun; try again in a minute.")
        scheme = "wss" if request.url.scheme == "https" else "ws"
        result = await self.hub.init(asked, ws_base=f"{scheme}://{request.url.netloc}")
        return answer(result, 201)

    async def state(self, request: Request) -> Response:
        """GET /mock-interviews/{id}."""
        conductor = await self._interview(request, request.path_params["id"])
        return answer(conductor.snapshot().payload)

    async def next_question(self, request: Request) -> Response:
        """POST /mock-interviews/{id}/next-question: starts, moves on, or tells what is being asked."""
        conductor = await self._interview(request, request.path_params["id"])
        await body_of(request, models.SubmitRequest)
        state = conductor.snapshot().payload
        question = state.current_question
        if question is None:
            await conductor.send(cmd.StartInterview())
        elif state.view_state not in (ViewState.ASKING, ViewState.LISTENING):
            await conductor.send(cmd.ReadyForNext(payload=cmd.ReadyForNextPayload(last_question_id=question.id)))
        return answer(_question(conductor.snapshot().payload))

    async def submit(self, request: Request) -> Response:
        """POST /attempts/{id}/submit: like *Finish answer*, any number of times."""
        conductor, attempt = await self._attempt(request)
        text = (await body_of(request, models.SubmitRequest)).transcript
        if text is not None:
            typed = cmd.TranscriptPayload(attempt_id=attempt.id, text=text)
            await conductor.send(cmd.SubmitTranscript(payload=typed))
        else:
            finish = cmd.FinishAnswerPayload(question_id=attempt.exchange_id, attempt_id=attempt.id, timestamp_ms=0)
            await conductor.send(cmd.FinishAnswer(payload=finish))
        return answer(models.Submitted(attempt_id=attempt.id, status=_status(conductor, attempt.id)), 202)

    async def upload(self, request: Request) -> Response:
        """POST /attempts/{id}/recording: an uploaded recording is the answer."""
        conductor, attempt = await self._attempt(request)
        if not conductor.takes_recording(attempt.id):
            await upload.discarded(request)
        else:
            with self._uploading(conductor.id):
                async with upload.received(request) as file:
                    await conductor.submit_recording(file, attempt_id=attempt.id)
        return answer(models.Submitted(attempt_id=attempt.id, status=_status(conductor, attempt.id)), 202)

    async def retry(self, request: Request) -> Response:
        """POST /exchanges/{id}/retry."""
        conductor = await self._of_token(request)
        exchange = conductor.board.exchange(request.path_params["id"])
        await conductor.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=exchange.id)))
        state = conductor.snapshot().payload
        return answer(models.Retried(new_attempt_id=state.attempt_id or "", attempt_number=state.attempt_number), 201)

    async def finish(self, request: Request) -> Response:
        """POST /mock-interviews/{id}/finish; the token is dead afterwards, the same call again gives the same."""
        interview_id = request.path_params["id"]
        token = access.bearer(request.headers, request.query_params)
        if self.hub.finished_by(token) != interview_id:
            await self._interview(request, interview_id)
        done: ev.SummaryPayload = await self.hub.finish(interview_id)
        return answer(models.FinishedInterview(**done.model_dump()))

    async def audio(self, request: Request) -> Response:
        """GET /attempts/{id}/audio, with Range."""
        _, attempt = await self._attempt(request)
        if not attempt.audio_uri or attempt.audio_deleted_at:
            raise NotFoundError("There is no recording of this attempt any more.")
        sound = await asyncio.to_thread(self._services.archive.read, attempt.audio_uri)
        return recording_answer(sound, request.headers.get("range", ""))

    async def feedback(self, request: Request) -> Response:
        """GET /attempts/{id}/feedback: what was told of an attempt, however long ago."""
        conductor, attempt = await self._attempt(request)
        if attempt.evaluation is None:
            raise NotFoundError("There is no feedback on this attempt.")
        siblings = conductor.board.attempts_of(attempt.exchange_id)
        return answer(
            models.AttemptFeedback(
                question=conductor.board.exchange(attempt.exchange_id).question_text,
                recorded=bool(attempt.audio_uri) and attempt.audio_deleted_at is None,
                scores=payloads.stored_scores(attempt, siblings, attempt.evaluation).payload,
                rewrite=payloads.stored_rewrite(attempt, attempt.evaluation).payload,
            )
        )

    async def save(self, request: Request) -> Response:
        """POST /attempts/{id}/save: the rewrite becomes a story in the library, once."""
        _, attempt = await self._attempt(request)
        wanted = await body_of(request, models.SaveRequest)
        if attempt.evaluation is None or attempt.status != AttemptStatus.EVALUATED:
            raise IllegalCommandError("There is nothing to save yet: the feedback is not complete.")
        shelf: StoryShelf | None = getattr(self._services, "stories", None)
        if shelf is None:
            raise NotFoundError("There is no library here.")
        story = await shelf.save_story(attempt.id, title=wanted.title, category=wanted.category)
        return answer(models.Saved(story_id=story), 201)


def _question(state: ev.SessionStatePayload) -> models.NextQuestion:
    question = state.current_question
    if question is None:
        raise IllegalCommandError("There is no question now.")
    return models.NextQuestion(
        exchange_id=question.id,
        question_text=question.text,
        clip_url=question.media_url,
        mode=question.mode,
        attempt_id=state.attempt_id,
        question_number=state.question_number,
        question_count=state.question_count,
        is_last_question=state.is_last_question,
    )


def _status(conductor: Conductor, attempt_id: str) -> str:
    return conductor.board.attempt(attempt_id).status.value
