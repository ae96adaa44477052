"""Sample answers as sound: espeak-ng speaks them, each word keeps its time. Needs espeak-ng and ffmpeg."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coach.audio.decode import decode
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.contracts.transcript import Transcript, TranscriptSource, Word, normalise_space
from coach.text.sentences import sentences

SENTENCE_GAP_S = 0.35
_PIECES = re.compile(r"\[(\d+(?:\.\d+)?)\]")


@dataclass
class SampleSpeech:
    """An answer as sound and timed words."""

    samples: list[Any] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    seconds: float = 0.0

    def silence(self, seconds: float) -> None:
        """Appends silence."""
        self.samples.append(np.zeros(int(seconds * SAMPLE_RATE_HZ), dtype=np.int16))
        self.seconds += seconds

    def sentence(self, text: str, voice: str, speed: int) -> None:
        """Appends a spoken sentence; its words share the time in proportion to their letters."""
        sound = say(text, voice, speed)
        heard = np.flatnonzero(np.abs(sound.astype(np.int32)) > 200)
        sound = sound[heard[0] : heard[-1] + 1]
        words, length = text.split(), len(sound) / SAMPLE_RATE_HZ
        weights = np.array([len(word.strip(".,")) + 2 for word in words], dtype=float)
        edges = self.seconds + np.concatenate([[0], np.cumsum(weights) / weights.sum()]) * length
        for word, start, end in zip(words, edges[:-1], edges[1:], strict=True):
            timed = {"start_s": round(float(start), 3), "end_s": round(float(end) - 0.02, 3)}
            self.words.append(Word(word=word.strip(".,"), confidence=0.94, **timed))
        self.samples.append(sound)
        self.seconds += length


def say(text: str, voice: str, speed: int) -> Any:
    """espeak-ng's voice as 16 kHz samples."""
    program = shutil.which("espeak-ng") or "espeak-ng"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = [program, "-v", voice, "-s", str(speed), "-w", file.name, text]
        subprocess.run(command, check=True)
        return decode(file.name).samples


def speak(text: str, voice: str, speed: int) -> tuple[Transcript, Pcm]:
    """The answer as its transcriber would have heard it, and its sound."""
    spoken = SampleSpeech()
    spoken.silence(0.4)
    for position, piece in enumerate(_PIECES.split(text)):
        if position % 2:
            spoken.silence(float(piece))
            continue
        for span in sentences(normalise_space(piece)):
            spoken.sentence(normalise_space(piece)[span.start : span.end], voice, speed)
            spoken.silence(SENTENCE_GAP_S)
    pcm = Pcm(np.concatenate(spoken.samples).astype(np.int16))
    transcript = Transcript(
        text=normalise_space(_PIECES.sub(" ", text)),
        words=spoken.words,
        duration_s=round(pcm.duration_s, 3),
        transcriber="sample",
        source=TranscriptSource.BATCH,
        verbatim=True,
        notes=["Sample: spoken by a synthetic voice."],
    )
    return transcript, pcm


def write_opus(pcm: Pcm, target: Path) -> None:
    """Writes the sound as Opus in Ogg, 16 kbit/s."""
    program = shutil.which("ffmpeg") or "ffmpeg"
    source = ["-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "-"]
    command = [program, "-v", "error", "-y", *source, "-c:a", "libopus", "-b:a", "16k", "-fflags", "+bitexact"]
    subprocess.run([*command, str(target)], input=pcm.to_bytes(), check=True)
