"""Who may come in: origins, tokens, sizes and rates."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

MAX_JSON_BYTES = 512 * 1024
MAX_TEXT_FRAME_BYTES = 256 * 1024
MAX_AUDIO_FRAME_BYTES = 32_000
"""1 s of PCM; clients send 20-50 ms."""
MAX_UPLOAD_BYTES = 200 * 1024 * 1024
INITS_PER_MINUTE = 120
_TOKEN = re.compile(r"(token=)[^&\s\"]+")


def origin_allowed(headers: Mapping[str, str], allowed: Collection[str] = ()) -> bool:
    """Whether the request comes from our own pages (same host), a listed origin, or no browser at all.

    Browsers always send `Origin` with a WebSocket, so a foreign page cannot leave it out.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == headers.get("host")


def bearer(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The token of a request: `Authorization: Bearer …`, else `?token=…`; empty when there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else query.get("token", "")


class _NoTokens(logging.Filter):
    """Blanks tokens in the addresses that servers log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_TOKEN.sub(r"\1…", a) if isinstance(a, str) else a for a in record.args)
        return True


def hide_tokens() -> None:
    """Keeps interview tokens out of the server's logs."""
    for name in ("uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        if not any(isinstance(f, _NoTokens) for f in logger.filters):
            logger.addFilter(_NoTokens())


class RateLimit:
    """At most `count` in any `per_s` seconds."""

    def __init__(self, count: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._times: deque[float] = deque(maxlen=count)
        self._per_s = per_s
        self._clock = clock

    def allow(self) -> bool:
        """Counts one; False when there were too many."""
        now = self._clock()
        if len(self._times) == self._times.maxlen and now - self._times[0] < self._per_s:
            return False
        self._times.append(now)
        return True
