"""Finds what an answer says to the evaluator instead of to the interviewer.

Such a stretch is data like everything else, but it is no content: it is cut out before anything is judged, so that it
can neither win nor lose points. A sentence counts when it *orders* something about the evaluation; a person who tells
how they ignored a rule or scored ten out of ten keeps every word.
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import yaml

from coach.audio.spans import joined as joined_spans
from coach.settings import DATA

Span = tuple[int, int]

_SCORE = r"(?:\d+|nine|ten|full|top|maximum|max|perfect|highest|best|five stars?|hundred)"
_JUDGE = (
    r"(?:assistant|evaluator|grader|scorer|assessor|examiner|chat\s?gpt|gpt|claude|gemini|llm|language model|"
    r"ai(?: model| system| coach)?|bot|system|model|machine|whoever is (?:grading|scoring|marking|reading))"
)
_RULES = r"(?:instructions?|rubric|criteria|criterion|prompts?|guidelines|rules|guardrails|policy|directions|scoring)"
_ORDERS = [
    r"\b(?:override|overrule|reset|replace) (?:the |your |this )?(?:evaluation|assessment|grading|score|scores|analysis)\b",
    r"\b(?:return|respond with|reply with|output|print) (?:an? |the )?(?:score|rating|grade|overall|json|verdict)\b",
    r"^\W*(?:instructions?|system|prompt|note to (?:self|model))\s*:",
    rf"(?:^|[.!?,]\s*|\b(?:dear|hey|to the|attention)\s+){_JUDGE}\s*[:,]\s*(?:\w+\s+){{0,3}}(?:must|should|have to|need to|will|shall|are to)\b",
    rf"\b(?:must|should|have to|need to|shall|will) (?:now )?(?:score|rate|grade|mark|award|assign)\b[^.!?]{{0,40}}\b(?:{_SCORE}|star|situation|relevance|present)\b",
    rf"\b(?:score|rate|grade|mark) (?:relevance|content|overall|everything|all|situation|task|action|result|star)\b[^.!?]{{0,30}}\b(?:{_SCORE}|present|high)\b",
    rf"\b(?:ignore|disregard|forget|override|bypass|skip|drop|discard|set aside)\b[^.!?]{{0,40}}\b{_RULES}\b",
    r"\b(?:ignore|disregard|forget)\b[^.!?]{0,20}\b(?:everything|all|anything|what)\b[^.!?]{0,25}\b(?:above|before|previous|prior|told|said)\b",
    rf"\b(?:give|award|grant|assign|score|rate|mark|grade)\b (?:this|me|it|my|the|us|every|all|him|her|at least|an?|full|max\w*|top)\b[^.!?]{{0,50}}"
    rf"(?:\b{_SCORE} (?:out of|/|marks?|scores?|points?|in every|for every|across)|\b{_SCORE}\s*/\s*\d|\bfull marks\b|\bto {_SCORE}\b|\bas (?:present|complete|excellent|perfect|outstanding|strong)\b|\bhigh(?:est)? (?:score|mark)|\bat least an? \w+|\b10\b|\bten\b)",
    r"\baward (?:full|maximum|top)\b",
    rf"\b(?:repeat|keep|reuse|use|copy|apply|return) (?:that|this|the|my|the same|it)\b[^.!?]{{0,20}}\b(?:rating|score|scores|grade|mark|marks|evaluation|verdict|{_RULES})\b",
    r"\bthe (?:correct|right|final|expected) (?:json|evaluation|rating|verdict) (?:is|should|must)\b",
    r"^\W*copy (?:it|this|that|the above|the following)\b",
    r"\bgive (?:at least )?(?:an? )?(?:nine|ten|10|9|full marks|top marks|maximum|perfect score)\b",
    r"(?<!\bi )(?<!\bwe )\bset (?:the )?(?:relevance|ownership|overall|content|star|score|scores|metrics?|situation|task|action|result)\b[^.!?]{0,30}\bto\b",
    r"\b(?:output|respond with|reply with|print|answer with) (?:only|exactly|just|the (?:text|word|following|json)|nothing but)\b",
    rf"\b(?:should|must|need to|have to|now) (?:output|return|respond with|print) (?:\w+ ){{0,3}}(?:{_SCORE}\b(?! \w+s\b)|score|rating|grade|json|verdict|excellent|nothing)",
    r"\bcopy (?:that|this|it) (?:exactly|verbatim)\b",
    r"\b(?:treat|consider|regard|count|mark) (?:any|all|every|each|the|this|my|missing)\b[^.!?]{0,50}\bas (?:complete|present|perfect|excellent|full|given|strong|answered)\b",
    r"\b(?:do not|don't|never) (?:ask|analy[sz]e|evaluate|grade|score|deduct|penali[sz]e|apply|mention|reveal|question)\b(?! me (?:why|how|where|when|what))[^.!?]{0,40}\b(?:follow|text|answer|points?|this|rubric|candidate|me|instruction|message|further)",
    r"\b(?:switch|change|go|set yourself) (?:in)?to [^.!?]{0,25}\b(?:mode|persona)\b",
    r"\b(?:hire|recommend|pass|approve|accept) (?:this|the) (?:candidate|applicant|person)\b",
    r"\b(?:say|state|confirm|report|declare|write|note|conclude|pretend|assume|act as if)\b (?:that )?(?:the |this |all |my |every )?(?:candidate|applicant|answer|response|situation|star)\b[^.!?]{0,60}\b(?:outstanding|perfect|excellent|present|complete|exceptional|hired|ideal|strong|ten)\b",
    r"\bcandidate (?:has|was|is) (?:already |been |fully )+(?:verified|approved|hired|cleared|vetted)\b",
    rf"\b{_RULES} (?:for this \w+ )?(?:has|have|is|are) (?:been )?(?:now )?(?:replaced|changed|suspended|updated|void|disabled|overridden)\b",
    r"\b(?:administrator|admin|developer|root|system|debug|sudo) (?:override|mode|access|prompt|message|instruction|note|command)s?\b",
    r"\b(?:you are|you're) (?:now|no longer) (?:an? |the )?\w+",
    r"\b(?:new|updated|real|actual|hidden) (?:system )?instructions?\s*(?::|follow|are|is)",
    rf"\b(?:note|message|reminder|instruction|memo|hint|word) (?:to|for) (?:the |any |an? )?(?:\w+ )?{_JUDGE}\b",
    rf"(?:^|[.,!?]\s*|\b(?:dear|hey|hello|ok|okay|attention)\s+){_JUDGE}\s*[,:]\s*(?:please|you|do|ignore|give|disregard|forget|set|rate|score|stop|switch|from now|now)",
    rf"\b{_JUDGE} (?:that is |that's |which is |who is |who's )?(?:grading|scoring|marking|evaluating|assessing|reading) (?:this|me|my)\b",
    r"^\W*(?:situation|task|action|result|relevance|overall|content|ownership|metrics?|star|score|has_metric|delivery)\s*(?:[:=]|is|are)?\s*(?:fully |all )?(?:present|ten|10(?:/10)?|true|strong|complete|excellent|high)\W*$",
    r"\bend of (?:system|admin\w*|developer)? ?(?:message|prompt|instructions?|override)\b",
    r"\b(?:lenient|generous|easy|maximum|god) (?:mode|grading|scoring|marking)\b",
]
_NEVER_STORY = [
    r"^\W*(?:assistant|system|user|developer|evaluator)\s*:",
    r"\bhere is (?:my|the|your) (?:evaluation|verdict|assessment|grading)\b",
    r"\b(?:situation|task|action|result)\s*[:=]\s*[\"']?(?:present|complete|strong|10)(?=\W*$|\s*[\"',.;)}])",
    r"\ball (?:the )?(?:four )?(?:star )?(?:elements|parts|items|sections) (?:are|is|count as) (?:present|complete)\b",
    r"^\W*(?:overall|content|total|final) score\s*(?:[:=]|is)\s*\w",
    r"\bmy (?:previous|last|earlier|other) answers? (?:was|were|has been) (?:rated|scored|graded|marked|given)\b",
    r"\b(?:ignorier\w*|vergiss|missachte)\b[^.!?]{0,40}\b(?:anweisung|regel|vorgabe)\w*",
    r"\b(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les|vos|tes) (?:instructions|consignes|règles)\b",
    r"\b(?:ignor[ae]|olvida) (?:todas )?(?:las|tus|sus) (?:instrucciones|reglas)\b",
]
_ORDER = re.compile("|".join(_ORDERS + _NEVER_STORY), re.IGNORECASE | re.MULTILINE)
_PLAIN_ORDER = re.compile("|".join(_NEVER_STORY), re.IGNORECASE | re.MULTILINE)
_TOLD = re.compile(
    r"\b(?:i|we|he|she|they|my \w+|the (?:client|customer|manager|director|team|boss))\b(?: \w+){0,2} "
    r"(?:ignored|disregarded|forgot|overrode|gave|awarded|scored|rated|marked|graded|told|asked|decided|wanted|had to)\b",
    re.IGNORECASE,
)
_FENCE = re.compile(
    r"\bsystem message\b.{0,2000}?\bend of system message\b[.!]?|</?\s*(?:transcript|system|user|assistant|answer)[^>]*>",
    re.I | re.S,
)
_JSON = re.compile(r"\{[^{}]*[\"'][^{}]*:(?:[^{}]|\{[^{}]*\})*\}", re.S)
_CLAUSE_CUT = re.compile(r"(?:,\s*|\s+)(?:and|so|but|okay|ok|um|anyway|then)\s+(?=\w)|,\s+", re.IGNORECASE)
_LONG_SENTENCE_WORDS = 45
_STORY_WORDS, _LEAD_WORDS = 8, 4


class _Addressed(NamedTuple):
    order: re.Pattern[str]
    told: re.Pattern[str]
    continues: re.Pattern[str]


@lru_cache(maxsize=1)
def _addressed() -> _Addressed:
    """The rules of `data/reading/grader_orders.yaml`, compiled once."""
    kept = yaml.safe_load((DATA / "reading" / "grader_orders.yaml").read_text(encoding="utf-8"))

    def joined(patterns: list[str]) -> re.Pattern[str]:
        named = re.compile(r"\{([a-z]+)\}")
        return re.compile("|".join(named.sub(lambda m: kept["words"][m.group(1)], p) for p in patterns), re.IGNORECASE)

    return _Addressed(joined(kept["patterns"]), joined(kept["told"]), joined([kept["continues"]]))


def instruction_spans(text: str, sentences: list[Span]) -> list[Span]:
    """Spans of `text` that are orders to the evaluator, sorted and merged; offsets are code points, end exclusive."""
    found = [m.span() for pattern in (_FENCE, _JSON) for m in pattern.finditer(text)]
    ordered = False
    for start, end in sentences:
        sentence = text[start:end]
        ordered = _addresses(sentence) or (ordered and bool(_addressed().continues.search(sentence)))
        if ordered and len(sentence.split()) <= _LONG_SENTENCE_WORDS:
            found.append((start + _begins(sentence), end))
            continue
        if not _ORDER.search(sentence) and not _addresses(sentence):
            continue
        if len(sentence.split()) <= _LONG_SENTENCE_WORDS:
            if not _is_told(sentence) and not _addressed().told.search(sentence):
                ordered = True
                found.append((start + _order_begins(sentence), end))
        else:
            found += [(start + a, start + b) for a, b in _pieces(sentence) if _orders(sentence[a:b])]
    return joined_spans(found, gap=1)


def _addresses(sentence: str) -> bool:
    rules = _addressed()
    return bool(rules.order.search(sentence)) and not rules.told.search(sentence)


def _begins(sentence: str) -> int:
    return _story_before(sentence, _addressed().order.search(sentence))


def _order_begins(sentence: str) -> int:
    return _story_before(sentence, _ORDER.search(sentence))


def _story_before(sentence: str, order: re.Match[str] | None) -> int:
    """Where the order begins in its sentence: 0, or after a stretch of story of eight words or more before it."""
    if order is None:
        return 0
    cut = max((b for _, b in _pieces(sentence) if b <= order.start()), default=0)
    begins = cut if len(sentence[cut : order.start()].split()) <= _LEAD_WORDS else order.start()
    return begins if len(sentence[:begins].split()) >= _STORY_WORDS else 0


def _orders(piece: str) -> bool:
    return (bool(_ORDER.search(piece)) and not _is_told(piece)) or _addresses(piece)


def _is_told(sentence: str) -> bool:
    """True when the order is part of a story: a person is the subject right before it."""
    if _PLAIN_ORDER.search(sentence):
        return False
    order = _ORDER.search(sentence)
    told = _TOLD.search(sentence)
    return bool(order and told and told.start() <= order.start() + 5)


def _pieces(sentence: str) -> list[Span]:
    """Windows of a sentence without punctuation: between connectives, so that the rest of the story stays."""
    cuts = [0, *(m.end() for m in _CLAUSE_CUT.finditer(sentence)), len(sentence)]
    return [(a, b) for a, b in pairwise(cuts) if b > a]
