"""Words of the job that would fit this answer: those it speaks of already first, then the rest of the job's skills."""

from coach.brain.reading.answer import Reading
from coach.brain.reading.text import fold, tokens
from coach.text.stems import stem

_MAX, _CHARS = 12, 40


def keywords(reading: Reading) -> list[str]:
    """At most twelve of the job's skills and competencies, the ones closest to the answer first."""
    job = reading.input.job_context
    said = {stem(t.text) for t in reading.answer.tokens}
    wanted = list(dict.fromkeys([*job.key_skills, reading.input.question.competency, *job.competencies]))
    ranked = sorted((w for w in wanted if w.strip()), key=lambda w: -_share(w, said))
    unique = list(dict.fromkeys(fold(w).strip() for w in ranked))
    return [w for w in unique if len(w) <= _CHARS][:_MAX]


def _share(phrase: str, said: set[str]) -> float:
    words = [stem(t.text) for t in tokens(phrase)]
    return sum(w in said for w in words) / max(1, len(words))
