"""Prompt bundles: everything that decides how a model coaches, as one versioned, hashed folder in `data/prompts`.

A bundle holds `bundle.yaml` (name, version, idea, model settings, policy, schema options) and the texts beside it. The
content hash covers every file, so that two attempts with the same hash were judged by the same words.
"""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from coach.brain.prompts.policy import Policy
from coach.contracts.base import Record
from coach.contracts.brain import EvaluationInput
from coach.errors import InputError
from coach.settings import DATA

PROMPTS = DATA / "prompts"
DEFAULT_BUNDLE = "jobfoxy_v1"
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,63}")


class ModelSettings(Record):
    """How the model is called.

    Attributes:
        model: overrides the configured model when not empty.
        temperature: sent where the model takes one; None leaves it out.
        effort: reasoning effort; None leaves it out.
        max_output_tokens: bound of the first call, `retry_output_tokens` of a call after a truncated one.
    """

    model: str = ""
    temperature: float | None = Field(default=0.2, ge=0, le=2)
    effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    max_output_tokens: int = Field(default=1800, ge=100, le=16_000)
    retry_output_tokens: int = Field(default=2400, ge=100, le=16_000)


class SchemaOptions(Record):
    """What of the contract goes into the vendor's schema; the server enforces all of it in any case."""

    strict: bool = True
    descriptions: bool = True


class Corrections(Record):
    """What is said to the model when its last output could not be used."""

    invalid_json: str
    invalid_schema: str
    truncated: str


class PromptBundle(Record):
    """One bundle, read-only. Texts keep their placeholders; `hash` is the first 12 hex digits of SHA-256."""

    name: str
    version: str
    idea: str = ""
    hash: str
    policy: Policy
    model_settings: ModelSettings
    schema_options: SchemaOptions = SchemaOptions()
    system_prompt: str
    input_template: str
    plan_prompt: str
    summary_prompt: str
    corrections: Corrections
    files: dict[str, str] = {}

    @property
    def label(self) -> str:
        """`name@version#hash`, the identity stored with every attempt."""
        return f"{self.name}@{self.version}#{self.hash}"

    def render_input(self, call_input: EvaluationInput) -> str:
        """The user message: one JSON object inside the fence.

        `<` and `>` are escaped within the JSON, so that no transcript can close the fence.
        """
        body = json.dumps(_filled(call_input.model_dump(mode="json")), ensure_ascii=False, separators=(",", ":"))
        fenced = body.replace("<", "\\u003c").replace(">", "\\u003e")
        return self.input_template.replace("{input_json}", fenced)

    @classmethod
    def load(cls, name: str = DEFAULT_BUNDLE, *, folder: Path = PROMPTS) -> "PromptBundle":
        """Reads a bundle; read again only when one of its files changed.

        Raises:
            InputError: unknown name, missing file or a value that cannot be used, naming it.
        """
        if not _NAME.fullmatch(name) or not (folder / name / "bundle.yaml").is_file():
            known = ", ".join(available(folder)) or "none"
            raise InputError(f"There is no prompt bundle '{name}'.", mend=f"Known bundles: {known}.")
        paths = sorted(p for p in (folder / name).iterdir() if p.is_file() and p.suffix in {".yaml", ".md"})
        stamp = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in paths)
        return _read(folder / name, stamp)

    @classmethod
    def from_files(cls, name: str, files: dict[str, str]) -> "PromptBundle":
        """Builds a bundle from its texts by file name, e.g. an edited copy in the lab.

        Raises:
            InputError: a file is missing or a value cannot be used, naming it.
        """
        try:
            head: dict[str, Any] = yaml.safe_load(files["bundle.yaml"]) or {}
            return cls(
                **{**head, "name": name},
                hash=content_hash(files),
                system_prompt=files["system_prompt.md"],
                input_template=files["input_template.md"],
                plan_prompt=files["plan_prompt.md"],
                summary_prompt=files["summary_prompt.md"],
                files=files,
            )
        except KeyError as error:
            raise InputError(f"Prompt bundle '{name}' lacks the file {error.args[0]}.") from error
        except (ValidationError, yaml.YAMLError, TypeError) as error:
            raise InputError(f"Prompt bundle '{name}' cannot be used: {_first_line(error)}.") from error


def _filled(value: object) -> object:
    """A JSON value without what is empty: a model pays for every key and learns nothing from an empty one."""
    if isinstance(value, dict):
        kept = {key: _filled(child) for key, child in value.items()}
        return {key: child for key, child in kept.items() if child not in (None, "", [], {})}
    return value


def available(folder: Path = PROMPTS) -> list[str]:
    """Names of the bundles that are there, sorted."""
    return sorted(p.parent.name for p in folder.glob("*/bundle.yaml"))


def content_hash(files: dict[str, str]) -> str:
    """First 12 hex digits of SHA-256 over names and texts, independent of file order."""
    digest = hashlib.sha256()
    for file_name in sorted(files):
        digest.update(f"{file_name}\x1f{files[file_name]}\x1e".encode())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=32)
def _read(path: Path, stamp: tuple[tuple[str, int, int], ...]) -> PromptBundle:
    files = {name: (path / name).read_text(encoding="utf-8") for name, _, _ in stamp}
    return PromptBundle.from_files(path.name, files)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
