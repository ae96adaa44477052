"""What the words tell about delivery: fillers, repetitions, hesitation clusters, sentences that trail off, clarity."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile

from coach.audio.spans import joined
from coach.contracts.delivery import FillerHit, Pause, Repetition
from coach.contracts.transcript import Transcript, Word
from coach.delivery.timing import Segments
from coach.text.fillers import FillerSpan
from coach.text.hesitation_sounds import hesitation_count
from coach.text.repetitions import find_repetitions
from coach.text.sentences import sentences

CLUSTER_WINDOW_S = 5.0
CLUSTER_EVENTS = 3
HESITATION_PAUSE_S = 0.5
LOW_CONFIDENCE = 0.6

_TRAILS = re.compile(
    r"\b(?:so\s+yeah|and\s+stuff|or\s+something|or\s+whatever|and\s+so\s+on|and\s+things|i\s+guess|and|but|so|because|"
    r"or|the|a|an|to|of|with)\W*$",
    re.IGNORECASE,
)


def count_words(text: str) -> int:
    """Words as a listener counts them: blank-separated, with a letter or digit in them; fillers included."""
    return sum(any(c.isalnum() for c in word) for word in text.split())


def inserted_hesitations(transcript: Transcript) -> int:
    """Um and uh that a second pass put into the text: they are counted about, so no pace is measured by them."""
    return hesitation_count(transcript.text) if transcript.fillers_about else 0


class Clock:
    """Seconds of any stretch of the text; looks the words up once, so that long answers stay quick."""

    def __init__(self, transcript: Transcript) -> None:
        placed = zip(transcript.words, transcript.word_offsets(), strict=True)
        self._words = [(span, word) for word, span in placed if span]
        self._ends = [span[1] for span, _ in self._words]

    def seconds_of(self, start: int, end: int) -> tuple[float, float] | None:
        """Times of the characters `[start, end)`; None when no timed word overlaps them."""
        first = bisect_right(self._ends, start)
        hit = list(takewhile(lambda entry: entry[0][0] < end, self._words[first : first + end - start + 1]))
        return (hit[0][1].start_s, hit[-1][1].end_s) if hit else None


def filler_hits(clock: Clock, spans: Sequence[FillerSpan]) -> list[FillerHit]:
    """The fillers with their seconds, where words are timed."""
    hits = []
    for span in spans:
        seconds = clock.seconds_of(span.start, span.end)
        start_s, end_s = seconds or (None, None)
        hits.append(FillerHit(start=span.start, end=span.end, text=span.text, start_s=start_s, end_s=end_s))
    return hits


def mark_fillers(transcript: Transcript, spans: Sequence[FillerSpan]) -> list[Word]:
    """The words with `is_filler` set by context."""
    inside = {at for span in spans for at in range(span.start, span.end)}
    return [
        word.model_copy(update={"is_filler": bool(at and at[0] in inside)})
        for word, at in zip(transcript.words, transcript.word_offsets(), strict=True)
    ]


def repetitions(clock: Clock, text: str, spans: list[FillerSpan]) -> list[Repetition]:
    """Repeated and restarted stretches with their seconds, where words are timed."""
    found = []
    for said in find_repetitions(text, spans):
        start_s, end_s = clock.seconds_of(said.start, said.end) or (None, None)
        found.append(
            Repetition(start=said.start, end=said.end, text=said.text, kind=said.kind, start_s=start_s, end_s=end_s)
        )
    return found


def hesitation_clusters(hits: Sequence[FillerHit], repeated: Sequence[Repetition], pauses: Sequence[Pause]) -> Segments:
    """Stretches where at least three hesitations (filler, repetition, pause of 0.5 s) begin within 5 s."""
    stumbles: list[FillerHit | Repetition] = [*hits, *repeated]
    events = [(h.start_s, h.end_s) for h in stumbles if h.start_s is not None and h.end_s is not None]
    events += [(p.start_s, p.end_s) for p in pauses if p.end_s - p.start_s >= HESITATION_PAUSE_S]
    events.sort()
    groups = (events[i : i + CLUSTER_EVENTS] for i in range(len(events) - CLUSTER_EVENTS + 1))
    near = (group for group in groups if group[-1][0] - group[0][0] <= CLUSTER_WINDOW_S)
    return joined((group[0][0], max(end for _, end in group)) for group in near)


def trailing_sentences(text: str) -> int:
    """Sentences that end on a formula ("so yeah", "or something") or stop before they are complete ("and", "the")."""
    return sum(bool(_TRAILS.search(s.text)) for s in sentences(text))


def clarity(words: Sequence[Word]) -> float | None:
    """Mean word confidence 0-1; None where the transcriber gives none."""
    known = [w.confidence for w in words if w.confidence is not None]
    return sum(known) / len(known) if known else None


def clarity_note(words: Sequence[Word], mean: float | None) -> str:
    """One sentence on clarity, at most 160 characters."""
    if mean is None:
        return "Clarity was not measured with this transcriber."
    unclear = sum((w.confidence or 0) < LOW_CONFIDENCE for w in words)
    if mean >= 0.9:
        return f"Clear throughout: {mean:.0%} mean word confidence."
    if mean >= 0.75:
        return f"Mostly clear ({mean:.0%} mean word confidence); {unclear} words were hard to make out."
    return (
        f"Often hard to make out ({mean:.0%} mean word confidence, {unclear} unclear words): slow down and articulate."
    )
