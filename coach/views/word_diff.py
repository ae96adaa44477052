"""What changed from one text to another, word by word."""

import difflib
import html
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "gone", "new"]
_WORDS = re.compile(r"\s+|[^\s\w]|[\w'’\-]+")


@dataclass(frozen=True, slots=True)
class WordRun:
    """Some words that stand in both texts, only in the first (`gone`) or only in the second (`new`)."""

    kind: Kind
    text: str


def word_diff(old: str, new: str) -> list[WordRun]:
    """The pieces of both texts in reading order; joining those that are not `new` gives `old`, not `gone` gives `new`.

    Matching is by whole words (Ratcliff & Obershelp, difflib), without its guess of what is junk.
    """
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    found: list[WordRun] = []
    for kind, a_from, a_to, b_from, b_to in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(WordRun("same", "".join(a[a_from:a_to])))
            continue
        gone, fresh = "".join(a[a_from:a_to]), "".join(b[b_from:b_to])
        found += [WordRun("gone", gone)] if gone else []
        found += [WordRun("new", fresh)] if fresh else []
    return found


def word_diff_html(old: str, new: str) -> str:
    """The difference as HTML with `<del>` and `<ins>`; every other sign is escaped."""
    tags = {"same": "", "gone": "del", "new": "ins"}
    parts = []
    for piece in word_diff(old, new):
        text, tag = html.escape(piece.text).replace("\n", "<br>"), tags[piece.kind]
        parts.append(f"<{tag}>{text}</{tag}>" if tag else text)
    return "".join(parts)
