"""Kokoro-82M (v1.0, int8 ONNX, Apache 2.0) on onnxruntime: phonemes and a speaker's style become sound.

A style is one vector of 256 numbers for each count of phonemes. Model and styles are verified before they are loaded.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from coach.errors import SettingsError
from coach.speech.voice.weights import FOLDER, MODEL, STYLES, kokoro_folder

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 24_000
MOST_SYMBOLS = 509
STYLE_SIZE = 256
MOST_THREADS = 4


class Kokoro:
    """The loaded model. Loading takes a second or two, speaking about half the length of the sound; both block."""

    def __init__(self, cache: Path | None = None) -> None:
        """Joins and verifies the model the first time.

        Raises:
            SettingsError: its packages are missing or altered.
        """
        model = kokoro_folder(cache) / MODEL
        self._session = ort.InferenceSession(str(model), _options(), providers=["CPUExecutionProvider"])
        self._symbols: dict[str, int] = json.loads((FOLDER / "symbols.json").read_text(encoding="utf-8"))
        self._styles = {name: style(name) for name in STYLES}
        self._giving_back = ort.RunOptions()
        self._giving_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def speak(self, phonemes: str, speaker: str, pace: float = 1.0) -> Samples:
        """Mono samples, -1 to 1, at 24 kHz; phonemes Kokoro does not know are left out."""
        said = [self._symbols[symbol] for symbol in phonemes if symbol in self._symbols][:MOST_SYMBOLS]
        if not said:
            return np.zeros(0, np.float32)
        style = self._styles[speaker]
        (sound,) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *said, 0]], np.int64),
                "style": style[min(len(said), len(style) - 1)][None],
                "speed": np.array([pace], np.float32),
            },
            self._giving_back,
        )
        return np.asarray(sound, np.float32).ravel()


def _options() -> ort.SessionOptions:
    """Few threads, none of which spins: the interview beside it needs the processor more.

    The arena uses the memory of one layer for the next and gives it back after each run. Without it each layer asked
    the system's allocator, which kept every size for itself: 7 s of sound took 1.4 GB instead of 0.4. The weights lie
    outside of it, so that it can shrink to nothing.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    return options


def style(name: str, folder: Path = FOLDER) -> Samples:
    """The vectors of a speaker, shape (510, 256).

    Raises:
        SettingsError: the file is altered.
    """
    content = (folder / f"{name}.bin").read_bytes()
    if hashlib.sha256(content).hexdigest() != STYLES[name]:
        raise SettingsError(f"The speaker {name} of the local voice is altered.", mend="Install the product anew.")
    return np.frombuffer(content, np.float32).reshape(-1, STYLE_SIZE)
