"""Fourteen sounds in which nobody speaks: none of them becomes a piece, so Whisper is never asked to invent words."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.speech.pieces.cutter import PieceCutter, gated, pieces

Sound = NDArray[np.float64]
SIZE = 8 * SAMPLE_RATE_HZ
T = np.arange(SIZE) / SAMPLE_RATE_HZ
DICE = np.random.default_rng(12)


def sine(hz: float, loud: float = 1.0, size: int = SIZE) -> Sound:
    return loud * np.sin(2 * np.pi * hz * np.arange(size) / SAMPLE_RATE_HZ)


def coloured(power: float) -> Sound:
    """Noise whose power falls with frequency: 1 is pink, 2 brown."""
    hz = np.fft.rfftfreq(SIZE, 1 / SAMPLE_RATE_HZ)
    hz[0] = hz[1]
    noise = np.fft.irfft(np.fft.rfft(DICE.normal(size=SIZE)) / hz ** (power / 2), SIZE)
    return noise / np.abs(noise).max()


def band(size: int, low: float, high: float) -> Sound:
    spectrum, hz = np.fft.rfft(DICE.normal(size=size)), np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    spectrum[(hz < low) | (hz > high)] = 0
    noise = np.fft.irfft(spectrum, size)
    return noise / np.abs(noise).max()


def again_and_again(every_s: float, size: int, make: Callable[[int], Sound]) -> Sound:
    sound, at = np.zeros(SIZE), SAMPLE_RATE_HZ // 3
    while at + size < SIZE:
        sound[at : at + size] += make(size)
        at += int(every_s * SAMPLE_RATE_HZ * DICE.uniform(0.6, 1.4))
    return sound


def click(size: int, length: float) -> Sound:
    return 0.6 * DICE.normal(size=size) * np.exp(-np.arange(size) / length)


def breath(size: int) -> Sound:
    return 0.06 * band(size, 300, 3500) * np.sin(np.linspace(0, np.pi, size)) ** 2


def chord() -> Sound:
    beat = (1 + np.sign(np.sin(2 * np.pi * T))) / 2
    return sum((sine(hz, 0.1) for hz in (262, 330, 392, 523)), np.zeros(SIZE)) * beat


def melody() -> Sound:
    notes = np.repeat(DICE.choice([262, 294, 330, 349, 392, 440], 16), SIZE // 16)
    return 0.3 * np.sin(2 * np.pi * np.cumsum(notes) / SAMPLE_RATE_HZ)


SOUNDS = {
    "digital silence": np.zeros(SIZE),
    "hiss of a quiet room": 0.0008 * DICE.normal(size=SIZE),
    "white noise": 0.08 * DICE.normal(size=SIZE),
    "pink noise": 0.3 * coloured(1),
    "brown noise": 0.5 * coloured(2),
    "hum of 50 Hz": sine(50, 0.2) + sine(150, 0.1),
    "hum of 60 Hz": sine(60, 0.2) + sine(180, 0.08),
    "chords": chord(),
    "a melody": melody(),
    "typing": again_and_again(0.18, 400, lambda size: click(size, 80)),
    "breath": again_and_again(3, int(1.2 * SAMPLE_RATE_HZ), breath),
    "mouse clicks": again_and_again(0.9, 60, lambda size: click(size, 15)),
    "beeps": again_and_again(1.5, SAMPLE_RATE_HZ // 5, lambda size: sine(1000, 0.3, size)),
    "a fan": 0.15 * coloured(1) * (1 + sine(7, 0.3)) + sine(120, 0.05),
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS.keys())
def test_a_sound_without_speech_is_never_recognised(sound):
    pcm = Pcm((np.clip(sound, -1, 1) * 32_767).astype(np.int16))
    assert list(pieces(pcm)) == []
    cutter, data = PieceCutter(), pcm.to_bytes()
    cuts = [cutter.push(data[at : at + 8_000]) for at in range(0, len(data), 8_000)]
    live = [piece for cut in cuts for piece in (cut.done, cut.resting) if piece] + [p for p in [cutter.flush()] if p]
    assert [gated(piece) for piece in live] == [None] * len(live)
