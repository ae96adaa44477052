"""Job postings as files."""

import json

from coach.brain.port import PlanRequest
from coach.errors import InputError

POSTING_LIMIT = 60_000
"""Characters of a posting that are read."""


def posting_of_file(name: str, content: bytes) -> PlanRequest:
    """A posting from a text file, or from JSON with title, company and description.

    Raises:
        InputError: it is neither.
    """
    try:
        text = content.decode("utf-8-sig")
        if not name.lower().endswith(".json"):
            return PlanRequest("", "", text[:POSTING_LIMIT])
        fields = json.loads(text)
        title, company, body = (str(fields.get(key, ""))[:POSTING_LIMIT] for key in ("title", "company", "description"))
        return PlanRequest(title, company, body)
    except (UnicodeDecodeError, ValueError, AttributeError) as error:
        raise InputError("This file cannot be read.", mend="Use text, or JSON with title and description.") from error
