"""Pieces recognised by a server that speaks OpenAI's `/v1/audio/transcriptions` (speaches, whisper.cpp server, vLLM).

One GPU serves many coaches that way. Each piece is two requests side by side: the plain one, and one whose prompt is
full of hesitations, which makes Whisper write um and uh. What servers give beside the text stands in `answered`; one
that refuses `verbose_json` (vLLM with models that know no times) is asked for the text alone from there on.
"""

import asyncio
import io
import wave

import openai
from pydantic import SecretStr

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from coach.contracts.transcript import Word
from coach.errors import VendorAuthError, VendorError, VendorLimitError, VendorTimeoutError
from coach.speech.pieces.hesitant import HESITANT
from coach.speech.pieces.piece import PieceRequest, PieceWords
from coach.speech.server.answered import words_of

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
        self._text_alone = False

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
                answer = await self._answer(request, prompt)
            except openai.OpenAIError as error:
                raise _in_our_terms(error) from None
        return words_of(answer, request.piece)

    async def _answer(self, request: PieceRequest, prompt: str) -> object:
        if not self._text_alone:
            try:
                return await self._asked(request, prompt, text_alone=False)
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                answer = await self._asked(request, prompt, text_alone=True)
                self._text_alone = True
                return answer
        return await self._asked(request, prompt, text_alone=True)

    async def _asked(self, request: PieceRequest, prompt: str, *, text_alone: bool) -> object:
        return await self._here().audio.transcriptions.create(
            model=self._model,
            file=("piece.wav", wav(request.piece.pcm16), "audio/wav"),
            language=request.language,
            prompt=prompt or openai.omit,
            response_format="json" if text_alone else "verbose_json",
            timestamp_granularities=openai.omit if text_alone else ["word", "segment"],
            temperature=0,
        )

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
