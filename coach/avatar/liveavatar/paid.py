"""One paid session at the vendor: ended for certain, and counted as the vendor counts."""

import asyncio
import logging

from coach.avatar.liveavatar.account import LiveAvatarAccount, SessionUse
from coach.avatar.metered import connection_usage
from coach.avatar.policy import AvatarTariff
from coach.contracts.usage import UsageEvent
from coach.errors import VendorAuthError, VendorError, VendorProtocolError

log = logging.getLogger(__name__)
STOP_AGAIN_S = (0.2, 1.0)
READ_AGAIN_S = (0.2, 0.5, 1.0, 2.0)
"""Waits before the same is asked again: a session that is not stopped goes on costing, a count may come late."""


class PaidSession:
    """Made before the start is asked for, so that one that was given up half-way is ended as well.

    Times are those of the running event loop's clock.
    """

    def __init__(
        self, account: LiveAvatarAccount, session_id: str, session_token: str, tariff: AvatarTariff, interview_id: str
    ) -> None:
        self._account = account
        self.id = session_id
        self._token = session_token
        self._tariff = tariff
        self._interview_id = interview_id
        self._opened_s = _now()
        self._ended_s: float | None = None
        self._stopping: asyncio.Task[None] | None = None
        self.started = False

    async def end(self) -> None:
        """Stops it at the vendor, once; goes on stopping when the one who waits is cancelled."""
        if self._stopping is None:
            self._ended_s = _now()
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        for wait_s in (*STOP_AGAIN_S, None):
            try:
                return await self._account.stop(self.id, self._token)
            except (VendorAuthError, VendorProtocolError):
                return None  # over already, as far as this token goes
            except VendorError:
                if wait_s is None:
                    log.warning("an avatar session could not be stopped; the vendor ends it when its time is over")
                    return None
                await asyncio.sleep(wait_s)
        return None

    async def usage(self) -> tuple[UsageEvent, ...]:
        """The vendor's count once the session is over; until it tells one, the tariff on our own clock."""
        told = await self._told() if self._ended_s is not None else None
        if told is None and not self.started:
            return ()
        seconds = (self._ended_s or _now()) - self._opened_s
        return connection_usage(
            self._tariff,
            interview_id=self._interview_id,
            session_id=self.id,
            seconds=told.duration_s if told else seconds,
            credits=told.credits if told else self._tariff.credits(seconds),
            estimated=told is None,
        )

    async def _told(self) -> SessionUse | None:
        for wait_s in (*READ_AGAIN_S, None):
            try:
                if found := await self._account.used(self.id):
                    return found
            except (VendorAuthError, VendorProtocolError):
                return None
            except VendorError:
                pass
            if wait_s is None or not self.started:
                break
            await asyncio.sleep(wait_s)
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
