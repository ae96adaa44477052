"""How an answer was said: measured from its words and its sound, never guessed, the same every time.

Each metric with formula, source and curve: `docs/delivery-metrics.md`.
"""

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coach.audio.disk import SoundReader
from coach.audio.loudness import LoudnessRange, heard_loudness
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.audio.vad import SpeechFinder, segments_of, speech_segments
from coach.contracts.brain import DeliveryInput
from coach.contracts.delivery import (
    PACE_BAND_WPM,
    DeliveryMetrics,
    DeliverySubScores,
    FillerHit,
    LoudnessPoint,
    PacePoint,
)
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.delivery import curves
from coach.delivery import words as of_words
from coach.delivery.timing import PAUSE_MIN_S, Timing, rolling_pace, timing
from coach.text.fillers import FillerSpan, count_by_expression, find_fillers

__all__ = ["PAUSE_MIN_S", "from_input", "measure", "warm_up"]

MIN_SPAN_S = 1.0


@dataclass(frozen=True, slots=True)
class _Fillers:
    count: int | None
    by_expression: dict[str, int]
    hits: list[FillerHit]


@dataclass(frozen=True, slots=True)
class Sound:
    """What the sound alone tells: speech stretches (s), loudness range (LU), loudness by second (s, LUFS).

    Known before any transcript is.
    """

    segments: list[tuple[float, float]]
    loudness_range_lu: float | None
    loudness: Sequence[tuple[float, float]] = ()


def listen(pcm: Pcm) -> Sound:
    """The part of a measurement that needs no words; the costly one (about 10 ms per second of sound)."""
    return Sound(speech_segments(pcm.samples), *heard_loudness(pcm))


class SoundFollower:
    """`listen` for a recording that is still being made: reads along, so that hardly anything is left at *Finish*.

    Both methods block and may be called from any thread.
    """

    def __init__(self, path: Path) -> None:
        """Opens the raw recording (16 kHz mono Int16); it may be removed while it is being read."""
        self._file = SoundReader(path)
        self._lock = threading.Lock()
        self._speech = SpeechFinder()
        self._loudness = LoudnessRange()
        self._half = b""

    def follow(self) -> None:
        """Hears what was recorded since; nothing when `finish` was quicker."""
        with self._lock:
            if not self._file.closed:
                self._hear(ended=False)

    def finish(self) -> tuple[Pcm, Sound]:
        """The recording, which has ended, and its sound."""
        with self._lock, closing(self._file):
            self._hear(ended=True)
            pcm = Pcm.from_bytes(self._file.all())
            moves = self._loudness.finish()
            return pcm, Sound(segments_of(pcm.samples, self._speech), moves, self._loudness.by_second)

    def _hear(self, *, ended: bool) -> None:
        data = self._half + self._file.rest(ended=ended)
        self._half = data[len(data) & ~1 :]
        samples = Pcm.from_bytes(data).samples
        self._speech.push(samples)
        self._loudness.push(samples)


def measure(
    transcript: Transcript,
    pcm: Pcm | None,
    *,
    eye_contact: float | None = None,
    sound: Sound | None = None,
    band: tuple[float, float] = PACE_BAND_WPM,
) -> DeliveryMetrics:
    """Everything that can be measured of one answer; None where it cannot.

    Args:
        transcript: words with times, or a typed text (then only text metrics exist).
        pcm: the recording; without it silence is taken from the word times.
        eye_contact: 0-10 proxy from the browser.
        sound: what `listen` found in `pcm`, where that was done beforehand.
        band: words per minute that get the full score.
    """
    sound = sound or (listen(pcm) if pcm is not None else None)
    when = timing(transcript, pcm, sound.segments if sound else None)
    clarity = of_words.clarity(transcript.words)
    metrics = DeliveryMetrics(
        long_pause_count=len(when.long_pauses),
        pauses=when.pauses,
        edge_silences=when.edge_silences,
        duration_s=round(when.duration_s, 3),
        speech_s=round(when.speech_s, 3),
        speech_segments=[(round(a, 3), round(b, 3)) for a, b in when.segments],
        verbatim=transcript.verbatim,
        fillers_about=transcript.fillers_about,
        clarity=None if clarity is None else round(clarity, 3),
        clarity_note=of_words.clarity_note(transcript.words, clarity),
        pace=_pace(transcript, when),
        loudness_range_lu=sound.loudness_range_lu if sound else None,
        loudness=[LoudnessPoint(at_s=at, lufs=lufs) for at, lufs in sound.loudness] if sound else [],
        eye_contact=eye_contact,
        pace_band_wpm=band,
        **_rates(transcript, when),
        **_disfluencies(transcript, when),
    )
    return metrics.model_copy(update={"scores": _scores(metrics, when)})


