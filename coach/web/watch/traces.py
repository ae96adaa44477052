"""Traces over OpenTelemetry: a span per answer with its stages, where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.

The stages of an answer are known when it is stored, so its spans are made then, with the times they had; ids are
attributes, words never are.
"""

from functools import cache
from time import time_ns

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from coach.contracts.interview import Attempt
from coach.interview import latency
from coach.web.watch import collector

_NS = 1_000_000


@cache
def everywhere() -> None:
    """Spans that any part of this process makes go to the collector, where one is named; once, sent at its end too."""
    if collector.configured():
        provider = TracerProvider(resource=Resource.create({"service.name": "jobfoxy"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


class Traces:
    """Sends spans in the background; a collector that is away costs nothing but its spans."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """`exporter` defaults to OTLP over HTTP, set up by the environment."""
        self._provider = TracerProvider(resource=Resource.create({"service.name": "jobfoxy"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("coach")

    def answered(self, attempt: Attempt) -> None:
        """The spans of one judged answer: *Finish* to stored, and its stages below."""
        wall = latency.wall_ms(attempt.timeline)
        begun = time_ns() - round(wall * _NS)
        outcome = attempt.extra.evaluation_status or attempt.status.value
        ids = {"interview.id": attempt.interview_id, "attempt.id": attempt.id}
        whole = self._tracer.start_span("answer", start_time=begun, attributes={**ids, "outcome": outcome})
        inside = trace.set_span_in_context(whole)
        for stage in [*latency.stages(attempt.timeline), *latency.beside(attempt.timeline)]:
            start = begun + round(stage.start_ms * _NS)
            span = self._tracer.start_span(stage.name, inside, start_time=start, attributes={"kind": stage.kind})
            span.end(begun + round(stage.end_ms * _NS))
        whole.end(begun + round(wall * _NS))

    def close(self) -> None:
        """Sends what waits, two seconds at most."""
        self._provider.force_flush(2000)
        self._provider.shutdown()
