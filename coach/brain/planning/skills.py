"""Skills and competencies that a text names."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache

from coach.brain.planning.posting_text import PostingLine
from coach.brain.reading.lexicon import skills_data
from coach.brain.reading.text import fold

MAX_SKILLS, MAX_COMPETENCIES = 15, 6


FEWEST_COMPETENCIES = 3
_TOLD, _HINTED = 0.9, 0.45
"""How much speaks for a competency that is told; a short posting's are filled up with hinted ones."""
_ACRONYM = re.compile(r"(?<![\w&])(?:[A-Z][A-Z0-9]{2,6}\d?|[A-Z]{2}\d)(?![\w])")


@cache
def _listed(name: str) -> frozenset[str]:
    """One list of `data/skills/posting_words.json`.

    `everyday_words` are skills that are also plain English, `capital_only` count only as written there, `no_acronyms`
    are capitals that name no skill.
    """
    return frozenset(skills_data("posting_words")[name])


@dataclass(frozen=True)
class Found:
    """A skill in a posting: as the lexicon spells it, where first seen, how often, only optional, from the lexicon."""

    name: str
    at: int
    times: int
    optional: bool
    known: bool = True


@lru_cache(maxsize=1)
def _skill_patterns() -> list[tuple[str, re.Pattern[str]]]:
    names = dict.fromkeys(name for family in skills_data("skills").values() for name in family)
    return [(name, _skill_pattern(name)) for name in sorted(names, key=len, reverse=True)]


def _skill_pattern(name: str) -> re.Pattern[str]:
    body = re.escape(name).replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]?")
    plural = "" if name[-1] in "s+#." else "s?"
    flags = 0 if name in _listed("capital_only") or (len(name) <= 3 and name.isupper()) else re.IGNORECASE
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
    acronyms: set[str] = set()
    for number, line in enumerate(lines):
        taken = bytearray(len(line.raw))
        for own in re.finditer(re.escape(company), line.raw) if company else ():
            _take(taken, own.span())
        for name, pattern in _skill_patterns():
            for match in pattern.finditer(line.raw):
                if any(taken[match.start() : match.end()]) or _is_verb_use(name, line, match):
                    continue
                _take(taken, match.span())
                hits.setdefault(name, []).append((number * 1000 + match.start(), line.optional))
        for name, pattern in _aliases():
            told = pattern.search(line.text)
            if name not in hits and told and not all(taken[told.start() : told.end()]):
                hits.setdefault(name, []).append((number * 1000 + told.start(), line.optional))
        for match in _ACRONYM.finditer(line.raw):
            word = match.group()
            if word in _listed("no_acronyms") or line.raw.isupper() or any(taken[match.start() : match.end()]):
                continue
            acronyms.add(word)
            hits.setdefault(word, []).append((number * 1000 + match.start(), line.optional))
    return [
        Found(name, min(at for at, _ in seen), len(seen), all(o for _, o in seen), known=name not in acronyms)
        for name, seen in sorted(hits.items(), key=lambda item: min(item[1]))
    ]


def is_everyday(name: str) -> bool:
    """Whether a skill's name is an English word that is one only with its capital."""
    return name in _listed("capital_only")


def _take(taken: bytearray, span: tuple[int, int]) -> None:
    """Marks characters of a line as read, so that a shorter name within a longer one is not read again."""
    taken[span[0] : span[1]] = b"\x01" * (span[1] - span[0])


def _is_verb_use(name: str, line: PostingLine, match: re.Match[str]) -> bool:
    """True where a word that is also everyday English is not used as a skill here."""
    if fold(name) not in _listed("everyday_words"):
        return False
    after = line.text[match.end() : match.end() + 12]
    before = line.text[max(0, match.start() - 12) : match.start()]
    if name in _listed("capital_only"):
        return match.start() == 0 and not after.startswith((",", " and ", " or "))
    return bool(re.search(r"\b(?:to|the|a|for your|of the|of)\s$", before)) and not line.bullet


@lru_cache(maxsize=1)
def _competency_cues() -> dict[str, tuple[re.Pattern[str], ...]]:
    return {
        name: tuple(re.compile(rf"(?<!\w)(?:{cue})(?!\w)") for cue in cues)
        for name, cues in skills_data("competencies").items()
    }


def find_competencies(title: str, lines: list[PostingLine], limit: int = MAX_COMPETENCIES) -> list[str]:
    """Competencies by how many different cues speak for them, weighted by how telling it is, plus the trade's own."""
    text = [line.text for line in lines]
    scores: defaultdict[str, float] = defaultdict(float)
    for name, cues in _competency_cues().items():
        distinct = [min(2, sum(bool(cue.search(t)) for t in text)) for cue in cues]
        scores[name] = sum(1 + 0.5 * (n - 1) for n in distinct if n) / math.sqrt(1 + len(cues) / 12)
    for name, weight in _prior(title).items():
        scores[name] += weight
    for name, weight in skills_data("posting_words")["competencies_everywhere"].items():
        scores[name] += weight
    ranked = _distinct(sorted((n for n, score in scores.items() if score >= _HINTED), key=lambda n: (-scores[n], n)))
    told = [name for name in ranked if scores[name] >= _TOLD]
    return (told if len(told) >= FEWEST_COMPETENCIES else ranked[:FEWEST_COMPETENCIES])[:limit]


def _distinct(ranked: list[str]) -> list[str]:
    """Leaves out a competency that all but repeats one ranked above it."""
    alike: list[list[str]] = skills_data("posting_words")["competencies_alike"]
    kept: list[str] = []
    for name in ranked:
        if not any(name in group and any(k in group for k in kept) for group in alike):
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
