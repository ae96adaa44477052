"""The line to a model's server: one warm client that learns what it takes and tries again where that may help."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from coach.brain.evaluation.deadlines import Timeouts
from coach.brain.openai.errors import retry_after_s, vendor_error
from coach.brain.openai.request import Prompt, RequestBuilder

CONNECT_RETRIES = 2


class ModelConnection:
    """One client of one server; `close` when done. `api_key` is None for local servers that want none."""

    def __init__(self, requests: RequestBuilder, *, api_key: str | None, base_url: str, timeouts: Timeouts) -> None:
        self._requests = requests
        self._connect_s = timeouts.connect_s
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,  # ours know which failures were paid for
            timeout=httpx2.Timeout(timeouts.call_s, connect=timeouts.connect_s),
        )

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return str(self._client.base_url)

    async def send(self, prompt: Prompt, *, stream: bool) -> Any:
        """The SDK's answer, or its stream of events.

        Raises:
            openai.OpenAIError: what trying again did not mend, or would not.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_worth_another_try),
            wait=_wait_s,
            stop=stop_after_attempt(CONNECT_RETRIES + 1),
            reraise=True,
        )
        return await retrying(self._send_what_it_takes, prompt, stream)

    async def _send_what_it_takes(self, prompt: Prompt, stream: bool) -> Any:
        """At once again without what the server refuses, as long as a refusal teaches something."""
        while True:
            body = self._requests.build(prompt, stream=stream)
            try:
                return await self._create(body)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._requests.abilities.learn(error, body):
                    raise
            except openai.InternalServerError as error:
                # llama.cpp's Python server answers a parameter it does not know with 500
                refusal = "validation error" in str(error).lower()
                if not (refusal and self._requests.abilities.learn(error, body)):
                    raise

    def _create(self, body: dict[str, object]) -> Awaitable[object]:
        create: Callable[..., Awaitable[object]] = (
            self._client.responses.create if self._requests.api == "responses" else self._client.chat.completions.create
        )
        return create(**body)

    async def check(self) -> None:
        """Asks the server who is there, with the key.

        Raises:
            VendorError: not reachable, or the key is refused.
        """
        try:
            await self._client.models.list(timeout=self._connect_s * 2)
        except openai.NotFoundError:
            return  # a server without a model list is reachable all the same
        except openai.OpenAIError as error:
            raise vendor_error(error) from error

    async def close(self) -> None:
        """Frees the client."""
        await self._client.close()


def _is_worth_another_try(error: BaseException) -> bool:
    return isinstance(error, openai.OpenAIError) and retry_after_s(error, 0) is not None


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (retry_after_s(error, state.attempt_number - 1) if isinstance(error, openai.OpenAIError) else None) or 0.0
