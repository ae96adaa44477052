"""Reads one call of a brain to its end or its failure, handing over sections on the way."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress

from pydantic import ValidationError

from coach.brain.evaluation.deadlines import Timeouts, Watch
from coach.brain.evaluation.draft import Tally
from coach.brain.evaluation.progress import MarkReached, Progress
from coach.brain.evaluation.repair import Failure
from coach.brain.evaluation.section_reader import OutputError, RawSection, SectionReader
from coach.brain.guards.measured import guard_section
from coach.brain.port import Brain, BrainChunk, EvaluationCall, RequestSent, StreamEnd, TextDelta, Used
from coach.contracts.evaluation import SECTION_ORDER
from coach.errors import VendorAuthError, VendorError, VendorRefusalError, VendorTimeoutError

log = logging.getLogger(__name__)
_MARKS = {"follow_up": "follow_up_complete", "scoring": "scores_complete", "rewrite": "rewrite_complete"}


class CallReader:
    """One call. After `read` is exhausted, `failure` says what went wrong, None when the output was whole."""

    def __init__(
        self, brain: Brain, call: EvaluationCall, tally: Tally, timeouts: Timeouts, total_deadline: float
    ) -> None:
        self.failure: Failure | None = None
        self.detail = ""
        self.retryable = True
        self.drain: asyncio.Task[None] | None = None
        self._brain = brain
        self._call = call
        self._tally = tally
        self._timeouts = timeouts
        self._total_deadline = total_deadline
        self._text: list[str] = []
        self._sections = SectionReader()
        self._section_seen = False
        self._used = False
        self._given_up = False

    @property
    def text(self) -> str:
        """What the model said."""
        return "".join(self._text)

    @property
    def summary(self) -> str:
        """What went wrong, without content."""
        return f"call {self._call.call_number}: {self.failure or 'sections missing'} {self.detail}".strip()

    async def read(self) -> AsyncGenerator[Progress, None]:
        """Streams the call; swallows every failure into `failure`."""
        stream = self._brain.evaluate(self._call)
        try:
            async with aclosing(self._follow(stream)) as following:
                async for progress in following:
                    yield progress
        except (OutputError, ValidationError) as error:
            self._fail("invalid_json", str(error) if isinstance(error, OutputError) else "")
        except VendorRefusalError as error:
            self._fail("refused", error.message, retryable=False)
        except VendorTimeoutError as error:
            self._fail("timeout", error.message)
        except VendorAuthError as error:
            self._tally.note("key_refused", error.message)
            self._fail("vendor", error.message, retryable=False)
        except VendorError as error:
            self._fail("vendor", error.message, retryable=error.retryable and bool(self._text))
        except Exception:
            log.exception("the evaluation of attempt %s broke", self._call.attempt_id)
            self._fail("internal", "", retryable=False)
        except (asyncio.CancelledError, GeneratorExit):
            self._given_up = True
            raise
        finally:
            await self._leave(stream)

    def _fail(self, failure: Failure, detail: str, *, retryable: bool = True) -> None:
        self.failure, self.detail, self.retryable = failure, detail, retryable

    async def _follow(self, stream: AsyncIterator[BrainChunk]) -> AsyncGenerator[Progress, None]:
        watch = Watch(self._timeouts, total_deadline=self._total_deadline)
        while True:
            try:
                chunk = await watch.next(stream)
            except StopAsyncIteration:
                break
            if isinstance(chunk, TextDelta):
                await self._tally.warming
                for progress in self._take_text(chunk.text):
                    yield progress
                if self._section_seen:
                    watch.section_seen()
            elif isinstance(chunk, StreamEnd):
                self._end(chunk)
            else:
                for progress in self._take_other(chunk):
                    yield progress
        self._finish()

    def _take_other(self, chunk: BrainChunk) -> list[Progress]:
        if isinstance(chunk, Used):
            self._used = True
            self._tally.usage += chunk.events
        elif isinstance(chunk, RequestSent):
            return self._mark("request_sent")
        return []

    def _mark(self, name: str) -> list[Progress]:
        return [MarkReached(name)] if self._tally.first_time(name) else []

    def _take_text(self, text: str) -> Iterator[Progress]:
        yield from self._mark("first_token")
        self._text.append(text)
        for raw in self._sections.feed(text):
            self._section_seen = True
            yield from self._take_section(raw)

    def _take_section(self, raw: RawSection) -> list[Progress]:
        """A section that breaks the contract is remembered; those after it are still read."""
        if not self._tally.wants(raw.name):
            if raw.name not in SECTION_ORDER:
                self._fail("invalid_schema", f"unknown key {raw.name[:40]!r}")
            return []
        try:
            guarded = guard_section(raw.name, raw.value, self._tally.context)
        except ValidationError as error:
            self._fail("invalid_schema", _where(raw.name, error))
            return []
        mark = self._mark(_MARKS[raw.name]) if raw.name in _MARKS else []
        return [*mark, *self._tally.hold(raw.name, guarded)]

    def _end(self, end: StreamEnd) -> None:
        if end.reason == "truncated":
            self._fail("truncated", "")
        elif end.reason == "refused":
            self._fail("refused", "", retryable=False)

    def _finish(self) -> None:
        if self._sections.peeled:
            self._tally.note("peeled", "text around the JSON object was left out")
        if self._tally.complete or self.failure in ("truncated", "refused"):
            return
        self._sections.finish()
        if self.failure is None:
            self._fail("invalid_schema", "a key is missing")

    async def _leave(self, stream: AsyncIterator[BrainChunk]) -> None:
        """A broken output is drained beside the retry, because its usage comes last; anything else is closed."""
        if self.failure == "invalid_json" and not self._used:
            self.drain = asyncio.create_task(self._drained(stream))
            return
        close = getattr(stream, "aclose", None)
        if close:
            with suppress(Exception):
                await close()
        self.settle()

    async def _drained(self, stream: AsyncIterator[BrainChunk]) -> None:
        with suppress(Exception):
            async with asyncio.timeout_at(self._total_deadline):
                async for chunk in stream:
                    if isinstance(chunk, TextDelta):
                        self._text.append(chunk.text)
                    elif isinstance(chunk, Used):
                        self._take_other(chunk)

    def settle(self) -> None:
        """Stops draining; where the vendor told no usage, the brain's own estimate is recorded, once.

        What was asked is paid for also when the answer was not waited for.
        """
        if self.drain and not self.drain.done():
            self.drain.cancel()
        estimate = getattr(self._brain, "estimated_usage", None)
        if estimate and not self._used and (self._text or self._given_up or self.failure == "timeout"):
            self._used = True
            self._tally.usage += estimate(self._call, self.text)


def _where(section: str, error: ValidationError) -> str:
    """Which fields are wrong and how, without their values."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[:4]
    return "; ".join(f"{'.'.join([section, *map(str, e['loc'])])}: {e['msg']}" for e in first)[:400]
