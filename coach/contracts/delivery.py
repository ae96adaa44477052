"""How it was said: the measured delivery of one attempt. Computed by `coach.delivery.measure`, never by a model."""

from enum import StrEnum

from pydantic import Field

from coach.contracts.base import Record

PACE_BAND_WPM = (130.0, 160.0)
"""Words per minute that get the full score, unless the policy of a bundle says otherwise."""


class PausePlace(StrEnum):
    """Where in the answer a pause lies."""

    BEFORE_ANSWER = "before_answer"
    BETWEEN_SENTENCES = "between_sentences"
    INSIDE_CLAUSE = "inside_clause"
    AFTER_ANSWER = "after_answer"


class Pause(Record):
    """Silence between speech, seconds on the attempt's clock. Long when it lasts 3 s or more."""

    start_s: float
    end_s: float
    place: PausePlace = PausePlace.INSIDE_CLAUSE


class FillerHit(Record):
    """One filler expression in the transcript: character offsets (end exclusive), seconds where known."""

    start: int
    end: int
    text: str
    start_s: float | None = None
    end_s: float | None = None


class PacePoint(Record):
    """Rolling pace: words per minute in the window that ends at `at_s`."""

    at_s: float
    wpm: float


class LoudnessPoint(Record):
    """Loudness of the second around `at_s`, in LUFS (EBU R128)."""

    at_s: float
    lufs: float


class Repetition(Record):
    """A repeated or restarted stretch ("I I went", "we had, we had"): character offsets, seconds where known."""

    start: int
    end: int
    text: str
    kind: str
    start_s: float | None = None
    end_s: float | None = None


class DeliverySubScores(Record):
    """0-10 by the documented curves; None where it could not be measured and so does not count."""

    pace: float | None = None
    fillers: float | None = None
    pauses: float | None = None
    confidence: float | None = None
    eye_contact: float | None = None
    delivery: float | None = None


class DeliveryMetrics(Record):
    """Everything measured about delivery. None means "not measurable here", never 0.

    Attributes:
        wpm: spoken words (fillers included where transcribed) per minute of answering time: first to last speech with
            up to 1 s of silence at either end.
        wpm_range: range where the word count itself is uncertain; in answers heard by recognisers of earlier versions.
        pace_band_wpm: words per minute that got the full score, by the policy this was measured for.
        articulation_wpm: words per minute of speech time alone.
        filler_count: None when the transcriber is not verbatim.
        fillers_about: um and uh were heard in a second pass: counted approximately, and left out of the pace.
        fillers: lower-case filler expression -> count.
        pauses: silences within the answer of at least `coach.delivery.measure.PAUSE_MIN_S`.
        edge_silences: the silence before and after the answer; no pauses.
        long_pause_count: pauses of at least 3 s between speech.
        clarity: mean word confidence 0-1, None without confidences.
        loudness: by second, where audio is known; silence has no point.
        loudness_range_lu: EBU R128 loudness range where audio is known.
        eye_contact: 0-10 proxy from the browser, None when no camera was allowed.
    """

    wpm: float | None = None
    wpm_range: tuple[float, float] | None = None
    pace_band_wpm: tuple[float, float] = PACE_BAND_WPM
    articulation_wpm: float | None = None
    word_count: int = 0
    filler_count: int | None = None
    fillers: dict[str, int] = {}
    filler_hits: list[FillerHit] = []
    long_pause_count: int = 0
    pauses: list[Pause] = []
    edge_silences: list[Pause] = []
    duration_s: float = 0
    speech_s: float = 0
    speech_segments: list[tuple[float, float]] = []
    verbatim: bool = False
    fillers_about: bool = False
    clarity: float | None = None
    clarity_note: str = ""
    pace: list[PacePoint] = []
    hesitation_clusters: list[tuple[float, float]] = []
    repetitions: list[Repetition] = []
    trailing_sentences: int = 0
    loudness_range_lu: float | None = None
    loudness: list[LoudnessPoint] = []
    eye_contact: float | None = Field(default=None, ge=0, le=10)
    scores: DeliverySubScores = DeliverySubScores()
