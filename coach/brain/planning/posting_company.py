"""Which of the names on a pasted page is the company's."""

import re
from collections.abc import Iterator

from coach.brain.planning.posting_head import (
    LEAST_WORTH,
    MOST_HEAD_LINES,
    SENTENCES,
    TITLE_CHARS,
    head_lines,
    head_pieces,
    is_fact,
    is_furniture,
    is_organisation,
    names_role,
    page_rules,
    pieces,
    rule_pattern,
    trimmed,
)

_COMPANY_WORDS = 8
_LEGAL_FORM = re.compile(r",? (?:Ltd|Limited|LLC|Inc|GmbH|AG|PLC|plc|LLP|BV|SA|Oy|AB|Pty|Corp|Co|CIC)\.?")
_ON_TITLE_LINE, _NEXT_TO_TITLE, _ELSEWHERE, _LATER_PART = 3.0, 2.0, 0.5, 0.3
"""What a name's place says for it; beside the title most, as the second part of a line least."""


def company_named(lines: list[str], text: str, title: str) -> str:
    """The company: of all names the page gives, the one that speaks most for itself.

    Beside the title, in the words of organisations, in the page's own lines ("… logo"), in a sentence that says who
    they are, and named again in the text: each adds to its worth.
    """
    worths: dict[str, float] = {}
    for name, worth in _company_names(lines, text, title):
        kept = _as_company(name)
        if kept and not is_fact(name) and not _no_company(kept, title):
            worths[kept] = worths.get(kept, 0.0) + worth
    for name in worths:
        worths[name] += min(2, _mentions(name, text) - 1) + 2 * is_organisation(name)
    best = max(worths, key=lambda name: worths[name], default="")
    if not best or worths[best] < LEAST_WORTH:
        return ""
    with_form = (p for p in head_pieces(lines) if p.startswith(best) and _LEGAL_FORM.fullmatch(p[len(best) :]))
    return next(with_form, best)[:TITLE_CHARS]


def _company_names(lines: list[str], text: str, title: str) -> Iterator[tuple[str, float]]:
    """Names that may be the company's, each with what its place says for it."""
    rules = page_rules()
    for line in [*lines[:MOST_HEAD_LINES], *lines[-6:]]:
        if rule_pattern(rules["no_line"]).match(line):
            continue
        for pattern in rules["company_lines"]:
            if found := rule_pattern(pattern).match(line):
                yield found.group(1), 4.0
    for pattern in rules["company_sentences"]:
        for match in re.finditer(pattern, text[:SENTENCES]):
            yield match.group(1), 3.0
    yield from _beside(lines, title)


def _beside(lines: list[str], title: str) -> Iterator[tuple[str, float]]:
    head = head_lines(lines)
    at = next((i for i, line in enumerate(head) if title and title.lower() in line.lower()), -2)
    for number, line in enumerate(head):
        place = _ON_TITLE_LINE if number == at else _NEXT_TO_TITLE if abs(number - at) <= 1 else _ELSEWHERE
        after = 0.2 * (0 <= at < number)
        for order, part in enumerate(p for p in pieces(line) if number != at or title.lower() not in p.lower()):
            yield part, place * (1.0 if order == 0 or number == at else _LATER_PART) + after


def _as_company(name: str) -> str:
    """A name without the place after it ("Lacquer Lane, Cardiff"); a legal form after a comma stays."""
    bare = trimmed(name.strip(" ,:–-"))
    head, comma, rest = bare.partition(", ")
    return head if comma and not is_organisation(rest) else bare


def _no_company(name: str, title: str) -> bool:
    rules = page_rules()
    role = names_role(name) and not is_organisation(name)
    return bool(
        not name[:1].isalnum()
        or len(name) < 2
        or len(name.split()) > _COMPANY_WORDS
        or name.lower() == title.lower()
        or (title and re.search(rf"(?<!\w){re.escape(title.lower())}(?!\w)", name.lower()))
        or role
        or is_fact(name)
        or is_furniture(name)
        or rule_pattern(rules["no_company"]).match(name.removeprefix("The ").split()[0])
        or rule_pattern(rules["no_line"]).match(name)
        or (rule_pattern(rules["heading"]).match(name) and not is_organisation(name))
    )


def _mentions(name: str, text: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(name)}(?! ?[A-Z&])(?!\w)", text))
