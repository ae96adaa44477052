"""From a posting to job context: skills, competencies and a summary, by lexicon and by how postings are written."""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from coach.brain.planning.posting_text import PostingLine, clean, posting_lines
from coach.brain.reading.lexicon import skills_data
from coach.brain.reading.text import fold
from coach.contracts.brain import JobContext

MAX_SKILLS, MAX_COMPETENCIES = 15, 6
_SHORT = frozenset(
    [
        "c",
        "r",
        "go",
        "rest",
        "chef",
        "word",
        "opera",
        "sage",
        "express",
        "lean",
        "access",
        "dispatch",
        "notion",
        "discovery",
        "measurement",
        "lighting",
        "intervention",
        "observation",
        "observations",
        "packing",
        "picking",
        "closing",
        "turning",
        "planting",
        "assessment",
        "marking",
        "drafting",
        "ordering",
        "payments",
        "pricing",
        "tax",
        "audit",
        "bar-work",
        "recruitment",
    ]
)
_CASED = frozenset(
    [
        "Go",
        "R",
        "C",
        "Word",
        "Opera",
        "Sage",
        "Express",
        "REST",
        "Notion",
        "Swift",
        "Spring",
        "Rust",
        "Access",
        "Excel",
        "Outlook",
        "Spark",
        "Flask",
        "Helm",
        "Puppet",
        "Sketch",
        "Unity",
        "Unreal",
        "Xero",
        "Avid",
        "Looker",
    ]
)
_ACRONYM = re.compile(r"(?<![\w&])(?:[A-Z][A-Z0-9]{2,6}\d?|[A-Z]{2}\d)(?![\w])")
_NO_ACRONYM = frozenset(
    [
        "UK",
        "USA",
        "EU",
        "UTC",
        "PT",
        "GMT",
        "OTE",
        "SDR",
        "SDRS",
        "CV",
        "CVS",
        "LTD",
        "PLC",
        "NHS",
        "GP",
        "GPS",
        "HQ",
        "CEO",
        "CTO",
        "CFO",
        "COO",
        "VP",
        "HND",
        "BSC",
        "MSC",
        "PHD",
        "ECT",
        "ECTS",
        "MPS",
        "UPS",
        "PAYE",
        "DACH",
        "EMEA",
        "APAC",
        "BENELUX",
        "AND",
        "THE",
        "FOR",
        "YOU",
        "JOB",
        "ROLE",
        "NOT",
        "OUR",
        "PLUSES",
        "PACKAGE",
        "WORK",
        "WHO",
        "MUST",
        "HAVE",
        "GOOD",
        "NIGHTS",
        "START",
        "NOW",
        "TBC",
        "FTE",
        "PA",
        "USD",
        "GBP",
        "EUR",
        "NB",
        "FAQ",
        "PDF",
    ]
)


@dataclass(frozen=True)
class Found:
    """A skill in a posting: as the lexicon spells it, where first seen, how often, only optional."""

    name: str
    at: int
    times: int
    optional: bool


@lru_cache(maxsize=1)
def _skill_patterns() -> list[tuple[str, re.Pattern[str]]]:
    names = dict.fromkeys(name for family in skills_data("skills").values() for name in family)
    return [(name, _skill_pattern(name)) for name in sorted(names, key=len, reverse=True)]


def _skill_pattern(name: str) -> re.Pattern[str]:
    body = re.escape(name).replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]?")
    plural = "" if name[-1] in "s+#." else "s?"
    flags = 0 if name in _CASED or (len(name) <= 3 and name.isupper()) else re.IGNORECASE
    return re.compile(rf"(?<![\w-]){body}{plural}(?![\w+#]|-\w)", flags)


@lru_cache(maxsize=1)
def _aliases() -> list[tuple[str, re.Pattern[str]]]:
    """Skills that postings describe as an activity ("plan the rota") rather than name."""
    return [
        (name, re.compile("|".join(rf"(?<!\w)(?:{form})(?!\w)" for form in forms)))
        for name, forms in skills_data("skill_aliases").items()
    ]


def find_skills(lines: list[PostingLine], company: str = "") -> list[Found]:
    """Lexicon skills and acronyms in the order they are first named; longer names swallow shorter ones."""
    hits: dict[str, list[tuple[int, bool]]] = {}
    for number, line in enumerate(lines):
        taken = [m.span() for m in re.finditer(re.escape(company), line.raw)] if company else []
        for name, pattern in _skill_patterns():
            for match in pattern.finditer(line.raw):
                if any(a < match.end() and match.start() < b for a, b in taken) or _is_verb_use(name, line, match):
                    continue
                taken.append(match.span())
                hits.setdefault(name, []).append((number * 1000 + match.start(), line.optional))
        for name, pattern in _aliases():
            told = pattern.search(line.text)
            if name not in hits and told and not _covered(told.span(), taken):
                hits.setdefault(name, []).append((number * 1000 + told.start(), line.optional))
        for match in _ACRONYM.finditer(line.raw):
            word = match.group()
            if (
                word in _NO_ACRONYM
                or line.raw.isupper()
                or any(a < match.end() and match.start() < b for a, b in taken)
            ):
                continue
            hits.setdefault(word, []).append((number * 1000 + match.start(), line.optional))
    return [
        Found(name, min(at for at, _ in seen), len(seen), all(optional for _, optional in seen))
        for name, seen in sorted(hits.items(), key=lambda item: min(item[1]))
    ]


