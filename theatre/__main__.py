"""`python -m theatre [SCENE] [--rehearse] [--port N] [--home FOLDER]`: lists the scenes, plays or rehearses them."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from theatre.scene import Scene, scenes


def main() -> int:
    """Runs the command; 1 where a rehearsal kept less than it should."""
    parser = argparse.ArgumentParser(prog="theatre", description="Faults on a stage.")
    parser.add_argument("scene", nargs="?", default="", help="its name, or how the name begins")
    parser.add_argument("--rehearse", action="store_true", help="without a browser; all scenes where none is named")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--home", type=Path, help="where the scene keeps its data; a temporary folder by default")
    chosen = parser.parse_args()
    every = scenes()
    found = {name: scene for name, scene in every.items() if name.startswith(chosen.scene)}
    if not found:
        print(f"There is no scene {chosen.scene}. There are: {', '.join(every)}", file=sys.stderr)
        return 2
    if chosen.rehearse:
        return _rehearse(found)
    if not chosen.scene or len(found) > 1:
        _list(found)
        return 0
    ((name, scene),) = found.items()
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder, suppress(KeyboardInterrupt):
        from theatre.performance import perform

        asyncio.run(perform(name, scene, chosen.home or Path(folder), chosen.port))
    return 0


def _list(found: dict[str, Scene]) -> None:
    for name, scene in found.items():
        print(f"{name:28} {scene.title}")
    print("\nmake theatre SCENE=13 plays one on http://127.0.0.1:8501; REHEARSE=1 plays it without a browser")


def _rehearse(found: dict[str, Scene]) -> int:
    from theatre.rehearsal import verdict

    well = True
    for name, scene in found.items():
        with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
            well = verdict(name, scene, Path(folder)) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
