"""Pieces recognised by a server that speaks OpenAI's `/v1/audio/transcriptions` (speaches, whisper.cpp server, vLLM).

One GPU serves many coaches that way. Each piece is two requests side by side: the plain one, and one whose prompt is
full of hesitations, which makes Whisper write um and uh. Servers differ in what they add to `verbose_json`: word times
and probabilities are used where they come, else words share the time of their segment.
"""

import asyncio
import io
import math
import wave
from collections.abc import Sequence
from typing import Any

import openai
from pydantic import SecretStr

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from coach.contracts.transcript import Word
from coach.errors import VendorAuthError, VendorError, VendorLimitError, VendorProtocolError, VendorTimeoutError
from coach.speech.pieces.hesitant import HESITANT
from coach.speech.pieces.piece import Piece, PieceRequest, PieceWords

TIMEOUT_S = 60.0
SIDE_BY_SIDE = 4
NO_KEY = "none"


class ServerRecogniser:
    """Implements `PieceRecogniser`. The client is made by the first request, in the loop that asks."""

    def __init__(self, base_url: str, model: str, api_key: SecretStr | None = None) -> None:
        """`base_url` is what stands before `/audio/transcriptions`; the SDK tries twice again where that helps."""
        self._base_url = base_url
        self._model = model
        self._key = api_key.get_secret_value() if api_key else NO_KEY
        self._client: openai.AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def recognise(self, request: PieceRequest) -> PieceWords:
        """The words of one piece; see `PieceRecogniser`."""
        if not request.hesitations:
            return PieceWords(await self._words(request, request.hotwords))
        plain, hesitating = await asyncio.gather(self._words(request, request.hotwords), self._words(request, HESITANT))
        return PieceWords(plain, hesitating)

    def hurry(self, lane: str) -> None:
        """The server has its own order."""

    async def warm_up(self) -> None:
        """Nothing is loaded here."""

    async def close(self) -> None:
        """Closes the connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    async def _words(self, request: PieceRequest, prompt: str) -> list[Word]:
        async with self._gate:
            try:
                answer = await self._here().audio.transcriptions.create(
                    model=self._model,
                    file=("piece.wav", wav(request.piece.pcm16), "audio/wav"),
                    language=request.language,
                    prompt=prompt or openai.omit,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"],
                    temperature=0,
                )
            except openai.OpenAIError as error:
                raise _in_our_terms(error) from None
        return words_of(answer, request.piece)

    def _here(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client = openai.AsyncOpenAI(api_key=self._key, base_url=self._base_url, timeout=TIMEOUT_S)
            self._loop = loop
            self._gate = asyncio.Semaphore(SIDE_BY_SIDE)
        return self._client


def wav(pcm16: bytes) -> bytes:
    """A WAV file of 16 kHz mono Int16 sound."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm16)
    return out.getvalue()


def words_of(answer: Any, piece: Piece) -> list[Word]:
    """Words on the attempt's clock, punctuated as the text is.

    Raises:
        VendorProtocolError: an answer without text.
    """
    try:
        text = str(answer.text)
        segments = [
            (float(s.start), float(s.end), str(s.text), _sure(s)) for s in getattr(answer, "segments", None) or ()
        ]
        timed = [
            (str(w.word), float(w.start), float(w.end), getattr(w, "probability", None)) for w in answer.words or ()
        ]
    except (AttributeError, TypeError, ValueError) as error:
        raise VendorProtocolError("The transcription server answered without a transcript.") from error
    spoken = text.split()
    if len(timed) == len(spoken):
        rows = [
            (word, a, b, p if p is not None else _at(segments, a))
            for word, (_, a, b, p) in zip(spoken, timed, strict=True)
        ]
    elif timed:
        rows = [(word.strip(), a, b, p if p is not None else _at(segments, a)) for word, a, b, p in timed]
    else:
        rows = [row for s in segments or [(0.0, piece.end_s - piece.start_s, text, None)] for row in _spread(*s)]
    return [_word(piece, *row) for row in rows if row[0]]


def _word(piece: Piece, word: str, start_s: float, end_s: float, sure: float | None) -> Word:
    start = min(piece.start_s + max(0.0, start_s), piece.end_s)
    end = min(max(piece.start_s + end_s, start), piece.end_s)
    confidence = None if sure is None else min(1.0, max(0.0, float(sure)))
    return Word(word=word, start_s=round(start, 3), end_s=round(end, 3), confidence=confidence)


def _sure(segment: object) -> float | None:
    """Mean probability of a segment's tokens, from their mean logarithm."""
    mean = getattr(segment, "avg_logprob", None)
    return None if mean is None else math.exp(min(0.0, float(mean)))


def _at(segments: Sequence[tuple[float, float, str, float | None]], moment_s: float) -> float | None:
    return next((sure for start, end, _, sure in segments if start <= moment_s <= end), None)


def _spread(start: float, end: float, text: str, sure: float | None) -> list[tuple[str, float, float, float | None]]:
    """Words of a segment, each as long as its letters."""
    words = text.split()
    letters = sum(len(w) + 1 for w in words) or 1
    rows, at = [], start
    for word in words:
        width = (end - start) * (len(word) + 1) / letters
        rows.append((word, at, at + width, sure))
        at += width
    return rows


def _in_our_terms(error: openai.OpenAIError) -> VendorError:
    """Its failures as ours, without keys or transcripts."""
    mend = "Check COACH_TRANSCRIBE_BASE_URL and COACH_TRANSCRIBE_MODEL."
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return VendorAuthError("The transcription server refused the key.", mend="Set COACH_TRANSCRIBE_API_KEY.")
    if isinstance(error, openai.RateLimitError):
        return VendorLimitError("The transcription server is at its limit.", mend="Wait a moment.")
    if isinstance(error, openai.APITimeoutError):
        return VendorTimeoutError("The transcription server did not answer in time.", mend=mend)
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        return VendorError(f"The transcription server did not accept the request ({status}).", mend=mend)
    return VendorError("The transcription server cannot be reached.", mend=mend)
