"""Vendor events of both interfaces as our chunks; vendor shapes end here."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from coach.brain.openai.errors import coded_error
from coach.brain.openai.usage import UsageMeter
from coach.brain.port import BrainChunk, StreamEnd, TextDelta, Used
from coach.errors import VendorError

_FINAL = frozenset(("response.completed", "response.incomplete", "response.failed"))


async def responses_chunks(events: AsyncIterator[Any], meter: UsageMeter) -> AsyncGenerator[BrainChunk, None]:
    """Responses interface: text deltas, then usage, then how it ended.

    Raises:
        VendorError: the stream failed or broke off.
    """
    refused = False
    async for event in events:
        kind = getattr(event, "type", "")
        if kind == "response.output_text.delta":
            yield TextDelta(event.delta)
        elif kind in ("response.refusal.delta", "response.refusal.done"):
            refused = True
        elif kind in _FINAL:
            if used := meter.told(getattr(event.response, "usage", None)):
                yield Used(used)
            yield _responses_end(event, refused=refused)
            return
        elif kind == "error":
            raise coded_error(getattr(event, "code", None))
    raise VendorError("The model's answer broke off.")


def _responses_end(event: Any, *, refused: bool) -> StreamEnd:
    """Local servers leave out much of what the interface promises, so nothing but the event's type is relied on."""
    response = event.response
    model = getattr(response, "model", None) or ""
    if event.type == "response.failed":
        raise coded_error(getattr(getattr(response, "error", None), "code", None))
    if event.type == "response.incomplete":
        why = getattr(getattr(response, "incomplete_details", None), "reason", None)
        return StreamEnd("refused" if why == "content_filter" else "truncated", model)
    return StreamEnd("refused" if refused else "complete", model)


async def chat_chunks(events: AsyncIterator[object], meter: UsageMeter) -> AsyncGenerator[BrainChunk, None]:
    """Chat Completions: the finish reason comes before the usage, which some servers never send.

    Raises:
        VendorError: the stream broke off before a finish reason.
    """
    finish, model, refused = None, "", False
    usage: object = None
    async for event in events:
        model = getattr(event, "model", None) or model
        usage = getattr(event, "usage", None) or usage  # some servers repeat it, growing, in every chunk
        for choice in getattr(event, "choices", None) or ():
            delta = getattr(choice, "delta", None)
            refused = refused or bool(getattr(delta, "refusal", None))
            if text := getattr(delta, "content", None):
                yield TextDelta(text)
            finish = getattr(choice, "finish_reason", None) or finish
    if used := meter.told(usage):
        yield Used(used)
    if finish is None:
        raise VendorError("The model's answer broke off.")
    if finish == "length":
        yield StreamEnd("truncated", model)
    else:
        yield StreamEnd("refused" if refused or finish == "content_filter" else "complete", model)


def responses_text(response: Any) -> tuple[str, str]:
    """Text and end reason of a response that was not streamed."""
    parts = [part for item in response.output or () for part in getattr(item, "content", None) or ()]
    text = "".join(part.text for part in parts if part.type == "output_text")
    if any(part.type == "refusal" for part in parts):
        return text, "refused"
    if response.status == "failed":
        raise coded_error(response.error.code if response.error else None)
    return text, "truncated" if response.status == "incomplete" else "complete"


def chat_text(completion: Any) -> tuple[str, str]:
    """Text and end reason of a completion that was not streamed."""
    if not completion.choices:
        raise VendorError("The model gave no answer.")
    choice = completion.choices[0]
    if getattr(choice.message, "refusal", None) or choice.finish_reason == "content_filter":
        return "", "refused"
    return choice.message.content or "", "truncated" if choice.finish_reason == "length" else "complete"
