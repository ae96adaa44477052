"""Whisper on this machine behind the piece port: one process for all interviews of this server, in fair turns."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from coach.contracts.transcript import Word
from coach.errors import SettingsError
from coach.speech.pieces.piece import Piece, PieceRequest, PieceWords
from coach.speech.whisper.child import HangLimits, HeardWord, WhisperChild
from coach.speech.whisper.model import FILLER_MODEL, MODEL, FoundModel, find_model
from coach.speech.whisper.turns import Turns

log = logging.getLogger(__name__)


class WhisperRecogniser:
    """Implements `PieceRecogniser`. The models load when first needed, or with `warm_up`."""

    def __init__(
        self, model: str = MODEL, filler_model: str = FILLER_MODEL, *, limits: HangLimits | None = None
    ) -> None:
        """Names of faster-whisper's, or folders; `limits`: from when on it counts as hanging."""
        self._names = {"text": model, "fillers": filler_model}
        self.child = WhisperChild(self._paths, limits)
        self._turns = Turns("whisper")
        self._hesitations = True

    def found(self) -> dict[str, FoundModel]:
        """Where each model comes from, by role; the first time packaged ones are verified (blocking).

        Without the one for um and uh text is recognised all the same, and no filler is counted.

        Raises:
            SettingsError: the model for text is not here and cannot be fetched.
        """
        models = {"text": find_model(self._names["text"])}
        with suppress(SettingsError):
            models["fillers"] = find_model(self._names["fillers"])
        self._hesitations = "fillers" in models
        for model in models.values():
            if model.trouble:
                log.warning("%s", model.trouble)
        return models

    async def recognise(self, request: PieceRequest) -> PieceWords:
        """The words of one piece; see `PieceRecogniser`."""
        words = self._ask(request, "plain")
        if not (request.hesitations and self._hesitations):
            return PieceWords(await words)
        heard, hesitating = await asyncio.gather(words, self._ask(request, "hesitating"))
        return PieceWords(heard, hesitating if self._hesitations else None)

    def hurry(self, lane: str) -> None:
        """Somebody waits for this answer now."""
        self._turns.hurry(lane)

    async def warm_up(self) -> None:
        """Loads the models, in turn with what is being recognised."""
        await asyncio.wrap_future(self._turns.submit(self.child.warm_up, lane="warm-up", urgent=True))

    async def close(self) -> None:
        """Ends the process."""
        self._turns.close()
        await asyncio.to_thread(self.child.close)

    def _ask(self, request: PieceRequest, what: str) -> "asyncio.Future[list[Word]]":
        task = {"pass": what, "language": request.language}
        work = partial(self._heard, task, request.piece)
        return asyncio.wrap_future(self._turns.submit(work, lane=request.lane, urgent=request.urgent))

    def _heard(self, task: Mapping[str, str], piece: Piece) -> list[Word]:
        return on_the_clock(self.child.hear(task, piece.pcm16), piece)

    def _paths(self) -> dict[str, str]:
        return {role: model.path for role, model in self.found().items()}


def on_the_clock(heard: Sequence[HeardWord], piece: Piece) -> list[Word]:
    """Words with the times of their answer, none after the end of their piece; "all" and "-female" become one word."""
    words: list[Word] = []
    for spoken, start_s, end_s, confidence in heard:
        word = spoken.strip()
        start = round(min(piece.start_s + start_s, piece.end_s), 3)
        end = round(min(max(piece.start_s + end_s, start), piece.end_s), 3)
        sure = min(1.0, max(0.0, confidence))
        if word and words and not spoken[0].isspace():
            whole = words[-1]
            least = min(sure, whole.confidence or 0.0)
            words[-1] = whole.model_copy(update={"word": whole.word + word, "end_s": end, "confidence": least})
        elif word:
            words.append(Word(word=word, start_s=start, end_s=end, confidence=sure))
    return words
