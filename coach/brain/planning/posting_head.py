"""The first short lines of a pasted page: which names the role, which the company."""

import re
from functools import lru_cache
from typing import Any

import yaml

from coach.settings import DATA

MOST_HEAD_LINES = 24


LEAST_BODY = 8


HEADING_WORDS = 5


HEAD_WORDS, _FURNITURE_CHARS = 9, 120


_SEPARATORS = re.compile(r"\s+(?:[·|•–—-]|at|@)\s+")


@lru_cache(maxsize=1)
def page_rules() -> dict[str, Any]:
    """The words and shapes of pasted pages, from `data/postings/page.yaml`."""
    rules: dict[str, Any] = yaml.safe_load((DATA / "postings" / "page.yaml").read_text(encoding="utf-8"))
    return rules


@lru_cache(maxsize=64)
def rule_pattern(pattern: str) -> re.Pattern[str]:
    """A rule as a pattern, whatever its case."""
    return re.compile(pattern, re.IGNORECASE)


def is_furniture(line: str) -> bool:
    """Whether a line is the page's own: a button, a menu, a notice."""
    return len(line) <= _FURNITURE_CHARS and any(rule_pattern(p).fullmatch(line) for p in page_rules()["furniture"])


def trimmed(text: str) -> str:
    """Without the punctuation a cut leaves behind."""
    return text.strip().rstrip(".,;")


def _head(lines: list[str]) -> list[str]:
    """The short lines before the posting's text: no furniture, no place, no pay."""
    head: list[str] = []
    for line in lines[:MOST_HEAD_LINES]:
        if is_furniture(line):
            continue
        if _is_text(line):
            break
        head.append(line)
    return head


def _is_text(line: str) -> bool:
    rules = page_rules()
    sentence = line.endswith((".", ":", "!", "?")) or len(line.split()) > HEAD_WORDS or line[:1] in "-*•▪"
    return sentence or (bool(rule_pattern(rules["heading"]).match(line)) and not names_role(line))


def is_fact(line: str) -> bool:
    """A place, a pay or a date of the page rather than a name."""
    rules = page_rules()
    return bool(re.search(rules["place"], line, re.IGNORECASE) or rule_pattern(rules["pay"]).search(line))


def names_role(line: str) -> bool:
    """True when the line's last word, or the last before a comma, bracket or dash, is that of a role."""
    cores = re.split(r"[,(/]|\s[–—|-]\s|\s(?:of|for|in|at|to)\s", line)
    last = (cores[0].split() or [""])[-1].strip(".:;")
    return bool(rule_pattern(page_rules()["role_last"]).fullmatch(last))


def role_named(lines: list[str], company: str) -> str:
    """The role: after a label, beside the company, or the first line that names one."""
    for line in lines[:60]:
        if labelled := rule_pattern(page_rules()["labels"]["title"]).match(line):
            return trimmed(labelled.group(1))
    head = [line for line in _head(lines) if line.lower() != company.lower()]
    pieces = [piece for line in head for piece in [line, *_SEPARATORS.split(line)]]
    plain = [p for p in pieces if p.lower() != company.lower()]
    roles = [p for p in plain if names_role(p) and not is_fact(p)]
    if roles:
        return _without_company(roles[0], company)[:100]
    names = [p for p in plain if not is_fact(p) and not rule_pattern(page_rules()["labels"]["company"]).match(p)]
    return (names or head or lines or [""])[0][:80]


def _without_company(line: str, company: str) -> str:
    parts = _SEPARATORS.split(line)
    if company and len(parts) > 1 and company.lower() in line.lower():
        return next((p for p in parts if names_role(p)), parts[0])
    return next((p for p in parts if names_role(p)), line) if len(parts) > 1 and not names_role(parts[-1]) else line


def company_beside(lines: list[str], title: str) -> str:
    """The name that stands right before or after the title in the page's head."""
    head = _head(lines)
    at = next((i for i, line in enumerate(head) if title and title.lower() in line.lower()), None)
    if at is None:
        return ""
    parts = [p for p in _SEPARATORS.split(head[at]) if title.lower() not in p.lower() and not is_fact(p)]
    if parts:
        return parts[0][:80]
    after, before = head[at + 1 : at + 2], list(reversed(head[:at]))
    place_like = before and after and len(after[0].split()) == 1
    for line in [*before, *after] if place_like else [*after, *before]:
        name = _SEPARATORS.split(line)[0].strip()
        if name and not re.search(page_rules()["pay"], name) and not names_role(name) and not _place_only(line, name):
            return name[:80]
    return ""


def _place_only(line: str, name: str) -> bool:
    return bool(re.search(page_rules()["place"], name, re.IGNORECASE)) or ("/" in line and name == line)
