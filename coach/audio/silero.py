"""Silero's voice activity network on onnxruntime. The model file comes with faster-whisper's wheel."""

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.errors import AudioError

WINDOW = 512
WINDOW_S = WINDOW / SAMPLE_RATE_HZ
CONTEXT = 64
BATCH_WINDOWS = 4096

Floats = NDArray[np.float32]


@functools.lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise AudioError("The voice activity model is missing.", mend="Install the pinned requirements.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    model = Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])


class Silero:
    """The network with its memory: recurrent state and the 64 samples before each window. Not thread-safe."""

    def __init__(self) -> None:
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def probabilities(self, sound: Floats) -> Floats:
        """Speech probability of each 32 ms window; `sound` (-1..1, 16 kHz) is a whole number of windows."""
        joined = np.concatenate([self._context, sound])
        self._context = joined[-CONTEXT:]
        if len(joined) < WINDOW + CONTEXT:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(joined, WINDOW + CONTEXT)[::WINDOW]
        parts = [self._run(windows[i : i + BATCH_WINDOWS]) for i in range(0, len(windows), BATCH_WINDOWS)]
        return np.concatenate(parts)

    def _run(self, windows: Floats) -> Floats:
        feed = {"input": np.ascontiguousarray(windows), "h": self._h, "c": self._c}
        out, self._h, self._c = _session().run(None, feed)
        return out.reshape(-1)
