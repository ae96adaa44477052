"""Judging and reading apart from the service: in few processes that end at a time limit, with their call, and at once.

A text that takes for ever costs its own worker, never the event loop, the interpreter lock or the end of the service.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

from coach.brain.guards.context import GuardContext
from coach.brain.offline.packing import packed, unpacked
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.errors import VendorProtocolError, VendorTimeoutError

log = logging.getLogger(__name__)
WORKERS = 2
LIMIT_CPU_S = 10.0
"""Processor time for one text: an answer of 300 words takes 0.2 s, one of 20,000 characters 1 s; beyond this it is no
answer. Not time on the clock: on a machine full of other work 1 s of it may take 20, which is no fault of the text."""
LIMIT_S = 60.0
"""Time on the clock, for a worker that hangs and takes no processor time."""
_LINE_BYTES = 16 * 1024 * 1024
_COMMAND = (sys.executable, "-m", "coach.brain.offline.worker")


class JudgePool:
    """Workers start when they are needed and stay; calls wait for one in their order."""

    def __init__(self, workers: int = WORKERS, limit_s: float = LIMIT_S, limit_cpu_s: float = LIMIT_CPU_S) -> None:
        """`limit_s` is on the clock, `limit_cpu_s` of the processor, both for one text."""
        self._limit_s, self._limit_cpu_s = limit_s, limit_cpu_s
        self._workers = workers
        self._places = asyncio.Semaphore(workers)
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The workers that run."""
        return [worker.pid for worker in self._all]

    async def judge(self, given: EvaluationInput, max_words: int) -> str:
        """The evaluation as JSON text.

        Raises:
            VendorTimeoutError: it took longer than a limit; the worker was ended.
            VendorProtocolError: the worker failed.
        """
        return await self._have_done({"input": given.model_dump(mode="json"), "max_words": max_words})

    async def read(self, context: GuardContext) -> GuardContext:
        """The same context with the whole answer read: for long ones, which would hold up everybody else here.

        Raises:
            VendorTimeoutError, VendorProtocolError: as `judge`.
        """
        answer = await self._have_done({"read": packed(context)})
        read: GuardContext = unpacked(json.loads(answer)["read"])
        return read

    async def _have_done(self, asked: dict[str, object]) -> str:
        line = json.dumps(asked) + "\n"
        async with self._places:
            worker = await self._worker()
            try:
                async with asyncio.timeout(self._limit_s):
                    answer = await self._ask(worker, line)
            except TimeoutError as error:
                raise _too_long(f"{self._limit_s:.0f} s") from error
            except OSError as error:
                if await asyncio.shield(worker.wait()) == -signal.SIGPROF:
                    raise _too_long(f"{self._limit_cpu_s:.0f} s of processor time") from error
                raise VendorProtocolError("The offline coach ended in the middle of its work.") from error
            finally:
                if worker not in self._idle:
                    await self._end(worker)
        if answer.startswith('{"error"'):
            log.error("the offline coach failed: %s", json.loads(answer)["error"])
            raise VendorProtocolError("The offline coach failed on this answer.")
        return answer

    async def _ask(self, worker: Process, line: str) -> str:
        assert worker.stdin and worker.stdout
        worker.stdin.write(line.encode())
        await worker.stdin.drain()
        answer = await worker.stdout.readline()
        if not answer.endswith(b"\n"):
            raise BrokenPipeError("the worker is gone")
        self._idle.append(worker)
        return answer.decode().rstrip("\n")

    async def _worker(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            self._all.discard(worker)
        if self._closed:
            raise VendorProtocolError("The offline coach is being stopped.")
        worker = await asyncio.create_subprocess_exec(
            *_COMMAND,
            str(self._limit_cpu_s),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LINE_BYTES,
            env=_environment(),
        )
        self._all.add(worker)
        return worker

    async def warm_up(self) -> None:
        """Starts every worker and lets it load what its first answer would wait for; one that fails is left to tell."""
        question, answer = Question(text="How are you?"), UserAnswer(transcript="I am well.")
        given = EvaluationInput(policy_version="", question=question, user_answer=answer)
        await asyncio.gather(*(self.judge(given, 220) for _ in range(self._workers)), return_exceptions=True)

    async def _end(self, worker: Process) -> None:
        with suppress(ProcessLookupError):
            worker.kill()
        await asyncio.shield(worker.wait())
        self._all.discard(worker)

    async def close(self) -> None:
        """Ends every worker at once, in the middle of its work too."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(self._end(worker) for worker in [*self._all]))


def _too_long(limit: str) -> VendorTimeoutError:
    log.warning("a judgement took longer than %s and was ended", limit)
    return VendorTimeoutError("Judging this answer took too long.")


def _environment() -> dict[str, str]:
    """What a worker needs to start; the keys of vendors are not among it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "PYTHONHASHSEED") if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PYTHONUTF8": "1"}
