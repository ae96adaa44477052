"""A model on this computer: found by asking the usual ports, offered, and remembered once it was chosen.

Nothing is asked at import or at start: `doctor` and the Practice page ask, each address for at most 0.2 seconds.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from coach.brain.evaluation.deadlines import Timeouts

PROBE_S, PATIENT_PROBE_S = 0.2, 3.0
"""An offer must not hold the page up; a server that was asked for by name may be busy."""
FILE = "local_model.json"
LABEL = "local model"
UNNAMED = "local-model"
"""Asked for where no server told its models yet: most servers answer with the one they have. It has no price."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """An OpenAI-compatible server and the first model it names."""

    url: str
    model: str


def patience(first_section_s: float) -> Timeouts:
    """Limits of a model on this computer, all in proportion to the seconds its first section may take.

    A small computer writes some five to twenty tokens a second: it may pause half as long, one call takes two and a
    half times, a whole evaluation three and a half times that.
    """
    return Timeouts(
        connect_s=5,
        first_section_s=first_section_s,
        stall_s=0.5 * first_section_s,
        call_s=2.5 * first_section_s,
        total_s=3.5 * first_section_s,
    )


def find_local_models(urls: Sequence[str], probe_s: float = PROBE_S) -> list[LocalModel]:
    """The servers among `urls` that answer with a list of models, in the order given; asked side by side."""
    if not urls:
        return []
    with ThreadPoolExecutor(len(urls)) as pool:
        return [found for found in pool.map(lambda url: _ask(url, probe_s), urls) if found]


def _ask(url: str, probe_s: float) -> LocalModel | None:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/models", timeout=probe_s, trust_env=False)
        listed = answer.raise_for_status().json()["data"]
        return LocalModel(url.rstrip("/"), str(listed[0]["id"]))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, IndexError, TypeError):
        return None


def remembered(home: Path) -> LocalModel | None:
    """The model that was chosen before; None when none was, or when the note cannot be read."""
    try:
        known = json.loads((home / FILE).read_text(encoding="utf-8"))
        return LocalModel(str(known["url"]), str(known["model"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(home: Path, chosen: LocalModel | None) -> None:
    """Keeps the choice for later starts; None forgets it."""
    if chosen is None:
        (home / FILE).unlink(missing_ok=True)
        return
    home.mkdir(parents=True, exist_ok=True)
    (home / FILE).write_text(json.dumps(asdict(chosen)), encoding="utf-8")
