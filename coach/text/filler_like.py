"""The rule for "like", which has the most other lives: verb, preposition, comparison, "such as", quotation."""

from coach.text.filler_view import END, START, Run, View
from coach.text.tokens import (
    ARTICLES,
    AUXILIARIES,
    BE,
    CONTRACTED_SUBJECTS,
    COORDINATORS,
    DETERMINERS,
    DO,
    HAVE,
    INTENSIFIERS,
    MODALS,
    OBJECTS,
    PERCEPTION,
    PERSONS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
    VAGUE_QUANTITIES,
    WH,
    is_adjective,
    is_adverb,
    is_finite,
    is_gerund,
    is_number,
    is_past,
    word_set,
)

_COMPARED = word_set(
    "nothing something anything everything much more less just exactly a lot bit people person someone "
    "others things stuff acted act behave behaved treated treat looked ran worked"
)
_QUOTED = word_set(
    "no yes yeah oh okay ok wait hey wow why what how who when where please sorry come stop fine thanks "
    "thank hello hi dude man god guys sure nope never let's don't can't maybe"
)
_TAKES_OBJECT = word_set(
    "had have has got get gets getting took take takes taking need needed wanted want spent spend found "
    "made make gave give bought built wrote did saw lost earned cost paid sold hired trained handled "
    "managed ordered moved waited"
)
_PARTICLES = word_set("to off out up down over through around along across near past inside outside")
_DISCOURSE = word_set("well okay ok right yeah oh now no yes")
_FIXED = word_set("that this these those said say mentioned most any many")


def is_filler_like(view: View, run: Run) -> bool:
    """True when this "like" could be left out."""
    before, after = view.before(run), view.after(run)
    if _is_verb(view, run) or before in PERCEPTION or _asks_for_likeness(view, run):
        return False
    if before in BE and after in ARTICLES and not view.filler_next(run) and not _superlative(view, run):
        return view.set_off(run) or _after_be(view, run)
    if view.next_to_filler(run) or view.set_off(run) or view.is_restart(run):
        return True
    if _before_quantity(view, run):
        return before not in _COMPARED
    if before in BE:
        return _after_be(view, run)
    if before in PREPOSITIONS - _PARTICLES or before in HAVE | _TAKES_OBJECT:
        return after not in {"crazy", "mad", "hell"} | _FIXED
    if before in OBJECTS and view.before(run, 2) in _TAKES_OBJECT and after in ARTICLES:
        return True
    if before in SUBJECTS | CONTRACTED_SUBJECTS:
        return _after_subject(view, run)
    if before in COORDINATORS | SUBORDINATORS | {START} or (before in _DISCOURSE and view.before(run, 2) == START):
        return _opens_clause(view, run)
    return _before_verb_or_adverb(view, run)


def _is_verb(view: View, run: Run) -> bool:
    """As in "would like", "didn't like", "how they like their coffee", "i like to"."""
    before, after = view.before(run), view.after(run)
    if before in MODALS | DO:
        return True
    if before in INTENSIFIERS and view.before(run, 2) in PERSONS | MODALS | DO:
        return not is_past(after)
    if before in {"never", "always", "also", "still"} and view.before(run, 2) in PERSONS:
        return True
    if before in {"he", "she", "it"}:
        return view.before(run, 2) in MODALS | DO
    plural = before in PERSONS | {"people", "customers", "everyone"}
    asked = view.before(run, 2) in DO | MODALS | WH
    takes = after in {"to", "it", "them", "him", "her", "me", "us", "when", "how", "that", "being", END} | POSSESSIVES
    return plural and (asked or takes or after in DETERMINERS or is_gerund(after))


def _asks_for_likeness(view: View, run: Run) -> bool:
    """As in "what was it like" and "what's it like to work there"."""
    before, _ = view.sentence_words(run)
    return bool({"what", "what's", "how's", "whatever"} & set(before[-4:])) and view.before(run) in SUBJECTS | BE | WH


def _superlative(view: View, run: Run) -> bool:
    second = view.after(run, 2)
    return view.after(run) == "the" and (second in {"worst", "best", "only", "first", "last"} or second.endswith("est"))


def _before_quantity(view: View, run: Run) -> bool:
    after, second = view.after(run), view.after(run, 2)
    return is_number(after) or after in VAGUE_QUANTITIES or (after in ARTICLES and is_number(second))


def _after_be(view: View, run: Run) -> bool:
    """Can go in "was like really late"; not in "was like no way" (quotes) and "was like a maze" (compares)."""
    after, second = view.after(run), view.after(run, 2)
    subject = view.before(run, 2)
    if after in _QUOTED | PERSONS | CONTRACTED_SUBJECTS or after == END:
        return False
    if subject in {"there"} or view.before(run) in {"there's"}:
        return True
    if after in INTENSIFIERS:
        return second not in {"what", "why", "how"} | PERSONS
    if after == "the":
        return _superlative(view, run)
    if after in PREPOSITIONS | ARTICLES | DETERMINERS:
        return after in {"in", "on", "at", "all"} and not is_gerund(second)
    personal = subject in PERSONS or view.before(run) in CONTRACTED_SUBJECTS - {"it's", "that's"}
    if is_gerund(after):
        return personal or (subject not in {"it", "this", "that"} and _stands_alone(second))
    return is_adverb(after) or is_adjective(after) or (personal and is_past(after))


def _stands_alone(word: str) -> bool:
    """Follows a verb without object: "was like humming all night" against "was like herding cats"."""
    return word in PREPOSITIONS | COORDINATORS | SUBORDINATORS | {END, "all", "again"} or is_adverb(word)


def _after_subject(view: View, run: Run) -> bool:
    after, second = view.after(run), view.after(run, 2)
    if view.before(run) in {"he", "she", "it"}:
        return True
    if view.before(run) in CONTRACTED_SUBJECTS:
        return True
    if view.before(run) == "there":
        return is_finite(after)
    if view.before(run) in {"this", "that", "these", "those", "someone", "something", "nothing", "anything"}:
        return is_past(after) or after in AUXILIARIES
    return is_finite(after) or ((is_adverb(after) or after in INTENSIFIERS) and (is_finite(second) or is_past(second)))


def _opens_clause(view: View, run: Run) -> bool:
    """As in "and like nobody told the cleaner"; "like i said" and "like most people" stay."""
    after, second = view.after(run), view.after(run, 2)
    if after in _FIXED or second in {"said", "say", "mentioned", "explained"}:
        return False
    if after in SUBJECTS | CONTRACTED_SUBJECTS:
        return True
    if after in DETERMINERS:
        return any(is_finite(view.after(run, n)) for n in (3, 4, 5))
    return is_adverb(after) or after in INTENSIFIERS or is_past(after)


def _before_verb_or_adverb(view: View, run: Run) -> bool:
    """After a noun or an adverb: only before a finite verb or an adverb of degree is it no comparison."""
    after, second = view.after(run), view.after(run, 2)
    if view.before(run) in INTENSIFIERS and view.before(run, 2) in BE:
        return after in INTENSIFIERS and second not in PERSONS | DETERMINERS | WH
    if view.before(run) in _COMPARED and not (view.before(run) == "just" and is_past(after)):
        return False
    return is_finite(after) or after in INTENSIFIERS - {"just", "so"} or (after == "just" and is_past(second))
