"""A FULL session: the vendor's own voice, told what to say by the browser that shows the picture.

The text goes over the data channel of the picture's room (`avatar.speak_text`, topic `agent-control`), so it is the
stage that sends it and hears when it is over. Without a context the avatar says what it is told and answers nobody.
"""

import asyncio
from contextlib import suppress

from coach.avatar.liveavatar.account import LiveAvatarAccount, StartedSession
from coach.avatar.liveavatar.paid import PaidSession
from coach.avatar.port import AvatarEvent, AvatarListener, AvatarView, SpeechRequest
from coach.contracts.usage import UsageEvent
from coach.errors import VendorError

KEEP_ALIVE_S = 60.0


class FullSession:
    """One avatar that speaks by itself."""

    def __init__(
        self,
        account: LiveAvatarAccount,
        started: StartedSession,
        paid: PaidSession,
        view: AvatarView,
        listener: AvatarListener,
    ) -> None:
        self._account = account
        self._started = started
        self._paid = paid
        self._view = view
        self._listener = listener
        self._living = asyncio.create_task(self._live_on())

    async def speak(self, request: SpeechRequest) -> None:
        """Hands the text to the browser, which has the avatar say it."""
        await self._listener(AvatarEvent("relay", request.task_id))

    async def cancel(self) -> None:
        """The stage interrupts by itself when it hears that the speech is over."""

    async def seen(self, *, shown: bool) -> None:
        """The stage waits for its picture before it lets it speak."""

    def client_config(self) -> dict[str, object]:
        """Where the browser joins the picture."""
        return {"kind": "liveavatar", "session_id": self._view.session_id, "url": self._view.url, "mode": "full"}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """See `PaidSession.usage`."""
        return await self._paid.usage()

    async def close(self) -> None:
        """Ends the session at the vendor."""
        self._living.cancel()
        await asyncio.gather(self._living, return_exceptions=True)
        await self._paid.end()

    async def _live_on(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            with suppress(VendorError):
                await self._account.keep_alive(self._started)
