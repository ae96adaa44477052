"""Frames on their way: order, bounds, replay, pace; and the clocks they map between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.audio.spans import joined
from coach.speech.streaming.clock_map import NOBODY, SentTimeline, holes
from coach.speech.streaming.frame_buffer import FrameBuffer, Pace
from coach.speech.streaming.silence_watch import HearingLimits, SilenceWatch
from coach.speech.streaming.word_merge import TimedWord

FRAME = 320


def frame(number: int) -> bytes:
    return number.to_bytes(2, "little") * FRAME


def drained(buffer: FrameBuffer) -> bytes:
    parts = []
    while taken := buffer.take(1600):
        parts.append(taken.pcm)
    return b"".join(parts)


def test_frames_leave_in_order_and_are_joined() -> None:
    buffer = FrameBuffer()
    for i in range(7):
        buffer.append(frame(i), live=True)
    first = buffer.take(5 * FRAME)
    assert first is not None
    assert (first.position, first.end) == (0, 5 * FRAME)
    assert first.pcm + drained(buffer) == b"".join(frame(i) for i in range(7))
    assert buffer.take(FRAME) is None


def test_live_frames_over_the_limit_go_oldest_first() -> None:
    buffer = FrameBuffer(live_limit_s=0.1)
    for i in range(12):
        buffer.append(frame(i), live=True)
    assert buffer.dropped_frames == 7
    assert buffer.dropped_samples == 7 * FRAME
    assert drained(buffer) == b"".join(frame(i) for i in range(7, 12))
    assert buffer.end == 12 * FRAME


def test_without_a_connection_the_ring_holds_more_but_not_for_ever() -> None:
    buffer = FrameBuffer(ring_s=1.0, live_limit_s=0.1)
    for i in range(80):
        buffer.append(frame(i), live=False)
    assert buffer.unsent_s == pytest.approx(1.0)
    assert buffer.dropped_frames == 30


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_rewind_sends_exactly_what_is_not_covered(count: int, sent: int, covered: int) -> None:
    buffer = FrameBuffer(keep_s=0.1)
    for i in range(count):
        buffer.append(frame(i), live=False)
    for _ in range(sent):
        buffer.take(FRAME)
    covered = min(covered, sent, count)
    buffer.covered(covered * 0.02)
    buffer.rewind([(0.0, covered * 0.02)] if covered else [])
    assert drained(buffer) == b"".join(frame(i) for i in range(covered, count))


def test_audio_gives_what_is_still_held() -> None:
    buffer = FrameBuffer()
    for i in range(10):
        buffer.append(frame(i), live=True)
    buffer.take(3 * FRAME)
    assert buffer.audio(0.05, 0.07) == frame(2)[:FRAME] + frame(3)[:FRAME]
    assert buffer.audio(5, 6) == b""
    buffer.clear()
    assert buffer.audio(0, 1) == b""


def test_the_pace_of_a_replay_is_a_quarter_over_real_time() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.replay(True)
    sent = 0
    for step in range(1000):
        now[0] = step * 0.01
        while pace.allowance() >= FRAME:
            pace.spend(FRAME)
            sent += FRAME
    assert sent / 16_000 == pytest.approx(1.25 * 10, abs=0.1)
    assert 0 < pace.wait_s(FRAME) <= 0.02


def test_live_frames_may_come_in_a_burst() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.allowance() == 16_000
    pace.spend(16_000)
    assert pace.allowance() == 0
    now[0] = 0.4
    assert pace.allowance() == 8_000


def test_words_land_on_the_clock_of_their_answer() -> None:
    timeline = SentTimeline()
    timeline.add(NOBODY, 0, 320)
    timeline.add(1, 0, 16_000)
    timeline.add(2, 0, 8_000)
    timeline.add(2, 12_000, 8_000)
    assert timeline.place(TimedWord(0.52, 0.72, "a", "a"), 1) == TimedWord(0.5, 0.7, "a", "a")
    assert timeline.place(TimedWord(0.52, 0.72, "a", "a"), 2) is None
    late = timeline.place(TimedWord(1.62, 1.82, "b", "b"), 2)
    assert late is not None
    assert late.start_s == pytest.approx(0.85)
    assert timeline.spans(2, 9.0) == [(0.0, 0.5), (0.75, 1.25)]
    assert timeline.owner(1.0) == 1
    timeline.forget_before(2)
    assert timeline.place(TimedWord(0.52, 0.72, "a", "a"), 2) is None


def test_holes_are_what_no_span_covers() -> None:
    assert holes([(0, 1), (1, 2), (2.5, 3)], 4, 0.2) == [(2, 2.5), (3, 4)]
    assert holes([], 1, 0.2) == [(0.0, 1)]
    assert holes([(0, 5)], 1, 0.2) == []
    assert joined([(2, 3), (0, 1), (0.5, 2)]) == [(0, 3)]


def hear(*spans: tuple[float, float]) -> list[TimedWord]:
    return [TimedWord(a, b, "x", "x") for a, b in spans]


def test_speech_without_words_makes_a_stream_deaf_after_its_patience() -> None:
    hearing = SilenceWatch(HearingLimits())
    hearing.words(hear((0.5, 1.0)))
    assert hearing.due(4.0) is None
    span = hearing.due(7.0)
    assert span == (1.0, 5.5)
    hearing.judged(span, 3.5)
    assert not hearing.is_deaf(7.0)
    assert hearing.is_deaf(8.0)
    hearing.give_up()
    assert not hearing.is_deaf(15.0)
    hearing.words(hear((1.5, 5.0)))
    assert hearing.unheard == []
    assert not hearing.is_deaf(100.0)


def test_a_silence_or_a_hesitation_is_not_deafness() -> None:
    hearing = SilenceWatch(HearingLimits())
    span = hearing.due(6.0)
    assert span is not None
    hearing.judged(span, 1.2)
    assert hearing.unheard == []
    assert hearing.due(6.0) is None


def test_a_stretch_passed_over_by_words_is_looked_at() -> None:
    hearing = SilenceWatch(HearingLimits())
    hearing.words(hear((0.1, 0.5), (4.0, 4.4)))
    assert hearing.due(4.5) == (0.5, 4.0)
    assert hearing.due_at_end(8.0) == [(4.4, 8.0)]
