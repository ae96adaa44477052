"""Scorers of one's own: a Python file or a judge prompt in a bundle's `scorers` folder.

A Python file has `score(item, evaluation)`, both plain dicts as in the published contracts, and returns a number or
None. A judge prompt is Markdown with a head of YAML; a model reads it with one answer and its evaluation. Files are
written by people at the keyboard, never by a page; they run with the rights of this process.
"""

import hashlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from coach.brain.prompts.bundle import PROMPTS
from coach.contracts.base import Strict
from coach.contracts.brain import EvaluationResult
from coach.errors import InputError
from coach.foreign_data import from_yaml
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.scorers import SCORER_BY_NAME, Scorer

FOLDER = "scorers"
ScoreOf = Callable[[str, Outcome], float | None]
"""The score a judge prompt (by key) gave an outcome; None where it was not asked."""


class JudgeHead(Strict):
    """The head of a judge prompt. `scale` are its lowest and highest score."""

    name: str = Field(min_length=1, max_length=40)
    unit: str = "points"
    higher_is_better: bool = True
    scale: tuple[float, float] = (1, 5)
    margin: float | None = None

    @model_validator(mode="after")
    def _rises(self) -> "JudgeHead":
        if self.scale[0] >= self.scale[1]:
            raise ValueError("scale has to rise")
        return self


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """A prompt that has a model score one evaluation."""

    head: JudgeHead
    prompt: str
    path: Path

    @property
    def key(self) -> str:
        """Identity of its words and scale, 16 hex digits: scores of other words are other scores."""
        return hashlib.sha256(f"{self.head.model_dump_json()}\x1f{self.prompt}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class OwnScorers:
    """What the bundles of a run bring. `trouble` counts answers a Python scorer failed on, by scorer and error."""

    code: list[Scorer] = field(default_factory=list)
    judges: list[JudgePrompt] = field(default_factory=list)
    trouble: Counter[tuple[str, str]] = field(default_factory=Counter)

    def scorers(self, score_of: ScoreOf) -> list[Scorer]:
        """All of them, judges by the scores they gave."""
        return [*self.code, *(_from_scores(judge, score_of) for judge in self.judges)]

    def notes(self) -> list[str]:
        """A sentence per scorer and error; empty when all went well."""
        return [
            f"Scorer '{name}' failed on {n} answers ({error})." for (name, error), n in sorted(self.trouble.items())
        ]


def own_scorers(bundles: Iterable[str], *, folder: Path = PROMPTS) -> OwnScorers:
    """The scorers of some bundles; one that several bring is there once.

    Raises:
        InputError: a file that cannot be used, or two different scorers of one name, naming them.
    """
    found, seen = OwnScorers(), dict[str, tuple[Path, bytes]]()
    for bundle in dict.fromkeys(bundles):
        for path in sorted((folder / bundle / FOLDER).glob("*")):
            if path.suffix not in (".py", ".md") or path.name.startswith("_"):
                continue
            made = _code(path, found.trouble) if path.suffix == ".py" else read_judge(path)
            name = made.name if isinstance(made, Scorer) else made.head.name
            body = path.read_bytes()
            if name in SCORER_BY_NAME:
                raise InputError(f"Scorer {path.name}: '{name}' is the name of a built-in scorer.", mend="Rename it.")
            if name in seen and seen[name][1] != body:
                raise InputError(f"Two different scorers are called '{name}': {seen[name][0]} and {path}.")
            if name not in seen:
                found.code.append(made) if isinstance(made, Scorer) else found.judges.append(made)
                seen[name] = path, body
    return found


def read_judge(path: Path) -> JudgePrompt:
    """A judge prompt from its file: `---`, YAML, `---`, the words.

    Raises:
        InputError: it has no head, or one that cannot be used.
    """
    parts = path.read_text("utf8").split("---", 2)
    if len(parts) != 3 or parts[0].strip() or not parts[2].strip():
        raise InputError(f"Scorer {path.name} needs a head between two lines of ---, then its prompt.")
    try:
        head = JudgeHead.model_validate(from_yaml(parts[1]) or {})
    except (ValidationError, yaml.YAMLError) as error:
        raise InputError(f"Scorer {path.name}: its head cannot be used ({_first(error)}).") from error
    return JudgePrompt(head, parts[2].strip(), path)


def _code(path: Path, trouble: Counter[tuple[str, str]]) -> Scorer:
    module = _module(path)
    function = getattr(module, "score", None)
    if not callable(function):
        raise InputError(f"Scorer {path.name} has no function score(item, evaluation).")
    name, margin = str(getattr(module, "NAME", path.stem.replace("_", " "))), getattr(module, "MARGIN", None)

    def measure(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
        try:
            value = function(item.model_dump(mode="json"), result.evaluation.model_dump(mode="json"))
            return None if value is None else float(value)
        except Exception as error:  # somebody else's code: whatever it raises is told, and ends no run
            trouble[name, type(error).__name__] += 1
            return None

    return Scorer(
        name=name,
        unit=str(getattr(module, "UNIT", "points")),
        higher_is_better=bool(getattr(module, "HIGHER_IS_BETTER", True)),
        measure=measure,
        margin=None if margin is None else float(margin),
        own=True,
    )


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"lab_scorer_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"Scorer {path.name} cannot be read as Python.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # somebody else's code
        raise InputError(f"Scorer {path.name} cannot be loaded: {type(error).__name__}: {error}.") from error
    return module


def _from_scores(judge: JudgePrompt, score_of: ScoreOf) -> Scorer:
    head, key = judge.head, judge.key
    return Scorer(
        name=head.name,
        unit=head.unit,
        higher_is_better=head.higher_is_better,
        measure=lambda outcome, _, __: score_of(key, outcome),
        margin=head.margin,
        own=True,
    )


def material(item: Item, result: EvaluationResult) -> Mapping[str, Any]:
    """What a judge prompt is shown of an answer."""
    evaluation = result.evaluation
    return {
        "question": item.input.question.text,
        "answer": item.input.user_answer.transcript,
        "evaluation": evaluation.model_dump(mode="json", exclude={"metadata", "library_suggestion"}),
    }


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
