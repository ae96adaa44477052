"""Each sample once, in its place, whatever the network does: numbers and clocks, two paths, reloads, the end."""

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.audio.decode import decode
from coach.audio.journal import RecordingJournal
from coach.audio.spans import Spans
from coach.audio.takes import MOST_TAKES, ClockedFrame, FrameClockError, TakeMap, TooManyTakesError
from coach.interview.answer.recording import AnswerRecording

RATE = 16_000
FRAME = 640
EPOCH_MS = 1_790_000_000_000.0


def spoken(start: int, count: int) -> np.ndarray:
    """Samples that say which they are and are never silence."""
    return ((np.arange(start, start + count) % 32_000) + 1).astype("<i2")


def frame(take: int, number: int, first: int, clock_ms: float, samples: np.ndarray) -> ClockedFrame:
    return ClockedFrame(take, number, first, clock_ms, samples.tobytes())


def capture(take: int, start: int, seconds: float, at_ms: float = EPOCH_MS) -> list[ClockedFrame]:
    """What a client sends of one take whose sound begins with sample value `start`."""
    count = int(seconds * RATE)
    return [
        frame(take, n, first, at_ms + first / 16, spoken(start + first, min(FRAME, count - first)))
        for n, first in enumerate(range(0, count, FRAME))
    ]


def recorded(journal: RecordingJournal) -> np.ndarray:
    return np.frombuffer(journal.read(), "<i2")


@pytest.fixture
def journal(tmp_path: Path) -> RecordingJournal:
    return RecordingJournal.create(tmp_path, "a")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_and_any_number_of_times_gives_what_was_said(data: st.DataObject) -> None:
    """Two takes (a reload between them), their frames shuffled, doubled and mixed with a second path's copies."""
    first = capture(7, 0, data.draw(st.floats(0.1, 1.5)))
    second = capture(9, 100_000, data.draw(st.floats(0.1, 1.5)), EPOCH_MS + 60_000)
    sent = [*data.draw(st.permutations([*first, *data.draw(st.lists(st.sampled_from(first), max_size=9))]))]
    later = [*data.draw(st.permutations([*second, *data.draw(st.lists(st.sampled_from(second), max_size=9))]))]
    overlap = data.draw(st.integers(0, len(sent) - 1))
    late = sent[len(sent) - overlap :]
    copies = data.draw(st.lists(st.tuples(st.sampled_from(second), st.integers(-800, 800)), max_size=9))
    with tempfile.TemporaryDirectory() as folder:
        journal = RecordingJournal.create(Path(folder), "a")
        takes, live = TakeMap(journal), b""
        for one in sent[: len(sent) - overlap]:
            live += takes.place(one)
        for n, one in enumerate(later):
            live += takes.place(one)
            if n < len(late):
                live += takes.place(late[n])
            if n < len(copies):
                takes.stand_in(copies[n][0].first_sample + copies[n][1], copies[n][0].pcm16)
        for one in late[len(later) :]:
            live += takes.place(one)
        live += takes.end(9, second[-1].clock_ms + len(second[-1].pcm16) / 32)
        whole = np.concatenate([np.frombuffer(f.pcm16, "<i2") for f in [*first, *second]])
        assert np.array_equal(recorded(journal), whole)
        if takes.live_whole:
            assert live == whole.tobytes()
        assert decode(journal.seal()).duration_s == pytest.approx(len(whole) / RATE)


@dataclass
class Line:
    """A connection that stalls: frames sent while it does arrive together, in order, when it is over."""

    stalls: list[tuple[float, float]]
    delay_s: float = 0.02
    last_s: float = 0.0

    def arrival(self, sent_s: float) -> float:
        at = sent_s + self.delay_s
        for begin, length in self.stalls:
            if begin <= at < begin + length:
                at = begin + length
        self.last_s = max(self.last_s, at)
        return self.last_s


