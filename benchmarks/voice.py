"""The voice on this computer: time to the first sound, pauses, and what Whisper writes down of what it says.

Questions are those of the shipped bank, personas in turn; `VOICE_QUESTIONS=1000` for the long form (40 minutes of
processor time), `VOICE_MINUTES=10` ends it sooner, with what was spoken until then. New = the text was never spoken:
from asking to its first sound, and whether the rest comes in time. Cached = asking again.
"""

import asyncio
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks._playing import percentiles, table
from coach.cli.eval.recordings import normalised
from coach.settings import DATA
from coach.speech.voice.clips import Clips
from coach.speech.voice.kokoro import SAMPLE_RATE_HZ
from coach.speech.voice.local import LocalVoice

QUESTIONS = int(os.environ.get("VOICE_QUESTIONS", "24"))
MINUTES = float(os.environ.get("VOICE_MINUTES", "60"))
HEARD = int(os.environ.get("VOICE_HEARD", "24"))
PERSONAS = ("sarah", "john", "priya", "leo")
GAP_S = 0.5
QUIET = 130
HEADER = 44


def questions() -> list[str]:
    """Every question of the bank; more than there are come again as a persona's follow-up to one before."""
    banks = [json.loads((DATA / "questions" / f"{name}.json").read_text("utf8")) for name in ("bank", "trades")]
    bank = list(dict.fromkeys(text for text in _texts(banks)))
    plain = [t for t in bank if "{" not in t]
    again = (f"Coming back to what you said. {t}" for t in itertools.cycle(plain))
    return [*plain, *itertools.islice(again, max(0, QUESTIONS - len(plain)))][:QUESTIONS]


def _texts(node) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _texts(inner)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for inner in node.values():
            yield from _texts(inner)


def longest_silence_s(pcm: bytes) -> float:
    """The longest stretch below -48 dB inside a clip."""
    quiet = (np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) < QUIET).astype(np.int8)
    changes = np.flatnonzero(np.diff(np.concatenate(([0], quiet, [0]))))
    return float(max((changes[1::2] - changes[::2]) / SAMPLE_RATE_HZ, default=0.0))


async def played(clips: Clips, key: str, asked: float) -> tuple[float, float]:
    """Seconds to the first sound, and the longest wait of somebody who listens while the clip is being made."""
    growing, first_s, heard_until, longest_s, rate = clips.growing(key), 0.0, 0.0, 0.0, 2 * SAMPLE_RATE_HZ
    if growing is None:
        return time.monotonic() - asked, 0.0
    async for part in growing.wav():
        now = time.monotonic() - asked
        if len(part) == HEADER:
            continue
        if first_s:
            longest_s = max(longest_s, now - heard_until)
        first_s = first_s or now
        heard_until = max(heard_until, now) + len(part) / rate
    return first_s, longest_s


async def speak(folder: Path):
    """Rows of persona, text, then seconds: sound, first sound, processor, cached, longest silence and wait; and pcm."""
    voice = LocalVoice()
    await voice.warm_up()

    async def unmetered(_):
        """It costs nothing."""

    clips, rows, until = Clips(folder, voice, unmetered), [], time.monotonic() + MINUTES * 60
    for number, text in enumerate(questions()):
        if time.monotonic() > until:
            break
        persona = PERSONAS[number % len(PERSONAS)]
        asked, used = time.monotonic(), time.process_time()
        key = await clips.playable(text, persona_id=persona)
        first_s, waited_s = await played(clips, key, asked)
        await clips.clip(text, persona_id=persona)
        cpu_s = time.process_time() - used
        asked = time.monotonic()
        path = clips.find(await clips.clip(text, persona_id=persona))
        pcm = path.read_bytes()[44:] if path and key else b""
        cached_s = time.monotonic() - asked
        sound_s, silence_s = len(pcm) / 2 / SAMPLE_RATE_HZ, longest_silence_s(pcm)
        rows.append((persona, text, sound_s, first_s, cpu_s, cached_s, silence_s, waited_s, pcm))
    await clips.close()
    return rows


def word_errors(rows) -> dict[str, float]:
    """Whisper base's word error rate for each persona."""
    import jiwer
    import soxr

    from coach.speech.whisper.recogniser import WhisperRecogniser

    recogniser = WhisperRecogniser()
    said: dict[str, Any] = {}
    heard: dict[str, Any] = {}
    for persona, text, *_, pcm in rows[:HEARD]:
        sound = soxr.resample(np.frombuffer(pcm, "<i2").astype(np.float32), SAMPLE_RATE_HZ, 16_000)
        words = recogniser.child.hear({"pass": "plain", "language": "en"}, sound.astype("<i2").tobytes())
        said.setdefault(persona, []).append(normalised(text))
        heard.setdefault(persona, []).append(normalised(" ".join(w for w, *_ in words)))
    recogniser.child.close()
    return {persona: jiwer.wer(said[persona], heard[persona]) for persona in said}


def main() -> None:
    """Prints what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(speak(Path(folder)))
    load = f"load average {os.getloadavg()[0]:.1f}"
    print(f"\n## The voice on this computer ({len(rows)} of {QUESTIONS} questions, {load})\n")
    table(
        ["what", "p50", "p95", "largest"],
        [
            [name, *percentiles(values, 50, 95, 100)]
            for name, values in (
                ("seconds of sound", [r[2] for r in rows]),
                ("first sound of a new text, s", [r[3] for r in rows]),
                ("longest wait within it while it is being made, s", [r[7] for r in rows]),
                ("processor time per second of sound", [r[4] / max(r[2], 0.1) for r in rows]),
                ("cached, s", [r[5] for r in rows]),
                ("longest silence inside, s", [r[6] for r in rows]),
            )
        ],
    )
    print(f"clips with a silence over {GAP_S} s: {sum(r[6] > GAP_S for r in rows)} of {len(rows)}")
    print(f"clips that waited over {GAP_S} s within: {sum(r[7] > GAP_S for r in rows)} of {len(rows)}")
    print(f"memory of the process with the voice: {psutil.Process().memory_info().rss / 1e6:.0f} MB", flush=True)
    print("word error rate of Whisper base:", {k: round(v, 3) for k, v in word_errors(rows).items()})


if __name__ == "__main__":
    main()
