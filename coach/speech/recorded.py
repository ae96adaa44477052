"""A stream for transcribers that cannot listen live: it waits for Finish and takes the recording."""

from pathlib import Path
from typing import TYPE_CHECKING

from coach.contracts.usage import UsageEvent
from coach.speech.port import Heard, SpeechContext

if TYPE_CHECKING:
    from coach.speech.port import Transcriber


class RecordedStream:
    """A live stream in the sense of the port that works from the recording alone."""

    dropped_frames = 0
    notice = ""

    def __init__(self, transcriber: "Transcriber", context: SpeechContext) -> None:
        self._transcriber = transcriber
        self._context = context
        self._attempt_id = ""

    async def start_answer(self, attempt_id: str) -> None:
        """Notes whose answer it is."""
        self._attempt_id = attempt_id

    def push(self, frame: bytes) -> None:
        """Ignores the frame; the recording has it."""

    def end_answer(self) -> None:
        """Nothing to hurry: the recording is all there is."""

    async def finish_answer(self, recording: Path) -> Heard:
        """Transcribes the recording; raises what the transcriber raises."""
        return await self._transcriber.transcribe(recording, self._context, attempt_id=self._attempt_id)

    async def reset(self) -> None:
        """Nothing to forget."""

    def used(self) -> tuple[UsageEvent, ...]:
        """Nothing before *Finish*."""
        return ()

    def take_usage(self) -> tuple[UsageEvent, ...]:
        """All usage comes with the transcript."""
        return ()

    async def close(self) -> None:
        """Holds nothing."""