@dataclass
class Story:
    """What a person and the network do; seconds since arming."""

    stalls: list[tuple[float, float]]
    reconnects: list[float]
    reloads: list[float]
    finish_s: float
    frozen: bool = False
    arrivals: list[tuple[float, int, Any]] = field(default_factory=list)

    def play(self) -> tuple[list[tuple[float, int, Any]], float]:
        """Everything that reaches the server, in order, and how long was spoken."""
        line = Line(self.stalls)
        edges = [0.0, *sorted(r for r in self.reloads if r < self.finish_s - 0.5), self.finish_s]
        total, order = 0.0, 0
        for take, (begin, end) in enumerate(pairwise(edges), start=1):
            frames = capture(take, round(begin * RATE), end - begin, EPOCH_MS + begin * 1000)
            total += sum(len(f.pcm16) // 2 for f in frames) / RATE
            due = [(begin + (f.first_sample + len(f.pcm16) // 2) / RATE, f) for f in frames]
            for cut in (r for r in self.reconnects if begin < r < end):
                due += [(cut + 0.3, f) for at, f in due if cut - 1.5 < at <= cut]
            for at, f in sorted(due, key=lambda d: (d[0], d[1].first_sample)):
                order += 1
                self.arrivals.append((line.arrival(at), order, f))
                self.arrivals.append((at + 0.1 + order % 3 * 0.01, order, (at + 500.0, f)))
        after = capture(take, round(self.finish_s * RATE), 3.0)
        self.arrivals += [
            (end + 0.13 + f.first_sample / RATE, 0, (end + 500.0 + f.first_sample / RATE, f)) for f in after
        ]
        order += 1
        self.arrivals.append((line.arrival(end + 0.001), order, (take, EPOCH_MS + end * 1000)))
        return sorted(self.arrivals, key=lambda a: (a[0], a[1])), total


async def hear(story: Story, folder: Path) -> tuple[np.ndarray, float, bool]:
    """Plays a story into a real recording."""
    arrivals, total = story.play()
    clock = [0.0]
    journal = RecordingJournal.create(folder, "a")
    recording = AnswerRecording("a", journal, None, ear=None, tell=lambda _: None, monotonic=lambda: clock[0])
    for at, _, what in arrivals:
        clock[0] = at
        if isinstance(what, ClockedFrame):
            recording.push_clocked(what)
        elif isinstance(what[1], ClockedFrame):
            length_s = len(what[1].pcm16) / 2 / RATE
            recording.stand_in(what[0] - length_s, what[1].pcm16)
        else:
            recording.close(int(what[0]), what[1])
            break
    sound = recorded(journal)
    recording.discard()
    return sound, total, recording.heard_live


spans = st.lists(st.tuples(st.floats(0.2, 12), st.floats(0.1, 5)), max_size=3)
moments = st.lists(st.floats(0.5, 12), max_size=2)


@settings(max_examples=60, deadline=None)
@given(stalls=spans, reconnects=moments, reloads=moments, finish_s=st.floats(1.0, 13.0))
def test_recorded_is_spoken_whatever_the_line_does(stalls, reconnects, reloads, finish_s) -> None:
    story = Story(stalls, reconnects, reloads, finish_s)
    with tempfile.TemporaryDirectory() as folder:
        sound, spoken_s, _ = asyncio.run(hear(story, Path(folder)))
    assert abs(len(sound) / RATE - spoken_s) <= 0.05
    assert sound.max() <= 32_000 and not (sound == 0).any()
    expected = spoken(0, round(finish_s * RATE))
    assert len(sound) <= len(expected) + 0.05 * RATE
    if not story.reloads:
        assert np.array_equal(sound, expected[: len(sound)])


async def test_a_stall_while_the_second_path_flows_adds_nothing(tmp_path: Path) -> None:
    """11.1 s became 15 s when the socket took over and sent again what WebRTC had brought."""
    sound, spoken_s, live = await hear(Story([(5.0, 3.0)], [], [], 11.1), tmp_path)
    assert len(sound) / RATE == pytest.approx(spoken_s, abs=0.001) == pytest.approx(11.1, abs=0.001)
    assert live


async def test_a_stall_before_finish_records_nothing_behind_it(tmp_path: Path) -> None:
    """Up to 16 s after the click were recorded and scored."""
    sound, spoken_s, _ = await hear(Story([(4.0, 16.0)], [], [], 6.0), tmp_path)
    assert len(sound) / RATE == pytest.approx(spoken_s, abs=0.001) == pytest.approx(6.0, abs=0.001)
    assert np.array_equal(sound, spoken(0, len(sound)))


async def test_what_a_dead_browser_held_back_is_had_from_the_second_path(tmp_path: Path) -> None:
    journal = RecordingJournal.create(tmp_path, "a")
    clock = [0.0]
    recording = AnswerRecording("a", journal, None, ear=None, tell=lambda _: None, monotonic=lambda: clock[0])
    for one in capture(1, 0, 4.0):
        at = (one.first_sample + FRAME) / RATE
        clock[0] = at
        if at <= 2.0:
            recording.push_clocked(one)
        clock[0] = at + 0.03
        recording.stand_in(70 + one.first_sample / RATE, one.pcm16)
    assert recording.seconds == pytest.approx(2.0)
    assert journal.seconds == pytest.approx(4.0, abs=0.05)
    assert recorded(journal).all()
    new = capture(2, 200_000, 1.0, EPOCH_MS + 9000)
    for one in new:
        recording.push_clocked(one)
    recording.close(2, new[-1].clock_ms + 40)
    assert journal.seconds == pytest.approx(5.0, abs=0.05)
    assert not recording.heard_live and recording.followed is None
    recording.discard()


def test_what_never_comes_is_silence_of_the_right_length(journal: RecordingJournal) -> None:
    takes, frames = TakeMap(journal), capture(1, 0, 2.0)
    kept = [f for f in frames if not 10 <= f.sequence < 20]
    for one in kept:
        takes.place(one)
    takes.end(1, frames[-1].clock_ms + 40 + 1000)
    sound = recorded(journal)
    assert len(sound) == 3 * RATE
    assert not sound[10 * FRAME : 20 * FRAME].any() and not sound[2 * RATE :].any()
    assert sound[: 10 * FRAME].all() and sound[20 * FRAME : 2 * RATE].all()
    assert takes.kept == (1, 10 * FRAME)


def test_the_live_path_waits_for_a_missing_frame_and_then_goes_on(journal: RecordingJournal) -> None:
    takes, frames = TakeMap(journal), capture(1, 0, 4.0)
    assert b"".join(takes.place(f) for f in frames[:5]) == spoken(0, 5 * FRAME).tobytes()
    assert [takes.place(f) for f in frames[6:30]] == [b""] * 24
    assert takes.place(frames[5]) == spoken(5 * FRAME, 25 * FRAME).tobytes()
    assert takes.live_whole
    told = b"".join(takes.place(f) for f in frames[31:])
    assert len(told) == 2 * 70 * FRAME and not any(told[: 2 * FRAME])
    takes.place(frames[30])
    assert not takes.live_whole
    assert np.array_equal(recorded(journal), spoken(0, 4 * RATE))


def test_a_take_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    frames = capture(1, 0, 2.0)
    first = RecordingJournal.create(tmp_path, "a")
    takes = TakeMap(first)
    for one in frames[:30]:
        takes.place(one)
    first.close()
    again = RecordingJournal.create(tmp_path, "a")
    takes = TakeMap(again)
    for one in frames[20:]:
        takes.place(one)
    assert np.array_equal(recorded(again), spoken(0, 2 * RATE))
    assert not takes.live_whole
    again.seal()
    assert not (tmp_path / "a.takes").exists()


def test_a_gap_before_a_restart_is_filled_by_what_is_sent_again(tmp_path: Path) -> None:
    """The second path was ahead, or frames were lost: nobody took the silence between for sound that is there."""
    frames, first = capture(1, 0, 2.0), RecordingJournal.create(tmp_path, "a")
    takes = TakeMap(first)
    for one in [*frames[:10], *frames[20:30]]:
        takes.place(one)
    assert takes.kept == (1, 10 * FRAME)
    first.close()
    again = RecordingJournal.create(tmp_path, "a")
    takes = TakeMap(again)
    for one in frames[10:]:
        takes.place(one)
    assert np.array_equal(recorded(again), spoken(0, 2 * RATE))
    assert takes.kept == (1, 2 * RATE)


def test_of_two_windows_the_one_that_began_last_is_heard(journal: RecordingJournal) -> None:
    """Both send on at the same time: nothing is doubled."""
    takes = TakeMap(journal)
    old, new = capture(1, 0, 2.0, EPOCH_MS), capture(2, 100_000, 1.0, EPOCH_MS + 1000)
    for one in old[:25]:
        takes.place(one)
    for a, b in zip(old[25:], new, strict=True):
        takes.place(b)
        takes.place(a)
    assert journal.seconds == pytest.approx(2.0)
    takes.end(1, old[0].clock_ms)
    assert journal.seconds == pytest.approx(2.0)


def test_frames_without_a_clock_are_kept_as_they_come_from_one_source(journal: RecordingJournal) -> None:
    takes = TakeMap(journal)
    assert takes.append(-1, spoken(0, FRAME).tobytes()) == spoken(0, FRAME).tobytes()
    takes.append(-2, spoken(FRAME, FRAME).tobytes())
    assert takes.append(-1, spoken(0, FRAME).tobytes()) == b""
    assert np.array_equal(recorded(journal), spoken(0, 2 * FRAME))
    assert takes.end(None, 0.0) == b""
    assert takes.live_whole and takes.read_whole


@pytest.mark.parametrize("clock_ms", [float("nan"), float("inf"), -1e300, 1e300])
def test_a_clock_that_cannot_be_never_makes_an_endless_recording(journal: RecordingJournal, clock_ms: float) -> None:
    takes = TakeMap(journal)
    (one,) = capture(1, 0, 0.04)
    takes.place(one)
    takes.end(1, clock_ms)
    assert journal.seconds <= 121


def test_a_place_far_ahead_is_refused(journal: RecordingJournal) -> None:
    takes = TakeMap(journal)
    (one,) = capture(1, 0, 0.04)
    with pytest.raises(FrameClockError):
        takes.place(replace(one, first_sample=3_000_000_000))
    assert journal.seconds == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12), st.integers(0, 60), st.integers(0, 30))
def test_spans_know_what_is_missing(added: list[tuple[int, int]], start: int, length: int) -> None:
    have, known = Spans(), set()
    for first, count in added:
        have.add(first, first + count)
        known |= set(range(first, first + count))
    gaps = {n for a, b in have.missing(start, start + length) for n in range(a, b)}
    assert gaps == set(range(start, start + length)) - known
    reach = have.reach(start)
    assert set(range(start, reach)) <= known and reach not in known


def test_captures_of_one_answer_are_counted_and_what_was_recorded_stays(tmp_path: Path) -> None:
    journal = RecordingJournal.create(tmp_path, "a")
    takes = TakeMap(journal)
    for take in range(1, MOST_TAKES + 1):
        takes.place(capture(take, 0, 0.04)[0])
    for again in range(3):
        with pytest.raises(TooManyTakesError, match="interrupted too often"):
            takes.place(capture(MOST_TAKES + 1 + again, 0, 0.04)[0])
    takes.append(MOST_TAKES, b"")
    assert len(takes.ids) == len(journal.noted_takes()) == MOST_TAKES
    assert journal.seconds == pytest.approx(0.04 * MOST_TAKES)
    restarted = TakeMap(RecordingJournal.create(tmp_path, "a"))
    with pytest.raises(TooManyTakesError):
        restarted.place(capture(MOST_TAKES + 9, 0, 0.04)[0])
