"""The first short lines of a pasted page, and which of them names the role."""

import re
from functools import lru_cache
from typing import Any

import yaml

from coach.brain.reading.lexicon import common_words
from coach.settings import DATA

MOST_HEAD_LINES = 24


LEAST_BODY = 8


HEADING_WORDS = 5


HEAD_WORDS, _FURNITURE_CHARS = 9, 120
_LABELLED, SENTENCES, TITLE_CHARS = 60, 4000, 100
LEAST_WORTH = 2.0
"""What has less to say for it than one telling place is no company and no role."""
_ROLE_ENDS = re.compile(
    r"\s(?:to|at|in|for|with|who|that|on|based|and join|you|we|covering|from|near|as part)\b|[.,;:!?(]", re.IGNORECASE
)


_ABBREVIATED = re.compile(r"\b(?:Inc|Co|Ltd|Corp|Bros|[A-Z]\.[A-Z])\.$")
_LEVEL = re.compile(r"[IV]{1,3}|[1-5]")
"""A grade behind a role: "Hydrographic Surveyor II"."""
_LEGAL_FORMS = {"LTD": "Ltd", "INC": "Inc", "CORP": "Corp", "CO": "Co"}
_SEPARATORS = re.compile(r"\s+(?:[·|•–—-]|at|@)\s+|\t+")


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
    bare = text.strip().rstrip(",;")
    return bare if _ABBREVIATED.search(bare) else bare.rstrip(".")


def head_lines(lines: list[str]) -> list[str]:
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
    longest = max((len(piece.split()) for piece in pieces(line)), default=0)
    ended = line.endswith((".", ":", "!", "?")) and not _ABBREVIATED.search(line)
    sentence = ended or longest > HEAD_WORDS or line[:1] in "-*•▪"
    return sentence or (bool(rule_pattern(rules["heading"]).match(line)) and not names_role(line))


def is_fact(line: str) -> bool:
    """A place, a pay or a date of the page rather than a name."""
    rules = page_rules()
    return bool(re.search(rules["place"], line, re.IGNORECASE) or rule_pattern(rules["pay"]).search(line))


def names_role(line: str) -> bool:
    """True when the line's last word, or the last before a comma, bracket or dash, is that of a role."""
    cores = (re.split(r"[,(]|\s[–—|-]\s|\s(?:of|for|in|at|to)\s", part)[0].split() for part in line.split("/"))
    role = rule_pattern(page_rules()["role_last"])
    ends = (words[-2] if len(words) > 1 and _LEVEL.fullmatch(words[-1]) else words[-1] for words in cores if words)
    return any(role.fullmatch(end.strip(".:;")) for end in ends)


def labelled(lines: list[str], name: str) -> str:
    """What stands after a label ("Job title: …"), or below one that has a line of its own ("Employer")."""
    pattern, alone = rule_pattern(page_rules()["labels"][name]), rule_pattern(page_rules()["labels_alone"][name])
    for line, following in zip(lines[:_LABELLED], [*lines[1:_LABELLED], ""], strict=False):
        if found := pattern.match(line):
            return trimmed(found.group(1))
        if (
            alone.fullmatch(line)
            and following[:1].isupper()
            and not _is_text(following)
            and not is_furniture(following)
        ):
            return trimmed(following)
    return ""


def head_pieces(lines: list[str]) -> list[str]:
    """The lines of a page's head and their parts, in order: names of the role, the company, the place."""
    return [piece for line in head_lines(lines) for piece in dict.fromkeys([line, *pieces(line)])]


def pieces(line: str) -> list[str]:
    """The parts of a line that sets several facts beside each other."""
    return [part.strip() for part in _SEPARATORS.split(line) if part.strip()]


def role_named(lines: list[str], text: str, company: str) -> str:
    """The role: after a label, told in a sentence, or the piece of the head that reads most like one."""
    if found := labelled(lines, "title"):
        return found
    told = told_roles(text)
    best, worth = "", 0.0
    for place, piece in enumerate(head_pieces(lines)):
        score = _role_worth(piece, company, told) - 2 * _acts(piece, text) - place / 100
        if piece and (not best or score > worth):
            best, worth = piece, score
    if told and (not best or worth < LEAST_WORTH):
        return told[0]
    return best[:TITLE_CHARS] or next((line[:TITLE_CHARS] for line in lines if not is_furniture(line)), "")


def told_roles(text: str) -> list[str]:
    """Roles that sentences name: "is looking for a Lock Keeper", "As a choreologist you …"."""
    found = (match["role"] for p in page_rules()["role_sentences"] for match in re.finditer(p, text[:SENTENCES]))
    return [role for said in found if names_role(role := re.split(_ROLE_ENDS, said)[0].strip(" .,"))]


def _role_worth(piece: str, company: str, told: list[str]) -> float:
    if (
        is_fact(piece)
        or piece.lower() == company.lower()
        or rule_pattern(page_rules()["labels"]["company"]).match(piece)
    ):
        return -5
    lowered = piece.lower()
    worth = 3.0 * (names_role(piece) and not is_organisation(piece)) - 2 * is_organisation(piece)
    worth += 2 * any(role.lower() in lowered or lowered in role.lower() for role in told)
    return worth - 1.0 * (len(pieces(piece)) > 1) - 1.0 * (bool(company) and company.lower() in lowered)


def _acts(name: str, text: str) -> bool:
    """Whether a sentence begins with the name and says what it does ("Maison Delorme is opening …"): no role does."""
    return bool(re.search(rf"(?:^|\n|[.!] ){re.escape(name)}(?:[’']s|,? (?:is|are|was|has|have|[a-z]{{3,}}s)\b)", text))


def is_organisation(piece: str) -> bool:
    """Whether a name's last words are those of organisations ("Ltd", "Trust", "& Sons Funeral Directors")."""
    return bool(rule_pattern(page_rules()["organisation"]).search(piece))


def spoken_case(name: str) -> str:
    """A shouted name in usual case ("PORT OF CORRAINE": "Port of Corraine"); acronyms stay."""
    words = name.split()
    if not name.isupper() or len(words) < 2:
        return name
    return " ".join(_cased(word, first=number == 0) for number, word in enumerate(words))


def _cased(word: str, *, first: bool) -> str:
    low = word.lower()
    if not first and word.strip(".,") in _LEGAL_FORMS:
        return word.replace(word.strip(".,"), _LEGAL_FORMS[word.strip(".,")])
    if not first and low in ("of", "and", "the", "for", "in", "at", "de", "to"):
        return low
    acronym = (len(low) <= 3 and low not in common_words()) or not re.search(r"[aeiouy]", low)
    return word if acronym else "-".join(part[:1] + part[1:].lower() for part in word.split("-"))
