"""The words of a file somebody brought, read in a process of its own that ends at a time and memory limit.

A document is hostile until it was read: what hangs, swells or crashes costs that process, never the service.
"""

import json
import subprocess
import sys
from pathlib import PurePath

from coach.errors import InputError
from coach.settings import ROOT

FORMATS = ("pdf", "docx", "odt", "rtf", "html", "htm", "txt", "md")
MOST_BYTES = 5_000_000
"""A resume with photographs stays below; the largest of a hundred public templates has 1.9 MB."""
MOST_PAGES = 40
TIME_LIMIT_S = 20.0
_MENDS = {
    "encrypted": ("This PDF is protected by a password.", "Save it without one, or paste the text."),
    "pictures": (
        "This file holds pictures of pages, no text.",
        "Paste the text, or save it from the program it was written in.",
    ),
    "pages": (f"This document has more than {MOST_PAGES} pages.", "Take out what an interview does not need."),
    "swollen": ("This file unpacks to more than a document does.", "Save it anew from the program it was written in."),
    "empty": ("There are no words in this file.", "Choose another one, or paste the text."),
    "broken": (
        "This file cannot be read: it is damaged, or not what its name says.",
        "Save it anew, or paste the text.",
    ),
}


def read_document(name: str, content: bytes) -> str:
    """The text of a document, paragraph by paragraph, in reading order; blocking (about half a second).

    Args:
        name: the file's name; its ending says what it is.
        content: the file.

    Raises:
        InputError: too large, of another kind, protected, damaged, without words, or it took too long.
    """
    kind = PurePath(name.lower()).suffix.lstrip(".")
    if kind == "doc":
        raise InputError("Old Word files (.doc) are not read.", mend="Save it as .docx or PDF.")
    if kind not in FORMATS:
        raise InputError(
            f"Files of the kind .{kind or '?'} are not read.", mend=f"Choose one of: {', '.join(FORMATS)}."
        )
    if not content:
        raise _refused("empty")
    if len(content) > MOST_BYTES:
        raise InputError(
            f"This file has {len(content) / 1e6:.1f} MB; {MOST_BYTES / 1e6:.0f} MB are read.",
            mend="Take the pictures out, or save it as text.",
        )
    command = [sys.executable, "-m", "coach.documents.extract", kind, str(MOST_PAGES)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=TIME_LIMIT_S, cwd=ROOT)
    except subprocess.TimeoutExpired as error:
        raise InputError("Reading this file took too long.", mend="Paste the text instead.") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise _refused("broken") from error
    if "reason" in answer:
        raise _refused(str(answer["reason"]))
    return str(answer["text"])


def _refused(reason: str) -> InputError:
    message, mend = _MENDS.get(reason, _MENDS["broken"])
    return InputError(message, mend=mend)
