"""The two Whisper passes over one piece: the plain text, and a second one that keeps "um" and "uh".

Runs in the recognising process. Figures behind the options: `docs/speech.md`, "Measured".
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from faster_whisper import WhisperModel

from coach.audio.pcm import FULL_SCALE, SAMPLE_RATE_HZ, Pcm
from coach.errors import SettingsError
from coach.speech.pieces.hesitant import HESITANT

SPARE_FRAMES = 600
"""Silence the encoder hears after a piece, 10 ms each; the usual 30 s window would cost up to three times as much."""
REMNANT_FRAMES = 100
"""A rest of a piece shorter than this is its padding: a second window over it only invents words."""
MOST_REPETITIVE = 2.4
"""Compression ratio of a loop ("the the the …"), Whisper's own threshold."""

TOKENS_PER_S, TOKENS_MORE, TOKENS_MOST = 8, 24, 200
"""What a piece may at most be written in: nobody says 8 tokens a second (300 words a minute are 6.5), and a pass that
goes round in a circle would fill 448 of them, at four times the usual cost, before its text is thrown away."""


UNSURE = -0.9
"""Lowest mean log-probability of a piece's segments that one guess at a time may have (Whisper's own threshold is -1).
Measured on 27 pieces: the one that lost its first 15 words had -1.0, a row of digits, which the second try spoils,
-0.85, all others -0.46 and better."""
SEARCHED = 5
"""Beams of the second try, Whisper's own number."""


class EngineWord(NamedTuple):
    """A word with seconds from the start of its piece and confidence 0-1."""

    word: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class EngineModel:
    """What to load: a folder or hub name, and where it runs."""

    path: str
    device: str = "auto"


class _NothingLeftError(Exception):
    """Raised instead of encoding what is only padding."""


class ShortWindowModel(WhisperModel):  # type: ignore[misc]
    """faster-whisper that encodes a piece and a little silence, not 30 s."""

    def encode(self, features: Any) -> Any:
        """Cuts the padding off (features: mel bands x frames, zero where padded)."""
        heard = np.flatnonzero(np.abs(features).max(axis=-2))
        frames = int(heard[-1]) + 1 if len(heard) else 0
        if frames < REMNANT_FRAMES:
            raise _NothingLeftError
        return super().encode(np.ascontiguousarray(features[..., : frames + SPARE_FRAMES]))


def load(model: EngineModel) -> ShortWindowModel:
    """Loads a model: half precision on a GPU where there is one, else 8 bit on the processor.

    Raises:
        SettingsError: the files are no model, or cannot be fetched.
    """
    compute = "float16" if _on_gpu(model.device) else "int8"
    try:
        return ShortWindowModel(
            model.path, device=model.device, compute_type=compute, cpu_threads=min(4, os.cpu_count() or 1)
        )
    except Exception as error:  # ctranslate2 and the hub raise what they like
        raise SettingsError(
            f"The Whisper model {model.path} cannot be loaded ({type(error).__name__}).",
            mend="Set COACH_WHISPER_MODEL to a faster-whisper name or folder, or run `make run` again.",
        ) from error


def plain(model: WhisperModel, pcm16: bytes, *, language: str) -> list[EngineWord]:
    """The words of a piece, punctuated, without hesitations; heard again, more carefully, where that was unsure.

    No hotwords: with five terms base lost a third of a spontaneous answer (word error rate 0.08 to 0.33), with 35
    almost half of it. Whether they would help where terms are said was not measured.
    """
    first = _heard(model, pcm16, language=language)
    if first.sure >= UNSURE:
        return first.words
    return max(first, _heard(model, pcm16, language=language, beam_size=SEARCHED), key=lambda heard: heard.sure).words


def hesitating(model: WhisperModel, pcm16: bytes, *, language: str) -> list[EngineWord]:
    """The words of a piece with um and uh kept; its other words are worse than the plain ones."""
    return _heard(model, pcm16, language=language, initial_prompt=HESITANT).words


class _Heard(NamedTuple):
    """The words of one pass, and how sure its least sure segment is (mean log-probability of its tokens)."""

    words: list[EngineWord]
    sure: float


def _heard(
    model: WhisperModel, pcm16: bytes, *, language: str, beam_size: int = 1, initial_prompt: str | None = None
) -> _Heard:
    sound = Pcm.from_bytes(pcm16).samples.astype(np.float32) / np.float32(FULL_SCALE)
    if model.model.is_multilingual is False:
        language = "en"
    segments, _ = model.transcribe(
        sound,
        language=language,
        word_timestamps=True,
        vad_filter=False,
        condition_on_previous_text=False,
        temperature=0,
        beam_size=beam_size,
        initial_prompt=initial_prompt,
        max_new_tokens=min(TOKENS_MOST, TOKENS_MORE + int(len(sound) / SAMPLE_RATE_HZ * TOKENS_PER_S)),
    )
    said = [segment for segment in _whole(segments) if segment.compression_ratio <= MOST_REPETITIVE]
    words = [
        EngineWord(w.word, round(max(0.0, w.start), 3), round(max(0.0, w.end), 3), round(float(w.probability), 3))
        for segment in said
        for w in segment.words or ()
    ]
    return _Heard(words, min((float(segment.avg_logprob) for segment in said), default=0.0))


def _whole(segments: Iterable[Any]) -> Iterable[Any]:
    try:
        yield from segments
    except _NothingLeftError:
        return


def _on_gpu(device: str) -> bool:
    import ctranslate2

    return device != "cpu" and ctranslate2.get_cuda_device_count() > 0
