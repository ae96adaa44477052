"""Reads a job posting: strips mark-up, cuts it into lines with their section, drops what is no requirement.

A posting is data: instructions in it to "AI systems" are left out like a benefits paragraph.
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import html
import re
from dataclasses import dataclass

from coach.brain.reading.instructions import instruction_spans
from coach.brain.reading.text import fold, sentence_spans

_TAG = re.compile(r"<\s*(?:br|/?p|/?li|/?ul|/?ol|/?div|/?h\d)[^>]*>", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•▪·–—>]|\d+[.)])\s*(?![-*•])")
_MOST_ITEM_WORDS = 13
_MOST_HEADING_WORDS, _MOST_NUMBERED_WORDS = 8, 5
_NUMBERED = re.compile(r"\d+[.)]\s+")
_ITEM = re.compile(r"<\s*li\b[^>]{0,200}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?[a-zA-Z][^>\n]*>|\[/?div[^\]]*\]")
_OPTIONAL = re.compile(
    r"\b(?:nice[- ]to[- ]ha(?:ve|ves)|good to have|desirable|a bonus|bonus(?:es)?(?: points)?|a plus\b|optional|would be (?:lovely|nice|great|a plus|welcome)|not essential|"
    r"handy|ideally|preferred|welcome but|it helps if|helpful|we(?:'d| would) love|beneficial|von vorteil|se valora|mile widziany)\b"
)
_OPTIONAL_HEAD = re.compile(
    r"^\W*(?:a )?(?:the )?(?:nice[- ]to[- ]ha(?:ve|ves)|good to have|desirable|bonus(?: points)?|plus(?:es)?|optional|extras?|handy\b.*|preferred(?: qualifications| skills| experience)?|useful extras?|would be (?:nice|great|useful))\W*(?::.*)?$"
)
_REQUIRED_HEAD = re.compile(
    r"^\W*(?:what (?:you|we|your)|who (?:are|we)|the (?:job|work|role|need)|your? (?:will|role|responsib|have|bring|are|day|need)|must have|essential|requirements?|responsibilit|you\b|about you|key (?:skills|duties)|duties|main duties|skills|we need|need[- ]to|experience|person spec\w*|(?:purpose|overview|scope) of\b|purpose\W*$|(?:key |your |the )?tasks?\b|(?:the )?work\b|the person|(?:your )?profile|(?:key )?responsibilities|essential|(?:minimum |basic |required |key |essential )?(?:qualifications|functions|duties|requirements)|in this (?:role|job)|job (?:summary|description|purpose)|main|(?:day|daily) (?:to day|work)|skills|we (?:expect|look|want|ask)|looking for|as an? |you(?:'ll|'re|'ve| will| bring| can| are)?\b|how you)"
)
_NOISE_HEAD = re.compile(
    r"^\W*(?:(?:what )?we offer\b|benefits?|package\W*$|legal\W*$|about (?:us|the (?:company|trust|school|firm|charity|team|council))|why (?:join|us|work)|how to apply|to apply|perks|equal opportunit\w+|who are we|the offer|rewards?|closing date|what you get|what(?:'s| is) in it|in return|small print|our values|(?:physical|working) (?:demands|conditions)\b|work environment)"
)
_FACT_HEAD = re.compile(
    r"(?:pay|salary|hours|locations?|sector|closing date|start date|contract(?: type)?|schedule|shifts?|working pattern|job (?:type|grade)|grade|band|department|(?:job |vacancy )?ref(?:erence)?(?: number| no\.?)?|number of jobs available|licen[cs]es)"
)
_NOISE_LINE = re.compile(
    r"\b(?:job ref(?:erence)?:|equal opportunit\w+|annual leave|pension|per annum|salary|holiday|discount(?:s|ed)?|privacy notice|applicant tracking|by applying|right to work|references|disability|disabled applicants|covenant|criminal record|background check|"
    r"agenc(?:y|ies)|speculative|closing date|vacanc(?:y|ies)|parking|season[- ]ticket|free (?:tea|flu|lunch)|uncapped|base \d|ote\b|company car|president's club|cycle scheme|living[- ]wage|names removed|interview:|how to apply|carbon neutral|"
    r"long service|helpline|nursery|dog-friendly|dental \||\bgym\b|night premium|overtime at|processes applications|online search|childcare disqualification|committed to (?:the welfare|a fair|equality|diversity|safeguarding|inclusion)|we never ask for payment|acts as an employer|"
    r"assume you were not|we reserve the right|cover letter|send (?:your|a) cv|apply (?:by|via|through|to)|rated (?:good|outstanding)|\bper hour\b|bank holidays|train from|house prices|your data is held|fixed term|pay:)\b"
)
_NEGATED = re.compile(
    r"\b(?:not (?:needed|required|necessary)|do(?:n't| not) need|no (?:need|experience|degree) (?:for|of|to|in|with|required|needed)|won't (?:be asked|need)|will not (?:need|be)|we don't use|isn't (?:needed|required)|without needing|never (?:use|used))\b"
)


@dataclass(frozen=True)
class PostingLine:
    """One line or sentence of a posting. `text` folded and cleaned, `raw` with its capitals."""

    raw: str
    text: str
    optional: bool
    bullet: bool


def clean(description: str) -> str:
    """Plain text of a posting: entities decoded, mark-up gone."""
    text = description
    for _ in range(2):
        text = html.unescape(text)
    text = _TAG.sub("\n", _ITEM.sub("\n- ", text))
    return _ANY_TAG.sub(" ", text).replace("\xa0", " ")


def posting_lines(description: str) -> list[PostingLine]:
    """Lines that say what the job asks for; noise, negations and instructions to machines are left out."""
    lines: list[PostingLine] = []
    section, listing = "required", False
    told = [line for raw in clean(description).split("\n") if (line := raw.strip())]
    for line, following in zip(told, [*told, ""][1:], strict=True):
        bullet = bool(_BULLET.match(line))
        heading = len(line.split()) <= _MOST_HEADING_WORDS and not line.endswith((".", ";", "!"))
        numbered = bool(
            _NUMBERED.match(line)
            and len(line.split()) <= _MOST_NUMBERED_WORDS
            and _section(fold(_NUMBERED.sub("", line)))
        )
        bullet = bullet and not numbered
        heading = heading and (not bullet or line.endswith(":"))
        bare = fold(_NUMBERED.sub("", line) if numbered else line).strip(" :*#>-<=_•▪–—·?")
        if section == "fact" and len(line.split()) > _MOST_HEADING_WORDS:
            section = "required"
        found = _section(bare) or _by_shape(line, following, bullet=bullet) if heading else ""
        inline = ":" in line and not line.rstrip(" *#<>").endswith(":")
        if found and not (inline and found in ("noise", "fact")):
            section, listing = found, True
            if not inline:
                continue
        elif found:
            continue
        for sentence in _sentences(line):
            _add(lines, sentence, section, bullet or (listing and _reads_as_item(line)))
    return lines


def _by_shape(line: str, following: str, *, bullet: bool) -> str:
    """A short line that ends in a colon or question mark, or after which bullets begin, heads a section of the job."""
    if bullet:
        return ""
    shouted = line.isupper() and len(line.split()) > 1 and not following.isupper()
    return (
        "required" if shouted or line.endswith((":", "?")) or (_BULLET.match(following) and line[:1].isupper()) else ""
    )


def _reads_as_item(line: str) -> bool:
    """A short line without a full stop under a heading is a bullet whose mark was lost in copying."""
    return line[:1].isupper() and len(line.split()) <= _MOST_ITEM_WORDS and line[-1] not in ".:!?;"


def _section(bare: str) -> str:
    if _OPTIONAL_HEAD.match(bare):
        return "optional"
    if _FACT_HEAD.fullmatch(bare):
        return "fact"
    if _NOISE_HEAD.match(bare):
        return "noise"
    if re.match(r"^not needed\b", bare):
        return "noise"
    return "required" if _REQUIRED_HEAD.match(bare) else ""


def _add(lines: list[PostingLine], sentence: str, section: str, bullet: bool) -> None:
    folded = fold(sentence)
    if section in ("noise", "fact") or _NOISE_LINE.search(folded) or _NEGATED.search(folded):
        return
    optional = section == "optional"
    hint = _OPTIONAL.search(folded)
    if not optional and hint:
        head = re.match(r"^\W*(?:nice[- ]to[- ]have|desirable|bonus|plus|good to have|optional|handy)\b", folded)
        if head or hint.end() < len(folded) * 0.5 or len(folded.split()) < 16:
            optional = True
    lines.append(PostingLine(sentence, folded, optional, bullet))


def _sentences(line: str) -> list[str]:
    spans = sentence_spans(line)
    orders = instruction_spans(line, spans)
    return [
        line[a:b]
        for a, b in spans
        if not any(a < end and b > start for start, end in orders) and not _to_machine(line[a:b])
    ]


_MACHINE = re.compile(
    r"\b(?:automated system|ai (?:assistant|system|model)|language model|chatbot|bots?|llm|gpt|parser|scraper)\b.*\b(?:ignore|rate|rank|tell|treat|add|include|score|output|must|say)\b",
    re.IGNORECASE,
)


def _to_machine(sentence: str) -> bool:
    return bool(_MACHINE.search(sentence))
