"""Spoken clips on disk: a text in one voice for one persona is generated and metered once.

A clip's name is a keyed hash, so that nobody who knows a text can tell whether it was said here, nor find it.
"""

import asyncio
import hashlib
import hmac
import logging
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from coach.contracts.transcript import normalise_space
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, StoreError
from coach.speech.voice.growing import GrowingClip
from coach.speech.voice.port import Spoken, Voice, VoiceInParts, WarmedVoice

log = logging.getLogger(__name__)
Meter = Callable[[Sequence[UsageEvent]], Awaitable[None]]

_KEY = re.compile(r"[0-9a-f]{40}")
_SECRET_BYTES = 32
ONCE_S = 900
"""How long a clip stays that speaks of an answer: a follow-up is heard once and must not outlive its interview."""


class Clips:
    """The clips of one voice in `folder`.

    Args:
        folder: where they lie; made when first needed.
        voice: who speaks.
        meter: takes the usage of each clip that was generated.
        kept_days: a clip nobody asked for this long is removed.
    """

    def __init__(self, folder: Path, voice: Voice, meter: Meter, *, kept_days: int = 30) -> None:
        self._folder = folder
        self._voice = voice
        self._meter = meter
        self._kept_s = kept_days * 86_400
        self._making: dict[str, asyncio.Task[None]] = {}
        self._growing: dict[str, GrowingClip] = {}
        self._rehearsals: set[asyncio.Task[None]] = set()
        self._once: set[str] = set()
        self._secret = b""

    async def clip(self, text: str, *, persona_id: str, interview_id: str = "", once: bool = False) -> str:
        """Key of the clip of `text`, generated unless it is there. Two that ask at once share one generation, which
        goes on when the one who asked gives up waiting. `once`: not to be kept.

        Raises:
            VendorError, InputError: it could not be generated.
            StoreError: it could not be kept.
        """
        key, making = await self._begun(text, persona_id, interview_id, once=once, quick=False)
        if making:
            await asyncio.shield(making)
        return key

    async def playable(self, text: str, *, persona_id: str, interview_id: str = "", once: bool = False) -> str:
        """The same, but given as soon as its first words can be heard, and the rest will come in time.

        `growing` has it until `find` does.

        Raises:
            VendorError, InputError, StoreError: it could not even be begun.
        """
        if not isinstance(self._voice, VoiceInParts):
            return await self.clip(text, persona_id=persona_id, interview_id=interview_id, once=once)
        key, making = await self._begun(text, persona_id, interview_id, once=once, quick=True)
        growing = self._growing.get(key)
        if making and growing:
            await growing.begun.wait()
            if not growing.in_time:
                await asyncio.shield(making)
        elif making:
            await asyncio.shield(making)
        return key

    async def warm_up(self) -> None:
        """Loads what the voice needs, so that the first question does not wait for it; a vendor's voice needs nothing.

        Raises:
            SettingsError: it is missing or altered.
        """
        if isinstance(self._voice, WarmedVoice):
            await self._voice.warm_up()

    def growing(self, key: str) -> GrowingClip | None:
        """A clip that is being made and can be heard already."""
        found = self._growing.get(key)
        return found if found and found.parts else None

    async def _begun(
        self, text: str, persona_id: str, interview_id: str, *, once: bool, quick: bool
    ) -> "tuple[str, asyncio.Task[None] | None]":
        """Key, and who makes the clip; nobody where it is there."""
        said = normalise_space(text)
        key = await asyncio.to_thread(self._key, said, persona_id)
        if await asyncio.to_thread(self.find, key):
            return key, None
        making = self._making.get(key)
        if making is None:
            growing = self._growing[key] = GrowingClip()
            work = self._make(key, said, persona_id, interview_id, growing, once=once, quick=quick)
            making = self._making[key] = asyncio.create_task(work)
            making.add_done_callback(lambda task: self._made(key, task))
        return key, making

    def rehearse(self, texts: Sequence[str], *, persona_id: str) -> None:
        """Makes clips of `texts` beforehand, one after the other: what is asked meanwhile waits for one at most.

        What fails is made again, and told, when it is asked.
        """
        self._later(self._rehearse(tuple(texts), persona_id))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._rehearsals.add(task)
        task.add_done_callback(self._rehearsals.discard)

    async def _heard_once(self, key: str) -> None:
        """A clip that speaks of an answer goes when its time is up, also where no other is made any more."""
        await asyncio.sleep(ONCE_S)
        await asyncio.to_thread((self._folder / f"{key}.once.wav").unlink, missing_ok=True)
        self._once.discard(key)

    async def _rehearse(self, texts: Sequence[str], persona_id: str) -> None:
        for text in texts:
            try:
                await self.clip(text, persona_id=persona_id)
            except CoachError as error:
                log.warning("a question was not rehearsed (%s)", error.code)
                return

    def find(self, key: str) -> Path | None:
        """The file of a clip; None when there is none or `key` is no key (blocking)."""
        if not _KEY.fullmatch(key):
            return None
        for path in (self._folder / f"{key}.wav", self._folder / f"{key}.once.wav"):
            with suppress(OSError):
                os.utime(path)
                return path
        return None

    async def close(self) -> None:
        """Ends what is being generated, forgets what was to be heard once, and frees the voice."""
        running = [*self._rehearsals, *self._making.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.to_thread(self._forget_once)
        await self._voice.close()

    def _made(self, key: str, task: "asyncio.Task[None]") -> None:
        self._making.pop(key, None)
        if growing := self._growing.pop(key, None):
            growing.end(failed=task.cancelled() or task.exception() is not None)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a clip was not generated (%s)", getattr(error, "code", type(error).__name__))

    async def _make(
        self, key: str, text: str, persona_id: str, interview_id: str, growing: GrowingClip, *, once: bool, quick: bool
    ) -> None:
        async for part in self._parts(text, persona_id, interview_id, quick=quick):
            growing.add(part)
        spoken = growing.sound
        try:
            await self._meter(spoken.usage)
        except CoachError:
            log.error("usage could not be stored: %d events", len(spoken.usage))
        await asyncio.to_thread(self._keep, f"{key}.once.wav" if once else f"{key}.wav", spoken.wav())
        if once:
            self._once.add(key)
            self._later(self._heard_once(key))

    async def _parts(self, text: str, persona_id: str, interview_id: str, *, quick: bool) -> AsyncIterator[Spoken]:
        if isinstance(self._voice, VoiceInParts):
            async for part in self._voice.speak_parts(text, persona_id=persona_id, quick=quick):
                yield part
        else:
            yield await self._voice.speak(text, persona_id=persona_id, interview_id=interview_id)

    def _key(self, text: str, persona_id: str) -> str:
        said = "\x1f".join((self._voice.clip_key(persona_id), persona_id, text))
        return hmac.new(self._own_secret(), said.encode(), hashlib.sha256).hexdigest()[:40]

    def _own_secret(self) -> bytes:
        """Random bytes of this installation, made once: of many that make them at the same time one wins."""
        path = self._folder / "secret"
        try:
            if not self._secret and not path.exists():
                part = self._part(path, secrets.token_bytes(_SECRET_BYTES))
                with suppress(FileExistsError):
                    path.hardlink_to(part)
                part.unlink()
            self._secret = self._secret or path.read_bytes()
        except OSError as error:
            raise StoreError("The folder of spoken clips cannot be used.", mend="Check COACH_HOME.") from error
        return self._secret

    def _keep(self, name: str, wav: bytes) -> None:
        try:
            path = self._folder / name
            self._part(path, wav).replace(path)
        except OSError as error:
            raise StoreError("A spoken clip could not be kept.", mend="Free some disk space.") from error
        self._forget_old()

    def _part(self, path: Path, content: bytes) -> Path:
        """What `path` will be, whole, under another name, readable by us alone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
        return part

    def _forget_once(self) -> None:
        """Those of this process that speak of an answer."""
        for key in self._once:
            (self._folder / f"{key}.once.wav").unlink(missing_ok=True)

    def _forget_old(self) -> None:
        now = time.time()
        for path in (*self._folder.glob("*.wav"), *self._folder.glob("*.part")):
            with suppress(OSError):
                if now - path.stat().st_mtime > (self._kept_s if path.stem.isalnum() else ONCE_S):
                    path.unlink()
