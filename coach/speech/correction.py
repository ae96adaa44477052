"""A transcript corrected by the person, with the timing of the recording kept.

Words that stayed keep their times. Changed stretches share the time of the words they replace, by length of the word;
inserted words take the gap they fall into.
"""

from difflib import SequenceMatcher

from coach.contracts.transcript import Transcript, TranscriptSource, Word, normalise_space

MIN_WORD_S = 0.05
CORRECTION_NOTE = "The text was corrected by you; times are those of the recording."
UNCHANGED_NOTE = "The text was handed in as it was recognised."


def apply_correction(transcript: Transcript, text: str) -> Transcript:
    """`transcript` with `text` as its text and every word of it timed.

    The same text as before is a confirmation and marks it corrected as well. A typed answer without timed words gets
    none. `verbatim` stays what it was: correcting words does not bring back fillers that were never written down.
    """
    text = normalise_space(text)
    spoken = [w for w in text.split() if any(c.isalnum() for c in w)]
    words = _align(transcript.words, spoken, transcript.duration_s) if transcript.words else []
    note = UNCHANGED_NOTE if text == normalise_space(transcript.text) else CORRECTION_NOTE
    kept = [n for n in transcript.notes if "correct the text" not in n and n not in (CORRECTION_NOTE, UNCHANGED_NOTE)]
    return transcript.model_copy(
        update={"text": text, "words": words, "source": TranscriptSource.CORRECTED, "notes": [*kept, note]}
    )


def _align(old: list[Word], new: list[str], duration_s: float) -> list[Word]:
    matcher = SequenceMatcher(None, [_fold(w.word) for w in old], [_fold(w) for w in new], autojunk=False)
    words: list[Word] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(old[i1:i2], new[j1:j2], strict=True)
            words += [w.model_copy(update={"word": spoken, "is_filler": False}) for w, spoken in pairs]
        elif j2 > j1:
            start, end = _slot(old, i1, i2, duration_s)
            words += _spread(new[j1:j2], start, end)
    return words


def _slot(old: list[Word], first: int, after: int, duration_s: float) -> tuple[float, float]:
    """The time that replaced words had, or the gap that inserted words fall into."""
    if after > first:
        return old[first].start_s, max(old[after - 1].end_s, old[first].start_s)
    start = old[first - 1].end_s if first else 0.0
    end = old[first].start_s if first < len(old) else max(duration_s, start)
    return start, max(start, end)


def _spread(words: list[str], start: float, end: float) -> list[Word]:
    """Words side by side in `[start, end)`, each as long as its letters; a gap longer than they need is not filled."""
    letters = [len(w) + 1 for w in words]
    length = min(end - start, max(sum(letters) * 0.09, len(words) * MIN_WORD_S))
    timed, at = [], start
    for word, size in zip(words, letters, strict=True):
        width = length * size / sum(letters)
        timed.append(Word(word=word, start_s=round(at, 3), end_s=round(at + width, 3), confidence=None))
        at += width
    return timed


def _fold(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum() or c == "'")
