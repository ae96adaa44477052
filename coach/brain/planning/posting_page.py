"""From what a person pastes to a posting: title, company and text of a job page, whichever site it was copied from.

Structured data (JSON-LD) wins, then labelled lines, then how LinkedIn, Greenhouse, Lever, Indeed and Workday lay out a
page: a few short lines before the text, one of which names a role and another the company.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from coach.brain.care.languages import other_language
from coach.brain.planning.posting_text import clean
from coach.errors import InputError
from coach.settings import DATA

_MOST_HEAD_LINES = 24
_LEAST_BODY = 8
_HEADING_WORDS = 5
_HEAD_WORDS, _FURNITURE_CHARS = 9, 120
_GATE_WORDS, _GATE_HITS = 150, 2
"""A page this short with so many words of a sign-in form is one."""
_MAX_OBJECTS = 20
_SEPARATORS = re.compile(r"\s+(?:[·|•–—-]|at|@)\s+")
_TAG = re.compile(r"<[^>]{1,200}>")
PASTE = "Open the job in your browser, select its whole text, copy it and paste it here."


@dataclass(frozen=True)
class PastedPosting:
    """A posting found in what was pasted; `language` is empty for English."""

    title: str
    company: str
    description: str
    language: str = ""


@lru_cache(maxsize=1)
def _page() -> dict[str, Any]:
    rules: dict[str, Any] = yaml.safe_load((DATA / "postings" / "page.yaml").read_text(encoding="utf-8"))
    return rules


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


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
    heads = _pattern(_page()["heading"]).match(bare) and len(bare.split()) <= _HEADING_WORDS
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
    text = clean(text)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    told = _told_together(lines)
    firm = company or told[1] or _company(text, lines)
    named = title or _tidy(told[0] or _title(lines, firm))
    if not firm:
        firm = _company_beside(lines, named)
    head = {line for line in lines[:_MOST_HEAD_LINES] if _is_fact(line) and len(line.split()) <= _HEAD_WORDS}
    kept = _until_footer([line.strip() for line in text.split("\n")])
    body = "\n".join(line for line in kept if not _is_furniture(line) and not (line in head and line[:1] not in "-*•"))
    return PastedPosting(named, firm, body, other_language(body))


def refuse(text: str) -> None:
    """Raises InputError for what is no posting."""
    rules = _page()["refuse"]
    if _pattern(rules["link"]).match(text):
        raise InputError("This is only a link; the posting behind it is not read.", mend=PASTE)
    words = len(text.split())
    hits = sum(bool(_pattern(rf"\b{word}\b").search(text)) for word in rules["gate"])
    if words <= _GATE_WORDS and hits >= _GATE_HITS and not _has_body(text):
        raise InputError("This is a sign-in page, not a posting.", mend=f"Sign in first. {PASTE}")
    if words <= _GATE_WORDS // 3 and _pattern(rules["gone"]).search(text):
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
                return str(record.get("title") or "").strip(), str(firm).strip(), str(record["description"])
    return None


def _records(value: object) -> Iterator[dict[str, object]]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, dict):
            yield item
            yield from (r for r in item.get("@graph", []) if isinstance(r, dict))


def _until_footer(lines: list[str]) -> list[str]:
    """The page's lines before what it says of itself and of other jobs."""
    ends = (i for i, line in enumerate(lines) if i >= _LEAST_BODY and _pattern(_page()["footer"]).match(line))
    return lines[: next(ends, len(lines))]


def _told_together(lines: list[str]) -> tuple[str, str]:
    """Title and company where the page names both in one line ("Join to apply for the … role at …")."""
    for line in lines:
        for pattern in _page()["pair_lines"]:
            found = _pattern(pattern).match(line)
            if found and _names_role(found["title"]) and found["company"][:1].isupper():
                return found["title"].strip(), found["company"].strip()
    return "", ""


def _tidy(title: str) -> str:
    """A title without what is no part of it: "(m/f/d)", "(Part-time)", "page is loaded"."""
    return _pattern(_page()["title_noise"]).sub("", title).strip() or title


def _is_furniture(line: str) -> bool:
    return len(line) <= _FURNITURE_CHARS and any(_pattern(p).fullmatch(line) for p in _page()["furniture"])


