"""Many evaluations at half price: the Batch API with the very bodies the live adapter sends, answers read back as text.

Source: OpenAI OpenAPI description, `/batches` and `/files`. Meters are `<model>.batch.<kind>`.
"""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import openai

from coach.brain.openai.brain import OpenAIBrain
from coach.brain.openai.errors import vendor_error
from coach.brain.openai.usage import UsageMeter
from coach.brain.port import BATCH_CALL, EvaluationCall
from coach.contracts.usage import UsageEvent
from coach.errors import VendorProtocolError

ENDPOINT: Literal["/v1/responses"] = "/v1/responses"
POLL_S = 20.0
WORKING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What a batch brought for one call. `error` names what failed; text and usage are empty then."""

    text: str = ""
    ended: Literal["complete", "truncated", "refused"] = "complete"
    usage: tuple[UsageEvent, ...] = ()
    error: str = ""


class OpenAIBatch:
    """Batches of one brain's evaluations (Responses API only)."""

    def __init__(
        self,
        brain: OpenAIBrain,
        client: openai.AsyncOpenAI,
        *,
        poll_s: float = POLL_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`brain` knows how a call is put; `client` speaks to the same server."""
        self._brain = brain
        self._client = client
        self._poll_s = poll_s
        self._sleep = sleep

    async def submit(self, calls: Sequence[EvaluationCall]) -> str:
        """Uploads the calls and starts a batch; returns its id, which survives a restart of ours.

        Raises:
            VendorError: nothing was started.
        """
        lines = [
            {"custom_id": call.attempt_id, "method": "POST", "url": ENDPOINT, "body": self._brain.batch_body(call)}
            for call in calls
        ]
        content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
        try:
            file = await self._client.files.create(file=("calls.jsonl", io.BytesIO(content)), purpose="batch")
            batch = await self._client.batches.create(input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h")
        except openai.OpenAIError as error:
            raise vendor_error(error) from error
        return batch.id

    async def answers(
        self, batch_id: str, on_progress: Callable[[int, int], None] | None = None
    ) -> dict[str, BatchAnswer]:
        """Waits for a batch and reads it: answers by the `attempt_id` of their call; one that expired is left out.

        Raises:
            VendorError: the batch failed as a whole, or the server cannot be reached.
        """
        try:
            batch = await self._client.batches.retrieve(batch_id)
            while batch.status in WORKING:
                if on_progress and batch.request_counts:
                    on_progress(batch.request_counts.completed, batch.request_counts.total)
                await self._sleep(self._poll_s)
                batch = await self._client.batches.retrieve(batch_id)
            if batch.status == "failed":
                raise VendorProtocolError("The batch was refused by the vendor.")
            found: dict[str, BatchAnswer] = {}
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    content = await self._client.files.content(file_id)
                    found |= self._read(content.text)
            return found
        except openai.OpenAIError as error:
            raise vendor_error(error) from error

    def _read(self, content: str) -> dict[str, BatchAnswer]:
        rows = [json.loads(line) for line in content.split("\n") if line.strip()]
        return {row["custom_id"]: self._answer(row) for row in rows}

    def _answer(self, row: dict[str, Any]) -> BatchAnswer:
        """One line, told as a span of its own: when within the day the vendor answered it is not known."""
        most = self._brain.bundle.model_settings.max_output_tokens
        span = self._brain.span("mock_interview_attempt_response", most, batched=True)
        answer = self._said(row)
        if answer.error:
            span.failed(VendorProtocolError(answer.error))
        else:
            span.used(answer.usage)
            span.ended(answer.ended, str((row["response"]["body"]).get("model") or ""))
        span.close()
        return answer

    def _said(self, row: dict[str, Any]) -> BatchAnswer:
        response = row.get("response") or {}
        if row.get("error") or response.get("status_code") != 200:
            failure = row.get("error") or response.get("body", {}).get("error") or {}
            return BatchAnswer(error=str(failure.get("code") or response.get("status_code") or "unknown"))
        body = response["body"]
        parts = [part for item in body.get("output", []) for part in item.get("content") or []]
        refused = any(part.get("type") == "refusal" for part in parts)
        truncated = body.get("status") == "incomplete"
        meter = UsageMeter(
            subject=row["custom_id"],
            call=BATCH_CALL,
            model=f"{self._brain.model}.batch",
            attempt_id=row["custom_id"],
            bundle=self._brain.bundle.label,
        )
        return BatchAnswer(
            text="".join(part.get("text", "") for part in parts if part.get("type") == "output_text"),
            ended="refused" if refused else "truncated" if truncated else "complete",
            usage=meter.told(_as_object(body.get("usage"))),
        )


def _as_object(value: object) -> object:
    """Dictionaries as objects, so that one reader serves the SDK's types and a batch's lines."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _as_object(part) for key, part in value.items()})
    return value
