"""Who may come in: origins, tokens, sizes and rates."""

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
