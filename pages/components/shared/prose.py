"""Somebody's own words on a page: shown as written, never read as Markdown or HTML."""

import html
import re

_SIGNS = "\\`*_[]$~#|:@"
_WEB = re.compile(r"(?i)\b(www)\.")
"""A name on the web becomes a link without any sign; so do mail addresses."""

_OPENS = re.compile(r"^(\s*)(\d*)([-+=]|(?<=\d)[.)])")
"""What opens a list, numbered or not, or makes a heading of the line above."""


def plain(text: str) -> str:
    """`text` with every sign escaped that Markdown would act on; a list or heading at a line start stays text."""
    escaped = html.escape(text, quote=False)
    for sign in _SIGNS:
        escaped = escaped.replace(sign, f"\\{sign}")
    escaped = _WEB.sub(r"\1\\.", escaped)
    return "\n".join(_line(line) for line in escaped.split("\n"))


def _line(line: str) -> str:
    return _OPENS.sub(r"\1\2\\\3", line, count=1)
