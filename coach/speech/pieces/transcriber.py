"""A transcriber made of a recogniser of pieces: Whisper on this machine, or a server of one's own."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from coach.audio.decode import decode
from coach.contracts.transcript import TranscriptSource
from coach.errors import CoachError
from coach.speech.pieces.assemble import transcript_of
from coach.speech.pieces.confidence import REVIEW_BELOW
from coach.speech.pieces.cutter import pieces
from coach.speech.pieces.live import PieceStream
from coach.speech.pieces.piece import Piece, PieceRecogniser, PieceRequest, PieceWords
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext, SpeechStream

HOTWORDS_MOST = 40


class PieceTranscriber:
    """Implements `coach.speech.port.Transcriber` over a `PieceRecogniser`."""

    def __init__(self, recogniser: PieceRecogniser, *, name: str, label: str) -> None:
        """`label` is what the person reads."""
        self.recogniser = recogniser
        self.name = name
        self.label = label
        self._warming: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Live and from recordings, both with um and uh; looked over by the person where it is unsure."""
        return SpeechCapabilities(
            live=True, batch=True, verbatim_live=True, verbatim_batch=True, review_below=REVIEW_BELOW
        )

    async def warm_up(self) -> None:
        """Loads what the first answer would wait for.

        Raises:
            SettingsError: there is no model.
        """
        await self.recogniser.warm_up()

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """Transcribes a recording, always verbatim; times are seconds from its start.

        Raises:
            AudioError: the file cannot be used.
            VendorError: the recogniser failed.
            SettingsError: there is no model.
        """
        duration_s, cut = await asyncio.to_thread(_cut, audio)
        heard = await asyncio.gather(*(self._ask(context, piece, attempt_id, urgent=True) for piece in cut))
        return Heard(transcript_of(heard, duration_s, TranscriptSource.BATCH, transcriber=self.name))

    async def open_stream(self, context: SpeechContext) -> SpeechStream:
        """A stream that recognises while the person speaks; what it needs is loaded while the question is asked."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self._warm_quietly())

        async def batch(recording: Path, attempt_id: str) -> Heard:
            return await self.transcribe(recording, context, attempt_id=attempt_id)

        return PieceStream(partial(self._ask, context), self.recogniser.hurry, batch, name=self.name)

    async def _warm_quietly(self) -> None:
        """Trouble is told by the first piece, where somebody can be told of it."""
        with suppress(CoachError):
            await self.recogniser.warm_up()

    def lost_fillers(self) -> None:
        """Nothing to check: recordings are heard by the same two passes."""

    async def close(self) -> None:
        """Frees the recogniser."""
        if self._warming:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self.recogniser.close()

    def _ask(self, context: SpeechContext, piece: Piece, lane: str, *, urgent: bool) -> "asyncio.Future[PieceWords]":
        request = PieceRequest(
            piece,
            lane,
            urgent=urgent,
            hotwords=hotwords(context.keyterms),
            language=context.language,
            hesitations=context.language.startswith("en"),
        )
        return asyncio.ensure_future(self.recogniser.recognise(request))


def _cut(audio: Path) -> tuple[float, list[Piece]]:
    """Length in seconds and pieces of a recording (blocking)."""
    pcm = decode(audio)
    return pcm.duration_s, list(pieces(pcm))


def hotwords(terms: Sequence[str]) -> str:
    """Terms that may be said, as Whisper takes them; without doubles or blanks."""
    return ", ".join(list(dict.fromkeys(t.strip() for t in terms if t.strip()))[:HOTWORDS_MOST])
