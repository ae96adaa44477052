"""Sound as FLAC on disk: whole or not at all."""

import io
import os
import uuid
from pathlib import Path

import av
import numpy as np

from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.vault import ambient, files
from coach.vault.keyring import PersonKey

_BLOCK = SAMPLE_RATE_HZ


def write_flac(pcm: Pcm, target: Path, key: PersonKey | None = None) -> None:
    """Writes `pcm` as FLAC, whole or not at all (temporary file, sync, rename).

    Where keys are in force it is sealed: with `key`, else for `ambient.owner()`.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        if ambient.over(target) is None:
            _encode(pcm, str(part))
        else:
            sound = io.BytesIO()
            _encode(pcm, sound)
            part.write_bytes(files.sealed_bytes(target, sound.getvalue(), key))
        sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _encode(pcm: Pcm, target: str | io.BytesIO) -> None:
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ)
        stream.layout, stream.format = "mono", "s16"
        for start in range(0, len(pcm.samples), _BLOCK):
            block = np.ascontiguousarray(pcm.samples[start : start + _BLOCK]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def sync(path: Path) -> None:
    """Forces a file to the disk (blocking)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
