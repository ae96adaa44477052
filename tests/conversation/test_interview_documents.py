"""The documents of the interface are what the models say, and the reference client can hold an interview by them."""

import json
import wave
from pathlib import Path

import jsonschema
import yaml

from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.interview import ViewState
from coach.web import asyncapi, openapi
from coach.web.endpoints import ENDPOINTS
from examples.interview_client import Interview, frames
from tests.conversation.driver import Client, make_hub, tone
from tests.conversation.serving import served
from tests.fakes.vendors import FakeTranscriber, ScriptedEvaluation

ROOT = Path(__file__).parents[2]


def test_the_shipped_asyncapi_document_is_the_generated_one():
    assert (ROOT / "docs" / "asyncapi.yaml").read_text() == asyncapi.text(), (
        "python -m coach.web.asyncapi > docs/asyncapi.yaml"
    )


def test_every_command_and_event_is_in_the_document():
    document = yaml.safe_load(asyncapi.text())
    for union, operation in ((cmd.command_adapter, "command"), (ev.event_adapter, "event")):
        named = {m["$ref"].rsplit("/", 1)[1] for m in document["operations"][operation]["messages"]}
        assert set(union.json_schema()["discriminator"]["mapping"]) == named - {"AUDIO"}


def test_the_openapi_document_has_every_route_and_resolves():
    document = openapi.document()
    assert {(m.upper(), p) for p, ops in document["paths"].items() for m in ops} == {
        (row.method, row.path) for row in ENDPOINTS
    }
    for reference in references(document):
        assert reference.rsplit("/", 1)[1] in document["components"]["schemas"]
    for path in ("init", "next-question", "submit", "retry", "finish"):
        assert any(p.endswith(path) for p in document["paths"])


def references(node):
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_every_event_of_an_interview_is_valid_by_the_document(tmp_path):
    document = asyncapi.document()
    hub = make_hub(tmp_path, evaluate=ScriptedEvaluation({"follow_up": "Which?"}))
    from coach.interview.service import InitRequest

    client = Client(await hub.open((await hub.init(InitRequest(q_count=1))).mock_interview_id))
    await client.start()
    await client.listen()
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await hub.finish(client.conductor.id)
    await client.wait("INTERVIEW_SUMMARY")
    seen = {e.type for e in client.seen}
    assert seen >= {"SESSION_STATE", "SPEAK", "PROCESSING_HINT", "FOLLOW_UP_QUEUED", "UPDATE_SCORES", "UPDATE_REWRITE"}
    for event in client.seen:
        name = document["components"]["messages"][event.type]["payload"]["$ref"].rsplit("/", 1)[1]
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.validate(json.loads(event.model_dump_json()), schema)
    await hub.close()


async def test_the_reference_client_holds_a_whole_interview(tmp_path):
    recording = tmp_path / "answer.wav"
    with wave.open(str(recording), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(tone(1.0))
    scripts = ScriptedEvaluation({"overall": 5, "follow_up": "Which numbers?"}, {}, {"overall": 7.0})
    hub = make_hub(tmp_path, transcriber=FakeTranscriber(needs_review=True), evaluate=scripts)
    trace: list[str] = []
    async with served(hub) as host:
        interview = Interview(frames(recording), speed=50, retries=0, say=trace.append)
        summary = await interview.hold(f"http://{host}", 2)
    assert summary["status"] == "completed" and summary["overall_score"] == round((6.5 + 7) / 2, 1)
    assert len(scripts.calls) == 3
    said = "\n".join(trace)
    assert said.index("FOLLOW_UP_QUEUED") < said.index("ANSWER_FOLLOW_UP") < said.index("INTERVIEW_SUMMARY")
