"""Opens LiveAvatar sessions: token, start, picture, connection. What fails half-way is ended, and its cost recorded."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from coach.avatar.liveavatar.account import SANDBOX_AVATAR, LiveAvatarAccount, SessionWish, StartedSession
from coach.avatar.liveavatar.full import FullSession
from coach.avatar.liveavatar.lite import LiteSession
from coach.avatar.liveavatar.paid import PaidSession
from coach.avatar.liveavatar.sound import SpokenSound
from coach.avatar.policy import AvatarPolicy
from coach.avatar.port import AvatarEvent, AvatarListener, AvatarView
from coach.contracts.usage import UsageEvent
from coach.errors import SettingsError, VendorAuthError, VendorLimitError

PICTURE_PATIENCE_S = 2.5
"""How long words wait for the browser to show the face; after that they are said all the same."""
UsageSink = Callable[[Sequence[UsageEvent]], None]


@dataclass(frozen=True, slots=True)
class Faces:
    """Which avatar stands for which persona; `usual` for all that are not named. `voice_id` is FULL's alone."""

    by_persona: Mapping[str, str] = field(default_factory=dict)
    usual: str = SANDBOX_AVATAR
    voice_id: str = ""
    sandbox: bool = False

    @classmethod
    def parse(cls, text: str, *, voice_id: str = "", sandbox: bool = False) -> "Faces":
        """From `ID` or `sarah=ID,john=ID,ID`; the sandbox has its own one and no other.

        Raises:
            SettingsError: a part without an id.
        """
        named: dict[str, str] = {}
        usual = SANDBOX_AVATAR
        for part in filter(None, (each.strip() for each in text.split(","))):
            persona, equals, avatar = (each.strip() for each in part.rpartition("="))
            if not avatar or (equals and not persona):
                raise SettingsError(
                    f"LIVEAVATAR_AVATAR_ID: '{part}' names no avatar.", mend="Write ID or sarah=ID,john=ID."
                )
            named |= {persona: avatar} if persona else {}
            usual = usual if persona else avatar
        if sandbox:
            named, usual = {}, SANDBOX_AVATAR
        return cls(named, usual, voice_id, sandbox)


class LiveAvatar:
    """Implements `coach.avatar.port.Avatar`."""

    name = "liveavatar"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = "https://api.liveavatar.com",
        *,
        policy: AvatarPolicy,
        faces: Faces | None = None,
        sound: SpokenSound | None = None,
        on_usage: UsageSink | None = None,
        picture_patience_s: float = PICTURE_PATIENCE_S,
    ) -> None:
        """The policy's tariff says which mode; LITE needs a `sound`.

        `on_usage` takes use of connections that were given up before anybody had them.
        """
        self._account = LiveAvatarAccount(api_key, base_url)
        self._policy = policy
        self._faces = faces or Faces()
        self._sound = sound
        self._on_usage = on_usage
        self._patience_s = picture_patience_s
        self._ending: set[asyncio.Task[None]] = set()
        self.label = f"LiveAvatar ({policy.tariff.mode.upper()})"

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> LiteSession | FullSession:
        """One paid session; the picture's address is told through the listener as soon as there is one.

        Raises:
            VendorError: split by kind; nothing is left running.
        """
        session_id, session_token = await self._account.token(self._wish(persona_id))
        paid = PaidSession(self._account, session_id, session_token, self._policy.tariff, interview_id)
        try:
            started = await self._account.start(session_id, session_token)
            paid.started = True
            return await self._connected(started, paid, listener, persona_id, interview_id)
        except (VendorAuthError, VendorLimitError):
            self._give_up(paid, listener, running=paid.started)
            raise
        except BaseException:
            self._give_up(paid, listener, running=True)
            raise

    async def close(self) -> None:
        """Ends what is still to be ended, then closes the connections."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._account.close()

    def _wish(self, persona_id: str) -> SessionWish:
        faces, policy = self._faces, self._policy
        return SessionWish(
            mode=policy.tariff.mode,
            avatar_id=faces.by_persona.get(persona_id, faces.usual),
            longest_s=policy.longest_s,
            sandbox=faces.sandbox,
            voice_id=faces.voice_id,
        )

    async def _connected(
        self, started: StartedSession, paid: PaidSession, listener: AvatarListener, persona_id: str, interview_id: str
    ) -> LiteSession | FullSession:
        mode = self._policy.tariff.mode
        view = AvatarView(started.session_id, started.livekit_url, started.livekit_client_token, mode)
        await listener(AvatarEvent("view", view=view))
        if mode == "full":
            return FullSession(self._account, started, paid, view, listener)
        if self._sound is None:
            raise SettingsError(
                "LiveAvatar's LITE mode needs a voice.", mend="Set COACH_VOICE or LIVEAVATAR_MODE=full."
            )
        return await LiteSession.connect(
            started.ws_url,
            paid,
            view,
            listener,
            self._sound,
            persona_id=persona_id,
            interview_id=interview_id,
            picture_patience_s=self._patience_s,
        )

    def _give_up(self, paid: PaidSession, listener: AvatarListener, *, running: bool) -> None:
        """Ends a session nobody will have, beside whoever waited for it."""

        async def end() -> None:
            if paid.started:
                await listener(AvatarEvent("view"))
            await paid.end()
            if (usage := await paid.usage()) and self._on_usage:
                self._on_usage(usage)

        if running:
            task = asyncio.create_task(end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
