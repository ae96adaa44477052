"""One rule per ambiguous expression: True when this occurrence could be left out without loss.

The rules encode the labelling guide of `docs/delivery-metrics.md` in terms of neighbouring word classes; none of them
knows whole sentences.
"""

import re
from collections.abc import Callable

from coach.text.filler_like import is_filler_like
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
    MODALS,
    OBJECTS,
    PERCEPTION,
    PERSONS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
    WH,
    is_adjective,
    is_adverb,
    is_finite,
    is_number,
    is_past,
    word_set,
)

Rule = Callable[[View, Run], bool]

_HESITATION = re.compile(r"u+m+|u+h+|u+h+m+|e+r+m*|e+h+m+|h+m+")
_LINKING = BE | PERCEPTION | word_set("stay stayed remain remained get got turn turned become became")
_OPENERS = COORDINATORS | {START}


def match_at(view: View, at: int) -> Run | None:
    """The filler expression that may begin at token `at`, as a candidate to be judged."""
    word = view.tokens[at].word
    if _HESITATION.fullmatch(word):
        return Run(at, at, "hesitation")
    if at + 1 < len(view.tokens) and not view.tokens[at + 1].after_break:
        pair = f"{word} {view.tokens[at + 1].word}"
        if pair in RULES:
            return Run(at, at + 1, pair)
    name = _SPELLINGS.get(word, word)
    return Run(at, at, name) if name in RULES else None


_EMERGENCY_ROOM = word_set(
    "nurse doctor doctors nurses department staff shift team visit visits room doors physician consultant waiting all "
    "last yesterday tonight twice once again every straight immediately overnight"
) | {END}


def _hesitation(view: View, run: Run) -> bool:
    token = view.tokens[run.first]
    if view.after(run) == "huh" and not view.break_after(run):
        return False
    if token.word != "er":
        return True
    before, after = view.before(run), view.after(run)
    if before == after or before not in DETERMINERS | {"busy", "local"} or view.break_before(run):
        return view.text[token.start : token.end] != "ER"
    return (
        after not in _EMERGENCY_ROOM | PREPOSITIONS | COORDINATORS | SUBORDINATORS | AUXILIARIES
        and not view.break_after(run)
    )


def _so(view: View, run: Run) -> bool:
    after, before = view.after(run), view.before(run)
    if after == "anyway" or after == "anyways":
        return True
    if after == "yeah" and not view.break_before(run) | (before in _OPENERS):
        return True
    if after == "yeah":
        return view.after(run, 2) == END or view.filler_next(run) or view.filler_before(run)
    clause_start = view.starts(run) or before in COORDINATORS or view.break_before(run)
    if view.filler_next(run):
        return clause_start or view.filler_before(run)
    return (
        view.filler_before(run) and view.starts(run) and after != END and after not in {"that", "far", "much", "many"}
    )


