"""Model weights that come as pinned packages: found, joined where they come in parts, verified once by SHA-256.

The packages are uploads by third parties; a file that differs from the published one is never loaded.
"""

import hashlib
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from coach.errors import SettingsError
from coach.settings import ROOT

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Packaged:
    """One model inside packages.

    Attributes:
        label: what people call it.
        requirement: what to install, as in the requirements.
        folders: `package/folder` of each part, in order.
        parts: file names of the joined file's parts, in order of joining.
        sha256: digest of every file that is read, the joined one whole.
        joined: name of the file that is joined from `parts`.
        megabytes: room its copy needs.
    """

    label: str
    requirement: str
    folders: tuple[str, ...]
    parts: tuple[str, ...]
    sha256: Mapping[str, str]
    joined: str = "model.bin"
    megabytes: int = 230

    @property
    def installed(self) -> bool:
        """Whether its packages are there. Reads nothing."""
        return _sources(self) is not None


def cache_folder(kind: str) -> Path:
    """Where joined weights are kept, for all COACH_HOMEs of this user; beside the product where that is not allowed."""
    folder = platformdirs.user_cache_path("job-foxy") / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return folder
    except OSError:
        return ROOT / "data" / "local" / "cache" / kind


def verified_folder(name: str, packaged: Packaged, cache: Path) -> Path | None:
    """A folder below `cache` with the verified files; joined and verified the first time (about a second).

    Of several threads or processes at once one prepares the copy; the others wait for it behind a lock file.

    Returns:
        None when its package is not installed.

    Raises:
        SettingsError: a package is altered, or the cache folder cannot be written.
    """
    sources = _sources(packaged)
    if sources is None:
        return None
    ready = cache / f"{name}-{packaged.sha256[packaged.joined][:12]}"
    if _is_verified(ready, packaged):
        return ready
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(ready.parent / f".{name}.lock"):
            return ready if _is_verified(ready, packaged) else _prepare(name, packaged, sources, ready)
    except OSError as error:
        raise SettingsError(
            f"The weights of {packaged.label} cannot be kept in {ready.parent} ({error.strerror}).",
            mend=f"Free some space there ({packaged.megabytes} MB) or give write access.",
        ) from error


def _sources(packaged: Packaged) -> list[Path] | None:
    """The folders of the parts; None when one is not installed."""
    found = []
    for folder in packaged.folders:
        package, inside = folder.split("/", 1)
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            return None
        found.append(Path(spec.origin).parent / inside)
    return found


def _prepare(name: str, packaged: Packaged, sources: list[Path], ready: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=ready.parent, prefix=f".{name}-") as made:
        folder = Path(made) / "model"
        folder.mkdir()
        for file, digest in packaged.sha256.items():
            parts = (
                [s / p for s, p in zip(sources, packaged.parts, strict=True)]
                if file == packaged.joined
                else [sources[0] / file]
            )
            if _join(parts, folder / file) != digest:
                raise SettingsError(
                    f"The package of {packaged.label} is altered: {file} is not the published file.",
                    mend=f"Install it anew: pip install --force-reinstall {packaged.requirement}.",
                )
        _stamp(folder)
        shutil.rmtree(ready, ignore_errors=True)
        folder.replace(ready)
    return ready


def _join(parts: Iterable[Path], target: Path) -> str:
    """Writes the parts one after the other and returns their digest; a missing part is as good as an altered one."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for part in parts:
            if not part.is_file():
                return ""
            with part.open("rb") as source:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
    return digest.hexdigest()


def _stamp(folder: Path) -> None:
    """Notes size and time of the verified files, so that the digest is computed once."""
    (folder / "verified.json").write_text(json.dumps(_signature(folder)), encoding="utf-8")


def _signature(folder: Path) -> dict[str, list[int]]:
    stats = {p.name: p.stat() for p in sorted(folder.iterdir()) if p.name != "verified.json"}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _is_verified(folder: Path, packaged: Packaged) -> bool:
    try:
        noted = json.loads((folder / "verified.json").read_text(encoding="utf-8"))
        return noted == _signature(folder) and set(noted) == set(packaged.sha256)
    except (OSError, ValueError):
        return False
