"""A process that holds one interview after another on a real database and real recordings, until it is killed.

Run as `python -m tests.conversation.victim`: for every line `HOME [INTERVIEW_ID]` on stdin it forks such a process and
prints its pid. What a client was told is appended to `HOME/told.log`, one fact a line.
"""

import asyncio
import os
import sys
from pathlib import Path

from coach.contracts import commands as cmd
from coach.contracts.interview import ViewState
from coach.errors import CoachError
from coach.interview.service import InitRequest, InterviewService
from coach.store import open_store
from tests.conversation.driver import Client, make_hub, tone
from tests.fakes import vendors

LOG: list[int] = []


def hub_on(home: Path) -> InterviewService:
    """A hub on the home's database and recordings, with scripted vendors."""
    transcriber = vendors.FakeTranscriber()
    transcriber.delay_s = 0.01
    evaluate = vendors.ScriptedEvaluation({"overall": 6.5, "pause_s": 0.005})
    store = open_store(f"duckdb:///{home / 'coach.duckdb'}")
    return make_hub(home, store=store, transcriber=transcriber, evaluate=evaluate)


def told(*facts: object) -> None:
    """What a client saw, where the parent can read it."""
    os.write(LOG[0], (" ".join(map(str, facts)) + "\n").encode())


async def play(client: Client) -> None:
    """Goes on with the interview from wherever it is, for ever."""
    while True:
        state = client.state
        view = state.view_state
        if view == ViewState.INTRO_LOADING:
            await client.start()
        elif view == ViewState.LISTENING:
            for _ in range(10):
                client.conductor.push_audio(tone(0.1))
                await asyncio.sleep(0.002)
            told("HEARD", state.attempt_id, client.conductor._listening.capture.seconds)
            await client.send(client.finish_command())
            told("FINISHED", state.attempt_id)
        elif view in (ViewState.FEEDBACK, ViewState.ERROR_RECOVERABLE):
            told("FEEDBACK", state.attempt_id)
            try:
                await (client.retry() if state.attempt_number < 3 else client.next())
            except CoachError:
                await client.retry()
        await asyncio.sleep(0.002)


async def watch(client: Client) -> None:
    """Tells when rows are stored, as a client would be told by the scores that stay."""
    done: set[str] = set()
    while True:
        for attempt in client.conductor.board.attempts.values():
            if attempt.status == "evaluated" and "stored" in attempt.timeline and attempt.id not in done:
                done.add(attempt.id)
                told("STORED", attempt.id)
        await asyncio.sleep(0.001)


async def main(home: Path, interview_id: str) -> None:
    hub = hub_on(home)
    await hub.start()
    if not interview_id:
        interview_id = (await hub.init(InitRequest(q_count=5))).mock_interview_id
    told("INTERVIEW", interview_id)
    client = Client(await hub.open(interview_id))
    voice = asyncio.create_task(speak(client))
    watcher = asyncio.create_task(watch(client))
    await asyncio.gather(play(client), voice, watcher)


async def speak(client: Client) -> None:
    """The browser's voice: says at once that it has spoken."""
    at = 0
    while True:
        for event in client.seen[at:]:
            if event.type == "SPEAK":
                await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=event.payload.task_id)))
        at = len(client.seen)
        await asyncio.sleep(0.002)


def nursery() -> None:
    """Forks a process per line: imports are paid once."""
    for line in sys.stdin:
        home, *interview = line.split()
        pid = os.fork()
        if not pid:
            LOG.append(os.open(Path(home) / "told.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND))
            asyncio.run(main(Path(home), interview[0] if interview else ""))
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    nursery()