def _company(text: str, lines: list[str]) -> str:
    """By label, by the page's own lines, by the sentence that says who they are."""
    rules = _page()
    for line in lines[:60]:
        if labelled := _pattern(rules["labels"]["company"]).match(line):
            return _trimmed(labelled.group(1))
    for line in [*lines[:12], *lines[-6:]]:
        for pattern in rules["company_lines"]:
            found = _pattern(pattern).match(line)
            if found and not _pattern(rules["no_company"]).match(found.group(1)):
                return found.group(1).strip()
    return _by_sentence(text)


def _by_sentence(text: str) -> str:
    for pattern in _page()["company_sentences"]:
        for match in re.finditer(pattern, text[:4000]):
            name = match.group(1).strip(" .,:")
            if not _pattern(_page()["no_company"]).match(name.split()[0]) and not _names_role(name):
                return name
    return ""


def _trimmed(text: str) -> str:
    return text.strip().rstrip(".,;")


def _head(lines: list[str]) -> list[str]:
    """The short lines before the posting's text: no furniture, no place, no pay."""
    head: list[str] = []
    for line in lines[:_MOST_HEAD_LINES]:
        if _is_furniture(line):
            continue
        if _is_text(line):
            break
        head.append(line)
    return head


def _is_text(line: str) -> bool:
    rules = _page()
    sentence = line.endswith((".", ":", "!", "?")) or len(line.split()) > _HEAD_WORDS or line[:1] in "-*•▪"
    return sentence or (bool(_pattern(rules["heading"]).match(line)) and not _names_role(line))


def _is_fact(line: str) -> bool:
    """A place, a pay or a date of the page rather than a name."""
    rules = _page()
    return bool(re.search(rules["place"], line, re.IGNORECASE) or _pattern(rules["pay"]).search(line))


def _names_role(line: str) -> bool:
    """True when the line's last word, or the last before a comma, bracket or dash, is that of a role."""
    cores = re.split(r"[,(/]|\s[–—|-]\s|\s(?:of|for|in|at|to)\s", line)
    last = (cores[0].split() or [""])[-1].strip(".:;")
    return bool(_pattern(_page()["role_last"]).fullmatch(last))


def _title(lines: list[str], company: str) -> str:
    for line in lines[:60]:
        if labelled := _pattern(_page()["labels"]["title"]).match(line):
            return _trimmed(labelled.group(1))
    head = [line for line in _head(lines) if line.lower() != company.lower()]
    pieces = [piece for line in head for piece in [line, *_SEPARATORS.split(line)]]
    plain = [p for p in pieces if p.lower() != company.lower()]
    roles = [p for p in plain if _names_role(p) and not _is_fact(p)]
    if roles:
        return _without_company(roles[0], company)[:100]
    names = [p for p in plain if not _is_fact(p) and not _pattern(_page()["labels"]["company"]).match(p)]
    return (names or head or lines or [""])[0][:80]


def _without_company(line: str, company: str) -> str:
    parts = _SEPARATORS.split(line)
    if company and len(parts) > 1 and company.lower() in line.lower():
        return next((p for p in parts if _names_role(p)), parts[0])
    return next((p for p in parts if _names_role(p)), line) if len(parts) > 1 and not _names_role(parts[-1]) else line


def _company_beside(lines: list[str], title: str) -> str:
    """The name that stands right before or after the title in the page's head."""
    head = _head(lines)
    at = next((i for i, line in enumerate(head) if title and title.lower() in line.lower()), None)
    if at is None:
        return ""
    parts = [p for p in _SEPARATORS.split(head[at]) if title.lower() not in p.lower() and not _is_fact(p)]
    if parts:
        return parts[0][:80]
    after, before = head[at + 1 : at + 2], list(reversed(head[:at]))
    place_like = before and after and len(after[0].split()) == 1
    for line in [*before, *after] if place_like else [*after, *before]:
        name = _SEPARATORS.split(line)[0].strip()
        if name and not re.search(_page()["pay"], name) and not _names_role(name) and not _place_only(line, name):
            return name[:80]
    return ""


def _place_only(line: str, name: str) -> bool:
    return bool(re.search(_page()["place"], name, re.IGNORECASE)) or ("/" in line and name == line)