def _covered(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """True when a longer name was already read there."""
    return any(a <= span[0] and span[1] <= b for a, b in taken)


def _is_verb_use(name: str, line: PostingLine, match: re.Match[str]) -> bool:
    """True where a word that is also everyday English is not used as a skill here."""
    if fold(name) not in _SHORT:
        return False
    after = line.text[match.end() : match.end() + 12]
    before = line.text[max(0, match.start() - 12) : match.start()]
    if name in _CASED:
        return match.start() == 0 and not after.startswith((",", " and ", " or "))
    return bool(re.search(r"\b(?:to|the|a|for your|of the|of)\s$", before)) and not line.bullet


@lru_cache(maxsize=1)
def _competency_cues() -> dict[str, tuple[re.Pattern[str], ...]]:
    return {
        name: tuple(re.compile(rf"(?<!\w)(?:{cue})(?!\w)") for cue in cues)
        for name, cues in skills_data("competencies").items()
    }


def find_competencies(title: str, lines: list[PostingLine], limit: int = MAX_COMPETENCIES) -> list[str]:
    """Competencies by how many different cues speak for them, weighted by how telling a cue is, plus the trade's own."""
    text = [line.text for line in lines]
    scores: defaultdict[str, float] = defaultdict(float)
    for name, cues in _competency_cues().items():
        distinct = [min(2, sum(bool(cue.search(t)) for t in text)) for cue in cues]
        scores[name] = sum(1 + 0.5 * (n - 1) for n in distinct if n) / math.sqrt(1 + len(cues) / 12)
    for name, weight in _prior(title).items():
        scores[name] += weight
    for name, weight in _EVERYWHERE.items():
        scores[name] += weight
    ranked = sorted((name for name, score in scores.items() if score >= 0.9), key=lambda n: (-scores[n], n))
    return _distinct(ranked)[:limit]


_EVERYWHERE = {"communication": 0.9, "teamwork": 0.4, "problem solving": 0.2}
_SAME = (
    ("compassion", "empathy"),
    ("people management", "coaching"),
    ("accountability", "ownership"),
    ("planning", "organisation", "time management"),
    ("persistence", "resilience"),
    ("negotiation", "influencing"),
)


def _distinct(ranked: list[str]) -> list[str]:
    """Leaves out a competency that all but repeats one ranked above it."""
    kept: list[str] = []
    for name in ranked:
        if not any(name in group and any(k in group for k in kept) for group in _SAME):
            kept.append(name)
    return kept


@lru_cache(maxsize=1)
def _families() -> list[tuple[re.Pattern[str], dict[str, float]]]:
    return [(re.compile(entry["title"]), entry["competencies"]) for entry in skills_data("job_families")]


def _prior(title: str) -> dict[str, float]:
    """What the trade asks of everybody, by the job title."""
    out: dict[str, float] = {}
    for pattern, competencies in _families():
        if pattern.search(fold(title)):
            for name, weight in competencies.items():
                out[name] = max(out.get(name, 0.0), weight)
    return out


def parse_job(title: str, company: str, description: str) -> JobContext:
    """The job as the coach needs it: skills in the order of the posting, required before optional."""
    lines = posting_lines(description)
    title = title.strip() or _title_from(description)
    skills = find_skills(lines, company.strip())
    required = [s.name for s in skills if not s.optional]
    names = required or [s.name for s in skills]
    return JobContext(
        job_title=title,
        company=company.strip(),
        key_skills=[n.lower() if n.islower() else n for n in names][:MAX_SKILLS],
        competencies=find_competencies(title, lines),
        summary=_summary(title, company, lines, names),
    )


def _title_from(description: str) -> str:
    first = next((line.strip() for line in clean(description).splitlines() if line.strip()), "")
    return first[:80]


def _summary(title: str, company: str, lines: list[PostingLine], skills: list[str]) -> str:
    """Two plain sentences: what the job is, and the line of the posting that says most about the work."""
    head = f"{title} at {company}." if title and company else f"{title}." if title else ""
    telling = max(
        lines,
        key=lambda line: sum(s.lower() in line.text for s in skills) + 0.01 * min(len(line.text), 160),
        default=None,
    )
    body = re.sub(r"^\W+", "", telling.raw).strip() if telling else ""
    if len(body) > 200:
        body = body[:200].rsplit(" ", 1)[0] + "…"
    return f"{head} {body}".strip()
