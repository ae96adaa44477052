"""What a vendor's live connection has to offer, and how it is lost."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from coach.errors import VendorError
from coach.speech.streaming.word_merge import LiveResult


class LiveSocket(Protocol):
    """An open connection to a live transcriber. Every method raises `VendorError` when it is gone."""

    async def send(self, pcm: bytes) -> None:
        """Sends Int16 mono 16 kHz audio."""

    async def finalize(self) -> None:
        """Asks for the final result of all audio sent."""

    async def keep_alive(self) -> None:
        """Tells that audio will follow."""

    async def end(self) -> None:
        """Says goodbye; no audio follows."""

    def results(self) -> AsyncIterator[LiveResult]:
        """Results until the connection ends."""


class LiveVendor(Protocol):
    """Where links are opened. `meter` counts seconds of audio sent, under `vendor`."""

    vendor: str
    meter: str
    name: str

    def connect(self) -> AbstractAsyncContextManager[LiveSocket]:
        """Opens a connection; raises `VendorError` when refused or unreachable."""


class LinkLostError(VendorError):
    """The connection to the transcriber ended; another one is opened."""

    code = "SPEECH_LINK_LOST"


class DeafLinkError(LinkLostError):
    """The transcriber stays silent although somebody speaks."""

    code = "SPEECH_DEAF"
