"""Offline recognition with pocketsphinx, whose English model comes in its wheel: no key, no network, rough text.

Because two words in three may be wrong on spontaneous answers, its transcript is shown for correction before it is
scored. It never writes "um" or "uh": fillers are not measurable with it.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coach.audio.decode import decode
from coach.contracts.transcript import TranscriptSource
from coach.speech.pocketsphinx_live import PocketsphinxStream
from coach.speech.pocketsphinx_process import RecogniserProcess
from coach.speech.pocketsphinx_text import NAME, recognise, transcript_of
from coach.speech.pocketsphinx_utterances import utterances
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext, SpeechStream


class PocketsphinxTranscriber:
    """The offline transcriber. One recognising process serves all interviews of this server, in turn."""

    name = NAME
    label = "Offline recogniser (pocketsphinx)"

    def __init__(self) -> None:
        self._process = RecogniserProcess()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pocketsphinx")

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Live in the sense that it recognises each utterance at its pause; needs review."""
        return SpeechCapabilities(live=True, batch=True, needs_review=True)

    async def warm_up(self) -> None:
        """Loads the model so that the first answer need not wait for it."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._process.warm_up)

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """Recognises a recording at about a third of real time; times are seconds from its start.

        Raises:
            AudioError: the file cannot be used.
            VendorError: the recogniser died.
        """
        return await self._batch(audio)

    async def open_stream(self, context: SpeechContext) -> SpeechStream:
        """A stream that recognises while the person speaks."""
        return PocketsphinxStream(self._process, self._batch)

    async def close(self) -> None:
        """Ends the process and the thread."""
        await asyncio.to_thread(self._process.close)
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _batch(self, audio: Path) -> Heard:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transcribe, audio)

    def _transcribe(self, audio: Path) -> Heard:
        pcm = decode(audio)
        words = [word for part in utterances(pcm) for word in recognise(self._process, part)]
        return Heard(transcript_of(words, pcm.duration_s, TranscriptSource.BATCH))
