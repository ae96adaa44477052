"""New bundles and edited ones: a folder of its own, to be edited, compared and only then promoted."""

import json
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from coach.brain.prompts.bundle import PROMPTS, PromptBundle
from coach.contracts.interview import new_id
from coach.errors import ConflictError, InputError, StoreError
from coach.lab.drafts import read_draft
from coach.private_files import written_whole

_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,63}")
_IDEA = re.compile(r"^idea:.*(?:\n[ \t]+.*)*", re.MULTILINE)


def create(
    name: str, *, source: str, idea: str, folder: Path = PROMPTS, files: dict[str, str] | None = None
) -> PromptBundle:
    """Copies the bundle `source` to `name` with its own idea; `files` are texts edited already.

    Raises:
        InputError: a name that cannot be a folder, one that is taken, no idea, an unknown source, unusable texts.
        StoreError: the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise InputError("A bundle's name has small letters, digits, - and _ only.")
    if not idea.strip():
        raise InputError("A bundle needs an idea.", mend="Say in a sentence what it tries.")
    PromptBundle.load(source, folder=folder)
    _check(name, files or {})
    target = folder / name
    if target.exists():
        raise InputError(f"There is a bundle '{name}' already.", mend="Choose another name.")
    draft = folder / f".{name}.{new_id()[:8]}.draft"  # two who copy at once spoil nothing of each other's
    try:
        shutil.copytree(folder / source, draft, ignore=shutil.ignore_patterns("__pycache__"))
        for file, text in (files or {}).items():
            (draft / file).write_text(text, "utf8")
        head = draft / "bundle.yaml"
        line = f"idea: {json.dumps(' '.join(idea.split()), ensure_ascii=False)}"
        text = head.read_text("utf8")
        told = _IDEA.sub(lambda _: line, text, count=1) if _IDEA.search(text) else f"{text.rstrip()}\n{line}\n"
        head.write_text(told, "utf8")
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreError(f"The bundle cannot be written: {error.strerror}.") from error
    return PromptBundle.load(name, folder=folder)


def rewrite(
    name: str, files: dict[str, str], *, was: str, served: Collection[str] = (), folder: Path = PROMPTS
) -> PromptBundle:
    """Writes edited texts over those of a bundle that serves nobody.

    Args:
        name: the bundle.
        files: its texts by file name; only files it already has are written.
        was: hash of the texts the edit began with.
        served: bundles whose folder people are judged by at this moment; they are edited as copies.
        folder: where bundles are.

    Raises:
        InputError: it serves people, or the texts make no bundle.
        ConflictError: somebody else changed it since the edit began; nothing was written.
        StoreError: a file cannot be written.
    """
    present = PromptBundle.load(name, folder=folder)
    if name in served:
        raise InputError(f"People are judged by '{name}' right now.", mend="Keep your texts as a new bundle.")
    if present.hash != was:
        raise ConflictError(f"'{name}' was changed by somebody else meanwhile.", mend="Keep yours as a new bundle.")
    _check(name, files)
    try:
        for file in present.files.keys() & files.keys():
            if files[file] != present.files[file]:
                with written_whole(folder / name / file) as draft:
                    draft.write_text(files[file], "utf8")
    except OSError as error:
        raise StoreError(f"The bundle cannot be written: {error.strerror}.") from error
    return PromptBundle.load(name, folder=folder)


def _check(name: str, files: dict[str, str]) -> None:
    draft = read_draft(name, files) if files else None
    if draft and not draft.usable:
        first = draft.problems[0]
        raise InputError(f"{first.file}: {first.text}")
    if any(Path(file).name != file or Path(file).suffix not in {".yaml", ".md"} for file in files):
        raise InputError("A bundle's texts are .yaml and .md files of its own folder.")
