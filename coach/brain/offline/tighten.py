"""Tightens a stretch of speech the way a careful editor would: fewer words, none added, the speaker's own voice kept.

Only deletions and a short list of fixed substitutions; never a new fact. Works on any piece of the transcript.
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from dataclasses import dataclass
from functools import lru_cache

from coach.brain.offline.mend import mend
from coach.brain.reading.lexicon import common_words
from coach.text.fillers import FillerSpan, find_fillers

_LEAD_IN = re.compile(
    r"^(?:(?:oh(?: god| gosh| dear| yeah| yes)?|gosh|yeah|yes|yep|okay|ok|sure|well|right|so|and|um+|uh+|erm?|eh|hmm+|anyway|basically|actually|honestly|look|now|i mean|you know|like|"
    r"to be honest|i guess|i suppose|what happened was(?: that)?|what happened|let me think|let me see|good question|so a bit of background)\b[\s,.:–—-]*)+(?=\w)",
    re.IGNORECASE,
)
_LEAD_KEEP = re.compile(
    r"^(?:so (?:that|far|did|was|were|had|do|does|would|long as|much so)\b|well[- ](?:known|over|under|before|after|above|below|into|done)\b|sure enough|"
    r"right (?:after|before|away|on|at|in|by|behind|through|up|down|next|to|from|there|then)\b|now (?:the|we|they|i)\b|like (?:my|the|a)\b|look(?:ed|ing|s)? (?:after|at|for|up|into)\b)",
    re.IGNORECASE,
)
_ASIDES = re.compile(
    r",?\s*\b(?:you know|i mean|i think|i suppose|i guess|i'd say|i should say|i must say|i have to say|to be honest|to be fair|honestly|if i'm honest|if you like|or whatever|or something(?: like that)?|"
    r"and stuff(?: like that)?|and all of that|and so on|and that sort of thing|at the end of the day|as i said|like i said|needless to say|obviously|don't get me wrong|how do you (?:say|call it)(?: it| that)?|how to say(?: it)?|sorry to say(?: it| that)?(?: so| like that)?|i want to say|let me think|i don't know|i can't stress that enough|as you do|so to speak)\b(?=\s*[,.;!?]|$)(?:\s*,(?=\s))?",
    re.IGNORECASE,
)
_INSERTED = re.compile(
    r",\s*(?:you know|i mean|i think|i suppose|i guess|i want to say|how do you say|well|right|okay|like|um+|uh+|er+|honestly|actually|basically|literally|kind of|sort of|really)\s*,",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:basically|literally|pretty much|kind of|sort of|kinda|sorta|obviously|honestly|definitely|simply|truly)\s+(?=[a-z])",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"\b(?:(?:speak|talk|tell|say|answer|explain|admit|report|repl(?:y|ie)|respond|act|deal|behave|describe|present|discuss|share|apologi[sz]e|own|work|write)(?:s|d|ed|ing)?|"
    r"spoke(?:n)?|told|said|dealt|gave|wrote|written|paid)\s+(?:[\w'’]+\s+){0,4}$|\b(?:and|as|so|more|very|quite|too|how|or) $",
    re.IGNORECASE,
)
"""Before an "honestly" that says how something was done: "told the client honestly", "openly and honestly"."""
_KIND_NOUN = re.compile(r"\b(?:a|the|this|that|some|what|any|every|each|which|same|of) $", re.IGNORECASE)
_SOFTENERS = re.compile(
    r"(?<=\b[iI] )(?:just|really|actually|basically|sort of|kind of|also just)\s+(?=\w)|(?<=\bwe )(?:just|really|actually|basically)\s+(?=\w)|(?<=\bthey )(?:just|really|actually|basically)\s+(?=\w)"
)
_REALLY = re.compile(
    r"(?<!not )(?<!n't )(?<!n’t )(?<!who )\b(?:really|very|quite|actually)\s+(?=(?:\w+ed|\w+ing|happy|good|well|hard|difficult|stressful|quick|busy|important|proud|proactive|strong|excited|united)\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?<!\bnot)(?<!\bwas)(?<!\bwere)(?<!\bis)(?<!\bbeen)(?<!\bsaid)(?<!\bwhat)(?<!\bas)(?<!\bdo)(?<!\bthat)(?<!\bhow)(?<!\bif)[,\s]+(?:really|actually|basically|though|(?<=, )anyway|so yeah|yeah|and yeah|or so i thought|i think|you know|(?<=, )right|and everything)\s*(?=[.!?]*$)",
    re.IGNORECASE,
)
_QUOTING = re.compile(
    r"\b(?:s(?:aid|ays?)|t(?:old|ell) (?:me|him|her|us|them)|answer(?:ed|s)?|replied|reply|goes|go|went|thought|asked|was like)[\s,:;\"“‘'-]*$",
    re.IGNORECASE,
)
_LED_UP_TO = re.compile(r"\b(?:what|that|as|than|how|why|if|who|do|did|to|and|but|because|so)\s*$", re.IGNORECASE)
_DENIAL = re.compile(
    r"(?:\b(?:not|never|nobody|no one|none|nothing|hardly|neither|no)\b|n['’]t\b)[^,.;!?]*$", re.IGNORECASE
)
_WORD = re.compile(r"[\w'’]+")
_MAX_REPEATED_WORDS = 4
_NEAR = 40
"""Characters around a cut that decide about its commas."""
_FUNCTION_END = re.compile(
    r"\b(?:to|the|a|an|my|our|his|her|their|of|in|on|at|with|and|but|or|so|which|that|who|because|from|for|by|was|were|is|are|had|have|we|i|they|he|she|it|then|when|if|as|just)$",
    re.IGNORECASE,
)
_LOOSE_END = re.compile(
    r"(?<!\bthere)(?<!\bnow)(?<!\bso)(?<!\bthere and)(?<!\bnow and)[\s,]+(?:and|so|but|or|because|meanwhile|then|like|which|and then|and so|and meanwhile)\s*(?=[.!?]*$)",
    re.IGNORECASE,
)
_KNOWN = re.compile(r"\s+(?:is|are|was|were|that|what|how|why|who|where|when|if|him|her|them|about)\b", re.IGNORECASE)
_BE = ("was", "were", "is", "are")
_COUNTED = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred"
_ALLOWED_REPEATS = frozenset(["had", "that", "very", "really", "no", "yes", "so", "far", "zero", *_COUNTED.split()])
"""Said twice and meant twice: "so far so far"; digits are read out one by one ("nine nine nine")."""
_SUBSTITUTIONS = [
    (re.compile(pattern, re.IGNORECASE), shorter)
    for pattern, shorter in (
        (r"\bin order to\b", "to"),
        (r"\bdue to the fact that\b", "because"),
        (r"\bat that point in time\b", "then"),
        (r"\bat this moment in time\b", "now"),
        (r"\bthe reason (?:why )?(?:was|is) because\b", "because"),
        (r"\bwhat i did was i\b", "I"),
        (r"\bwhat (we|he|she|they) did was (?=\1\b)", ""),
        (r"\bwhat i did,? i\b", "I"),
        (r"\bthe action i took was i\b", "I"),
        (r"\bthe (?:task|goal) i had was\b", "my task was"),
        (r"\bthe situation was that\b", ""),
        (r"^and as a result\b", "as a result"),
    )
]
_ME_AND = re.compile(
    r"(?:(?<=^)|(?<=[.!?] )|(?<=, )|(?<=\band )|(?<=\bso )|(?<=\bthen )|(?<=\bbut ))[Mm]e and ((?!The\b)[A-Z][a-z]+)(?:,? we\b)?(?= (?:both |then |just )?[a-z]+)"
)
"""Only a name, only as the subject at the start of a clause: "me and Darren went", never "it was me and the apprentice"."""
_ME_AND_MINE = re.compile(
    r"(?:(?<=^)|(?<=[.!?] ))[Mm]e and ((?:my|our|an?|the|two|three|four|another) (?:[a-z]+ )?[a-z]+(?: [A-Z][a-z]+)?(?: (?:which|who|that) is an? \w+)?|[a-z]{3,}),? we\b"
)
"""With "we" behind it the whole is a subject: "me and my colleague Rosa we were"."""
_COUNT = rf"(?:\d+|(?:{_COUNTED.replace(' ', '|')})(?:[ -](?:{_COUNTED.replace(' ', '|')}))*)"
_REPAIRS = tuple(
    (re.compile(found, re.IGNORECASE), kept)
    for found, kept in (
        (r"(?<!what )\b(I|we|he|she|they|it) (?:\w+ ){1,2}(?:to|the|a|an|was|were|had|is|would|could), (?=\1 \w)", ""),
        (r"\b(I|we|he|she|they|it)(?:['’](?:s|d|m|ve|re|ll))?,? (?=\1\b(?! (?:and|or)\b))", ""),
        (r"\b(I|we|he|she|they), what \1 did was (?=\1\b)", ""),
        (rf"\b{_COUNT}(?:,? i think|,? i mean)?,? (?:no|sorry|or rather),? (?={_COUNT}\b)", ""),
        (r"(?<!\bit )(?<!\bthat )(?<!\bthis )(?<!\bwhat )\b(was|is|were|are),? (?:it|they|he|she) (?=\1\b)", ""),
        (r"\b(in|on|at|for|with|to|from|of|by), (?=\1\b)", ""),
    )
)
"""Each a start that is said anew right behind its comma."""
_STARTS_CLAUSE = re.compile(
    r"(?:(?:and|but|so|then|because|since|although|until|while)\s+)?(?:i|we|he|she|they|it(?-i:(?<!IT))|you|there|nobody|everybody|everyone|that|this)(?:\b|['’])"
    r"|(?:which|who|where|because|but|so|although|until)\b",
    re.IGNORECASE,
)
"""What may follow a comma that set off a filler: the start of a clause. "I rang, um, three hotels" keeps no comma."""
_CAPITALS = re.compile(
    r"\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|april|june|july|august|september|october|november|december|english|french|german|italian|polish|russian|arabic|turkish|portuguese|christmas|easter|i)\b(?!['’]?[a-hj-z])|\bi(?=['’])"
)


@dataclass(frozen=True)
class Tightened:
    """A tightened stretch and what was taken out, as said."""

    text: str
    removed: tuple[str, ...]


@lru_cache(maxsize=2048)
def tighten(text: str, *, sentence: bool = True) -> Tightened:
    """Shortens `text`; with `sentence` it starts with a capital and ends with a full stop."""
    spans = [
        span for span in find_fillers(text) if not _is_such_as(text, span.start, span.end) and not _is_known(text, span)
    ]
    removed = [span.text for span in spans]
    body = _tidy(_without_fillers(text, spans))
    body = _without_lead_in(body, removed)
    body = _drop_inserted(body, removed)
    for pattern in (_ASIDES, _SOFTENERS, _REALLY, _TAIL):
        body = _drop(pattern, body, removed)
    body = _drop_hedges(body, removed)
    body = _drop_repeats(body)
    for found, shorter in _SUBSTITUTIONS:
        body = found.sub(shorter, body)
    body = _ME_AND_MINE.sub(_and_i, _ME_AND.sub(r"\1 and I", _repaired(mend(body))))
    body = _without_lead_in(_tidy(body), removed)
    body = _without_loose_end(body)
    return Tightened(_as_sentence(body) if sentence else capitals(body), tuple(removed))


def _and_i(match: re.Match[str]) -> str:
    """Turns "me and my brother we" into "my brother and I"; a name said in lower case gets its capital."""
    other = match.group(1)
    alone = " " not in other and other not in common_words()
    return f"{other[0].upper() + other[1:] if alone else other} and I"


def _repaired(text: str) -> str:
    """What was started and said anew stands once: "I started to, I started putting", "nineteen, no, twenty", "was, it was"."""
    for found, kept in _REPAIRS:
        text = found.sub(kept, text)
    return text


def _is_known(text: str, span: FillerSpan) -> bool:
    """True for a "you know" that has an object or a verb behind it: "as you know the lift …", "which you know is the worst"."""
    bare = not text[: span.start].rstrip().endswith(",")
    return span.text.lower() == "you know" and bare and bool(_KNOWN.match(text[span.end : span.end + _NEAR]))


def _is_such_as(text: str, start: int, end: int) -> bool:
    """True for a "like" that may introduce an example (", like married names"), which a rewrite must not lose."""
    before, after = text[max(0, start - _NEAR) : start].rstrip(), text[end : end + _NEAR].lstrip()
    return text[start:end].lower() == "like" and before.endswith(",") and not after.startswith(",")


def _without_fillers(text: str, spans: list[FillerSpan]) -> str:
    """Takes out the spans from the last to the first, each with the comma that set it off."""
    settled: list[str] = []
    after, end = "", len(text)
    for span in reversed(spans):
        between = text[span.end : end]
        if between.strip(" ,"):
            settled.append(after)
            after = between
        else:
            after = f"{between} {after}"
        before = text[max(0, span.start - _NEAR) : span.start]
        kept, after = _joint(before.rstrip(), after.lstrip())
        end = span.start - (len(before) - len(kept))
    return " ".join(piece for piece in (text[:end], after, *reversed(settled)) if piece)


def _joint(before: str, after: str) -> tuple[str, str]:
    """What stays on both sides of a filler: one comma where a clause begins behind it, none after a function word."""
    if before.endswith(",") and after.startswith(","):
        bare, after = before.rstrip(", "), after.lstrip(", ")
        return (before if _STARTS_CLAUSE.match(after) and not _FUNCTION_END.search(bare) else bare), after
    if before.endswith(",") and _FUNCTION_END.search(before.rstrip(",")):
        return before.rstrip(","), after
    if after.startswith(",") and (not before or _FUNCTION_END.search(before)):
        return before, after.lstrip(", ")
    return before, after


def _without_loose_end(text: str) -> str:
    """Drops connectives that lead nowhere, one after the other, from the end."""
    end = len(text)
    while found := _LOOSE_END.search(text[max(0, end - _NEAR) : end]):
        end = max(0, end - _NEAR) + found.start()
        if end == len(text):
            break
    return text[:end] + (text[-1] if end < len(text) and text[-1:] in ".!?" else "")


def capitals(text: str) -> str:
    """Capital letters for "I", days and months."""
    return _CAPITALS.sub(lambda m: m.group()[0].upper() + m.group()[1:], text)


def _says_how(match: re.Match[str]) -> bool:
    """True for an "honestly" that carries meaning, which no rewrite may lose; set off by a comma it never does."""
    word = match.group()
    said = word.strip(" ,").lower() == "honestly" and not word.startswith(",")
    return said and bool(_MANNER.search(match.string[: match.start()] + (" " if word.startswith(" ") else "")))


def _is_told(match: re.Match[str]) -> bool:
    """True where the words are what somebody said or thought ("she said I don't know"), or end a clause ("what I mean")."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return bool(_QUOTING.search(before)) or (match.group()[:1] != "," and bool(_LED_UP_TO.search(before)))


