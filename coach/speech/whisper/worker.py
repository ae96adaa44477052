"""The recognising process: Whisper gets its own interpreter, so that the event loop keeps its own.

Protocol on stdin/stdout, both ways a 4-byte big-endian length and then the body. The first message says which models
to load (JSON); the answer is `{"ready": …}` or `{"error": …}`. Then each request is a line of JSON (`WorkerTask`) and
the sound of one piece after it, each answer JSON. End of stdin ends the process: it never outlives its parent.
"""

import json
import os
import select
import struct
import sys
import time
from contextlib import suppress
from typing import Any, BinaryIO

from coach.speech.freeing import give_back

_LENGTH = struct.Struct(">I")
NICENESS = 5
REST_S = 1.0
"""Nothing asked for so long: what recognising took for itself goes back to the system, 70 to 90 MB."""


def write_message(pipe: BinaryIO, body: bytes) -> None:
    """Sends one message."""
    pipe.write(_LENGTH.pack(len(body)) + body)
    pipe.flush()


def read_message(pipe: BinaryIO) -> bytes | None:
    """Receives one message; None at the end of the stream."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    body = pipe.read(size)
    return body if len(body) == size else None


def main() -> None:
    """Serves until stdin ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing a library prints may mix with the answers
    with suppress(OSError):
        os.nice(NICENESS)
    models = json.loads(read_message(requests) or b"{}")
    if not models:
        return
    try:
        loaded, seconds = _load(models)
    except Exception as error:
        write_message(answers, json.dumps({"error": str(error), "mend": getattr(error, "mend", "")}).encode())
        return
    write_message(answers, json.dumps({"ready": list(loaded), "seconds": seconds}).encode())
    while (body := _next(requests)) is not None:
        head, _, pcm16 = body.partition(b"\n")
        write_message(answers, json.dumps(_heard(loaded, json.loads(head), pcm16)).encode())


def _next(requests: BinaryIO) -> bytes | None:
    """The next request; one is asked after the other, so none lies in the buffer already."""
    if not select.select([requests], [], [], REST_S)[0]:
        give_back()
    return read_message(requests)


def _load(models: dict[str, str]) -> tuple[dict[str, object], float]:
    from coach.speech.whisper.engine import EngineModel, load

    begun = time.monotonic()
    at_path: dict[str, object] = {}
    for path in models.values():
        at_path[path] = at_path.get(path) or load(EngineModel(path))
    return {role: at_path[path] for role, path in models.items()}, round(time.monotonic() - begun, 2)


def _heard(loaded: dict[str, Any], task: dict[str, Any], pcm16: bytes) -> dict[str, Any]:
    from coach.speech.whisper.engine import hesitating, plain

    try:
        if task["pass"] == "plain":
            return {"words": plain(loaded["text"], pcm16, language=task["language"])}
        return {"words": hesitating(loaded["fillers"], pcm16, language=task["language"]) if "fillers" in loaded else []}
    except Exception as error:
        return {"error": f"{type(error).__name__}"}


if __name__ == "__main__":
    main()
