"""What the bucket has of a recording in progress: blocks, and a manifest that names those of one moment."""

import json
from dataclasses import dataclass, field
from typing import Protocol

MANIFEST = "manifest.json"


class Bucket(Protocol):
    """What `coach.audio.archive.AudioArchive` offers here; blocking."""

    def put_part(self, attempt_id: str, name: str, data: bytes) -> None:
        """Keeps a part of a recording in progress."""

    def get_part(self, attempt_id: str, name: str) -> bytes | None:
        """One part; None when it is not there."""

    def drop_parts(self, attempt_id: str, names: list[str] | None = None) -> None:
        """Removes these parts, or all of them."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the bucket has of a recording: `blocks` in order, `size` bytes in all; `writer` put it there.

    `used` is what the answer had used of vendors by then.
    """

    writer: str = ""
    size: int = 0
    takes: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    used: str = ""

    @classmethod
    def read(cls, bucket: Bucket, attempt_id: str) -> "Manifest | None":
        """That of an attempt; None when the bucket has nothing of it."""
        raw = bucket.get_part(attempt_id, MANIFEST)
        if raw is None:
            return None
        told = json.loads(raw)
        takes = [(int(take), int(at)) for take, at in told["takes"]]
        return cls(str(told["writer"]), int(told["size"]), takes, [*map(str, told["blocks"])], told["used"])

    def write(self, bucket: Bucket, attempt_id: str) -> None:
        """Replaces it."""
        told = {"writer": self.writer, "size": self.size, "takes": self.takes, "blocks": self.blocks, "used": self.used}
        bucket.put_part(attempt_id, MANIFEST, json.dumps(told).encode())
