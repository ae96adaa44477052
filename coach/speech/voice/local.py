"""The voice on this computer: Kokoro in this process, on a thread of its own with a lower priority.

One part of a text is spoken at a time: what waits is next in order. The model is loaded when first needed
and let go after ten minutes in which nothing was said.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from coach.contracts.transcript import normalise_space
from coach.errors import CoachError, InputError, VendorError
from coach.speech.freeing import give_back
from coach.speech.voice import phonemes
from coach.speech.voice.kokoro import SAMPLE_RATE_HZ, Kokoro
from coach.speech.voice.parting import Part, quick_parts, whole_sentences
from coach.speech.voice.pauses import PAUSE_S, pcm16
from coach.speech.voice.port import LONGEST_TEXT, Spoken
from coach.speech.voice.speakers import Speaker, speaker_of

NICENESS = 5
IDLE_S = 600


class LocalVoice:
    """Implements `coach.speech.voice.port.Voice`; costs nothing, so it meters nothing."""

    name = "local"
    label = "Kokoro on this computer"

    def __init__(self, cache: Path | None = None) -> None:
        """`cache` keeps the joined model; the user's cache folder unless given."""
        self._cache = cache
        self._kokoro: Kokoro | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice", initializer=_step_back)
        self._idle: threading.Timer | None = None

    def clip_key(self, persona_id: str) -> str:
        """Model, speaker, accent and pace."""
        who = speaker_of(persona_id)
        return f"kokoro-1.0:{who.kokoro}:{who.accent}:{who.pace}:{SAMPLE_RATE_HZ}"

    async def warm_up(self) -> None:
        """Loads the model; it is let go like after a sentence when nothing is said.

        Raises:
            SettingsError: model or phonemiser are missing, or altered.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._model)
        self._later(IDLE_S)

    async def speak(
        self, text: str, *, persona_id: str = "", interview_id: str = "", attempt_id: str | None = None
    ) -> Spoken:
        """Speaks up to 2,000 characters.

        Raises:
            InputError: nothing to say, or too much.
            SettingsError: model or phonemiser are missing, or altered.
            VendorError: one of them failed, or the voice was closed.
        """
        parts = [part async for part in self.speak_parts(text, persona_id=persona_id)]
        return Spoken(b"".join(part.pcm for part in parts), SAMPLE_RATE_HZ)

    async def speak_parts(self, text: str, *, persona_id: str = "", quick: bool = False) -> AsyncIterator[Spoken]:
        """The same, part by part; see `VoiceInParts`. Between two parts another text may have its turn."""
        said = normalise_space(text)
        if not said or len(said) > LONGEST_TEXT:
            raise InputError(f"A text to speak has 1 to {LONGEST_TEXT} characters.")
        heard = False
        parts = quick_parts(said) if quick else whole_sentences(said)
        for number, part in enumerate(parts, start=1):
            after = PAUSE_S if part.ends and number < len(parts) else 0.0
            try:
                made = self._thread.submit(self._speak, part, speaker_of(persona_id), after)
            except RuntimeError as error:
                raise VendorError("The local voice was closed.") from error
            pcm = await asyncio.wrap_future(made)
            heard = heard or bool(pcm)
            yield Spoken(pcm, SAMPLE_RATE_HZ)
        if not heard:
            raise InputError("There is nothing in that text to speak.")

    async def close(self) -> None:
        """Lets the model go; what waits is not spoken."""
        self._later(None)
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self._kokoro = None

    def _speak(self, part: Part, who: Speaker, after: float) -> bytes:
        try:
            sound = phonemes.phonemes(part.text, who.accent, ends=part.ends)
            return pcm16(self._model().speak(sound, who.kokoro, who.pace), after=after)
        except CoachError:
            raise
        except Exception as error:  # onnxruntime raises its own kinds, all of them here
            raise VendorError(
                "The local voice failed.", mend="Free some memory, or set COACH_VOICE=browser."
            ) from error
        finally:
            self._later(IDLE_S)

    def _model(self) -> Kokoro:
        if self._kokoro is None:
            self._kokoro = Kokoro(self._cache)
            give_back()
        return self._kokoro

    def _later(self, idle_s: float | None) -> None:
        """Starts the wait after which the model goes, anew; None ends it."""
        if self._idle:
            self._idle.cancel()
        self._idle = None
        if idle_s is not None:
            self._idle = threading.Timer(idle_s, self._forget)
            self._idle.daemon = True
            self._idle.start()

    def _forget(self) -> None:
        with suppress(RuntimeError):
            self._thread.submit(self._let_go)

    def _let_go(self) -> None:
        self._kokoro = None
        give_back()


def _step_back() -> None:
    """Gives this thread, and those onnxruntime starts from it, a lower priority where the system has one per thread."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
