"""From the complete follow-up to the avatar's request: alone, with 20 streams at once, and where it breaks.

Model and avatar are loopback servers in a process of their own, spoken to through the vendor's SDK and one warm HTTP
client; the interviews run on a real database with real recordings. "wire" is from the moment the model's server sent
the piece that closes `follow_up` to the moment the avatar's server had the request: it contains the SDK, our
sectioning, guards, the event, and HTTP both ways. "ours" is between our marks `follow_up_complete` and
`speak_requested`, the avatar's answer included. The reference of the same run is a new HTTP client per request.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import httpx
import uvloop

from benchmarks._playing import hub_on, percentiles, process, table
from coach.avatar.remote import RemoteAvatar
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts import commands as cmd
from coach.contracts.interview import PlannedQuestion, ViewState
from coach.interview.service import InitRequest
from tests.conversation.driver import Client, tone

STREAMS = tuple(int(n) for n in os.environ.get("FOLLOW_UP_STREAMS", "1,20,40,60").split(","))
TOKENS_PER_S = 80
SECONDS = float(os.environ.get("FOLLOW_UP_SECONDS", "30"))


async def answer_on(client: Client, until: float, ours: list[float]) -> None:
    """Answers, waits for the rewrite, and answers again."""
    sound = tone(0.5)
    await client.start()
    await client.view(ViewState.LISTENING, 20)
    while time.monotonic() < until:
        client.conductor.push_audio(sound)
        attempt = client.state.attempt_id
        await client.send(client.finish_command())
        await client.wait("UPDATE_REWRITE", 120)
        await client.settled()
        marks = client.conductor.board.attempt(attempt).timeline
        if "speak_requested" in marks:
            ours.append(marks["speak_requested"] - marks["follow_up_complete"])
        client.seen.clear()
        client._cursor = 0
        await client.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=client.state.current_question.id)))


async def crowd(url: str, home: Path, streams: int) -> tuple[list[float], list[float], float]:
    """`streams` interviews at once; wire and own milliseconds, and our CPU seconds per second."""
    bundle = PromptBundle.load("jobfoxy_v1")
    brain = OpenAIBrain(bundle=bundle, model="gpt-test-1", api_key="none", base_url=f"{url}/v1")
    hub = hub_on(home, brain=brain, avatar=RemoteAvatar(url), policy=bundle.policy, bundle=bundle.label)
    await hub.start()
    question = PlannedQuestion(text="Tell me about a time you made something faster.")
    clients = [
        Client(await hub.open((await hub.init(InitRequest(q_count=1), questions=[question])).mock_interview_id))
        for _ in range(streams)
    ]
    ours: list[float] = []
    begun, cpu = time.monotonic(), time.process_time()
    until = begun + SECONDS

    async def late(number: int, client: Client) -> None:
        await asyncio.sleep(number / streams * 10)
        await answer_on(client, until, ours)

    await asyncio.gather(*(late(n, c) for n, c in enumerate(clients)))
    load = (time.process_time() - cpu) / (time.monotonic() - begun)
    async with httpx.AsyncClient() as http:
        wire = (await http.get(f"{url}/figures")).json()
    await hub.close()
    await brain.close()
    return wire, ours, load


async def new_clients(url: str, times: int = 20) -> list[float]:
    """The reference: a new HTTP client for every request."""
    taken = []
    for number in range(times):
        begun = time.monotonic()
        async with httpx.AsyncClient() as http:
            await http.post(f"{url}/sessions/none/speak", json={"task_id": str(number), "text": "x"})
        taken.append((time.monotonic() - begun) * 1000)
    return taken


def main() -> None:
    """Prints the table."""
    rows: list[list[object]] = []
    for streams in STREAMS:
        with tempfile.TemporaryDirectory() as home, process("benchmarks._vendors", TOKENS_PER_S) as url:
            wire, ours, load = uvloop.run(crowd(url, Path(home), streams))
            rows.append([streams, len(wire), *percentiles(wire, 50, 99), *percentiles(ours, 50, 99), f"{load:.2f}"])
            if streams == STREAMS[0]:
                taken = asyncio.run(new_clients(url))
                reference = ["new client per call", len(taken), *percentiles(taken, 50, 99), "", "", ""]
    load1 = os.getloadavg()[0]
    print(f"\n## Follow-up complete -> avatar request ({TOKENS_PER_S} tokens/s each; load average {load1:.1f})\n")
    head = ["streams", "follow-ups", "wire p50 ms", "wire p99 ms", "ours p50 ms", "ours p99 ms", "our CPU"]
    table(head, [*rows, reference])


if __name__ == "__main__":
    main()
