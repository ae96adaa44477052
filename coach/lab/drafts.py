"""A bundle while it is being edited: what would be wrong with it, before anybody is judged by it."""

import re
from typing import Literal

from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.base import Record
from coach.errors import InputError

CACHED_CHARS = 1024 * 5
"""Vendors cache a common beginning of 1,024 tokens and more; at five characters a token that is this many."""
INPUT_MARK = "{input_json}"
_MARK = re.compile(r"\{[a-z_]{3,}\}")
_TEXTS = ("system_prompt.md", "input_template.md", "plan_prompt.md", "summary_prompt.md")


class DraftProblem(Record):
    """One thing about a draft: an `error` keeps it from being used, a `warning` does not."""

    level: Literal["error", "warning"]
    file: str
    text: str


class Draft(Record):
    """Edited texts of a bundle. `bundle` is None while they make none; `problems` says why, errors first."""

    name: str
    files: dict[str, str]
    bundle: PromptBundle | None = None
    problems: tuple[DraftProblem, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it could judge."""
        return self.bundle is not None and not any(p.level == "error" for p in self.problems)


def read_draft(name: str, files: dict[str, str]) -> Draft:
    """Reads edited texts as a bundle and says what is wrong with them; never raises."""
    problems = [
        DraftProblem(level="error", file=file, text="This text is empty.") for file in _TEXTS if not _said(files, file)
    ]
    bundle: PromptBundle | None = None
    try:
        bundle = PromptBundle.from_files(name, files)
    except InputError as error:
        problems.append(DraftProblem(level="error", file="bundle.yaml", text=error.message))
    problems += _template(files.get("input_template.md", ""))
    problems += _prompt(files.get("system_prompt.md", ""))
    ordered = sorted(problems, key=lambda p: p.level != "error")
    return Draft(name=name, files=files, bundle=bundle, problems=tuple(ordered))


def _said(files: dict[str, str], file: str) -> bool:
    return bool(files.get(file, "").strip())


def _template(text: str) -> list[DraftProblem]:
    file, count = "input_template.md", text.count(INPUT_MARK)
    found = []
    if count != 1:
        said = f"{INPUT_MARK} stands here {count} times; the answer takes its place exactly once."
        found.append(DraftProblem(level="error", file=file, text=said))
    others = sorted({mark for mark in _MARK.findall(text) if mark != INPUT_MARK})
    if others:
        said = f"{', '.join(others)} is filled by nothing and reaches the model as it stands."
        found.append(DraftProblem(level="warning", file=file, text=said))
    return found


def _prompt(text: str) -> list[DraftProblem]:
    file, found = "system_prompt.md", []
    if INPUT_MARK in text:
        said = f"{INPUT_MARK} belongs into input_template.md: here it would never be filled."
        found.append(DraftProblem(level="error", file=file, text=said))
    if 0 < len(text) < CACHED_CHARS:
        said = f"{len(text):,} characters may be too few for the vendor's prompt cache; {CACHED_CHARS:,} are safe."
        found.append(DraftProblem(level="warning", file=file, text=said))
    return found