def _well(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if (
        before
        in {"as", "very", "pretty", "quite", "really", "so", "how", "too", "not", "that's", "oh", "doing"} | ARTICLES
    ):
        return view.is_restart(run) and before != "as"
    if view.is_restart(run) or view.set_off(run):
        return True
    opens = before in _OPENERS | SUBORDINATORS | {"said", "thought"}
    if view.filler_next(run):
        return opens or view.filler_before(run) or before in BE
    if view.starts(run):
        return False
    subject = after in (SUBJECTS | CONTRACTED_SUBJECTS | POSSESSIVES | ARTICLES)
    return (opens or before in BE or view.filler_before(run)) and subject


def _you_know(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if view.set_off(run) or view.is_restart(run):
        return True
    asked = WH - {"when", "if", "where"} | {"as", "let", "than", "all", "everything", "once", "whatever", "never"}
    if before in {"everyone", "everybody", "anyone", "someone", "people", "nobody"} and is_finite(after):
        return False
    if before in DO | MODALS - {"to"} and view.before(run, 2) not in SUBJECTS:
        return False
    if before in asked | {"if"} or (before == "that" and (is_finite(after) or after in PREPOSITIONS | {END})):
        return False
    if before in {"to", "just"}:
        return True
    if view.filler_next(run) or view.ends(run) or view.break_after(run):
        return True
    if after in WH | {"that", "about", "of"} and not view.break_after(run):
        return after == "that" and view.after(run, 2) in AUXILIARIES and view.filler_before(run)
    if view.filler_before(run):
        return True
    return not _takes_object(view, run, subordinate=before in SUBORDINATORS)


def _takes_object(view: View, run: Run, *, subordinate: bool) -> bool:
    """As in "you know" is followed by a thing known (an object without a verb of its own)."""
    after = view.after(run)
    if after in {"each", "nothing", "everything", "anything", "something", "someone", "everyone", "more", "less",
                 "enough", "plenty", "exactly", "better", "best", "anyone"}:  # fmt: skip
        return not is_finite(view.after(run, 2))
    if after in OBJECTS - {"it", "this", "that", "these", "those"}:
        return after != "her" or not _clause_follows(view, run)
    if after in OBJECTS:
        return not (is_finite(view.after(run, 2)) or view.after(run, 2) in CONTRACTED_SUBJECTS)
    if after in SUBJECTS or after in CONTRACTED_SUBJECTS:
        return False
    if after in DETERMINERS:
        return not _clause_follows(view, run) and (view.before(run) not in BE | PREPOSITIONS or subordinate)
    return False


def _clause_follows(view: View, run: Run) -> bool:
    """Within the next words a noun phrase meets its verb before any other clause begins."""
    for n in range(2, 7):
        word = view.after(run, n)
        if word == END or word in WH | SUBORDINATORS | {"and", "but"} or word in PERSONS:
            return False
        if n > 2 and is_finite(word):
            return True
    return False


def _i_mean(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if before in (WH | {"everything", "all", "thing", "that"}) - {"when", "if", "where"}:
        return False
    if view.set_off(run) and not _defines(view, run):
        return True
    if after in {"to", "business", "by", "every", "nothing"}:
        return False
    if after in {"it", "that", "this"}:
        return view.after(run, 2) not in COORDINATORS | SUBORDINATORS | PREPOSITIONS | DETERMINERS | {END}
    if after in DETERMINERS and (view.starts(run) or before == "no") and not _clause_follows(view, run):
        return False
    return not _defines(view, run)


def _defines(view: View, run: Run) -> bool:
    """As in "when i say late i mean after midnight": a word was named shortly before and is now explained."""
    before, _ = view.sentence_words(run)
    recent = before[-8:]
    named = {"say", "says", "said", "call", "called", "mention", "mentioned", "wrote", "write", "talk", "saying"}
    return (any(w in named for w in recent) and bool({"when", "if", "by", "whenever"} & set(recent))) or "by" in recent[
        :1
    ]


_CONTRAST = word_set(
    "but though although thought think expected supposed whether if instead not n't never despite however "
    "yet rather until still while whereas even see check prove find found assumed believed wondered "
    "unlike except hoped meant looked seemed sounded said blamed feared pretended claimed than who what "
    "contrary surprised turns turned"
)


def _actually(view: View, run: Run) -> bool:
    if view.next_to_filler(run) or view.is_restart(run):
        return True
    before, after = view.sentence_words(run)
    inverted = len(before) > 1 and before[-1] in SUBJECTS and before[-2] in AUXILIARIES
    if inverted or before[-1:] == ["no"]:
        return False
    return not any(w in _CONTRAST or w.endswith("n't") for w in before[-12:] + after[:12])


_TOTALS = word_set(
    "all every everything everyone everybody nobody no none nothing any anyone the same whole entirely "
    "impossible identical half zero"
)


def _basically(view: View, run: Run) -> bool:
    if view.next_to_filler(run) or view.is_restart(run) or view.set_off(run):
        return True
    before, after = view.before(run), view.after(run)
    if after in _TOTALS - {"the", "whole", "half"}:
        return False
    if before in _LINKING or (view.before(run, 2) in BE and before == "not"):
        clause = after in SUBJECTS | CONTRACTED_SUBJECTS - {"there's"} and after not in {"one", "this", "that"}
        return clause and view.after(run, 2) != END
    return not (before == START and after == END)


_BEFORE_NOUN_KIND = word_set(
    "one other same only certain own different very so too right wrong first best worst new old special strange"
)


def _kind_of(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if before in {"that", "this", "it", "which", "all", "both", "each"} and (
        is_past(after) or after in {"makes", "helps", "feels"}
    ):
        return True
    if before in DETERMINERS | _BEFORE_NOUN_KIND:
        return False
    if is_number(before) or (is_adjective(before) and view.before(run, 2) in DETERMINERS):
        return False
    kindness = run.expression == "kind of" and before in BE | INTENSE | {"how"}
    named = after in OBJECTS | {"you"} or (after in DETERMINERS and view.after(run, 3) == "to")
    return not (kindness and named and {view.after(run, n) for n in (2, 3, 4)} & {"to", END})


INTENSE = word_set("very so really too extremely incredibly")
_TURNING = word_set(
    "turn turned turns turning go went goes look looked bear keep kept veer veered swing pull pulled lean "
    "leaned moved move swipe step stepped far top bottom hard"
)


def _right(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if view.set_off(run):
        return True
    if before in BE | DETERMINERS | _TURNING | {"all", "quite", "not", "exactly", "that's", "feel", "felt", "seemed"}:
        return view.filler_next(run) and before in BE and view.is_restart(run)
    if view.starts(run):
        return view.filler_next(run) or after in {"so", "okay", "ok", "well"}
    if _put_right(view, run) or (is_adverb(before) and view.before(run, 2) in BE):
        return False
    if after in {"and", "but", "so", "because", "or", END} or view.ends(run):
        return True
    return view.filler_next(run) or (after in {"then"} and before not in {"just"})


def _put_right(view: View, run: Run) -> bool:
    """As in "got it right", "do things right": the result of doing, not a tag."""
    doing = {"get", "got", "getting", "do", "did", "done", "doing", "put", "set", "make", "made", "guessed", "guess",
             "gets", "wasn't", "weren't", "isn't", "spell", "spelled"}  # fmt: skip
    return any(view.before(run, n) in doing for n in (1, 2, 3, 4)) and view.before(run) in OBJECTS | doing | {"things"}


_QUOTING = word_set("said says replied told answered")


def _okay(view: View, run: Run) -> bool:
    before, after = view.before(run), view.after(run)
    if after in {"yes", "yeah", "sure", "thanks", "thank", "fine", "great", "deal", "with"}:
        return False
    if _QUOTING & set(view.sentence_words(run)[1]) and not view.next_to_filler(run):
        return False
    if view.starts(run) or (view.filler_before(run) and before in _OPENERS):
        return after != END or view.filler_before(run)
    if before in _LINKING | {"said", "say", "says", "an", "me", "him", "her", "them", "you", "it", "went", "going"}:
        return False
    return (view.filler_next(run) and before in _OPENERS) or view.set_off(run)


def _just(view: View, run: Run) -> bool:
    if view.is_restart(run):
        return True
    after, before = view.after(run), view.before(run)
    exact = {"as", "before", "after", "what", "how", "when", "where", "in", "enough", "about", "over", "under", "one"}
    if is_number(after) or after in exact or before in HAVE | {"not"}:
        return False
    return view.next_to_filler(run)


_HYPERBOLE = word_set(
    "die dying died dead kill killed killing worst best million billion trillion forever insane crazy "
    "exploded explode exploding starving starved freezing frozen melting melted drowning drowned buried "
    "mind brain dead heart attack everything everyone everybody nobody never impossible always world "
    "universe jumped flew shaking screaming begging nightmare hell murdered bouncing climbing sweating "
    "bleeding glued living zombie zombies crying ages decades centuries years nothing laughing "
    "laugh fire breathe tears pieces bits speechless"
)


_NOT_SUPERLATIVE = word_set("forest request interest honest invest protest contest harvest suggest modest digest")


_NOT_SUPERLATIVE = word_set("forest request interest honest invest protest contest harvest suggest modest digest")


def _literally(view: View, run: Run) -> bool:
    if view.next_to_filler(run) or view.is_restart(run):
        return True
    before, after = view.sentence_words(run)
    if {"translated", "means", "mean", "translation", "took", "taken", "take", "word"} & set(before[-5:]):
        return False
    superlative = any(w.endswith("est") and len(w) > 5 and w not in _NOT_SUPERLATIVE for w in after[:3])
    return superlative or any(w in _HYPERBOLE for w in after[:5])


def _always(view: View, run: Run) -> bool:
    return True


RULES: dict[str, Rule] = {
    "hesitation": _hesitation,
    "like": is_filler_like,
    "so": _so,
    "well": _well,
    "you know": _you_know,
    "i mean": _i_mean,
    "actually": _actually,
    "basically": _basically,
    "kind of": _kind_of,
    "sort of": _kind_of,
    "right": _right,
    "okay": _okay,
    "just": _just,
    "literally": _literally,
    "kinda": _always,
    "sorta": _always,
}
_SPELLINGS = {"ok": "okay", "o.k": "okay"}
