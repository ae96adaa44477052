"""Deepgram's live interface as a `LiveVendor`: query, frames out, results in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deepgram.core.request_options import RequestOptions
from deepgram.listen.v1.socket_client import AsyncV1SocketClient
from deepgram.listen.v1.types import ListenV1Results

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.speech.deepgram.client import VENDOR, DeepgramAccount, vendor_errors
from coach.speech.port import SpeechContext
from coach.speech.streaming.word_merge import LiveResult, TimedWord, spread

MODEL = "nova-3"
KEYTERMS_MOST = 50
ENDPOINTING_MS = 300
UTTERANCE_END_MS = 1000
FILLERS = RequestOptions(additional_query_parameters={"filler_words": "true"})
"""Keeps um and uh in live results (English)."""


def live_query(context: SpeechContext, model: str) -> dict[str, object]:
    """The live request. nova-3 takes `keyterm`, not `keywords`; `FILLERS` goes beside it."""
    query: dict[str, object] = {
        "model": model,
        "language": context.language,
        "encoding": "linear16",
        "sample_rate": SAMPLE_RATE_HZ,
        "channels": 1,
        "interim_results": True,
        "punctuate": True,
        "smart_format": True,
        "endpointing": ENDPOINTING_MS,
        "utterance_end_ms": UTTERANCE_END_MS,
        "vad_events": True,
    }
    return query | keyterms(context)


def keyterms(context: SpeechContext) -> dict[str, object]:
    """`keyterm` of the request: the job's terms, without doubles or blanks."""
    terms = list(dict.fromkeys(t.strip() for t in context.keyterms if t.strip()))[:KEYTERMS_MOST]
    return {"keyterm": terms} if terms else {}


class DeepgramLive:
    """Opens live connections of one interview."""

    vendor = VENDOR

    def __init__(self, account: DeepgramAccount, context: SpeechContext, *, name: str, model: str = MODEL) -> None:
        self._account = account
        self._query = live_query(context, model)
        self.name = name
        self.meter = f"{model}.live"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["DeepgramSocket"]:
        """Opens one connection; raises `VendorError` when refused or unreachable."""
        with vendor_errors():
            async with self._account.client().listen.v1.connect(**self._query, request_options=FILLERS) as socket:
                await socket.send_media(b"")
                yield DeepgramSocket(socket)


class DeepgramSocket:
    """Implements `LiveSocket` over the SDK's socket client."""

    def __init__(self, socket: AsyncV1SocketClient) -> None:
        self._socket = socket

    async def send(self, pcm: bytes) -> None:
        """Sends audio. Fifty times a second and session, so without a context while all is well."""
        try:
            await self._socket.send_media(pcm)
        except Exception:
            with vendor_errors():
                raise

    async def finalize(self) -> None:
        """Sends Finalize."""
        with vendor_errors():
            await self._socket.send_finalize()

    async def keep_alive(self) -> None:
        """Sends KeepAlive."""
        with vendor_errors():
            await self._socket.send_keep_alive()

    async def end(self) -> None:
        """Sends CloseStream."""
        with vendor_errors():
            await self._socket.send_close_stream()

    async def results(self) -> AsyncIterator[LiveResult]:
        """Results as they come; other messages are not needed."""
        with vendor_errors():
            async for message in self._socket:
                result = _result(message)
                if result is not None:
                    yield result


def _result(message: object) -> LiveResult | None:
    """A `Results` message in our terms; None for every other message and for one that is malformed."""
    if not isinstance(message, ListenV1Results) or message.type != "Results":
        return None
    try:
        start, end = float(message.start), float(message.start + message.duration)
        best = message.channel.alternatives[0] if message.channel.alternatives else None
        words = tuple(_word(w) for w in best.words or ()) if best else ()
        if best and best.transcript and not words:
            words = spread(best.transcript, start, end)
        return LiveResult(start, end, words, bool(message.is_final), bool(message.from_finalize))
    except (AttributeError, TypeError, ValueError):
        return None


def _word(word: Any) -> TimedWord:
    start = max(0.0, float(word.start))
    confidence = getattr(word, "confidence", None)
    return TimedWord(
        start, max(start, float(word.end)), word.word, getattr(word, "punctuated_word", None) or word.word, confidence
    )
