"""Tables as CSV for people who open them in a spreadsheet: what somebody wrote is never computed there."""

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet compute (OWASP, CSV injection)."""


def as_csv(frame: pd.DataFrame) -> str:
    """The frame without its index; text that a spreadsheet would compute begins with an apostrophe, numbers stay.

    Lines end as RFC 4180 has them: only so a lone carriage return in a text is quoted, and no row begins behind it.
    """
    marked = frame.rename(columns=as_text)
    return marked.map(as_text).to_csv(index=False, lineterminator="\r\n")


def as_text(value: object) -> object:
    """A cell as it is written: marked as text where a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
