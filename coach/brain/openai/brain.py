"""The model as coach: one client, kept warm, speaking Responses or Chat Completions to any server that does."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import BaseModel, ValidationError

from coach.brain.evaluation.deadlines import Timeouts
from coach.brain.evaluation.peeling import peeled
from coach.brain.openai.connection import ModelConnection
from coach.brain.openai.errors import vendor_error
from coach.brain.openai.request import Api, Prompt, RequestBuilder
from coach.brain.openai.schema import evaluation_schema, model_schema
from coach.brain.openai.shapes import (
    PlanOutput,
    SummaryOutput,
    plan_input,
    summary_input,
    to_plan,
    to_summary,
)
from coach.brain.openai.spans import CallSpan
from coach.brain.openai.streams import chat_chunks, chat_text, responses_chunks, responses_text
from coach.brain.openai.usage import UsageMeter
from coach.brain.planning.posting_page import read_page
from coach.brain.port import Brain, BrainChunk, EvaluationCall, InterviewPlan, PlanRequest, RequestSent, SummaryItem
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.brain import JobContext
from coach.contracts.interview import SessionSummary, new_id
from coach.contracts.usage import UsageEvent
from coach.errors import VendorError, VendorProtocolError, VendorRefusalError

Output = TypeVar("Output", bound=BaseModel)
UsageSink = Callable[[tuple[UsageEvent, ...]], None]
PLAN_TOKENS = 2500
TRIES = 2
"""Calls for one whole answer: a second one, with a correction, when the first cannot be used."""


class OpenAIBrain:
    """Implements the brain port. One instance per process and bundle; `close` when done.

    Args:
        api_key: None for local servers that want none.
        base_url: any server that speaks the same protocol.
        model: the configured model; a bundle may name another.
        on_usage: told about use that no return value can carry (a failed plan or summary).
    """

    name = "openai"

    def __init__(
        self,
        *,
        bundle: PromptBundle,
        model: str,
        api_key: str | None,
        base_url: str = "https://api.openai.com/v1",
        api: Api = "responses",
        timeouts: Timeouts | None = None,
        on_usage: UsageSink | None = None,
    ) -> None:
        self.bundle = bundle
        self.model = bundle.model_settings.model or model
        self.label = self.model
        self.judges_relevance = True
        self.stand_in: Brain | None = None
        self._api = api
        self._timeouts = timeouts or Timeouts()
        self._on_usage = on_usage
        official = urlsplit(base_url).hostname == "api.openai.com"
        self._requests = RequestBuilder(bundle, api=api, model=self.model, official=official)
        self._connection = ModelConnection(self._requests, api_key=api_key, base_url=base_url, timeouts=self._timeouts)

    @property
    def timeouts(self) -> Timeouts:
        """How long this server may take; a model on this computer is slower than a vendor."""
        return self._timeouts

    async def evaluate(self, call: EvaluationCall) -> AsyncGenerator[BrainChunk, None]:
        """Streams one evaluation; closing the iterator closes the connection, which stops the model.

        Connection failures, limits and server errors before the first event are retried here; once text flows they are
        the caller's business.

        Raises:
            VendorError: split by kind.
        """
        prompt = self._evaluation_prompt(call)
        span = self.span(prompt.schema_name, prompt.max_output_tokens, streamed=True)
        try:
            async with aclosing(self._evaluated(call, prompt)) as chunks:
                async for chunk in chunks:
                    span.saw(chunk)
                    yield chunk
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            span.close()

    async def _evaluated(self, call: EvaluationCall, prompt: Prompt) -> AsyncGenerator[BrainChunk, None]:
        yield RequestSent()
        try:
            stream = await self._connection.send(prompt, stream=True)
            try:
                read = responses_chunks if self._api == "responses" else chat_chunks
                async for chunk in read(stream, self._meter(call)):
                    yield chunk
            finally:
                await stream.close()
        except openai.OpenAIError as error:
            raise vendor_error(error) from error
        except httpx2.TimeoutException as error:
            raise vendor_error(openai.APITimeoutError(request=error.request)) from error
        except httpx2.HTTPError as error:
            raise vendor_error(openai.APIConnectionError(request=error.request)) from error
        except (ValueError, AttributeError, TypeError) as error:
            raise VendorProtocolError("The model's server sent something its interface does not allow.") from error

    def estimated_usage(self, call: EvaluationCall, text: str) -> tuple[UsageEvent, ...]:
        """What a call used when the server never told, from characters, marked as estimated."""
        return self._meter(call).estimated(self._evaluation_prompt(call).chars, len(text))

    def batch_body(self, call: EvaluationCall) -> dict[str, object]:
        """The body of the same call for a batch (Responses API)."""
        body = self._requests.build(self._evaluation_prompt(call), stream=False)
        return {key: value for key, value in body.items() if key != "stream"}

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        """Parses a job and plans questions.

        Raises:
            VendorError: also when the output cannot be used twice; falling back is the caller's business.
            InputError: what was pasted is no posting.
        """
        page = read_page(request.title, request.company, request.description)
        if "JobPosting" in request.description:  # structured data names them; elsewhere the model reads them itself
            request = replace(request, title=page.title, company=page.company)
        request = replace(request, description=page.description)
        wanted = self._prompt(self.bundle.plan_prompt, plan_input(request), "interview_plan", PlanOutput)
        output, usage = await self._ask(wanted, PlanOutput, subject=f"plan:{new_id()}")
        if len(output.questions) < request.questions:
            self._tell(usage)
            raise VendorProtocolError("The model planned fewer questions than were asked for.")
        return to_plan(output, request, usage)

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        """Call 2: what the session showed.

        Raises:
            VendorError: also when the output cannot be used twice; falling back is the caller's business.
        """
        wanted = self._prompt(self.bundle.summary_prompt, summary_input(items, job), "session_summary", SummaryOutput)
        output, usage = await self._ask(wanted, SummaryOutput, subject=interview_id, interview_id=interview_id)
        return to_summary(output), usage

    async def ask(self, system: str, user: str, name: str, shape: type[Output], *, subject: str) -> Output:
        """One whole answer in `shape`, for judges and the like; its use goes to `on_usage`.

        Raises:
            VendorError: also when the output cannot be used twice.
        """
        output, usage = await self._ask(self._prompt(system, user, name, shape), shape, subject=f"{subject}:{new_id()}")
        self._tell(usage)
        return output

    async def check(self) -> None:
        """Asks the server who is there, with the key: for start-up and `doctor`; also opens the connection.

        Raises:
            VendorError: not reachable, or the key is refused.
        """
        await self._connection.check()

    async def warm_up(self) -> None:
        """Opens the connection ahead of the first call; trouble is left for that call to tell."""
        with suppress(Exception):
            await self.check()

    async def close(self) -> None:
        """Frees the client."""
        await self._connection.close()

    def _evaluation_prompt(self, call: EvaluationCall) -> Prompt:
        settings, options = self.bundle.model_settings, self.bundle.schema_options
        kind, _, detail = call.correction.partition(": ")
        limit = settings.retry_output_tokens if kind == "truncated" else settings.max_output_tokens
        return Prompt(
            system=self.bundle.system_prompt,
            user=self.bundle.render_input(call.input),
            schema_name="mock_interview_attempt_response",
            schema=evaluation_schema(descriptions=options.descriptions),
            correction=self._correction(kind, detail),
            max_output_tokens=limit,
        )

    def _correction(self, kind: str, detail: str) -> str:
        if not kind:
            return ""
        said: str = getattr(self.bundle.corrections, kind, self.bundle.corrections.invalid_schema)
        return f"{said} ({detail})" if detail else said

    def span(self, purpose: str, max_tokens: int, *, streamed: bool = False, batched: bool = False) -> CallSpan:
        """The span of one call of this model."""
        return CallSpan(
            model=self.model,
            base_url=self._connection.base_url,
            bundle=self.bundle.label,
            purpose=purpose,
            max_tokens=max_tokens,
            streamed=streamed,
            temperature=self.bundle.model_settings.temperature,
            batched=batched,
        )

    def _prompt(self, system: str, user: str, name: str, model: type[BaseModel], correction: str = "") -> Prompt:
        return Prompt(system, user, name, model_schema(model), correction, PLAN_TOKENS)

    def _meter(self, call: EvaluationCall) -> UsageMeter:
        return UsageMeter(
            subject=call.attempt_id,
            call=f"evaluate:{call.call_number}",
            model=self.model,
            attempt_id=call.attempt_id,
            interview_id=call.interview_id,
            bundle=self.bundle.label,
        )

    async def _ask(
        self, prompt: Prompt, shape: type[Output], *, subject: str, interview_id: str = ""
    ) -> tuple[Output, tuple[UsageEvent, ...]]:
        """One whole answer in a shape; a second try with a correction when the first cannot be used."""
        usage: tuple[UsageEvent, ...] = ()
        for attempt in range(1, TRIES + 1):
            try:
                text, ended, used = await self._answer(prompt, subject, f"{prompt.schema_name}:{attempt}", interview_id)
            except BaseException:
                self._tell(usage)
                raise
            usage += used
            if ended == "refused":
                self._tell(usage)
                raise VendorRefusalError("The model declined to answer.")
            with suppress(ValidationError):
                return shape.model_validate_json(peeled(text), strict=True), usage
            kind = "truncated" if ended == "truncated" else "invalid_schema"
            prompt = Prompt(
                prompt.system, prompt.user, prompt.schema_name, prompt.schema, self._correction(kind, ""), PLAN_TOKENS
            )
        self._tell(usage)
        raise VendorProtocolError("The model's output could not be used.")

    async def _answer(
        self, prompt: Prompt, subject: str, call: str, interview_id: str
    ) -> tuple[str, str, tuple[UsageEvent, ...]]:
        meter = partial(
            UsageMeter, subject=subject, model=self.model, interview_id=interview_id, bundle=self.bundle.label
        )
        span = self.span(prompt.schema_name, prompt.max_output_tokens, streamed=False)
        try:
            response = await self._connection.send(prompt, stream=False)
            used = meter(call=f"{call}:{response.id}")
            told = used.told(response.usage)
            span.used(told)
            text, ended = self._said(response, told or used.estimated(prompt.chars, 0))
            span.ended(ended, str(getattr(response, "model", "")))
        except BaseException as error:
            span.failed(error)
            self._charge_unheard(error, meter(call=f"{call}:{new_id()}"), prompt)
            if isinstance(error, openai.OpenAIError):
                raise vendor_error(error) from error
            raise
        finally:
            span.close()
        return text, ended, told or used.estimated(prompt.chars, len(text))

    def _said(self, response: object, used: tuple[UsageEvent, ...]) -> tuple[str, str]:
        try:
            return responses_text(response) if self._api == "responses" else chat_text(response)
        except VendorError:
            self._tell(used)  # an answer that failed on the way is paid for too
            raise

    def _charge_unheard(self, error: BaseException, meter: UsageMeter, prompt: Prompt) -> None:
        """What was asked is paid for also when the answer was not waited for."""
        if isinstance(error, (openai.APITimeoutError, asyncio.CancelledError)):
            self._tell(meter.estimated(prompt.chars, 0))

    def _tell(self, usage: tuple[UsageEvent, ...]) -> None:
        if self._on_usage and usage:
            self._on_usage(usage)
