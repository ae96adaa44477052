"""Puts the um and uh of a second pass into the text of the plain one, by aligning the two word lists.

The second pass hears hesitations and spoils other words; the plain pass is the other way round. So the plain words stay
as they are, and each um or uh goes beside the nearest word both passes share. Times of words cannot be used for that:
Whisper stretches a word over the hesitation beside it. Measured: `docs/speech.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from coach.contracts.transcript import Word

SPELLINGS: Mapping[str, str] = {
    "um": "um", "umm": "um", "uhm": "um", "erm": "um", "uh": "uh", "uhh": "uh", "er": "uh", "ah": "uh",
}  # fmt: skip
FARTHEST = 4
"""Words between a hesitation and the nearest one both passes share."""
MOST_IN_A_ROW = 2
"""More are not believed."""
LOOP = 4
"""The same one so often without a word between is the second pass going round in a circle: none of them was said."""
SURE_AT_START = 0.3
"""Confidence of the second pass a hesitation needs where a sentence begins: there an "Um" is invented most often (0.00
to 0.09 where nobody said it, 0.74 where somebody did). Elsewhere confidence does not tell true from false."""


@dataclass(frozen=True, slots=True)
class Hesitation:
    """An um or uh and the plain word before which it belongs (the number of words = at the end)."""

    at: int
    heard: Word
    spelling: str
    opens: bool


def with_hesitations(plain: Sequence[Word], second: Sequence[Word]) -> list[Word]:
    """The plain words with the hesitations of the second pass among them, marked as fillers, times in order."""
    merged: list[Word] = []
    found = [h for h in placed(plain, second) if not h.opens or (h.heard.confidence or 0.0) >= SURE_AT_START]
    for at in range(len(plain) + 1):
        for hesitation in [h for h in found if h.at == at][:MOST_IN_A_ROW]:
            _insert(merged, hesitation, plain[at] if at < len(plain) else None)
        if at < len(plain):
            merged.append(_after(merged, plain[at]))
    return merged


def placed(plain: Sequence[Word], second: Sequence[Word]) -> list[Hesitation]:
    """Every hesitation of the second pass that can be placed and is not in the plain text already."""
    others = [(n, w) for n, w in enumerate(second) if folded(w.word) not in SPELLINGS]
    shared = shared_words(plain, [w for _, w in others])
    before = 0
    found = []
    for word in _without_loops(second):
        spelling = SPELLINGS.get(folded(word.word))
        if spelling is None:
            before += 1
            continue
        at = _place(before, shared, len(plain))
        if at is not None and not _there_already(plain, at):
            found.append(Hesitation(at, word, spelling, at == 0 or plain[at - 1].word.rstrip("\"'”")[-1:] in ".?!"))
    return found


def shared_words(plain: Sequence[Word], others: Sequence[Word]) -> dict[int, int]:
    """Which plain word each of the other words is, where both passes share it, in order."""
    matcher = SequenceMatcher(None, [folded(w.word) for w in plain], [folded(w.word) for w in others], autojunk=False)
    return {b.b + i: b.a + i for b in matcher.get_matching_blocks() for i in range(b.size)}


def _without_loops(second: Sequence[Word]) -> list[Word]:
    runs = [list(run) for _, run in groupby(second, lambda w: SPELLINGS.get(folded(w.word)) or id(w))]
    return [word for run in runs if len(run) < LOOP for word in run]


def folded(word: str) -> str:
    """A word for comparison: lower case, letters, digits and apostrophes."""
    return "".join(c for c in word.lower() if c.isalnum() or c == "'")


def _place(before: int, shared: Mapping[int, int], count: int) -> int | None:
    """The plain position of something said after `before` words of the second pass."""
    for distance in range(FARTHEST):
        left, right = shared.get(before - 1 - distance), shared.get(before + distance)
        if left is not None:
            return min(left + 1 + distance, count)
        if right is not None:
            return max(right - distance, 0)
    return None


def _there_already(plain: Sequence[Word], at: int) -> bool:
    return any(folded(w.word) in SPELLINGS for w in plain[max(0, at - 1) : at + 1])


def _insert(merged: list[Word], hesitation: Hesitation, following: Word | None) -> None:
    """Appends the hesitation; a neighbour that stretches over it gives way."""
    heard = hesitation.heard
    earliest = merged[-1].start_s if merged else 0.0
    latest = following.end_s if following else max(heard.end_s, earliest)
    start = min(max(heard.start_s, earliest), latest)
    end = min(max(heard.end_s, start), max(latest, start))
    if merged and merged[-1].end_s > start:
        merged[-1] = merged[-1].model_copy(update={"end_s": start})
    spelling = hesitation.spelling.capitalize() if hesitation.opens else hesitation.spelling
    if merged and not hesitation.opens and merged[-1].word[-1:].isalnum():
        merged[-1] = merged[-1].model_copy(update={"word": merged[-1].word + ","})
    said = Word(word=f"{spelling},", start_s=start, end_s=end, confidence=heard.confidence, is_filler=True)
    merged.append(said)


def _after(merged: Sequence[Word], word: Word) -> Word:
    """The word, beginning no earlier than the hesitation before it ends."""
    if merged and merged[-1].is_filler and merged[-1].end_s > word.start_s:
        return word.model_copy(update={"start_s": min(merged[-1].end_s, word.end_s)})
    return word
