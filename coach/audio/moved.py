"""Sound that is being moved within a recording, kept beside it until that is done, so that a death repeats it.

Whatever stood behind the place is written again, together with what comes between: the whole rest of the file. A
process that died in the middle of it left a file of which a part is there twice; whoever opens it next writes the rest
once more, which changes nothing where it had been written.
"""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from coach.errors import CoachError
from coach.vault import files
from coach.vault.keyring import PersonKey

SUFFIX = ".moved"


@dataclass(frozen=True, slots=True)
class Moved:
    """The rest of a recording from byte `at` on, and where its takes (take, first sample) begin then."""

    at: int
    rest: bytes
    takes: list[tuple[int, int]]

    def write(self, recording: Path, key: PersonKey | None) -> None:
        """Keeps it beside the recording, whole or not at all, sealed as that is.

        Raises:
            OSError: the disk is full.
        """
        head = {"at": self.at, "takes": self.takes, "size": len(self.rest), "crc": zlib.crc32(self.rest)}
        place = recording.with_suffix(SUFFIX)
        fresh = place.with_suffix(f"{SUFFIX}-new")
        try:
            data = json.dumps(head).encode() + b"\n" + self.rest
            fresh.touch(0o600)
            fresh.write_bytes(files.sealed_bytes(place, data, key) if key else data)
            fresh.replace(place)
        finally:
            fresh.unlink(missing_ok=True)

    @classmethod
    def beside(cls, recording: Path) -> "Moved | None":
        """What a process that died was moving; None where there is nothing, or it never came to it."""
        place = recording.with_suffix(SUFFIX)
        if not place.exists():
            return None
        try:
            head, rest = files.read(place).split(b"\n", 1)
            told = json.loads(head)
            takes = [(int(take), int(at)) for take, at in told["takes"]]
            whole = (len(rest), zlib.crc32(rest)) == (told["size"], told["crc"])
            return cls(int(told["at"]), rest, takes) if whole else None
        except (OSError, ValueError, KeyError, TypeError, CoachError):
            return None

    @staticmethod
    def forget(recording: Path) -> None:
        """It is done."""
        recording.with_suffix(SUFFIX).unlink(missing_ok=True)
