"""Who may come in: origins, tokens, sizes and rates."""

import ipaddress
import logging
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

MAX_JSON_BYTES = 512 * 1024
MAX_TEXT_FRAME_BYTES = 256 * 1024
MAX_AUDIO_FRAME_BYTES = 32_000
"""1 s of PCM; clients send 20-50 ms."""
MAX_UPLOAD_BYTES = 200 * 1024 * 1024
MAX_UPLOADS = 8
"""Recordings on their way in together, over all interviews."""
SOCKETS_PER_TOKEN = 8
"""Tabs of one interview."""
SOCKETS_PER_ADDRESS = 128
"""Some 60 people behind one address: a page has one socket of its own, an interview another."""
INITS_PER_CLIENT = RateLimitItemPerMinute(120)
INITS_OF_ALL = RateLimitItemPerMinute(600)
COMMANDS_PER_S = 100
_TOKEN = re.compile(r"(token=|/join/)[^&\s\"]+")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE = {"https", "wss"}


def origin_allowed(headers: Mapping[str, str], scheme: str, allowed: Collection[str] = ()) -> bool:
    """Whether the request comes from our own pages, a listed origin, or no browser at all.

    Our own means: same scheme, host and port as the request itself. Browsers always send `Origin` with a WebSocket,
    so a foreign page cannot leave it out.

    Args:
        headers: of the request, names in lower case.
        scheme: of the request: http, https, ws or wss.
        allowed: foreign pages that are welcome, as `https://host`.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    there, here = _place(origin), _place(f"{scheme}://{headers.get('host', '')}")
    return there is not None and there == here


def _place(url: str) -> tuple[bool, str, int] | None:
    """(encrypted, host, port) of an address; None for anything that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme in _SECURE, parts.hostname.lower(), port) if parts.hostname else None


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def host_name(host: str) -> str:
    """The name in a `Host` header, in lower case, without port; empty when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    plain = parts.hostname and not (parts.username or parts.password or parts.path or parts.query or parts.fragment)
    return (parts.hostname or "").lower().rstrip(".") if plain else ""


def is_local_name(name: str) -> bool:
    """Whether only this machine is called so."""
    return name == "localhost" or is_loopback(name)


def host_listed(name: str, listed: Collection[str]) -> bool:
    """Whether a name is on a list; `*.example.org` stands for all below it."""
    return any(name.endswith(entry[1:]) if entry.startswith("*.") else name == entry for entry in listed)


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


def rates() -> MovingWindowRateLimiter:
    """Counts what each client did lately, in this process; one for many clients, because it owns a thread."""
    return MovingWindowRateLimiter(MemoryStorage())
