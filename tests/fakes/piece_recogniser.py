"""A recogniser of pieces that a test steers: it answers when it is let, and notes what it was asked."""

import asyncio

from coach.contracts.transcript import Word
from coach.errors import VendorError
from coach.speech.pieces.piece import PieceRequest, PieceWords


class FakePieceRecogniser:
    """Hears one word per piece, `piece1`, `piece2` … in the order asked for, and one um in the second pass."""

    def __init__(self) -> None:
        self.requests: list[PieceRequest] = []
        self.hurried: list[str] = []
        self.fail = False
        self.warmed = asyncio.Event()
        self._asked = asyncio.Event()

    async def asked(self, count: int) -> None:
        """Until it was asked that often."""
        while len(self.requests) < count:
            self._asked.clear()
            await self._asked.wait()

    async def recognise(self, request: PieceRequest) -> PieceWords:
        self.requests.append(request)
        number = len(self.requests)
        self._asked.set()
        if self.fail:
            raise VendorError("The recogniser is gone.")
        at, end = request.piece.start_s, request.piece.end_s
        word = Word(word=f"piece{number}.", start_s=at, end_s=end, confidence=0.9)
        um = Word(word="um,", start_s=at, end_s=at, confidence=0.9)
        return PieceWords([word], [um, word] if request.hesitations else None)

    def hurry(self, lane: str) -> None:
        self.hurried.append(lane)

    async def warm_up(self) -> None:
        self.warmed.set()

    async def close(self) -> None:
        return None
