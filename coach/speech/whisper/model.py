"""Which Whisper model is used, and where its files are: a folder, a package, the hub's cache, or the hub itself."""

import functools
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coach.errors import SettingsError
from coach.speech.whisper.weights import PACKAGED, packaged_folder

MODEL = "base"
FILLER_MODEL = "tiny.en"
HUB = ("huggingface.co", 443)
PROBE_TIMEOUT_S = 1.0

Origin = Literal["folder", "package", "cache", "hub"]


@dataclass(frozen=True, slots=True)
class FoundModel:
    """Where a model comes from.

    Attributes:
        name: as it was asked for.
        path: a folder on this machine, or the name under which the hub has it.
        origin: `package` = verified by SHA-256; `hub` = still to be fetched.
        trouble: what was wrong with a better origin, else empty.
    """

    name: str
    path: str
    origin: Origin
    trouble: str = ""


def find_model(name: str) -> FoundModel:
    """Finds a model; a packaged one is joined and verified the first time.

    Raises:
        SettingsError: it is nowhere here, and the hub cannot be reached.
    """
    if Path(name).is_dir():
        return FoundModel(name, str(Path(name).resolve()), "folder")
    trouble = ""
    try:
        packaged = packaged_folder(name)
        if packaged:
            return FoundModel(name, str(packaged), "package")
        if name in PACKAGED:
            trouble = f"The package of Whisper {name} is not installed (run `make run`)."
    except SettingsError as error:
        trouble = str(error)
    cached = hub_cached(name)
    if cached:
        return FoundModel(name, cached, "cache", trouble)
    if can_be_fetched():
        return FoundModel(name, name, "hub", trouble)
    raise SettingsError(
        trouble or f"The Whisper model {name} is not on this machine and cannot be fetched without a network.",
        mend="Run `make run`, connect once to fetch it, or set COACH_TRANSCRIBER=typed.",
    )


def hub_cached(name: str) -> str | None:
    """The model's folder in the hub's cache; None when it is not there. No network."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    repository = name.replace("/", "--") if "/" in name else f"*faster-*whisper-{name}"
    found = cache.glob(f"models--{repository}/snapshots/*/model.bin")
    return next((str(p.parent) for p in sorted(found) if p.exists()), None)


@functools.lru_cache(maxsize=1)
def can_be_fetched() -> bool:
    """Whether the model hub answers; gives up after 1 s, name look-up included. Asked once per process."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return False
    answered = threading.Event()
    threading.Thread(target=_probe, args=(answered,), name="hub-probe", daemon=True).start()
    return answered.wait(PROBE_TIMEOUT_S)


def _probe(answered: threading.Event) -> None:
    with suppress(Exception):
        socket.create_connection(HUB, timeout=PROBE_TIMEOUT_S).close()
        answered.set()


def trouble_with(name: str = MODEL) -> SettingsError | None:
    """Why Whisper cannot be used here; None where it can. The first time a packaged model is joined and verified."""
    try:
        find_model(name)
    except SettingsError as error:
        return error
    return None
