"""Every call of a model is a span by OpenTelemetry's conventions, and nobody's words are in it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from coach.brain.openai.batch import OpenAIBatch
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.port import PlanRequest
from coach.brain.prompts.bundle import PromptBundle
from coach.errors import VendorAuthError, VendorError
from tests.fakes import brain_samples as samples
from tests.fakes.openai_batches import BatchServer, response_line
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", lambda name: provider.get_tracer(name))
    yield exporter
    provider.shutdown()


def brain(server: OpenAIServer) -> OpenAIBrain:
    return OpenAIBrain(bundle=PromptBundle.load(), model="gpt-test-1", api_key="k", base_url=server.base_url)


def only(kept: InMemorySpanExporter) -> ReadableSpan:
    (span,) = kept.get_finished_spans()
    return span


@pytest.mark.parametrize("whole", [True, False])
async def test_an_evaluation_is_a_span_with_tokens_also_when_it_is_given_up(
    kept: InMemorySpanExporter, whole: bool
) -> None:
    with OpenAIServer(Reply(samples.output(), tokens=Tokens(1500, 1024, 0, 900))) as server:
        judge = brain(server)
        stream = judge.evaluate(samples.call())
        async for chunk in stream:
            if not whole and type(chunk).__name__ == "TextDelta":
                break
        await stream.aclose()
        await judge.close()
    span = only(kept)
    found = dict(span.attributes or {})
    assert span.name == "chat gpt-test-1" and span.kind is trace.SpanKind.CLIENT
    assert found["gen_ai.operation.name"] == "chat" and found["gen_ai.request.stream"] is True
    assert found["coach.purpose"] == "mock_interview_attempt_response"
    assert found["coach.prompt_bundle"] == PromptBundle.load().label
    assert float(str(found["gen_ai.response.time_to_first_chunk"])) >= 0
    if whole:
        tokens = [
            found[f"gen_ai.usage.{kind}"] for kind in ("input_tokens", "output_tokens", "cache_read.input_tokens")
        ]
        assert tokens == [1500, 900, 1024] and found["gen_ai.response.finish_reasons"] == ("complete",)
    else:
        assert found["error.type"] == "GeneratorExit"
    said = json.dumps({key: str(value) for key, value in found.items()})
    assert not any(word in said for word in samples.ANSWER.split() if len(word) > 8)


async def test_a_failed_call_and_a_plan_are_spans_too(kept: InMemorySpanExporter) -> None:
    with OpenAIServer(Reply(fault="http_error", status=401)) as server:
        judge = brain(server)
        with pytest.raises(VendorAuthError):
            async for _ in judge.evaluate(samples.call()):
                pass
        with pytest.raises(VendorError):
            await judge.plan(PlanRequest("Baker", "Mill", "We bake bread and look for a baker with ten years at it."))
        await judge.close()
    evaluation, plan = kept.get_finished_spans()
    assert evaluation.attributes["error.type"] and not evaluation.status.is_ok
    assert plan.attributes["coach.purpose"] == "interview_plan" and not plan.status.is_ok
    assert plan.attributes["gen_ai.request.stream"] is False


async def test_every_call_that_a_batch_answered_is_a_span(kept: InMemorySpanExporter) -> None:
    def answer(line: dict[str, Any]) -> dict[str, Any]:
        if line["custom_id"] == "lost":
            return {"id": "x", "custom_id": "lost", "response": None, "error": {"code": "batch_expired"}}
        return response_line(line, samples.output())

    with BatchServer(answer) as server:
        client = openai.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0)
        judge = OpenAIBrain(bundle=PromptBundle.load(), model="gpt-6-luna", api_key="k", base_url=server.base_url)
        batch = OpenAIBatch(judge, client, poll_s=0)
        calls = [replace(samples.call(), attempt_id=name) for name in ("told", "lost")]
        await batch.answers(await batch.submit(calls))
        await judge.close()
        await client.close()
    told, lost = sorted(kept.get_finished_spans(), key=lambda span: "error.type" in (span.attributes or {}))
    found = dict(told.attributes or {})
    assert found["coach.batched"] is True and told.name == "chat gpt-6-luna"
    assert found["gen_ai.usage.output_tokens"] == 800 and found["gen_ai.response.finish_reasons"] == ("complete",)
    assert dict(lost.attributes or {})["error.type"] and not lost.status.is_ok
