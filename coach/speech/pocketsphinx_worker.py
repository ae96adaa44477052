"""The recognising process: pocketsphinx holds the interpreter lock while it decodes, so it gets its own interpreter.

Protocol on stdin/stdout, both ways a 4-byte big-endian length and then the body: requests are raw PCM (Int16, 16 kHz,
one utterance), answers are JSON `[[word, start_s, end_s, confidence], …]`. End of stdin ends the process, so that it
never outlives its parent.
"""

import json
import os
import re
import struct
import sys
from typing import Any, BinaryIO

FRAME_S = 0.01
_LENGTH = struct.Struct(">I")
_VARIANT = re.compile(r"\(\d+\)$")

RecognisedWord = tuple[str, float, float, float]


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


def make_decoder() -> Any:
    """The English model of the wheel; beams narrowed to a seventh of real time (word error +0.02)."""
    from pocketsphinx import Decoder

    return Decoder(samprate=16000.0, loglevel="FATAL", maxhmmpf=2000, maxwpf=5)


def recognise(decoder: Any, pcm16: bytes) -> list[RecognisedWord]:
    """Words of one utterance with seconds from its start and posterior confidence 0-1."""
    decoder.start_utt()
    try:
        decoder.process_raw(pcm16, False, True)
    finally:
        decoder.end_utt()
    words = []
    for segment in decoder.seg() or ():
        name = _VARIANT.sub("", segment.word)
        if name[:1] in "<[+":
            continue
        start, end = segment.start_frame * FRAME_S, (segment.end_frame + 1) * FRAME_S
        words.append((name, round(start, 3), round(end, 3), round(min(1.0, max(0.0, segment.prob)), 3)))
    return words


def main() -> None:
    """Serves until stdin ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing the library prints may mix with the answers
    decoder = make_decoder()
    write_message(answers, b"ready")
    while (pcm16 := read_message(requests)) is not None:
        write_message(answers, json.dumps(recognise(decoder, pcm16)).encode())


if __name__ == "__main__":
    main()
