"""A piece of speech, what is heard in it, and the port of whoever recognises it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from coach.audio.pcm import BYTES_PER_SECOND
from coach.contracts.transcript import Word


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech with a little silence around it.

    Attributes:
        start_s: its first sample on the attempt's clock, seconds.
        pcm16: its sound, Int16 mono 16 kHz.
    """

    start_s: float
    pcm16: bytes

    @property
    def end_s(self) -> float:
        """Its end on the attempt's clock, seconds."""
        return self.start_s + len(self.pcm16) / BYTES_PER_SECOND


@dataclass(frozen=True, slots=True)
class PieceRequest:
    """One piece to be recognised.

    Attributes:
        lane: whose answer it is; answers take turns.
        urgent: the person waits for it (*Finish* was pressed).
        hotwords: terms of the job and resume that may be said; a recogniser they would harm leaves them out.
        hesitations: whether the second pass for um and uh is wanted.
    """

    piece: Piece
    lane: str
    urgent: bool = False
    hotwords: str = ""
    language: str = "en"
    hesitations: bool = True


@dataclass(frozen=True, slots=True)
class PieceWords:
    """What was heard in a piece, on the attempt's clock.

    Attributes:
        words: the plain pass, punctuated, with times and confidences.
        hesitating: the words of the pass that keeps um and uh; None where it was not made.
    """

    words: Sequence[Word] = ()
    hesitating: Sequence[Word] | None = None


class PieceRecogniser(Protocol):
    """Turns pieces into words: a model on this machine, or a server."""

    async def recognise(self, request: PieceRequest) -> PieceWords:
        """The words of one piece.

        Raises:
            VendorError: the recogniser failed or cannot be reached.
            SettingsError: there is no model.
        """

    def hurry(self, lane: str) -> None:
        """Somebody waits for this answer now."""

    async def warm_up(self) -> None:
        """Loads what the first piece would wait for."""

    async def close(self) -> None:
        """Frees model, process and connections."""
