"""Where datasets, experiments, limits and runs lie."""

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from filelock import FileLock
from pydantic import Field, ValidationError

from coach.contracts.base import Record, Strict
from coach.errors import InputError
from coach.foreign_data import from_json, from_yaml
from coach.lab.runs import forgotten, named_states
from coach.lab.runs.budget import ModelPrice
from coach.lab.runs.dataset import Dataset, from_jsonl, thaw
from coach.lab.runs.gate_rules import GateRules
from coach.lab.runs.journal import ResponseCache, RunJournal
from coach.lab.runs.looks import LookBook
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant
from coach.private_files import written_whole
from coach.settings import DATA

log = logging.getLogger(__name__)
SHIPPED = DATA / "lab"
"""Runs recorded elsewhere, shipped so that the lab teaches without a key."""


class LimitsFile(Strict):
    """The `limits` block."""

    concurrency: int = Field(default=8, ge=1, le=200)
    answers: int | None = Field(default=None, ge=1)
    """Stop after so many answers of the plan, for a look; None goes to the end."""
    calls_per_s: float | None = Field(default=None, gt=0)
    cost_usd: Decimal | None = Field(default=None, ge=0)


class Experiment(Strict):
    """What is to be compared on which answers. `variants[0]` is the baseline.

    Attributes:
        dataset: a JSONL file (relative to the experiment's own folder), or the hash of a frozen dataset.
        part: all answers, the training side or the held-out side of the stable split by person.
        sample: at most so many answers, strata in proportion.
        goal: ask whether a variant is `better`, or the `same` and cheaper.
        same_within: difference on the primary scorer, in points, within which two variants are the same.
        gate: when `lab gate` stops a change.
        batch: send the models' calls through the vendor's batch, at half price, within 24 hours.
        prices: of models that stand in no price book, by name.
    """

    name: str = Field(min_length=1, max_length=80)
    dataset: str
    part: Literal["all", "train", "held-out"] = "all"
    sample: int | None = Field(default=None, ge=1)
    variants: list[Variant] = Field(min_length=1)
    repeats: int = Field(default=1, ge=1, le=50)
    limits: LimitsFile = LimitsFile()
    smallest_useful: float = Field(default=0.2, gt=0)
    goal: Literal["better", "same"] = "better"
    same_within: float = Field(default=0.3, gt=0)
    gate: GateRules = GateRules()
    use_cache: bool = True
    batch: bool = False
    prices: dict[str, ModelPrice] = {}

    @classmethod
    def load(cls, path: Path) -> "Experiment":
        """Reads an experiment file; the dataset's path becomes absolute.

        Raises:
            InputError: unreadable, not YAML, or a value that cannot be used, naming it.
        """
        try:
            found = cls.model_validate(from_yaml(path.read_text("utf8")) or {})
        except OSError as error:
            raise InputError(f"The experiment {path} cannot be read: {error.strerror}.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"The experiment {path.name} is not YAML.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise InputError(f"The experiment {path.name} cannot be used: {where}: {first['msg']}.") from error
        beside = path.parent / found.dataset
        return found.model_copy(update={"dataset": str(beside.resolve())}) if beside.is_file() else found


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
"""What becomes part of a file's name: a run may come from somebody else's file."""


class RunInfo(Record):
    """What a run is, written before its first call."""

    id: Name
    experiment: Experiment
    dataset_name: str
    dataset_hash: Name
    calls: int
    variant_keys: dict[str, Name] = Field(min_length=1)
    started_at: datetime
    recorded: str = ""
    """Where and when it was recorded, for a run that was not made here; empty for one that was."""


class Workspace:
    """Datasets, runs and cached answers below one folder."""

    def __init__(self, folder: Path, *, shipped: Path = SHIPPED) -> None:
        """Keeps everything below `folder`; runs that were recorded elsewhere are read from `shipped`."""
        self.folder = folder
        self._shipped = shipped
        self.cache = ResponseCache(folder / "cache.jsonl")

    @property
    def datasets(self) -> Path:
        """Frozen datasets by hash."""
        return self.folder / "datasets"

    def freeze(self, path: Path) -> Dataset:
        """Reads answers from JSONL and freezes them."""
        return self.keep(from_jsonl(path))

    def keep(self, data: Dataset) -> Dataset:
        """Freezes answers, without those that were cut out of the lab since somebody took them in hand."""
        with forgotten.unchanged(self.folder):
            gone = forgotten.among(self.folder, (item.id for item in data.items))
            if gone:
                data = Dataset(name=data.name, items=tuple(item for item in data.items if item.id not in gone))
            if data.items:
                data.freeze(self.datasets)
        return data

    def still_there(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Those whose answers were not cut out meanwhile."""
        with forgotten.unchanged(self.folder):
            gone = forgotten.among(self.folder, {outcome.item_id for outcome in outcomes})
        return [outcome for outcome in outcomes if outcome.item_id not in gone]

    def frozen(self) -> dict[str, tuple[str, int]]:
        """Name and size of every frozen dataset by hash, newest first; a file that is none is passed over.

        Where growing datasets of several names have come to the same answers, all names are told.
        """
        names: dict[str, list[str]] = {}
        for name, digest in named_states.states(self.datasets).items():
            names.setdefault(digest, []).append(name)
        found: dict[str, tuple[float, str, int]] = {}
        for path in self.datasets.glob("*.jsonl"):
            try:
                with path.open(encoding="utf8") as lines:
                    head = from_json(lines.readline())
                called = dict.fromkeys([*names.get(path.stem, []), str(head["dataset"])])
                found[path.stem] = (path.stat().st_mtime, named_states.JOINT.join(called), int(head["items"]))
            except (OSError, ValueError, KeyError, TypeError):  # torn, foreign, or deleted meanwhile
                log.warning("%s is no frozen dataset and is passed over", path.name)
        newest = sorted(found.items(), key=lambda each: each[1][0], reverse=True)
        return {digest: (name, size) for digest, (_, name, size) in newest}

    def dataset_of(self, experiment: Experiment) -> Dataset:
        """The answers an experiment runs on, after split and sample.

        Raises:
            InputError: unknown or empty dataset.
        """
        frozen = self.datasets / f"{experiment.dataset}.jsonl"
        path = frozen if frozen.is_file() else Path(experiment.dataset)
        data = thaw(path) if path.parent == self.datasets else from_jsonl(path)
        if experiment.part != "all":
            data = data.split()[experiment.part == "held-out"]
        return data.sample(experiment.sample) if experiment.sample else data

    def prepare(self, experiment: Experiment) -> tuple[RunInfo, Dataset]:
        """Freezes the answers and writes down what will run; the same experiment again is the same run."""
        data = self.keep(self.dataset_of(experiment))
        if not data.items:
            raise InputError(f"The dataset '{data.name}' is empty.", mend="Choose another part or dataset.")
        keys = {variant.name: variant.key for variant in experiment.variants}
        info = RunInfo(
            id=_run_id(experiment, data.content_hash, keys),
            experiment=experiment,
            dataset_name=data.name,
            dataset_hash=data.content_hash,
            calls=len(data.items) * len(keys) * experiment.repeats,
            variant_keys=keys,
            started_at=datetime.now(UTC),
        )
        target = self._run(info.id) / "run.json"
        known = _read(target)
        if known:  # what is asked of the same calls may have changed, when they began has not
            info = info.model_copy(update={"started_at": known.started_at})
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as draft:
            draft.write_text(info.model_dump_json(indent=1), "utf8")
        return info, data

    def journal(self, run_id: str) -> RunJournal:
        """The outcomes of a run."""
        return RunJournal(self._run(run_id) / "outcomes.jsonl", self.folder)

    def ticket(self, run_id: str, variant_key: str) -> Path:
        """Where the ids of a variant's batches are kept while the vendor works on them."""
        return self._run(run_id) / f"batch-{variant_key}.jsonl"

    def score_file(self, run_id: str) -> Path:
        """Where what judge prompts gave in a run is kept."""
        return self._run(run_id) / "scores.jsonl"

    def looks(self, run_id: str) -> LookBook:
        """The looks at a run's comparisons."""
        return LookBook(self._run(run_id) / "looks.jsonl")

    def load(self, run_id: str) -> tuple[RunInfo, Dataset, list[Outcome]]:
        """A run with its answers and what came of them.

        Raises:
            InputError: there is no such run.
        """
        path = self._run(run_id) / "run.json"
        if not re.fullmatch(r"[\w\-]+", run_id) or not path.is_file():
            raise InputError(f"There is no run '{run_id}'.", mend="List the runs with `python -m coach lab runs`.")
        info = _read(path)
        if info is None:
            raise InputError(f"What the run '{run_id}' is cannot be read.", mend=f"Restore or delete {path}.")
        found = {o.identity: o for o in self.journal(run_id).outcomes()}
        frozen = path.parent.parent.parent / "datasets" / f"{info.dataset_hash}.jsonl"
        return info, thaw(frozen), list(found.values())

    def runs(self) -> list[RunInfo]:
        """All runs, newest first; recorded ones last; one that cannot be read is passed over."""
        own = {p.parent.name: p for place in (self._shipped, self.folder) for p in place.glob("runs/*/run.json")}
        found = [info for path in own.values() if (info := _read(path))]
        return sorted(found, key=lambda r: (not r.recorded, r.started_at), reverse=True)

    def alone(self, run_id: str) -> FileLock:
        """The lock of a run: two processes at one run would pay for the same calls."""
        return FileLock(self._run(run_id) / ".lock", timeout=0)

    def _run(self, run_id: str) -> Path:
        own, shipped = self.folder / "runs" / run_id, self._shipped / "runs" / run_id
        return shipped if not own.exists() and (shipped / "run.json").is_file() else own


def _read(path: Path) -> RunInfo | None:
    """What a run is; None where the file is not there, torn, or of a version that says something else."""
    try:
        return RunInfo.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        log.warning("%s cannot be read and is passed over", path)
        return None


def _run_id(experiment: Experiment, dataset_hash: str, keys: dict[str, str]) -> str:
    body: dict[str, Any] = {"data": dataset_hash, "variants": keys, "repeats": experiment.repeats}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", experiment.name.lower()).strip("-")[:40] or "run"
    return f"{slug}-{digest}"
