"""Deepgram as a transcriber: live over its WebSocket, recordings over its pre-recorded interface.

Both keep "um" and "uh" (`filler_words`, English). A self-hosted server may ignore that live: a sample of answers is
transcribed again from the recording, and where that finds lost fillers every later answer is.
"""

import asyncio
import importlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio.to_thread
import numpy as np
from deepgram.core.request_options import RequestOptions
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.audio.vad import speech_segments
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.errors import AudioError, VendorError, VendorProtocolError
from coach.speech.deepgram.client import VENDOR, DeepgramAccount, vendor_errors
from coach.speech.deepgram.live import MODEL, DeepgramLive, keyterms
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext
from coach.speech.streaming.connection import SpeechProbe
from coach.speech.streaming.segment import LiveOptions
from coach.speech.streaming.silence_watch import silero_speech_s
from coach.speech.streaming.stream import LiveStream
from coach.speech.streaming.word_merge import TimedWord, joined
from coach.vault import files

NAME = "deepgram"
TRIES = 3
SDK_MODULES = (
    "deepgram.listen.v1.client",
    "deepgram.listen.v1.socket_client",
    "deepgram.listen.v1.media.client",
    "deepgram.speak.v1.audio.client",
    "websockets.asyncio.client",
)


class DeepgramTranscriber:
    """Implements `coach.speech.port.Transcriber`.

    Args:
        api_key: the key.
        base_url: any server that speaks Deepgram.
        live_model, batch_model: models; the meters are named after them.
        check_share: share of answers whose recording is transcribed as well, to check that live keeps fillers.
        probe: seconds of speech in a piece of audio, for the silent-stream alarm.
    """

    name = NAME
    label = "Deepgram"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = "https://api.deepgram.com",
        *,
        live_model: str = MODEL,
        batch_model: str = MODEL,
        check_share: float = 0.0,
        probe: SpeechProbe = silero_speech_s,
        options: LiveOptions | None = None,
    ) -> None:
        self._account = DeepgramAccount(api_key, base_url)
        self._live_model = live_model
        self._batch_model = batch_model
        self._probe = probe
        self._options = options or LiveOptions()
        self._check_share = check_share
        self._keeps_fillers = True

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Fillers live and from recordings; live not any more once a check found them lost."""
        return SpeechCapabilities(
            live=True,
            batch=True,
            verbatim_live=self._keeps_fillers,
            verbatim_batch=True,
            check_share=self._check_share if self._keeps_fillers else 0.0,
        )

    def lost_fillers(self) -> None:
        """Live transcripts count as not verbatim from now on: each gets its second pass."""
        self._keeps_fillers = False

    async def warm_up(self) -> None:
        """Loads the SDK and the voice activity model.

        Also lets `gc.freeze` after it cover the SDK's thousands of models: a full collection over them takes 70 ms.
        """
        await asyncio.to_thread(_load)

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """Transcribes a recording; with `verbatim` keeping um and uh.

        Raises:
            AudioError: the file cannot be read.
            VendorError: after several tries; its kind says whether key, limit or network was the matter.
        """
        content = await _content(audio)
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(initial=0.3, max=3, jitter=0.3),
            retry=retry_if_exception(lambda e: isinstance(e, VendorError) and e.retryable),
            reraise=True,
        )
        response: object = await retrying(self._listen, content, context, verbatim)
        transcript = self._transcript(response, context, verbatim)
        return Heard(transcript, (self._usage(transcript, context, attempt_id, verbatim),))

    async def open_stream(self, context: SpeechContext) -> LiveStream:
        """Opens the live stream of an interview.

        Trouble that may pass (network, rate limit) does not raise: the stream tries on while the recording goes on.

        Raises:
            VendorAuthError: the key is refused.
            VendorError: the request is refused.
        """

        async def repair(recording: Path, attempt_id: str) -> Heard:
            return await self.transcribe(recording, context, attempt_id=attempt_id, verbatim=True)

        vendor = DeepgramLive(self._account, context, name=self.name, model=self._live_model)
        stream = LiveStream(
            vendor,
            context,
            repair,
            probe=self._probe,
            options=self._options,
            verbatim=lambda: self._keeps_live(context),
        )
        await stream.open()
        return stream

    def _keeps_live(self, context: SpeechContext) -> bool:
        return self._keeps_fillers and context.language.startswith("en")

    async def close(self) -> None:
        """Closes the HTTP connections."""
        await self._account.close()

    async def _listen(self, content: bytes, context: SpeechContext, verbatim: bool) -> object:
        with vendor_errors():
            return await self._account.client().listen.v1.media.transcribe_file(
                request=content,
                model=self._batch_model,
                language=context.language,
                punctuate=True,
                smart_format=True,
                filler_words=verbatim or None,
                request_options=RequestOptions(max_retries=0),
                **keyterms(context),
            )

    def _transcript(self, response: Any, context: SpeechContext, verbatim: bool) -> Transcript:
        try:
            duration_s = float(response.metadata.duration)
            alternatives = response.results.channels[0].alternatives
            best = alternatives[0] if alternatives else None
            words = _words(best.words or ()) if best else []
        except (AttributeError, TypeError, ValueError, IndexError) as error:
            raise VendorProtocolError("Deepgram answered without a transcript.") from error
        return Transcript(
            text=joined(words) or (best.transcript if best else "") or "",
            words=[w.to_word() for w in words],
            duration_s=round(duration_s, 3),
            transcriber=self.name,
            source=TranscriptSource.BATCH,
            verbatim=verbatim,
            language=context.language,
        )

    def _usage(self, transcript: Transcript, context: SpeechContext, attempt_id: str, verbatim: bool) -> UsageEvent:
        meter, call = f"{self._batch_model}.batch", "batch.verbatim" if verbatim else "batch"
        return UsageEvent(
            event_id=usage_event_id(attempt_id, call, meter),
            vendor=VENDOR,
            meter=meter,
            quantity=Decimal(str(transcript.duration_s)),
            unit="second",
            occurred_at=datetime.now(UTC),
            attempt_id=attempt_id or None,
            interview_id=context.interview_id or None,
            call_id=call,
        )


async def _content(audio: Path) -> bytes:
    try:
        content = await anyio.to_thread.run_sync(files.read, audio)
    except OSError as error:
        raise AudioError(f"{audio.name} cannot be read.") from error
    if not content:
        raise AudioError(f"{audio.name} is empty.", mend="Record again.")
    return content


def _words(words: Any) -> list[TimedWord]:
    timed = (
        TimedWord(
            max(0.0, float(w.start)),
            max(0.0, float(w.start), float(w.end)),
            w.word,
            getattr(w, "punctuated_word", None) or w.word,
            getattr(w, "confidence", None),
        )
        for w in words
    )
    return sorted(timed, key=lambda w: (w.start_s, w.end_s))


def _load() -> None:
    for module in SDK_MODULES:
        importlib.import_module(module)
    speech_segments(np.zeros(SAMPLE_RATE_HZ, np.int16))
