"""A new bundle from another: a folder of its own, to be edited, compared and only then promoted."""

import re
import shutil
from pathlib import Path

from coach.brain.prompts.bundle import PROMPTS, PromptBundle
from coach.errors import InputError, StoreError

_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,63}")
_IDEA = re.compile(r"^idea:.*(?:\n[ \t]+.*)*", re.MULTILINE)


def create(name: str, *, source: str, idea: str, folder: Path = PROMPTS) -> PromptBundle:
    """Copies the bundle `source` to `name` with its own idea; its texts are edited in `folder/name`.

    Raises:
        InputError: a name that cannot be a folder, one that is taken, no idea, or an unknown source.
        StoreError: the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise InputError("A bundle's name has small letters, digits, - and _ only.")
    if not idea.strip():
        raise InputError("A bundle needs an idea.", mend="Say in a sentence what it tries.")
    PromptBundle.load(source, folder=folder)
    target = folder / name
    if target.exists():
        raise InputError(f"There is a bundle '{name}' already.", mend="Choose another name.")
    draft = folder / f".{name}.draft"
    try:
        shutil.copytree(folder / source, draft)
        head = draft / "bundle.yaml"
        line = f'idea: "{idea.strip().replace(chr(34), chr(39))}"'
        text = head.read_text("utf8")
        head.write_text(_IDEA.sub(line, text, count=1) if _IDEA.search(text) else f"{text.rstrip()}\n{line}\n", "utf8")
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreError(f"The bundle cannot be written: {error.strerror}.") from error
    return PromptBundle.load(name, folder=folder)
