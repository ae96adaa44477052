"""Relays for WebRTC: which TURN servers browsers and this server use, with a user of their own for some hours.

With a shared secret the user is the second it ends at, the password its HMAC-SHA1: the "TURN REST API" that coturn
calls `use-auth-secret` (draft-uberti-behave-turn-rest-00, section 2.2). No secret reaches a browser that way.
"""

import base64
import hmac
import time
from collections.abc import Callable

from pydantic import SecretStr

from coach.errors import SettingsError
from coach.settings import Settings

LIVES_S = 12 * 3600
RENEWED_S = 3600
"""The same user within an hour: a WebRTC connection is made anew where its configuration changes."""
Server = dict[str, object]


def ice_servers(settings: Settings, clock: Callable[[], float] = time.time) -> list[Server]:
    """What `RTCPeerConnection` takes as `iceServers`; empty where no TURN server is set.

    Raises:
        SettingsError: an address is none of `stun:`, `turn:`, `turns:`, or nobody could use it.
    """
    urls = [url.strip() for url in settings.coach_turn_url.split(",") if url.strip()]
    if not urls:
        return []
    if strange := [url for url in urls if not url.startswith(("stun:", "turn:", "turns:"))]:
        raise SettingsError(
            f"COACH_TURN_URL has {strange[0]}, which is no TURN server.",
            mend="Write turn:HOST:3478 or turns:HOST:5349.",
        )
    return [{"urls": urls, **_user(settings, clock, needed=any(url.startswith("turn") for url in urls))}]


def _user(settings: Settings, clock: Callable[[], float], *, needed: bool) -> dict[str, str]:
    if settings.coach_turn_secret:
        ends = str((int(clock()) // RENEWED_S) * RENEWED_S + RENEWED_S + LIVES_S)
        return {"username": ends, "credential": _password(ends, settings.coach_turn_secret)}
    if settings.coach_turn_user and settings.coach_turn_password:
        return {"username": settings.coach_turn_user, "credential": settings.coach_turn_password.get_secret_value()}
    if needed:
        raise SettingsError(
            "COACH_TURN_URL is set, but nobody could use those servers.",
            mend="Set COACH_TURN_SECRET, or COACH_TURN_USER and COACH_TURN_PASSWORD.",
        )
    return {}


def _password(user: str, secret: SecretStr) -> str:
    return base64.b64encode(hmac.digest(secret.get_secret_value().encode(), user.encode(), "sha1")).decode()