def _rates(transcript: Transcript, when: Timing) -> dict[str, object]:
    words = of_words.count_words(transcript.text) - of_words.inserted_hesitations(transcript)
    wpm = _per_minute(words, when.span_s)
    return {
        "word_count": words,
        "wpm": wpm,
        "articulation_wpm": _per_minute(words, when.speech_s),
    }


def _disfluencies(transcript: Transcript, when: Timing) -> dict[str, object]:
    spans = find_fillers(transcript.text)
    clock = of_words.Clock(transcript)
    fillers = _fillers(transcript, clock, spans)
    repeated = of_words.repetitions(clock, transcript.text, spans)
    return {
        "filler_count": fillers.count,
        "fillers": fillers.by_expression,
        "filler_hits": fillers.hits,
        "repetitions": repeated,
        "hesitation_clusters": of_words.hesitation_clusters(fillers.hits, repeated, when.pauses),
        "trailing_sentences": of_words.trailing_sentences(transcript.text),
    }


def warm_up() -> None:
    """Loads what the first measurement would otherwise wait for: the voice activity model."""
    measure(
        Transcript(text="", transcriber="none", source=TranscriptSource.TYPED),
        Pcm(np.zeros(4 * SAMPLE_RATE_HZ, dtype=np.int16)),
    )


def from_input(given: DeliveryInput) -> DeliveryMetrics:
    """Metrics as far as they were handed over from outside (`evaluate --input`), scored by the same curves.

    Rates need the length of the answer, which this object does not carry: one minute is assumed, and as many words as
    its pace gives (150 without one).
    """
    words = round(given.wpm or 150)
    scores = curves.combine(
        pace=curves.pace_score(given.wpm),
        fillers=curves.fillers_score(given.filler_count, words),
        pauses=None if given.long_pause_count is None else curves.pauses_score(given.long_pause_count, 60, None),
        confidence=None,
        eye_contact=given.eye_contact_proxy_score_0_to_10,
    )
    return DeliveryMetrics(
        wpm=given.wpm,
        filler_count=given.filler_count,
        verbatim=given.filler_count is not None,
        long_pause_count=given.long_pause_count or 0,
        clarity_note=given.clarity_note,
        eye_contact=given.eye_contact_proxy_score_0_to_10,
        scores=scores,
    )


def _fillers(transcript: Transcript, clock: of_words.Clock, spans: list[FillerSpan]) -> _Fillers:
    """Fillers by word; none at all (not zero) where the transcriber does not keep them."""
    if not transcript.verbatim:
        return _Fillers(None, {}, [])
    return _Fillers(len(spans), count_by_expression(spans), of_words.filler_hits(clock, spans))


def _per_minute(words: int, seconds: float) -> float | None:
    return round(60 * words / seconds, 1) if words and seconds >= MIN_SPAN_S else None


def _pace(transcript: Transcript, when: Timing) -> list[PacePoint]:
    return rolling_pace(transcript.words, (when.segments[0][0], when.segments[-1][1])) if when.segments else []


def _scores(metrics: DeliveryMetrics, when: Timing) -> DeliverySubScores:
    stumbles = len(metrics.repetitions) + len(metrics.hesitation_clusters) + metrics.trailing_sentences
    timed = bool(when.segments)
    return curves.combine(
        pace=curves.pace_score(metrics.wpm, metrics.wpm_range, metrics.pace_band_wpm),
        fillers=curves.fillers_score(metrics.filler_count, metrics.word_count),
        pauses=curves.pauses_score(metrics.long_pause_count, when.span_s, when.speech_s) if timed else None,
        confidence=curves.confidence_score(stumbles if timed else None, metrics.word_count, metrics.clarity),
        eye_contact=metrics.eye_contact,
    )
