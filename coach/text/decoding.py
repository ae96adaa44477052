"""Bytes of a text file as text, whatever it was saved as: UTF-8, UTF-16 with or without a mark, or Windows-1252."""

import re

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
_BINARY = 0.02
"""Share of control characters from which a file is no text."""


def decoded(raw: bytes) -> str:
    """The text of `raw`.

    Raises:
        ValueError: it is no text in any of these.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding)
    if len(raw) >= 4 and raw[:400].count(0) >= 0.3 * len(raw[:400]):
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        controls = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in raw)
        if controls > _BINARY * len(raw):
            raise
        return raw.decode("cp1252")


def storable(text: str) -> str:
    """`text` as every database and page takes it: without NUL, "?" for half a character (JSON can bring one)."""
    return _NOT_KEPT.sub(lambda found: "" if found.group() == "\x00" else "?", text) if _NOT_KEPT.search(text) else text
