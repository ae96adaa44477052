"""Text to Kokoro's phonemes: clauses are read by espeak-ng, a program apart (GPL: started, never linked, optional).

Its IPA is written in the alphabet Kokoro was taught (misaki's: A for eɪ, O for oʊ, ʤ for dʒ …), by the table in
`data/voices/kokoro/from_espeak.json`; punctuation, which espeak-ng swallows, is put back: it makes the melody.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache

from coach.contracts.transcript import normalise_space
from coach.errors import SettingsError, VendorError
from coach.settings import DATA

PROGRAM = "espeak-ng"
TIMEOUT_S = 10
MISSING = "Install espeak-ng (apt install espeak-ng, brew install espeak-ng, or its installer on Windows)."
LONGEST_SENTENCE = 150
"""Characters, some 9 s of sound, which take 0.25 GB to make. Kokoro takes 510 phonemes, about one a character."""

_NOT_SPOKEN = re.compile(r"[\[\]{}()<>*_`#|\\\"“”\x00-\x1f]+")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_CLAUSE = re.compile(r"(?<=[,;:])\s+|\s+[—–-]+\s+")
_ENDS = re.compile(r"[.,;:!?…]+$")


def installed() -> bool:
    """Whether espeak-ng is there."""
    return shutil.which(PROGRAM) is not None


def sentences(text: str) -> list[str]:
    """The sentences of a text; one of more than 150 characters is parted at its commas, at last between words."""
    found: list[str] = []
    for sentence in _SENTENCE.split(normalise_space(_NOT_SPOKEN.sub(" ", text))):
        if len(sentence) <= LONGEST_SENTENCE:
            found.append(sentence)
        else:
            found.extend(_gathered(_CLAUSE.split(sentence)))
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def _gathered(clauses: Sequence[str]) -> list[str]:
    """Words of all clauses in lines as long as allowed; a line ends with a clause where it can."""
    lines = [""]
    for clause in clauses:
        if len(lines[-1]) + len(clause) >= LONGEST_SENTENCE:
            lines.append("")
        for word in clause.split():
            if len(lines[-1]) + len(word) >= LONGEST_SENTENCE:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word[:LONGEST_SENTENCE]}".strip()
    return lines


def phonemes(sentence: str, accent: str, *, ends: bool = True) -> str:
    """How a sentence sounds in an accent (`en-us`, `en-gb`); blocks for some 20 ms.

    With `ends` false it goes on after these words, and the melody stays up.

    Raises:
        SettingsError: espeak-ng is not installed.
        VendorError: it failed.
    """
    clauses = [clause for clause in _CLAUSE.split(sentence) if re.search(r"\w", clause)]
    spoken = _read([_ENDS.sub("", clause) for clause in clauses], accent)
    said = [_in_kokoros_alphabet(sound, accent) for sound in spoken]
    endings = [ending.group()[0] if (ending := _ENDS.search(clause)) else "," for clause in clauses]
    if ends and endings and endings[-1] == ",":
        endings[-1] = "."
    return " ".join(sound + ending for sound, ending in zip(said, endings, strict=True))


def _read(clauses: Sequence[str], accent: str) -> list[str]:
    """One line of IPA for each clause: all at once, or one by one where espeak-ng made other lines of them."""
    lines = _espeak("\n\n".join(clauses), accent)
    return lines if len(lines) == len(clauses) else [" ".join(_espeak(clause, accent)) for clause in clauses]


def _espeak(text: str, accent: str) -> list[str]:
    command = [shutil.which(PROGRAM) or PROGRAM, "-q", "--ipa", "--tie=^", "-v", accent, "--stdin"]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)
    except FileNotFoundError as error:
        raise SettingsError("The local voice needs espeak-ng to know how words sound.", mend=MISSING) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise VendorError("espeak-ng failed.", mend=MISSING) from error
    return [line.strip() for line in done.stdout.decode().splitlines() if line.strip()]


def _in_kokoros_alphabet(ipa: str, accent: str) -> str:
    for written, taught in (*_table()["shared"], *_table()[accent], ("^", "")):
        ipa = ipa.replace(written, taught)
    return ipa


@lru_cache(maxsize=1)
def _table() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = json.loads(
        (DATA / "voices" / "kokoro" / "from_espeak.json").read_text(encoding="utf-8")
    )
    return found
