"""Any supported recording to 16 kHz mono, by the FFmpeg libraries that PyAV carries.

Demuxers and protocols are limited to plain audio containers, so that a play list dressed up as a recording can neither
read other files nor reach the network.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, Pcm
from coach.errors import AudioError

MAX_DURATION_S = 60 * 60.0
MIN_DURATION_S = 0.1
SUPPORTED = "wav, flac, mp3, ogg/opus, webm, m4a"
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "wav,w64,aiff,au,caf,flac,mp3,ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,aac",
}


class Resampler:
    """Turns frames of any format, rate and channel count into 16 kHz mono bytes, keeping the filter's state.

    Also what WebRTC frames pass through (`av.AudioFrame`, usually 48 kHz stereo).
    """

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def push(self, frame: AudioFrame) -> bytes:
        """Resamples one frame; may return fewer bytes than its length while the filter fills."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail = b""
        if shape != self._shape:
            tail = self.flush()
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
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

    @staticmethod
    def _bytes(frames: list[AudioFrame]) -> bytes:
        return b"".join(bytes(f.planes[0])[: f.samples * BYTES_PER_SAMPLE] for f in frames if f.samples)


def decode(path: str | Path, *, limit_s: float = MAX_DURATION_S) -> Pcm:
    """Decodes a recording of any supported container, rate and channel count.

    Damaged packets are left out as long as something can be read.

    Raises:
        AudioError: missing, empty, not audio, without sound (0 s), or longer than `limit_s`.
    """
    file = Path(path)
    _check_file(file)
    try:
        with av.open(str(file), options=dict(_OPTIONS)) as container:
            if not container.streams.audio:
                raise AudioError(f"{file.name} has no sound in it.", mend=f"Use {SUPPORTED}.")
            if container.duration and container.duration / av.time_base > limit_s:
                raise _too_long(file, limit_s)
            data = _read_all(file, container, limit_s)
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        raise AudioError(f"{file.name} is not audio that can be read.", mend=f"Use {SUPPORTED}.") from error
    pcm = Pcm(np.frombuffer(data, dtype="<i2"))
    if pcm.duration_s < MIN_DURATION_S:
        raise AudioError(f"{file.name} holds no sound ({pcm.duration_s:.1f} s).", mend="Record again.")
    return pcm


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise AudioError(f"There is no audio file {file.name}.")
    if file.stat().st_size == 0:
        raise AudioError(f"{file.name} is empty.", mend="Record again.")


def _read_all(file: Path, container: av.container.InputContainer, limit_s: float) -> bytes:
    resampler, parts, size = Resampler(), [], 0
    limit = int(limit_s * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
    for frame in _frames(container):
        part = resampler.push(frame)
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_long(file, limit_s)
    parts.append(resampler.flush())
    return b"".join(parts)[: _stated_bytes(container)]


def _stated_bytes(container: av.container.InputContainer) -> int | None:
    """Where to cut the padding that AAC adds to its last frame: the length an MP4 states; None elsewhere."""
    stream = container.streams.audio[0]
    if "mp4" not in container.format.name or not stream.duration or stream.time_base is None:
        return None
    return round(float(stream.duration * stream.time_base) * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE


def _frames(container: av.container.InputContainer) -> Iterator[AudioFrame]:
    stream = container.streams.audio[0]
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.InvalidDataError:
            return
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _too_long(file: Path, limit_s: float) -> AudioError:
    return AudioError(f"{file.name} is longer than {limit_s / 60:.0f} minutes.", mend="Use a shorter recording.")
