"""LiveAvatar's REST interface: a session's token, its start, keep-alive and stop, and what it used.

Answers come in an envelope `{code, data, message}`. The key (`X-API-KEY`) mints tokens and reads sessions; a session is
started, kept and stopped with its own token. Nothing is tried twice here: whoever waits has a drawn persona that speaks
at once. Source: docs.liveavatar.com, sessions, LITE and FULL mode, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from coach.errors import (
    VendorAuthError,
    VendorError,
    VendorLimitError,
    VendorProtocolError,
    VendorTimeoutError,
)

TIMEOUT = httpx.Timeout(5.0, read=10.0)
SANDBOX_AVATAR = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a"
"""Wayne, the one avatar that the sandbox has; also used where no other is set."""
Mode = Literal["lite", "full"]
EndReason = Literal["USER_DISCONNECTED", "USER_CLOSED"]


@dataclass(frozen=True, slots=True)
class SessionWish:
    """What a session is to be. `voice_id` and `context_id` belong to FULL alone; empty = the avatar's own."""

    mode: Mode
    avatar_id: str
    longest_s: int
    sandbox: bool = False
    voice_id: str = ""
    context_id: str = ""

    def body(self) -> dict[str, object]:
        """As `POST /v1/sessions/token` takes it. FULL without a context says what it is told and answers nobody."""
        body: dict[str, object] = {
            "mode": self.mode.upper(),
            "avatar_id": self.avatar_id,
            "is_sandbox": self.sandbox,
            "max_session_duration": self.longest_s,
            "video_settings": {"quality": "high", "encoding": "H264"},
        }
        if self.mode == "full":
            chosen = {"voice_id": self.voice_id, "context_id": self.context_id}
            body["avatar_persona"] = {"language": "en", **{name: value for name, value in chosen.items() if value}}
        return body


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that runs, and is paid for from now on. `ws_url` is empty in FULL mode."""

    session_id: str
    session_token: str
    livekit_url: str
    livekit_client_token: str
    ws_url: str = ""


@dataclass(frozen=True, slots=True)
class SessionUse:
    """The vendor's own count of a session that is over."""

    duration_s: float
    credits: float


class LiveAvatarAccount:
    """One key at one server, over one warm client."""

    def __init__(self, api_key: SecretStr, base_url: str = "https://api.liveavatar.com") -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._key = {"X-API-KEY": api_key.get_secret_value()}
        self._client = httpx.AsyncClient(base_url=base_url.rstrip("/"), timeout=TIMEOUT, limits=limits)

    async def token(self, wish: SessionWish) -> tuple[str, str]:
        """Id and token of a session that is not started yet, and costs nothing yet.

        Raises:
            VendorError: split by kind.
        """
        data = await self._call("POST", "/v1/sessions/token", self._key, wish.body())
        return _text(data, "session_id"), _text(data, "session_token")

    async def start(self, session_id: str, session_token: str) -> StartedSession:
        """Starts it: the vendor takes the first minute's credits.

        Raises:
            VendorError: split by kind; `VendorLimitError` without credit, or with too many sessions at once.
        """
        data = await self._call("POST", "/v1/sessions/start", _bearer(session_token), {"session_id": session_id})
        return StartedSession(
            session_id=session_id,
            session_token=session_token,
            livekit_url=_text(data, "livekit_url"),
            livekit_client_token=_text(data, "livekit_client_token"),
            ws_url=str(data.get("ws_url") or ""),
        )

    async def keep_alive(self, started: StartedSession) -> None:
        """Begins the five idle minutes anew.

        Raises:
            VendorError: split by kind.
        """
        body = {"session_id": started.session_id}
        await self._call("POST", "/v1/sessions/keep-alive", _bearer(started.session_token), body)

    async def stop(self, session_id: str, session_token: str, reason: EndReason = "USER_CLOSED") -> None:
        """Ends it; one that has ended already stays ended.

        Raises:
            VendorError: split by kind.
        """
        body = {"session_id": session_id, "reason": reason}
        await self._call("POST", "/v1/sessions/stop", _bearer(session_token), body)

    async def used(self, session_id: str) -> SessionUse | None:
        """The vendor's count; None while it has none.

        Raises:
            VendorError: split by kind.
        """
        data = await self._call("GET", f"/v1/sessions/{session_id}", self._key, None)
        duration, credits = data.get("duration"), data.get("credits_consumed")
        if duration is None or credits is None:
            return None
        try:
            return SessionUse(max(0.0, float(duration)), max(0.0, float(credits)))
        except (TypeError, ValueError) as error:
            raise VendorProtocolError("LiveAvatar counts in something else than numbers.") from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, headers: dict[str, str], body: Mapping[str, object] | None
    ) -> dict[str, Any]:
        try:
            answer = await self._client.request(method, path, headers=headers, json=body)
        except httpx.TimeoutException as error:
            raise VendorTimeoutError("LiveAvatar does not answer.") from error
        except httpx.HTTPError as error:
            raise VendorError("LiveAvatar cannot be reached.") from error
        told = _envelope(answer)
        if answer.status_code >= 400:
            raise vendor_error(answer.status_code, str(told.get("message") or ""))
        data = told.get("data")
        return data if isinstance(data, dict) else {}


def vendor_error(status: int, message: str) -> VendorError:
    """The error of an HTTP status; the vendor's words only tell a missing credit from a missing right."""
    if status == 402 or (status in (400, 403, 409, 422) and "credit" in message.lower()):
        return VendorLimitError("LiveAvatar has no credit left.", mend="Add credits, or set COACH_AVATAR=drawn.")
    if status in (401, 403):
        return VendorAuthError("LiveAvatar refused our key.", mend="Check LIVEAVATAR_API_KEY; a HeyGen key is none.")
    if status == 429:
        return VendorLimitError("LiveAvatar runs no more sessions at once.")
    if status >= 500:
        return VendorError(f"LiveAvatar answers {status}.")
    return VendorProtocolError(f"LiveAvatar takes no such request ({status}).")


def _envelope(answer: httpx.Response) -> dict[str, object]:
    """The envelope; an answer that is none is as good as an empty one, its status tells the rest."""
    try:
        told = answer.json() if answer.content else {}
    except ValueError:
        told = {}
    return told if isinstance(told, dict) else {}


def _text(data: dict[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise VendorProtocolError(f"LiveAvatar told no {name}.")
    return value


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
