"""The speech port: what any transcriber, live or batch, vendor or offline, offers to the conductor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from coach.contracts.transcript import Transcript
from coach.contracts.usage import UsageEvent


@dataclass(frozen=True, slots=True)
class SpeechCapabilities:
    """What a transcriber can do.

    Attributes:
        live: takes frames while the person speaks.
        batch: takes a whole recording.
        verbatim_live: keeps um/uh in live results.
        verbatim_batch: keeps um/uh in batch results.
        needs_review: the person always gives or corrects the text before it is scored.
        check_share: share of live answers whose recording is heard again, to check that live keeps um and uh.
        review_below: median word confidence under which the person does so; None where it was not measured.
    """

    live: bool
    batch: bool
    verbatim_live: bool = False
    verbatim_batch: bool = False
    needs_review: bool = False
    review_below: float | None = None
    check_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript and what it cost."""

    transcript: Transcript
    usage: tuple[UsageEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechContext:
    """What a transcriber may know beforehand: terms of the job, language, and whose usage it is."""

    keyterms: Sequence[str] = field(default_factory=tuple)
    language: str = "en"
    interview_id: str = ""


class SpeechStream(Protocol):
    """One live stream, opened when the interview starts and kept between answers."""

    async def start_answer(self, attempt_id: str) -> None:
        """Begins a new segment: the attempt's clock starts at the next frame. Costs no reconnect."""

    def push(self, frame: bytes) -> None:
        """Takes 16 kHz mono Int16 PCM. Never blocks; when the hand-over is full drops oldest frames and counts them."""

    def end_answer(self) -> None:
        """No frame follows: the transcriber may be asked for its last words while the recording is being sealed.

        Optional before `finish_answer`, which does it otherwise. Never blocks.
        """

    async def finish_answer(self, recording: Path) -> Heard:
        """Ends the segment and returns its transcript, repaired from `recording` where the stream failed or has holes.

        Raises:
            VendorError: only when neither stream nor recording yields text; the audio is kept by the caller.
        """

    async def reset(self) -> None:
        """Start over: forgets the segment, without reconnecting."""

    @property
    def dropped_frames(self) -> int:
        """Frames of this segment dropped because the transcriber did not keep up."""

    @property
    def notice(self) -> str:
        """What the person should be told now ("We keep recording; …"), else empty."""

    def used(self) -> tuple[UsageEvent, ...]:
        """What the answer in hand has used so far; the same events, grown, come with its transcript."""

    def take_usage(self) -> tuple[UsageEvent, ...]:
        """Usage not handed out with a transcript (answers started over or given up); each event once."""

    async def close(self) -> None:
        """Closes the stream and leaves no task running."""


class Transcriber(Protocol):
    """A way to turn speech into text."""

    name: str
    label: str

    @property
    def capabilities(self) -> SpeechCapabilities:
        """What it can do."""

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """Transcribes a whole recording of any supported container; times are seconds from its start."""

    async def open_stream(self, context: SpeechContext) -> SpeechStream:
        """Opens a live stream. Transcribers without live ability return one that works from the recording at Finish."""

    async def warm_up(self) -> None:
        """Loads or connects what the first answer would wait for; nothing where there is nothing.

        Raises:
            SettingsError: what it needs is missing.
        """

    def lost_fillers(self) -> None:
        """A check found um and uh missing from live transcripts: they are not verbatim from now on."""

    async def close(self) -> None:
        """Frees models, clients and threads."""
