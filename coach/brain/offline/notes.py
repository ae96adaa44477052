"""Coach notes: what was changed between transcript and rewrite, word for word, and why."""

from collections import Counter

from coach.brain.offline.quotes import is_joint_step, is_scrap
from coach.brain.offline.rewrite import METRIC, OWN_PART, PLACEHOLDERS, RewrittenPart
from coach.brain.offline.tighten import tighten
from coach.brain.reading.answer import Reading
from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.cues import CUES
from coach.brain.reading.lexicon import lower_first
from coach.contracts.evaluation import ChangeType, CoachNote, StarStatus
from coach.text.shorten import shorten, shorten_end

_LIMIT, _REASON = 120, 170
_FEWEST_LEFT = 4
_MAX_NOTES, _MAX_PER_TYPE = 8, 2
_CONNECTIVES = frozenset(["and", "so", "but", "then", "well", "anyway", "meanwhile"])
_OPENINGS = {
    ChangeType.OWNERSHIP: (OWN_PART, PLACEHOLDERS["action"]),
    ChangeType.METRICS: (METRIC, PLACEHOLDERS["result"]),
    ChangeType.IMPACT_LANGUAGE: (PLACEHOLDERS["result"], METRIC),
    ChangeType.CLARITY: (PLACEHOLDERS["action"], OWN_PART),
}
"""What the rewrite leaves open where an answer says too little: a note points there and proposes nothing else."""
_WITHOUT = (
    "Without {} the point lands sooner, and nothing is lost.",
    "{} can go: the sentence says the same and sounds surer.",
)


def coach_notes(reading: Reading, parts: list[RewrittenPart]) -> list[CoachNote]:
    """At most eight notes, two of a kind, in the order of the transcript; every original is verbatim."""
    if reading.verdict:
        return []
    found = [*_ownership(reading), *_outcome(reading), *_vague(reading), *_moved(reading, parts), *_tightened(reading)]
    written = [part.text for part in parts]
    found = [agreed for note in found if (agreed := _as_written(note, written))]
    counts: Counter[ChangeType] = Counter()
    seen: list[str] = []
    chosen: list[CoachNote] = []
    for note in found:
        overlaps = any(note.original_snippet in other or other in note.original_snippet for other in seen)
        if counts[note.change_type] < _MAX_PER_TYPE and not overlaps and len(chosen) < _MAX_NOTES:
            counts[note.change_type] += 1
            seen.append(note.original_snippet)
            chosen.append(note)
    transcript = reading.answer.transcript
    return sorted(chosen, key=lambda note: transcript.find(note.original_snippet))


def _as_written(note: CoachNote, written: list[str]) -> CoachNote | None:
    """The note with what the rewrite really says in its place; None where the rewrite proposes nothing there."""
    openings = _OPENINGS.get(note.change_type)
    if openings is None or "[" not in note.revised_snippet:
        return note
    opening = next((text for text in openings if text in written), None)
    return note.model_copy(update={"revised_snippet": shorten_end(opening, _LIMIT)}) if opening else None


def _note(kind: ChangeType, original: str, revised: str, reason: str) -> CoachNote:
    return CoachNote(
        change_type=kind,
        original_snippet=original,
        revised_snippet=shorten_end(revised, _LIMIT),
        reason=shorten_end(reason, _REASON),
    )


def _ownership(reading: Reading) -> list[CoachNote]:
    """Steps told as "we" where no part is the speaker's own."""
    if reading.ownership.kind != "we" or not reading.story_asked:
        return []
    notes = []
    for r in reading.clauses:
        if is_joint_step(r):
            original = shorten(r.clause.text, 80)
            revised = f"I [your own part]; together, {lower_first(_plain(original))}"
            notes.append(
                _note(
                    ChangeType.OWNERSHIP,
                    original,
                    revised,
                    "A listener hires one person: say which part of this “we” was yours before you credit the team.",
                )
            )
    return notes[:1]


def _outcome(reading: Reading) -> list[CoachNote]:
    """An outcome that is told but not measured."""
    result = reading.star["result"]
    told = result.evidence
    if not reading.told_as_story or told is None or is_scrap(told) or not reading.figure_wanted:
        return []
    original = shorten(told.clause.text, 90)
    weak = result.status is StarStatus.WEAK
    kind = ChangeType.IMPACT_LANGUAGE if weak else ChangeType.METRICS
    reason = (
        "This only hints at the outcome. Name what changed, or what somebody did because of it."
        if weak
        else "The outcome is real; a figure you can stand behind lets others see its size."
    )
    revised = "As a result, [what changed: X%, or what somebody did]" if weak else f"{_plain(original)} ([X%])"
    return [_note(kind, original, revised, reason)]


def _vague(reading: Reading) -> list[CoachNote]:
    """General phrases where a step should stand."""
    notes = []
    for r in reading.clauses:
        hit = CUES["generic_action"].search(r.clause.lower)
        if hit and r.place > 0.1 and reading.story_asked:
            original = r.clause.text[hit.start() : hit.end()]
            if len(original) >= 8:
                text = f"[what exactly you did when you “{original}”]"
                notes.append(
                    _note(
                        ChangeType.CLARITY,
                        original,
                        text,
                        "This could stand in anybody's answer. One thing you did, with one detail, makes it yours.",
                    )
                )
    return notes[:2]


def _moved(reading: Reading, parts: list[RewrittenPart]) -> list[CoachNote]:
    """Sentences that stand elsewhere in the rewrite than they did in the answer."""
    reasons = {
        "situation": "Set the scene first: who hears where it was can follow the rest.",
        "task": "Say what was yours to achieve before you tell what you did.",
        "action": "Kept together with the other steps, so that the story moves in one direction.",
        "result": "An outcome is strongest as the last thing a listener hears.",
    }
    used = [p for p in parts if p.unit is not None]
    notes, latest = [], -1
    for part in used:
        assert part.unit is not None
        if part.unit.start < latest:
            original = shorten(part.unit.readings[0].clause.text, _LIMIT)
            notes.append(
                _note(ChangeType.STRUCTURE, original, _plain(original), reasons.get(part.role, reasons["action"]))
            )
        latest = max(latest, part.unit.start)
    return notes


def _tightened(reading: Reading) -> list[CoachNote]:
    """Clauses that lost most words, most loss first."""
    notes: list[tuple[int, CoachNote]] = []
    for r in reading.clauses:
        original = _window(r)
        edit = tighten(original, sentence=False)
        lost = len(original.split()) - len(edit.text.split())
        if lost < 2 or len(edit.text.split()) < _FEWEST_LEFT:
            continue
        words = [w.lower() for w in dict.fromkeys(edit.removed) if not set(w.lower().split()) <= _CONNECTIVES]
        if not words and edit.removed:
            continue
        shown = ", ".join(f"“{w}”" for w in words[:3])
        reason = _WITHOUT[len(notes) % len(_WITHOUT)].format(shown) if words else "Said once, it is heard."
        notes.append((lost, _note(ChangeType.CONCISENESS, original, edit.text, reason)))
    return [note for _, note in sorted(notes, key=lambda pair: -pair[0])]


def _window(r: ClauseReading) -> str:
    """The clause, or its verbatim beginning when it is too long for a snippet."""
    return r.clause.text if len(r.clause.text) <= _LIMIT else shorten(r.clause.text, _LIMIT)


def _plain(text: str) -> str:
    return tighten(text, sentence=False).text
