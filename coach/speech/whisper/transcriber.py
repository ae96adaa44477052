"""Offline recognition with faster-whisper, when its model is on this machine or can be fetched.

Better text than pocketsphinx, with word times, punctuation and confidences; like every Whisper it leaves out most "um"
and "uh", so fillers are not measurable with it either.
"""

import asyncio
import functools
import os
import socket
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from coach.audio.decode import decode
from coach.audio.pcm import FULL_SCALE, Pcm
from coach.contracts.transcript import Transcript, TranscriptSource, Word, normalise_space
from coach.errors import SettingsError
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext, SpeechStream
from coach.speech.recorded import RecordedStream

NAME = "whisper"
MODEL = "base.en"
HUB = ("huggingface.co", 443)
PROBE_TIMEOUT_S = 1.0
FILLER_NOTE = "Fillers are not measurable with this transcriber."


def model_path(model: str = MODEL) -> str | None:
    """Where the model lies on this machine (a folder, or the hub's cache); None when it is not here. No network."""
    if Path(model).is_dir():
        return model
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    found = cache.glob(f"models--Systran--faster-whisper-{model}/snapshots/*/model.bin")
    return next((str(p.parent) for p in sorted(found) if p.exists()), None)


@functools.lru_cache(maxsize=1)
def can_be_fetched() -> bool:
    """Whether the model hub answers; gives up after 1 s, name look-up included. Asked once per process."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return False
    answered = threading.Event()
    threading.Thread(target=_probe, args=(answered,), name="hub-probe", daemon=True).start()
    return answered.wait(PROBE_TIMEOUT_S)


def _probe(answered: threading.Event) -> None:
    with suppress(Exception):
        socket.create_connection(HUB, timeout=PROBE_TIMEOUT_S).close()
        answered.set()


def model_available(model: str = MODEL) -> bool:
    """Whether Whisper can be used here: its model is present or can be fetched."""
    return model_path(model) is not None or can_be_fetched()


class WhisperTranscriber:
    """faster-whisper on the CPU (int8). Works from the recording at Finish."""

    name = NAME
    label = "Offline recogniser (Whisper)"

    def __init__(self, model: str = MODEL, *, engine: Any = None) -> None:
        """`model`: a name of faster-whisper's or a folder; `engine`: a ready WhisperModel."""
        self._model = model
        self._engine = engine
        self._loading = threading.Lock()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Batch only; good enough to be scored without review."""
        return SpeechCapabilities(live=False, batch=True)

    async def warm_up(self) -> None:
        """Loads the model, fetching it when it is not here.

        Raises:
            SettingsError: it is not here and cannot be fetched.
        """
        await self._in_thread(self._load)

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        """Transcribes a recording; times are seconds from its start.

        Raises:
            AudioError: the file cannot be used.
            SettingsError: the model is not here and cannot be fetched.
        """
        return await self._in_thread(partial(self._transcribe, audio, context))

    async def open_stream(self, context: SpeechContext) -> SpeechStream:
        """A stream that works from the recording at Finish."""
        return RecordedStream(self, context)

    async def close(self) -> None:
        """Frees the model and the thread."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._engine = None

    async def _in_thread(self, call: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def _load(self) -> Any:
        with self._loading:
            if self._engine is None:
                self._engine = _open_model(self._model)
            return self._engine

    def _transcribe(self, audio: Path, context: SpeechContext) -> Heard:
        pcm = decode(audio)
        segments, info = self._load().transcribe(
            pcm.samples.astype(np.float32) / np.float32(FULL_SCALE),
            language=context.language,
            word_timestamps=True,
            vad_filter=True,
            condition_on_previous_text=False,
            hotwords=" ".join(context.keyterms) or None,
        )
        return Heard(_transcript(segments, pcm, info.language))


def _open_model(model: str) -> Any:
    path = model_path(model)
    if path is None and not can_be_fetched():
        raise SettingsError(
            f"The Whisper model {model} is not on this machine and cannot be fetched without a network.",
            mend="Connect once to fetch it, or use COACH_TRANSCRIBER=pocketsphinx.",
        )
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(path or model, device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    except Exception as error:
        raise SettingsError(
            f"The Whisper model {model} cannot be loaded ({type(error).__name__}).",
            mend="Fetch it again, or use COACH_TRANSCRIBER=pocketsphinx.",
        ) from error


def _transcript(segments: Iterable[Any], pcm: Pcm, language: str) -> Transcript:
    spoken = [word for segment in segments for word in segment.words or ()]
    words = [
        Word(
            word=w.word.strip(),
            start_s=round(max(0.0, w.start), 3),
            end_s=round(max(0.0, w.end), 3),
            confidence=round(min(1.0, max(0.0, w.probability)), 3),
        )
        for w in spoken
        if w.word.strip()
    ]
    return Transcript(
        text=normalise_space("".join(w.word for w in spoken)),
        words=words,
        duration_s=pcm.duration_s,
        transcriber=NAME,
        source=TranscriptSource.BATCH,
        verbatim=False,
        language=language,
        notes=[FILLER_NOTE],
    )
