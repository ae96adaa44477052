"""Every container, rate and channel count in; every bad file refused in one line."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from coach.audio.decode import Resampler, decode, read_recording
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


def _shifted(source: Path, target: Path, leap_s: float, at_s: float) -> Path:
    """The same packets, those behind `at_s` stamped `leap_s` later."""
    import av

    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        stream = given.streams.audio[0]
        copied = out.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.dts is None:
                continue
            if packet.pts * packet.time_base >= at_s:
                packet.pts = packet.dts = packet.pts + round(leap_s / packet.time_base)
            packet.stream = copied
            out.mux(packet)
    return target


@pytest.mark.parametrize(("leap_s", "kept_s"), [(6.0, 6.0), (0.5, 0.5), (1200.0, 0.0)])
def test_a_gap_in_the_timestamps_is_silence_of_its_length(tmp_path, leap_s, kept_s):
    """A recorder that paused: 10.8 s came instead of 16.8."""
    source = write(answer(SENTENCES[0], 0.5, SENTENCES[1]).pcm, tmp_path / "a.webm", rate_hz=48000)
    whole = decode(source).duration_s
    sound = decode(_shifted(source, tmp_path / "gap.webm", leap_s, 1.0))
    assert sound.duration_s == pytest.approx(whole + kept_s, abs=0.1)
    silence = sound.samples[int(1.2 * SAMPLE_RATE_HZ) : int((0.9 + kept_s) * SAMPLE_RATE_HZ)]
    assert not silence.any()


@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_channels_that_cancel_each_other_out_are_heard(tmp_path, gain):
    said = spoken(SENTENCES[0])
    path = tmp_path / "inverted.wav"
    both = np.stack([said.samples, (-gain * said.samples.astype(float)).astype(np.int16)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(both.astype("<i2").tobytes())
    heard = decode(path)
    assert np.corrcoef(heard.samples[: len(said.samples)], said.samples)[0, 1] > 0.99
    loudness = [np.sqrt(np.mean(p.samples.astype(float) ** 2)) for p in (said, heard)]
    assert 0.9 < loudness[1] / loudness[0] < 1.1


@pytest.mark.parametrize("suffix", ["wav", "flac", "webm"])
def test_a_broken_off_file_says_how_much_could_be_read(tmp_path, suffix):
    rate_hz = 48000 if suffix == "webm" else 16000
    path = write(answer(SENTENCES[0], 0.3, SENTENCES[1]).pcm, tmp_path / f"a.{suffix}", rate_hz=rate_hz)
    whole = read_recording(path)
    assert whole.notice(path.name) == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    part = read_recording(path)
    assert part.damaged
    assert f"a.{suffix} is damaged: {part.pcm.duration_s:.1f} s" in part.notice(path.name)
    assert part.stated_s == pytest.approx(whole.pcm.duration_s, abs=0.05)
    assert f"of {part.stated_s:.1f} s" in part.notice(path.name)


def test_what_is_damaged_in_the_middle_is_silence_and_said(tmp_path):
    path = write(answer(SENTENCES[0], 0.3, SENTENCES[1]).pcm, tmp_path / "a.flac", rate_hz=16000)
    whole = decode(path).duration_s
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    found = read_recording(path)
    assert found.damaged and "is damaged" in found.notice("a.flac")
    assert found.pcm.duration_s == pytest.approx(whole, abs=0.5)


def test_a_file_too_short_to_be_an_answer_says_what_it_holds(tmp_path):
    path = write(Pcm(np.ones(800, np.int16)), tmp_path / "a.wav", rate_hz=16000)
    with pytest.raises(AudioError, match=r"holds no sound: 0\.05 s could be read"):
        decode(path)


def test_frames_are_resampled_without_losing_time():
    import av

    resampler, data = Resampler(), b""
    for _ in range(100):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960 * 2), np.int16), format="s16", layout="stereo")
        frame.sample_rate = 48_000
        data += resampler.push(frame)
    data += resampler.flush()
    assert Pcm.from_bytes(data).duration_s == pytest.approx(2.0, abs=0.02)
