"""Time in an answer: speech, silence, pauses and their place, pace. Seconds on the attempt's clock."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from coach.audio.pcm import Pcm
from coach.audio.spans import joined
from coach.audio.vad import MERGE_GAP_S, speech_segments
from coach.contracts.delivery import PacePoint, Pause, PausePlace
from coach.contracts.transcript import Transcript, Word
from coach.text.sentences import sentences

PAUSE_MIN_S = 0.3
LONG_PAUSE_S = 3.0
EDGE_ALLOWANCE_S = 1.0
PACE_WINDOW_S = 15.0
PACE_STEP_S = 5.0
MIN_PACE_SPAN_S = 2.0

Segments = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Speech and silence of one answer.

    Attributes:
        duration_s: length of the recording.
        segments: stretches of speech.
        span_s: answering time: first to last speech, and up to 1 s of silence at either end, which every answer has.
        pauses: silences between speech of at least 0.3 s.
        edge_silences: silence before and after the answer.
    """

    duration_s: float
    segments: Segments
    span_s: float
    pauses: list[Pause]
    edge_silences: list[Pause]

    @property
    def speech_s(self) -> float:
        """Time with speech."""
        return sum(end - start for start, end in self.segments)

    @property
    def long_pauses(self) -> list[Pause]:
        """Pauses of at least 3 s."""
        return [p for p in self.pauses if is_long(p)]


def is_long(pause: Pause) -> bool:
    """At least 3 s, at the 10 ms resolution of the edges."""
    return pause.end_s - pause.start_s >= LONG_PAUSE_S - 0.005


def timing(transcript: Transcript, pcm: Pcm | None, heard: Segments | None = None) -> Timing:
    """Voice activity where the sound is known (`heard`: found beforehand), else the word times."""
    segments = heard if heard is not None else speech_segments(pcm.samples) if pcm else []
    segments = segments or segments_of_words(transcript.words)
    last_word = max((w.end_s for w in transcript.words), default=0.0)
    duration = pcm.duration_s if pcm else max(transcript.duration_s, last_word)
    edges = _edge_silences(segments, duration)
    allowed = sum(max(0.0, p.end_s - p.start_s - EDGE_ALLOWANCE_S) for p in edges)
    span = duration - allowed if segments else 0.0
    return Timing(duration, segments, span, _pauses(segments, transcript), edges)


def segments_of_words(words: list[Word]) -> Segments:
    """Speech as the words say it; gaps up to 0.3 s are bridged."""
    return joined(((word.start_s, max(word.start_s, word.end_s)) for word in words), MERGE_GAP_S)


def rolling_pace(words: list[Word], span: tuple[float, float]) -> list[PacePoint]:
    """Words per minute in windows of 15 s, every 5 s; one point for a shorter answer."""
    start, end = span
    if not words or end - start < MIN_PACE_SPAN_S:
        return []
    middles = sorted((w.start_s + w.end_s) / 2 for w in words)
    width = min(PACE_WINDOW_S, end - start)
    points, at = [], start + width
    while at <= end + 1e-6:
        count = bisect_left(middles, at) - bisect_left(middles, at - width)
        points.append(PacePoint(at_s=round(at, 2), wpm=round(60 * count / width, 1)))
        at += PACE_STEP_S
    return points


def _edge_silences(segments: Segments, duration: float) -> list[Pause]:
    if not segments:
        return []
    edges = ((0.0, segments[0][0], PausePlace.BEFORE_ANSWER), (segments[-1][1], duration, PausePlace.AFTER_ANSWER))
    return [_pause(a, b, place) for a, b, place in edges if b > a]


def _pauses(segments: Segments, transcript: Transcript) -> list[Pause]:
    starts = _sentence_starts(transcript)
    found = []
    for (_, start), (end, _) in pairwise(segments):
        if end - start >= PAUSE_MIN_S:
            found.append(_pause(start, end, _place((start + end) / 2, transcript.words, starts)))
    return found


def _pause(start: float, end: float, place: PausePlace) -> Pause:
    return Pause(start_s=round(start, 3), end_s=round(end, 3), place=place)


def _sentence_starts(transcript: Transcript) -> set[int]:
    """Indices of words that begin a sentence."""
    placed = [(span[0], i) for i, span in enumerate(transcript.word_offsets()) if span]
    begins = [start for start, _ in placed]
    found = (bisect_left(begins, s.start) for s in sentences(transcript.text))
    return {placed[at][1] for at in found if at < len(placed)}


def _place(middle: float, words: list[Word], starts: set[int]) -> PausePlace:
    following = next((i for i, w in enumerate(words) if (w.start_s + w.end_s) / 2 > middle), None)
    return PausePlace.BETWEEN_SENTENCES if following in starts else PausePlace.INSIDE_CLAUSE
