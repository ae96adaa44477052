"""The answer typed, not spoken: for a person without a microphone, and as the last way when nothing else works."""

import asyncio
from pathlib import Path

from coach.audio.decode import decode
from coach.contracts.transcript import TYPED, typed_transcript
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext, SpeechStream
from coach.speech.recorded import RecordedStream


class TypedTranscriber:
    """Listens to nobody: the recording is kept and the person types the text in the review that follows."""

    name = TYPED
    label = "Typed answer"

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Everything is up to the review."""
        return SpeechCapabilities(live=False, batch=True, needs_review=True)

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """An empty transcript as long as the recording, to be filled in by the person.

        Raises:
            AudioError: the file cannot be used.
        """
        duration = (await asyncio.to_thread(decode, audio)).duration_s
        return Heard(typed_transcript("").model_copy(update={"duration_s": duration}))

    async def open_stream(self, context: SpeechContext) -> SpeechStream:
        """A stream that ignores its frames."""
        return RecordedStream(self, context)

    def lost_fillers(self) -> None:
        """Nothing is heard here."""

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Holds nothing."""
