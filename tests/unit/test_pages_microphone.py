"""The WebRTC side of the microphone: real frames, a real connection, the conductor's ears."""

import asyncio
from fractions import Fraction

import numpy as np
from av import AudioFrame

from pages.components.practice.microphone import FrameIntake, ice_configuration, warm_up

RATE_HZ = 48_000
FRAME = 960


class Heard:
    """Stands for the hub and its conductor: keeps what it was given."""

    def __init__(self, known: bool = True) -> None:
        self.pcm = b""
        self.clocks: list[tuple[float, int]] = []
        self.known = known

    def find(self, interview_id: str) -> "Heard | None":
        return self if self.known else None

    def push_audio_threadsafe(self, pcm16: bytes, *clock: float) -> bool:
        self.pcm += pcm16
        self.clocks += [(clock[0], int(clock[1]))] if clock else []
        return True


def stereo_frames(seconds: float, hz: float) -> list[AudioFrame]:
    """A tone as WebRTC delivers it: 20 ms frames, 48 kHz, two channels, 16 bit."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = (12_000 * np.sin(2 * np.pi * hz * t)).astype(np.int16)
    frames = []
    for at in range(0, len(tone) - FRAME + 1, FRAME):
        both = np.repeat(tone[at : at + FRAME], 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE_HZ, at
        frames.append(frame)
    return frames


async def test_frames_become_16_khz_mono():
    heard = Heard()
    intake = FrameIntake(heard, "i1")  # type: ignore[arg-type]
    frames = stereo_frames(1.0, 440)
    assert await intake.receive(frames) is frames
    samples = np.frombuffer(heard.pcm, "<i2").astype(float)
    assert abs(len(samples) - 16_000) < 200
    spectrum = np.abs(np.fft.rfft(samples[2000:14_000]))
    assert abs(spectrum.argmax() * 16_000 / 12_000 - 440) < 3
    assert 11_000 < samples.max() < 13_000
    assert intake.frames == 50


async def test_frames_carry_the_clock_of_their_connection():
    clocks = []
    for _ in range(2):
        heard = Heard()
        frames = stereo_frames(0.1, 440)
        for frame in frames:
            frame.time_base = Fraction(1, RATE_HZ)
        await FrameIntake(heard, "i1").receive(frames)  # type: ignore[arg-type]
        clocks.append(heard.clocks)
    assert [round(at, 2) for at, _ in clocks[0]] == [0.0, 0.02, 0.04, 0.06, 0.08]
    assert clocks[0][0][1] != clocks[1][0][1]


async def test_frames_of_a_closed_interview_are_dropped():
    heard = Heard(known=False)
    await FrameIntake(heard, "gone").receive(stereo_frames(0.1, 440))  # type: ignore[arg-type]
    assert heard.pcm == b""


async def test_warm_up_makes_a_real_connection():
    before = asyncio.all_tasks()
    await warm_up()
    await asyncio.sleep(0)
    assert not {task for task in asyncio.all_tasks() - before if "_first_frame" in str(task)}


def test_localhost_needs_no_ice_servers():
    assert ice_configuration() == {"iceServers": []}
