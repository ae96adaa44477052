"""From a posting to job context: skills, competencies and a summary, by lexicon and by how postings are written."""

import re

from coach.brain.planning.phrases import phrases
from coach.brain.planning.posting_page import read_page
from coach.brain.planning.posting_text import PostingLine, posting_lines
from coach.brain.planning.skills import MAX_SKILLS, Found, find_competencies, find_skills, is_everyday
from coach.contracts.brain import JobContext

ENOUGH_KNOWN, MAX_PHRASES = 2, 12
"""With many lexicon skills a posting speaks the lexicon's words: each further one leaves room for two phrases less."""
_IN_FULL_WORDS = 3


def parse_job(title: str, company: str, description: str) -> JobContext:
    """The job as the coach needs it: skills in the order of the posting, required before optional.

    Raises:
        InputError: what was pasted is no posting, with what to do instead.
    """
    page = read_page(title, company, description)
    title, company = page.title, page.company
    lines = posting_lines(page.description)
    skills = with_phrases(find_skills(lines, company), lines, {title.lower(), company.lower()})
    required = [s.name for s in skills if not s.optional]
    names = required or [s.name for s in skills]
    return JobContext(
        job_title=title,
        company=company,
        key_skills=[n.lower() if n.islower() else n for n in names][:MAX_SKILLS],
        competencies=find_competencies(title, lines),
        summary=f"{_in_language(page.language)}{_summary(title, company, lines, names)}",
    )


def _in_language(language: str) -> str:
    return f"The posting is in {language}; it is planned for all the same. " if language else ""


def _in_full(skill: Found, phrase: str) -> bool:
    """True for a phrase that says more than the word: a card ("IRATA card"), a level, a subject ("coat assessment")."""
    name, words = skill.name.lower(), phrase.split()
    if re.match(rf"{re.escape(name)}[ -](?:level |grade |part )?\d", phrase):
        return True
    edge = phrase.startswith(f"{name} ") or phrase.endswith((f" {name}", f" {name}s"))
    edge = edge and len(words) <= max(_IN_FULL_WORDS, len(name.split()) + 1)
    return edge and (not skill.known or skill.name.islower() or (name == words[0] and is_everyday(skill.name)))


def _within(part: str, whole: str) -> bool:
    """Whether whole words of a text are the part."""
    return bool(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", whole))


def with_phrases(skills: list[Found], lines: list[PostingLine], taken: set[str]) -> list[Found]:
    """Lexicon skills and, where it knows few, the phrases of bullets that name what no lexicon does."""
    known = " | ".join(s.name.lower() for s in skills)
    sure = sum(s.known for s in skills)
    room = max(0, MAX_PHRASES - 2 * max(0, sure - ENOUGH_KNOWN))
    found: dict[str, Found] = {}
    for number, line in enumerate(lines):
        for phrase in phrases(line):
            name, low = phrase.text, phrase.text.lower()
            if (
                any(_within(low, name) for name in taken)
                or _within(low, known)
                or any(_within(s.name.lower(), low) and not _in_full(s, low) for s in skills if s.known)
            ):
                continue
            found.setdefault(low, Found(name, number * 1000 + phrase.at, 1, line.optional, known=False))
    added = sorted(found.values(), key=lambda f: (f.optional, f.at))[:room]
    skills = [s for s in skills if not any(_in_full(s, f.name.lower()) for f in added)]
    return sorted([*skills, *added], key=lambda f: f.at)


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
