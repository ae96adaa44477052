"""When the watch tells somebody: thresholds of one's own, from a file."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from coach.contracts.base import Strict
from coach.errors import SettingsError
from coach.foreign_data import from_yaml
from coach.settings import DATA

SHIPPED = DATA / "lab" / "watch.yaml"


class MetricRule(Strict):
    """How much worse one metric may become, in its unit, or as a share `of_baseline`."""

    worse_by: float = Field(gt=0)
    higher_is_better: bool
    of_baseline: bool = False
    unit: str = ""


class WatchRules(Strict):
    """The file's content; see its comments."""

    baseline_days: int = Field(default=7, ge=1, le=90)
    least_people: int = Field(default=10, ge=2)
    confidence: float = Field(default=0.99, gt=0.5, lt=1)
    confidence_today: float = Field(default=0.999, gt=0.5, lt=1)
    metrics: dict[str, MetricRule] = Field(min_length=1)


@cache
def watch_rules(path: str = "") -> WatchRules:
    """The rules of a file, or those that are shipped.

    Raises:
        SettingsError: the file cannot be read or used, naming what is wrong.
    """
    source = Path(path) if path else SHIPPED
    try:
        found = WatchRules.model_validate(from_yaml(source.read_text("utf8")) or {})
    except OSError as error:
        raise SettingsError(f"The rules of the watch cannot be read: {error.strerror}.", mend=_MEND) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source.name} is not YAML.", mend=_MEND) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise SettingsError(f"{source.name} cannot be used: {where}: {first['msg']}.", mend=_MEND) from error
    known = WatchRules.model_validate(from_yaml(SHIPPED.read_text("utf8"))) if path else found
    if unknown := sorted(set(found.metrics) - set(known.metrics)):
        names = ", ".join(known.metrics)
        raise SettingsError(f"{source.name} names {unknown[0]}, which is not measured.", mend=f"Measured: {names}.")
    return found


_MEND = "Set COACH_WATCH_FILE to a file like data/lab/watch.yaml, or leave it empty."
