"""A span per call of a model, named as OpenTelemetry's conventions for generative AI say; no word of anybody in it.

Conventions: opentelemetry.io/docs/specs/semconv/gen-ai (client spans, release 1.38). Where no collector is named the
interface of OpenTelemetry is a no-op and a span costs a few microseconds.
"""

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from coach.brain.port import BrainChunk, StreamEnd, TextDelta, Used
from coach.contracts.usage import UsageEvent

INPUT = ("input", "cached_input", "cache_write")
BUNDLE = "coach.prompt_bundle"
PURPOSE = "coach.purpose"
BATCHED = "coach.batched"


class CallSpan:
    """The span of one call, begun when it is sent; `close` ends it in any case."""

    def __init__(
        self, *, model: str, base_url: str, bundle: str, purpose: str, max_tokens: int, streamed: bool,
        temperature: float | None = None, batched: bool = False,
    ) -> None:  # fmt: skip
        """`purpose` says what is asked for: an evaluation, a plan, a summary, a judgement. `batched`: by a batch."""
        server = urlsplit(base_url)
        official = server.hostname == "api.openai.com"
        attributes: dict[str, str | int | float | bool] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai" if official else "openai_compatible",
            "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": max_tokens,
            "gen_ai.request.stream": streamed,
            "gen_ai.output.type": "json",
            "server.address": server.hostname or "",
            BUNDLE: bundle,
            PURPOSE: purpose,
            BATCHED: batched,
        }
        if server.port:
            attributes["server.port"] = server.port
        if temperature is not None:
            attributes["gen_ai.request.temperature"] = temperature
        tracer = trace.get_tracer("coach.brain")
        self._span = tracer.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=attributes)
        self._begun = time.perf_counter()
        self._first = False

    def saw(self, chunk: BrainChunk) -> None:
        """Takes from a stream what the span tells."""
        if isinstance(chunk, TextDelta) and not self._first:
            self._first = True
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self._begun)
        elif isinstance(chunk, Used):
            self.used(chunk.events)
        elif isinstance(chunk, StreamEnd):
            self.ended(chunk.reason, chunk.model)

    def used(self, events: Sequence[UsageEvent]) -> None:
        """Tokens in and out; cached ones are part of those in, as the conventions count them."""
        counts = {event.meter.rpartition(".")[2]: int(event.quantity) for event in events}
        self._span.set_attribute("gen_ai.usage.input_tokens", sum(counts.get(kind, 0) for kind in INPUT))
        self._span.set_attribute("gen_ai.usage.output_tokens", counts.get("output", 0))
        self._span.set_attribute("gen_ai.usage.cache_read.input_tokens", counts.get("cached_input", 0))

    def ended(self, reason: str, model: str = "") -> None:
        """How it ended, and which model says it answered."""
        self._span.set_attribute("gen_ai.response.finish_reasons", [reason])
        if model:
            self._span.set_attribute("gen_ai.response.model", model)

    def failed(self, error: BaseException) -> None:
        """What kind of trouble it ended in; never its message, which may quote."""
        self._span.set_attribute("error.type", getattr(error, "code", None) or type(error).__name__)
        self._span.set_status(Status(StatusCode.ERROR))

    def close(self) -> None:
        """Ends the span."""
        self._span.end()
