"""The avatar port: who asks. LiveAvatar, the drawn persona and test doubles fit behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from coach.contracts.usage import UsageEvent

Purpose = Literal["intro", "question", "follow_up", "transition"]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """Something to say. `task_id` identifies it in every event; `clip_key` names a cached clip when there is one.

    `lead_in` is said before it in the same breath: a phrase that comes again and again, so with a clip of its own.
    """

    task_id: str
    text: str
    purpose: Purpose
    clip_key: str = ""
    lead_in: str = ""

    @property
    def words(self) -> str:
        """All that is said."""
        return f"{self.lead_in} {self.text}".strip()

    def parts(self) -> tuple["SpeechRequest", ...]:
        """What is made into a clip each: the lead-in where there is one, and the text."""
        own = replace(self, lead_in="")
        return (replace(own, text=self.lead_in, purpose="transition"), own) if self.lead_in else (own,)


@dataclass(frozen=True, slots=True)
class AvatarView:
    """The live picture of one connection, as the browser joins it; `token` opens this room alone and ends with it."""

    session_id: str
    url: str
    token: str
    mode: Literal["lite", "full"]


@dataclass(frozen=True, slots=True)
class AvatarEvent:
    """What the avatar reports.

    speech started, ended or failed; `say` = the browser is to speak (its own voice with `detail` saying why
    where another was wanted, or the sound at `audio_url`);
    `relay` = the browser is to have the live avatar say it, over the connection of its picture;
    `view` = the live picture can be joined, or with no `view` is over;
    `told` = something the person should know (`detail`, as a notice of `code`), nothing else changes;
    `down` = the avatar is gone: continue in audio mode.
    """

    kind: Literal["speech_started", "speech_ended", "speech_failed", "say", "relay", "view", "told", "down"]
    task_id: str = ""
    detail: str = ""
    audio_url: str | None = None
    lead_in_url: str | None = None
    code: str = "AVATAR_DRAWN"
    view: AvatarView | None = None


AvatarListener = Callable[[AvatarEvent], Awaitable[None]]


class AvatarSession(Protocol):
    """One avatar for one interview."""

    async def speak(self, request: SpeechRequest) -> None:
        """Asks for speech and returns once the request left us; progress comes through the listener.

        Raises:
            VendorError: the avatar cannot speak; the caller falls back to voice or subtitle.
        """

    async def cancel(self) -> None:
        """Stops speaking."""

    async def seen(self, *, shown: bool) -> None:
        """The browser shows the live picture, or cannot; means nothing where there is none."""

    def client_config(self) -> dict[str, object]:
        """What the browser needs to show it (persona, url, token); no secret of ours."""

    async def usage(self) -> tuple[UsageEvent, ...]:
        """What the session used; called at its end, before or after `close`. The vendor's own count where it tells."""

    async def close(self) -> None:
        """Ends the session at the vendor."""


class Avatar(Protocol):
    """A kind of avatar."""

    name: str
    label: str

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> AvatarSession:
        """Starts a session."""

    async def close(self) -> None:
        """Frees clients."""
