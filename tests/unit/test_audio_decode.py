"""Every container, rate and channel count in; every bad file refused in one line."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from coach.audio.decode import Resampler, decode
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.errors import AudioError
from tests.fakes.spoken import CODECS, SENTENCES, answer, spoken, write


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "channels"),
    [
        *itertools.product(("wav", "flac"), (8000, 16000, 22050, 44100, 48000), (1, 2)),
        *itertools.product(("mp3", "m4a"), (16000, 44100), (1, 2)),
        *itertools.product(("ogg", "webm"), (48000,), (1, 2)),
    ],
)
def test_decodes_every_container_rate_and_channel_count(tmp_path, suffix, rate_hz, channels):
    said = spoken(SENTENCES[0])
    decoded = decode(write(said, tmp_path / f"a.{suffix}", rate_hz=rate_hz, channels=channels))
    assert decoded.samples.dtype == np.int16
    assert decoded.duration_s == pytest.approx(said.duration_s, abs=0.05)
    loudness = [np.sqrt(np.mean(p.samples.astype(float) ** 2)) for p in (said, decoded)]
    assert 0.65 < loudness[1] / loudness[0] < 1.25


def test_every_supported_container_is_tested():
    assert set(CODECS) == {"wav", "flac", "mp3", "ogg", "webm", "m4a"}


def _sparse_wav(path: Path, seconds: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.setnframes(seconds * SAMPLE_RATE_HZ)
        file.writeframes(b"\0\0")
    data = bytearray(path.read_bytes()[:44])
    data[40:44] = (seconds * SAMPLE_RATE_HZ * 2).to_bytes(4, "little")
    path.write_bytes(data)
    with path.open("ab") as file:
        file.truncate(44 + seconds * SAMPLE_RATE_HZ * 2)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "is empty"),
        ("text.wav", b"this is a letter, not a recording\n" * 30, "not audio"),
        ("noise.wav", np.random.default_rng(1).bytes(50_000), "not audio"),
        ("list.wav", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "not audio"),
        ("concat.wav", b"ffconcat version 1.0\nfile '/etc/hostname'\n", "not audio"),
        ("page.mp3", b"<html><body>404</body></html>" * 100, "not audio"),
    ],
)
def test_refuses_what_is_no_recording(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match=says) as refused:
        decode(tmp_path / name)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_refuses_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "gone.wav", tmp_path):
        with pytest.raises(AudioError, match="no audio file"):
            decode(path)


def test_refuses_zero_seconds_and_two_hours(tmp_path):
    _sparse_wav(tmp_path / "zero.wav", 0)
    with pytest.raises(AudioError):
        decode(tmp_path / "zero.wav")
    _sparse_wav(tmp_path / "long.wav", 2 * 3600)
    with pytest.raises(AudioError, match="longer than 60 minutes"):
        decode(tmp_path / "long.wav")


def test_a_length_the_header_hides_is_found_while_reading(tmp_path):
    path = write(answer(SENTENCES[0], 1.0, SENTENCES[1]).pcm, tmp_path / "a.webm", rate_hz=48000)
    with pytest.raises(AudioError, match="longer than"):
        decode(path, limit_s=2.0)


def test_a_broken_off_file_gives_what_is_there(tmp_path):
    path = write(spoken(SENTENCES[0]), tmp_path / "a.flac")
    whole = decode(path).duration_s
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 0.2 * whole < decode(path).duration_s < 0.8 * whole


def test_frames_are_resampled_without_losing_time():
    import av

    resampler, data = Resampler(), b""
    for _ in range(100):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960 * 2), np.int16), format="s16", layout="stereo")
        frame.sample_rate = 48_000
        data += resampler.push(frame)
    data += resampler.flush()
    assert Pcm.from_bytes(data).duration_s == pytest.approx(2.0, abs=0.02)