def _is_denied(match: re.Match[str]) -> bool:
    """True for a "very" or "really" that its clause denies: "never really happy" says less than "never happy"."""
    return bool(_DENIAL.search(match.string[max(0, match.start() - _NEAR) : match.start()]))


def _drop(pattern: re.Pattern[str], text: str, removed: list[str]) -> str:
    def take(match: re.Match[str]) -> str:
        if _says_how(match) or (pattern is _ASIDES and _is_told(match)) or (pattern is _REALLY and _is_denied(match)):
            return match.group()
        removed.append(match.group().strip(" ,"))
        return ""

    return pattern.sub(take, text)


def _drop_inserted(text: str, removed: list[str]) -> str:
    """Takes out ", you know," with both commas, or leaves one where a clause begins behind it."""

    def take(match: re.Match[str]) -> str:
        removed.append(match.group().strip(" ,"))
        led_on = _FUNCTION_END.search(text[max(0, match.start() - _NEAR) : match.start()])
        kept = _STARTS_CLAUSE.match(text[match.end() :].lstrip()[:40]) and (not led_on or led_on.group() in _BE)
        return "," if kept else ""

    return _INSERTED.sub(take, text)


def _drop_hedges(text: str, removed: list[str]) -> str:
    def take(match: re.Match[str]) -> str:
        kind = match.group().lower().startswith(("kind", "sort"))
        if _says_how(match) or (kind and _KIND_NOUN.search(match.string[: match.start()])):
            return match.group()
        removed.append(match.group().strip())
        return ""

    return _HEDGES.sub(take, text)


