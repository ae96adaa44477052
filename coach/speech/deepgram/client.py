"""The Deepgram SDK client as we use it, and its failures in our own terms."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from coach.errors import (
    SettingsError,
    VendorAuthError,
    VendorError,
    VendorLimitError,
    VendorProtocolError,
    VendorTimeoutError,
)
from coach.speech.deepgram.transport import DeepgramTransport

VENDOR = "deepgram"
TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 5.0
LIMITS = {402, 429}
AUTH = {401, 403}


class DeepgramRequestError(VendorProtocolError):
    """Deepgram says our request is wrong; trying again would not help."""

    retryable = False


def environment(base_url: str) -> DeepgramClientEnvironment:
    """Every address of a server that speaks Deepgram, from its http(s) or ws(s) base.

    Raises:
        SettingsError: not a web address.
    """
    parts = urlsplit(base_url.rstrip("/"))
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise SettingsError("DEEPGRAM_BASE_URL is not a web address.", mend="Use https://host or http://host:port.")
    secure = parts.scheme in {"https", "wss"}
    http = parts._replace(scheme="https" if secure else "http").geturl()
    socket = parts._replace(scheme="wss" if secure else "ws").geturl()
    return DeepgramClientEnvironment(base=http, production=socket, agent=socket, agent_rest=http)


class DeepgramAccount:
    """Key, address and the one HTTP client of this process's use of Deepgram; made when first needed."""

    def __init__(self, api_key: SecretStr, base_url: str) -> None:
        self._key = api_key
        self._environment = environment(base_url)
        self._http: httpx.AsyncClient | None = None
        self._client: AsyncDeepgramClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def client(self) -> AsyncDeepgramClient:
        """The SDK client of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._http = httpx.AsyncClient(timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S))
            self._client = AsyncDeepgramClient(
                api_key=self._key.get_secret_value(),
                environment=self._environment,
                httpx_client=self._http,
                transport_factory=DeepgramTransport,
            )
            self._loop = loop
        return self._client

    async def close(self) -> None:
        """Closes the connections."""
        http, self._http, self._client = self._http, None, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Turns what the SDK and its transports raise into `VendorError`, without keys or transcripts."""
    try:
        yield
    except ApiError as error:
        raise from_status(error.status_code or 0) from None
    except InvalidStatus as error:
        raise from_status(error.response.status_code) from None
    except ConnectionClosed as error:
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
        raise VendorError(f"Deepgram closed the connection ({code} {reason[:60]}).".replace(" )", ")")) from None
    except (TimeoutError, httpx.TimeoutException):
        raise VendorTimeoutError("Deepgram did not answer in time.") from None
    except (OSError, WebSocketException, httpx.HTTPError) as error:
        raise VendorError(f"Deepgram cannot be reached ({type(error).__name__}).", mend="Check the network.") from None


def from_status(status: int) -> VendorError:
    """The error for an HTTP status."""
    if status in AUTH:
        return VendorAuthError("Deepgram refused the key.", mend="Set DEEPGRAM_API_KEY to a valid key.")
    if status in LIMITS:
        return VendorLimitError(f"Deepgram's limit is reached ({status}).", mend="Wait, or raise the plan's limit.")
    if status in {408, 504}:
        return VendorTimeoutError("Deepgram did not answer in time.")
    if 400 <= status < 500:
        return DeepgramRequestError(f"Deepgram did not accept the request ({status}).")
    return VendorError(f"Deepgram failed ({status or 'no status'}).")
