"""One answer on its way through a live stream: its frames, its words, and what of it was heard."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.audio.spans import joined
from coach.speech.streaming.clock_map import SentTimeline, Span, holes
from coach.speech.streaming.frame_buffer import FrameBuffer
from coach.speech.streaming.silence_watch import HearingLimits, SilenceWatch
from coach.speech.streaming.word_merge import LiveResult, TimedWord, WordMerge

RESULT_GAP_S = 0.5


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Figures of a live stream, in seconds unless named otherwise. The defaults suit Deepgram.

    Attributes:
        open_wait_s: how long opening waits for the connection; after that it goes on in the background.
        finalize_s: how long Finish waits for the last final result.
        quiet_tail_s: how long it waits when all that is missing is a short silence.
        quiet_tail_most_s: the longest such silence.
        catch_up_s: most unsent audio at Finish that is still sent live; with more the recording is faster.
        keep_alive_s: idle time after which a KeepAlive is sent (the socket closes at 10 s).
        prime_after_s: idle time of a fresh connection after which 20 ms of silence are sent, because a KeepAlive holds
            the socket only once audio was sent.
        stall_s: a send that hangs this long means the connection is dead.
        ring_s: most audio held for replay.
        live_limit_s: most audio waiting while the connection works.
        replay_rate: most audio sent, x real time.
        hole_s: shortest stretch that counts as missing.
        straggler_s: how long Finish waits for a result that a later one overtook.
        backoff_first_s, backoff_most_s: wait before the first and at most before any later reconnect.
    """

    open_wait_s: float = 5.0
    finalize_s: float = 2.5
    quiet_tail_s: float = 0.8
    quiet_tail_most_s: float = 1.2
    catch_up_s: float = 0.6
    keep_alive_s: float = 4.0
    prime_after_s: float = 5.0
    stall_s: float = 5.0
    tick_s: float = 0.5
    ring_s: float = 30.0
    live_limit_s: float = 2.0
    replay_rate: float = 1.25
    hole_s: float = 0.1
    straggler_s: float = 0.25
    backoff_first_s: float = 0.1
    backoff_most_s: float = 5.0
    close_s: float = 1.0
    hearing: HearingLimits = field(default_factory=HearingLimits)


@dataclass(slots=True)
class LinkLedger:
    """What is known of one connection: its identity, its clock and how far its final results reach."""

    number: int
    call_id: str
    timeline: SentTimeline = field(default_factory=SentTimeline)
    watermark_s: float = 0.0
    finalizes_open: int = 0