def _drop_repeats(text: str) -> str:
    """Says once what was said twice in a row ("a, a servicing row"), up to four words at a time."""
    words = [(m.start(), m.end(), m.group().lower()) for m in _WORD.finditer(text)]
    cuts: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        for size in range(min(_MAX_REPEATED_WORDS, (len(words) - at) // 2), 0, -1):
            if _repeats(text, words, at, size):
                cuts.append((words[at][0], words[at + size][0]))
                at += size - 1
                break
        at += 1
    for start, end in reversed(cuts):
        text = text[:start] + text[end:]
    return text


def _repeats(text: str, words: list[tuple[int, int, str]], at: int, size: int) -> bool:
    first, second = words[at : at + size], words[at + size : at + 2 * size]
    said = [w[2] for w in first]
    if said != [w[2] for w in second] or (size == 1 and (said[0] in _ALLOWED_REPEATS or said[0].isdigit())):
        return False
    return text[first[-1][1] : second[0][0]].strip(" ,") == ""


def _without_lead_in(text: str, removed: list[str]) -> str:
    match = _LEAD_IN.match(text)
    if not match or _LEAD_KEEP.match(text):
        return text
    rest = text[match.end() :]
    if len(rest.split()) < 2:
        return text
    removed.append(match.group().strip(" ,.:–—-"))
    return rest


def _tidy(text: str) -> str:
    """Mends what deletions leave behind: doubled commas and blanks, a comma at the start."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r",\s*([.;:!?])", r"\1", text)
    return text.strip(" ,;:–—-")


def _as_sentence(text: str) -> str:
    text = capitals(_tidy(text))
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in '.!?…"”' else text + "."
