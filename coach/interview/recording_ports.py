"""What an interview needs of recordings: journals, archive, and the ear beside them."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from coach.audio.takes import TakeJournal

if TYPE_CHECKING:
    from coach.audio.pcm import Pcm
    from coach.delivery.measure import Sound


HeardSound: TypeAlias = "tuple[Pcm, Sound]"
"""A recording and what its sound alone tells."""


class Journal(TakeJournal, Protocol):
    """A recording in progress, on disk before anything else hears it."""

    path: Path

    @property
    def shared(self) -> bool:
        """Whether it outlives this machine: then an answer is not judged before the end of it does."""

    def seal(self) -> Path:
        """Closes it and returns the finished recording."""

    def note_use(self, used: str) -> None:
        """Keeps what the answer has used of vendors so far, should this process die."""

    def rest(self) -> None:
        """Waits until what was sealed would outlive this machine."""

    def put_down(self) -> None:
        """Lets go of it unfinished, for whoever goes on."""

    def close(self) -> None:
        """Lets go of it unfinished where somebody else goes on already."""

    def discard(self) -> None:
        """Removes it."""


class Journals(Protocol):
    """Where recordings in progress come from; all methods block."""

    def create(self, directory: Path, attempt_id: str) -> Journal:
        """Opens the journal of one attempt; one that is there, or on another machine, is gone on with."""

    def noted_use(self, directory: Path, attempt_id: str) -> str:
        """What an answer had used of vendors before its process died; empty when nothing is known."""

    def forget(self, directory: Path, attempt_id: str) -> None:
        """Removes whatever there is of one."""


class Archive(Protocol):
    """Where finished recordings go."""

    def save(self, path: Path, attempt_id: str) -> str:
        """Keeps the recording and returns its address."""

    def local_path(self, uri: str, copy: Path) -> Path:
        """A file on this machine with the recording: the archive's own, or a copy of it at `copy`."""

    def read(self, uri: str) -> bytes:
        """The recording's bytes, in plain form."""


class Follower(Protocol):
    """Hears a recording while it grows. Both methods block and may be called from any thread."""

    def follow(self) -> None:
        """Hears what was recorded since."""

    def finish(self) -> HeardSound:
        """What the sound alone tells of the recording, which has ended; as `Listen` gives it."""


class Ear(Protocol):
    """Voice activity over a stream."""

    def push(self, pcm16: bytes) -> bool | None:
        """Whether speech is heard; None before the first window is full."""
