"""A remote avatar over HTTP: the shape every vendor's session has, spoken to a loopback server in tests and figures.

`POST /sessions` opens one, `POST /sessions/{id}/speak` asks for speech, `POST /sessions/{id}/cancel` stops it,
`GET /sessions/{id}/events` streams what happens (one JSON object a line), `DELETE /sessions/{id}` ends it and may tell
`{duration, credits_consumed}`. One warm client serves all sessions: a new one per call costs about 90 ms.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from coach.avatar.policy import AvatarTariff
from coach.avatar.port import AvatarEvent, AvatarListener, SpeechRequest
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.errors import VendorAuthError, VendorError, VendorLimitError, VendorProtocolError, VendorTimeoutError

TIMEOUT = httpx.Timeout(5.0, read=10.0)
_KINDS = frozenset({"speech_started", "speech_ended", "speech_failed"})


def vendor_error(status: int) -> VendorError:
    """The error of an HTTP status."""
    if status in (401, 403):
        return VendorAuthError("The avatar refused our key.")
    if status == 429:
        return VendorLimitError("The avatar's limit is reached.")
    return VendorProtocolError(f"The avatar answered {status}.")


class RemoteSession:
    """One avatar at the vendor, metered from opening to closing: as the vendor counts, else as measured here."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        body: dict[str, Any],
        interview_id: str,
        listener: AvatarListener,
        tariff: AvatarTariff | None = None,
    ):
        self._client = client
        self._id = str(body["session_id"])
        self._view = dict(body.get("view", {}))
        self._interview_id = interview_id
        self._listener = listener
        self._tariff = tariff
        self._opened = _now()
        self._closed: float | None = None
        self._told: dict[str, Any] = {}
        self._task = asyncio.create_task(self._listen())

    async def speak(self, request: SpeechRequest) -> None:
        """See the port."""
        body = {"task_id": request.task_id, "text": request.words, "clip_key": request.clip_key}
        await self._call("POST", f"/sessions/{self._id}/speak", body)

    async def cancel(self) -> None:
        """See the port."""
        await self._call("POST", f"/sessions/{self._id}/cancel", {})

    async def seen(self, *, shown: bool) -> None:
        """See the port: a picture is not waited for."""

    def client_config(self) -> dict[str, object]:
        """See the port."""
        return {"kind": "remote", **self._view}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """Connected seconds so far, and their credits where there is a tariff; asked again they are the same events."""
        seconds = self._told.get("duration", round((self._closed or _now()) - self._opened, 3))
        if self._tariff is None:
            return (self._event("remote_avatar", "remote.connected", seconds, "second"),)
        credits = self._told.get("credits_consumed", self._tariff.credits(float(seconds)))
        vendor = self._tariff.vendor
        return (
            self._event(vendor, f"{self._tariff.mode}.connected", seconds, "second"),
            self._event(vendor, self._tariff.meter, credits, "credit"),
        )

    def _event(self, vendor: str, meter: str, quantity: float, unit: str) -> UsageEvent:
        return UsageEvent(
            event_id=usage_event_id(self._interview_id, self._id, meter),
            vendor=vendor,
            meter=meter,
            quantity=Decimal(str(quantity)),
            unit=unit,
            occurred_at=datetime.now(UTC),
            interview_id=self._interview_id,
            call_id=self._id,
            estimated=not self._told,
        )

    async def close(self) -> None:
        """See the port."""
        if self._closed is not None:
            return
        self._closed = _now()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with suppress(VendorError):
            told = await self._call("DELETE", f"/sessions/{self._id}", None)
            self._told = told if {"duration", "credits_consumed"} <= told.keys() else {}

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        return await call(self._client, method, path, body)

    async def _listen(self) -> None:
        """Reads events for as long as the session lives; a lost stream means the avatar is down."""
        try:
            async with self._client.stream("GET", f"/sessions/{self._id}/events", timeout=None) as stream:
                async for line in stream.aiter_lines():
                    await self._tell(line)
        except httpx.HTTPError:
            pass
        await self._listener(AvatarEvent("down"))

    async def _tell(self, line: str) -> None:
        with suppress(ValueError, KeyError):
            event = json.loads(line)
            if event["kind"] in _KINDS:
                await self._listener(AvatarEvent(event["kind"], str(event["task_id"])))


def _now() -> float:
    return asyncio.get_running_loop().time()


async def call(client: httpx.AsyncClient, method: str, path: str, body: dict[str, object] | None) -> dict[str, object]:
    """One request; failures become errors of ours.

    Raises:
        VendorError: split by kind.
    """
    try:
        answer = await client.request(method, path, json=body)
    except httpx.TimeoutException as error:
        raise VendorTimeoutError("The avatar does not answer.") from error
    except httpx.HTTPError as error:
        raise VendorError("The avatar cannot be reached.") from error
    if answer.status_code >= 400:
        raise vendor_error(answer.status_code)
    return answer.json() if answer.content else {}


class RemoteAvatar:
    """Opens sessions at `base_url` over one warm client."""

    name = "remote"
    label = "remote avatar"

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str = "",
        client: Callable[[], httpx.AsyncClient] | None = None,
        tariff: AvatarTariff | None = None,
    ):
        """`tariff` is how the vendor counts; without one only seconds are recorded."""
        self._tariff = tariff
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = (
            client()
            if client
            else httpx.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT, limits=limits)
        )

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> RemoteSession:
        """See the port."""
        body = await call(self._client, "POST", "/sessions", {"persona_id": persona_id})
        if "session_id" not in body:
            raise VendorProtocolError("The avatar opened no session.")
        return RemoteSession(self._client, body, interview_id, listener, self._tariff)

    async def close(self) -> None:
        """Closes the client."""
        await self._client.aclose()
