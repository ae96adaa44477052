"""From what a person pastes to a posting: title, company and text of a job page, whichever site it was copied from.

Structured data (JSON-LD) wins, then labelled lines, then how LinkedIn, Greenhouse, Lever, Indeed and Workday lay out a
page: a few short lines before the text, one of which names a role and another the company.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from coach.brain.care.languages import other_language
from coach.brain.planning.posting_company import company_named
from coach.brain.planning.posting_head import (
    HEAD_WORDS,
    HEADING_WORDS,
    LEAST_BODY,
    head_lines,
    is_fact,
    is_furniture,
    labelled,
    names_role,
    page_rules,
    role_named,
    rule_pattern,
    spoken_case,
)
from coach.brain.planning.posting_text import clean
from coach.errors import InputError

_GATE_WORDS, _GATE_HITS = 150, 2
"""A page this short with so many words of a sign-in form is one."""
_MAX_OBJECTS = 20
_MAIL_HEADER = re.compile(r"^(from|to|cc|sent|date|reply-to|subject):[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"<[^>]{1,200}>")
PASTE = "Open the job in your browser, select its whole text, copy it and paste it here."


@dataclass(frozen=True)
class PastedPosting:
    """A posting found in what was pasted; `language` is empty for English."""

    title: str
    company: str
    description: str
    language: str = ""


def normalised(text: str) -> str:
    """Ligatures, full width and bold mathematical letters as plain ones; zero-width characters gone; lines kept."""
    plain = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Mn") or c == "\n")
    return "\n".join(_without_pictures(line) for line in kept.split("\n"))


def _without_pictures(line: str) -> str:
    """A picture that begins a line is its bullet, or decorates a heading; one that ends it goes."""
    bare = line.strip()
    while bare and unicodedata.category(bare[-1]) == "So":
        bare = bare[:-1].rstrip()
    if not bare or unicodedata.category(bare[0]) != "So":
        return bare if bare != line.strip() else line
    while bare and unicodedata.category(bare[0]) == "So":
        bare = bare[1:].lstrip()
    heads = rule_pattern(page_rules()["heading"]).match(bare) and len(bare.split()) <= HEADING_WORDS
    return bare if heads else f"- {bare}"


def read_page(title: str, company: str, text: str) -> PastedPosting:
    """What was pasted as a posting; a given title and company win over what is found.

    Raises:
        InputError: a bare link, a sign-in page or a closed job, with what to do instead.
    """
    text = normalised(text)
    refuse(text)
    title, company = normalised(title).strip(), normalised(company).strip()
    if found := _structured(text):
        named, firm, body = found
        return PastedPosting(title or _tidy(named), company or firm, body, other_language(_TAG.sub(" ", body)))
    text = clean(_MAIL_HEADER.sub(_mail_line, text))
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    told = _told_together(lines)
    firm = company or told[1] or labelled(lines, "company")
    named = title or _tidy(told[0] or role_named(lines, text, firm))
    firm = firm or company_named(lines, text, named)
    kept = _until_footer([line.strip() for line in text.split("\n")])
    names, head = {named.lower(), firm.lower()}, head_lines(lines)
    facts = {line for line in head if is_fact(line) and len(line.split()) <= HEAD_WORDS}
    body = "\n".join(
        line for line in kept if not is_furniture(line) and line not in facts and line.lower() not in names
    )
    return PastedPosting(spoken_case(named), spoken_case(firm), body, other_language(body))


def _mail_line(match: re.Match[str]) -> str:
    """Of a mail's header only the subject says anything about the job."""
    subject = match.group(2) if match.group(1).lower() == "subject" else ""
    return rule_pattern(page_rules()["subject_noise"]).sub(" ", subject).strip(" -–—:") if subject else ""


def refuse(text: str) -> None:
    """Raises InputError for what is no posting."""
    rules = page_rules()["refuse"]
    if rule_pattern(rules["link"]).match(text):
        raise InputError("This is only a link; the posting behind it is not read.", mend=PASTE)
    words = len(text.split())
    hits = sum(bool(rule_pattern(rf"\b{word}\b").search(text)) for word in rules["gate"])
    if words <= _GATE_WORDS and hits >= _GATE_HITS and not _has_body(text):
        raise InputError("This is a sign-in page, not a posting.", mend=f"Sign in first. {PASTE}")
    if words <= _GATE_WORDS // 3 and rule_pattern(rules["gone"]).search(text):
        raise InputError("This job is closed or its page was not found.", mend="Paste the text of an open posting.")


def _has_body(text: str) -> bool:
    return any(len(line.split()) > 12 or re.match(r"\s*[-*•]\s", line) for line in text.split("\n"))


def _structured(text: str) -> tuple[str, str, str] | None:
    """Title, company and description of a JSON-LD JobPosting."""
    if "JobPosting" not in text:
        return None
    decoder = json.JSONDecoder(strict=False)
    for number, match in enumerate(re.finditer(r"[\[{]\s*[\"{]", text)):
        if number >= _MAX_OBJECTS:
            break
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        for record in _records(value):
            if "JobPosting" in str(record.get("@type", "")) and record.get("description"):
                firm = record.get("hiringOrganization") or ""
                firm = firm.get("name", "") if isinstance(firm, dict) else firm
                named, firm = (html.unescape(str(text or "")).strip() for text in (record.get("title"), firm))
                return named, firm, str(record["description"])
    return None


def _records(value: object) -> Iterator[dict[str, object]]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, dict):
            yield item
            yield from (r for r in item.get("@graph", []) if isinstance(r, dict))


def _until_footer(lines: list[str]) -> list[str]:
    """The page's lines before what it says of itself and of other jobs."""
    ends = (i for i, line in enumerate(lines) if i >= LEAST_BODY and rule_pattern(page_rules()["footer"]).match(line))
    return lines[: next(ends, len(lines))]


def _told_together(lines: list[str]) -> tuple[str, str]:
    """Title and company where the page names both in one line ("Join to apply for the … role at …")."""
    for line in lines:
        for pattern in page_rules()["pair_lines"]:
            found = rule_pattern(pattern).match(line)
            if found and names_role(found["title"]) and found["company"][:1].isupper():
                return found["title"].strip(), found["company"].strip()
    return "", ""


def _tidy(title: str) -> str:
    """A title without what is no part of it: "(m/f/d)", "(Part-time)", "page is loaded"."""
    return rule_pattern(page_rules()["title_noise"]).sub("", title).strip() or title
