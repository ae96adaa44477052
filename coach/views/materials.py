"""The person's own material as text to take away: stories as a cheat sheet, stories as resume lines."""

import difflib
from collections.abc import Sequence

from coach.contracts.evaluation import Evaluation
from coach.documents.reader import read_document
from coach.errors import InputError
from coach.store.repositories.library_records import JobDescription, Resume, StarStory
from coach.text.decoding import decoded, storable
from coach.text.sentences import sentences

PARTS = ("situation", "task", "action", "result")
RESUME_LIMIT = 60_000
"""Characters of a resume that are kept."""
_HEAD = 2
"""Lines that name the two sides of a unified difference."""


def resume_of_file(content: bytes, name: str = "resume.txt") -> str:
    """The text of a resume file: PDF, Word, OpenDocument, RTF, HTML, or text in whatever encoding; blocking.

    Raises:
        InputError: it cannot be read; the mend says what to do.
    """
    if not name.lower().endswith((".txt", ".md")):
        return read_document(name, content)[:RESUME_LIMIT]
    try:
        return storable(decoded(content)[:RESUME_LIMIT])
    except ValueError as error:
        raise InputError("This file is no text.", mend="Save the resume as plain text and choose that file.") from error


def cheat_sheet(stories: Sequence[StarStory]) -> str:
    """All stories as Markdown: what to read ten minutes before the interview."""
    lines = ["# My stories", ""]
    for story in stories:
        lines += [f"## {story.title}", ""]
        if story.category:
            lines += [f"*{story.category}*", ""]
        lines += [story.polished_answer.strip(), ""]
        lines += [f"- **{part.capitalize()}:** {getattr(story, part)}" for part in PARTS if getattr(story, part)]
        lines += [f"- **{note.change_type.value.replace('_', ' ')}:** {note.reason}" for note in story.coach_notes]
        lines.append("")
    return "\n".join(lines)


def tags_of(story: StarStory) -> list[str]:
    """The tags of a story: its category, which may name several, with commas between them."""
    return list(dict.fromkeys(tag for part in story.category.split(",") if (tag := part.strip())))


def resume_diff(master: str, copy: str) -> str:
    """What a copy says otherwise, line by line: `-` stands in the master only, `+` in the copy only; empty when equal.

    A line around each change is kept, so that one sees where it stands.
    """
    lines = difflib.unified_diff(master.rstrip().splitlines(), copy.rstrip().splitlines(), lineterm="", n=1)
    return "\n".join(line for line in [*lines][_HEAD:] if not line.startswith("@@"))


def resume_line(story: StarStory) -> str:
    """A story as one resume bullet: what was done, and what came of it. No word that is not in the story."""
    done, outcome = (_first_sentence(text) for text in (story.action, story.result))
    for opening in ("I ", "We "):
        done = done.removeprefix(opening)
    done = done[:1].upper() + done[1:]
    joined = "; ".join(part for part in (done, outcome[:1].lower() + outcome[1:]) if part)
    return f"- {joined or story.title}"


def answer_line(evaluation: Evaluation) -> str:
    """An answer as one resume bullet, from its polished version."""
    title = evaluation.library_suggestion.suggested_title or "My story"
    star = evaluation.rewrite.star_version.model_dump()
    return resume_line(StarStory(title=title, source_type="mock_interview", **star))


def _first_sentence(text: str) -> str:
    spans = sentences(text)
    return text[spans[0].start : spans[0].end].strip().rstrip(".") if spans else ""


def tailored_copy(master: Resume, job: JobDescription) -> Resume:
    """The master's snapshot for one job, to be changed from there."""
    where = job.company or job.title
    return Resume(
        source_resume_id=master.id,
        job_description_id=job.id,
        title=f"{master.title}, for {where}",
        content=master.content,
        user_id=master.user_id,
        is_sample=master.is_sample and job.is_sample,
    )
