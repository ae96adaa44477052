"""Objects on their way between the service and the workers it started itself, as one line of text."""

import base64
import pickle
from typing import Any


def packed(value: object) -> str:
    """As text."""
    return base64.b64encode(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)).decode()


def unpacked(text: str) -> Any:
    """What `packed` made, of a pipe to one's own process alone: unpickling runs what the sender says."""
    return pickle.loads(base64.b64decode(text))