class Segment:
    """State of one answer. `generation` tells its audio from that of earlier answers on the same connection."""

    def __init__(self, generation: int, attempt_id: str, options: LiveOptions) -> None:
        self.generation = generation
        self.attempt_id = attempt_id
        self.buffer = FrameBuffer(options.ring_s, options.live_limit_s)
        self.merge = WordMerge()
        self.hearing = SilenceWatch(options.hearing)
        self.sent: Counter[str] = Counter()
        self.settled = asyncio.Event()
        self._result_came = asyncio.Event()
        self.closed = False
        self.asked = 0
        self._accounted: list[Span] = []
        self._results: dict[int, list[Span]] = {}
        self._hole_s = options.hole_s
        self._final_link = 0
        self._answered = False

    @property
    def end_s(self) -> float:
        """Length of the answer so far."""
        return self.buffer.end / SAMPLE_RATE_HZ

    @property
    def complete(self) -> bool:
        """Whether the transcriber has said its last word about this answer."""
        return self._answered and not self.merge.interim

    def take(self, link: LinkLedger, result: LiveResult) -> None:
        """Merges a result of `link`, if it is about this answer."""
        words = [w for w in (link.timeline.place(w, self.generation) for w in result.words) if w]
        mine = bool(words) or link.timeline.owner(result.end_s - 1e-3) == self.generation
        if mine:
            self._merge(link, result, sorted(words))
        if result.from_finalize and (mine or link.finalizes_open <= 1):
            self._answered = self._answered or self._final_link == link.number
        self._result_came.set()
        self._settle(link)

    async def next_result(self) -> None:
        """Waits until another result was taken."""
        self._result_came.clear()
        await self._result_came.wait()

    def finalize_sent(self, link: LinkLedger) -> None:
        """The last audio and the request for the last result have left."""
        self._final_link = link.number
        self._settle(link)

    def link_lost(self, link: LinkLedger, *, deaf: bool = False) -> None:
        """The connection ended: what it covered stays, the rest waits to be sent again."""
        gaps = self.gaps(link)
        spans = _without(link.timeline.spans(self.generation, link.watermark_s), gaps)
        if deaf:
            limit = self.hearing.heard_until_s
            spans = [(a, min(b, limit)) for a, b in spans if a < limit]
            self.hearing.give_up()
        self._accounted = joined([*self._accounted, *spans])
        self.buffer.rewind(self._accounted)
        if self.closed:
            self.settled.set()
        else:
            self.merge.clear_interim()

    def missing(self, link: LinkLedger | None) -> list[Span]:
        """Stretches nobody transcribed; `link` is the connection still standing."""
        spans = list(self._accounted)
        if link is not None:
            until = link.timeline.sent_s if self.complete else link.watermark_s
            spans += link.timeline.spans(self.generation, until)
            if self.merge.interim:
                spans.append((link.timeline.moment(until, self.generation), self.merge.interim_until_s))
        return joined([*holes(spans, self.end_s, self._hole_s), *self.hearing.unheard])

    def gaps(self, link: LinkLedger) -> list[Span]:
        """Stretches that `link` passed over: no final result speaks of them, though later ones came.

        Deepgram's results follow each other without gap, so a result is on its way out of order, or was lost.
        """
        passed = holes(self._results.get(link.number, []), link.watermark_s, RESULT_GAP_S)
        return [s for a, b in passed for s in link.timeline.spans(self.generation, b, a) if s[1] - s[0] >= RESULT_GAP_S]

    def link_audio_s(self, link: LinkLedger) -> float:
        """Seconds of this answer that `link` was sent."""
        return sum(b - a for a, b in link.timeline.spans(self.generation, link.timeline.sent_s))

    def excuse_tail(self, link: LinkLedger) -> None:
        """What is left is silence: it counts as heard."""
        self._accounted = joined([*self._accounted, self.uncovered_tail(link)])

    def uncovered_tail(self, link: LinkLedger) -> Span:
        """From the end of the last final result to the end of the answer."""
        return link.timeline.moment(link.watermark_s, self.generation), self.end_s

    def _merge(self, link: LinkLedger, result: LiveResult, words: list[TimedWord]) -> None:
        end_s = link.timeline.moment(result.end_s, self.generation)
        self.hearing.words(words)
        if not result.is_final:
            self.merge.set_interim(end_s, words)
            return
        start_s = link.timeline.moment(result.start_s, self.generation)
        self.merge.add_final(link.number, start_s, end_s, words)
        seen = [*self._results.get(link.number, []), (result.start_s, result.end_s)]
        self._results[link.number] = joined(seen, 0.02)
        gaps = self.gaps(link)
        self.buffer.covered(min(end_s, gaps[0][0]) if gaps else end_s)

    def _settle(self, link: LinkLedger) -> None:
        if not self.closed or self._final_link != link.number:
            return
        if link.watermark_s >= link.timeline.sent_s - 0.05:
            self._answered = True
        if self.complete:
            self.settled.set()


def _without(spans: list[Span], gaps: list[Span]) -> list[Span]:
    """The spans with the gaps cut out."""
    for start, end in gaps:
        spans = [part for a, b in spans for part in ((a, min(b, start)), (max(a, end), b)) if part[1] > part[0]]
    return spans
