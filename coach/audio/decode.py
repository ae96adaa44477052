"""Any supported recording to 16 kHz mono, by the FFmpeg libraries that PyAV carries.

Demuxers and protocols are limited to plain audio containers, so that a play list dressed up as a recording can neither
read other files nor reach the network. Timestamps are respected: a gap between two frames (a recorder that paused, a
packet that is damaged) is silence of its length. What could not be read is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, Pcm, Samples
from coach.errors import AudioError
from coach.vault import files

MAX_DURATION_S = 60 * 60.0
MIN_DURATION_S = 0.1
GAP_S = 0.1
"""A smaller step between two timestamps is rounding (Opus in WebM counts milliseconds), not a gap."""
LONGEST_GAP_S = 600.0
"""A larger step is a clock that was set anew, no silence."""
LOST_S = 0.5
"""A file whose length is stated this much longer than what could be read is told as damaged."""
CANCELLED = 0.1
"""Channels whose mean has less than this share of the louder one's energy cancel each other out (inverted wiring)."""
SUPPORTED = "wav, flac, mp3, ogg/opus, webm, m4a"
_MINUTE = 60 * SAMPLE_RATE_HZ
_OPEN_ENDED = 0x7FFF_0000
_GUESSED_LENGTH = ("mp3", "aac")
"""Their headers state no length; FFmpeg guesses one from the bit rate."""
_NEVER_PAUSES = ("flac", "wav", "mp3")
"""A gap in one of these is damage; elsewhere the recorder paused."""
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "wav,w64,aiff,au,caf,flac,mp3,ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,aac",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording as far as it could be read.

    Attributes:
        pcm: its sound; missing parts between two frames are silence.
        stated_s: length by its header, None where it states none.
        damaged: parts of it could not be decoded, or it ends before its stated length.
    """

    pcm: Pcm
    stated_s: float | None
    damaged: bool

    def notice(self, name: str) -> str:
        """How much could be read, in one sentence; empty when all of it was."""
        if not self.damaged:
            return ""
        read = f"{self.pcm.duration_s:.1f} s"
        of = f" of {self.stated_s:.1f} s" if self.stated_s and self.stated_s - self.pcm.duration_s > LOST_S else ""
        return f"{name} is damaged: {read}{of} could be read."


class Resampler:
    """Turns frames of any format, rate and channel count into 16 kHz bytes (mono; `layout` "stereo": interleaved),
    keeping the filter's state.
    """

    def __init__(self, layout: str = "mono") -> None:
        """Nothing is decoded yet."""
        self._layout = layout
        self._width = BYTES_PER_SAMPLE * (2 if layout == "stereo" else 1)
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def push(self, frame: AudioFrame) -> bytes:
        """Resamples one frame; may return fewer bytes than its length while the filter fills."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail = b""
        if shape != self._shape:
            tail = self.flush()
            self._resampler = AudioResampler(format="s16", layout=self._layout, rate=SAMPLE_RATE_HZ)
            self._shape = shape
        frame.pts = None
        assert self._resampler is not None
        return tail + self._bytes(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """What is still inside the filter; afterwards the resampler is as new."""
        if self._resampler is None:
            return b""
        tail = self._bytes(self._resampler.resample(None))
        self._resampler = self._shape = None
        return tail

    def _bytes(self, frames: list[AudioFrame]) -> bytes:
        return b"".join(bytes(f.planes[0])[: f.samples * self._width] for f in frames if f.samples)


def decode(path: str | Path, *, limit_s: float = MAX_DURATION_S) -> Pcm:
    """The sound of a recording of any supported container, rate and channel count; see `read_recording`."""
    return read_recording(path, limit_s=limit_s).pcm


def read_recording(path: str | Path, *, limit_s: float = MAX_DURATION_S) -> Decoded:
    """Decodes a recording and says how much of it could be read.

    Damaged packets become silence as long as something can be read.

    Raises:
        AudioError: missing, empty, not audio, without sound (0 s), or longer than `limit_s`.
    """
    file = Path(path)
    _check_file(file)
    try:
        sound = files.opened_sound(file)
        with av.open(sound or str(file), "r", options=dict(_OPTIONS)) as container:
            if not container.streams.audio or container.streams.audio[0].codec_context is None:
                raise AudioError(f"{file.name} has no sound in it.", mend=f"Use {SUPPORTED}.")
            stated_s = container.duration / av.time_base if container.duration else None
            if stated_s and stated_s > limit_s:
                raise _too_long(file, limit_s)
            if container.format.name in _GUESSED_LENGTH:
                stated_s = None
            elif container.format.name == "wav":
                stated_s = _wav_seconds(file, container.streams.audio[0])
            reading = _Reading(container, limit_s)
            data = reading.all(file)
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        raise AudioError(f"{file.name} is not audio that can be read.", mend=f"Use {SUPPORTED}.") from error
    pcm = Pcm(np.frombuffer(data, dtype="<i2"))
    if pcm.duration_s < MIN_DURATION_S:
        of = f" of {stated_s:.1f} s" if stated_s and stated_s > MIN_DURATION_S else ""
        raise AudioError(f"{file.name} holds no sound: {pcm.duration_s:.2f} s{of} could be read.", mend="Record again.")
    short = stated_s is not None and stated_s - pcm.duration_s > LOST_S
    return Decoded(pcm, stated_s, damaged=reading.broken or short)


def _wav_seconds(file: Path, stream: av.audio.stream.AudioStream) -> float | None:
    """The length by the header, which FFmpeg cuts to what is there; None where a recorder left it open."""
    with file.open("rb") as opened:
        head = opened.read(4096)
    at, rate = head.find(b"data"), stream.codec_context.bit_rate
    size = int.from_bytes(head[at + 4 : at + 8], "little") if at > 0 else 0
    return size * 8 / rate if rate and 0 < size < _OPEN_ENDED else None


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise AudioError(f"There is no audio file {file.name}.")
    if file.stat().st_size == 0:
        raise AudioError(f"{file.name} is empty.", mend="Record again.")


@dataclass
class _Reading:
    """One pass over a file: frames in, 16 kHz mono bytes out, gaps filled."""

    container: av.container.InputContainer
    limit_s: float
    broken: bool = False
    _parts: list[bytes] = field(default_factory=list)
    _samples: int = 0
    _expected_s: float | None = None
    _shift_s: float = 0.0

    def all(self, file: Path) -> bytes:
        """Everything that can be read, as mono Int16.

        Raises:
            AudioError: longer than the limit.
        """
        stereo = self.container.streams.audio[0].channels > 1
        resampler = Resampler("stereo" if stereo else "mono")
        width = BYTES_PER_SAMPLE * (2 if stereo else 1)
        for frame in self._frames():
            gap_s = self._gap(frame)
            if gap_s:
                self.broken |= self.container.format.name in _NEVER_PAUSES
                self._take(resampler.flush(), width)
                self._take(bytes(round(gap_s * SAMPLE_RATE_HZ) * width), width)
            self._take(resampler.push(frame), width)
            if self._samples > self.limit_s * SAMPLE_RATE_HZ:
                raise _too_long(file, self.limit_s)
        self._take(resampler.flush(), width)
        data = b"".join(self._parts)
        return (_mono(data) if stereo else data)[: _stated_bytes(self.container)]

    def _take(self, data: bytes, width: int) -> None:
        self._parts.append(data)
        self._samples += len(data) // width

    def _gap(self, frame: AudioFrame) -> float:
        """Seconds of silence before `frame` by its timestamp; a clock that runs back or leaps is set anew."""
        at_s = self._expected_s or 0.0 if frame.time is None else frame.time + self._shift_s
        expected_s, gap_s = at_s if self._expected_s is None else self._expected_s, 0.0
        step_s = at_s - expected_s
        if GAP_S < step_s < LONGEST_GAP_S:
            gap_s = step_s
        elif abs(step_s) > GAP_S:
            self._shift_s -= step_s
        self._expected_s = expected_s + gap_s + frame.samples / frame.sample_rate
        return gap_s

    def _frames(self) -> Iterator[AudioFrame]:
        stream = self.container.streams.audio[0]
        packets = self.container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.InvalidDataError:
                self.broken = True
                return
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                self.broken = True


def _mono(interleaved: bytes) -> bytes:
    """The mean of two channels; where they cancel each other out, the louder one."""
    both = np.frombuffer(interleaved, dtype="<i2").reshape(-1, 2)
    mean = ((both[:, 0].astype(np.int32) + both[:, 1]) // 2).astype("<i2")
    energy = [_energy(both[:, 0]), _energy(both[:, 1])]
    if _energy(mean) < CANCELLED * max(energy):
        return both[:, int(np.argmax(energy))].tobytes()
    return mean.tobytes()


def _energy(samples: Samples) -> float:
    """Sum of squares, a minute at a time."""
    blocks = (samples[at : at + _MINUTE].astype(np.float64) for at in range(0, len(samples), _MINUTE))
    return sum(float(block @ block) for block in blocks)


def _stated_bytes(container: av.container.InputContainer) -> int | None:
    """Where to cut the padding that AAC adds to its last frame: the length an MP4 states; None elsewhere."""
    stream = container.streams.audio[0]
    if "mp4" not in container.format.name or not stream.duration or stream.time_base is None:
        return None
    return round(float(stream.duration * stream.time_base) * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE


def _too_long(file: Path, limit_s: float) -> AudioError:
    return AudioError(f"{file.name} is longer than {limit_s / 60:.0f} minutes.", mend="Use a shorter recording.")
