"""Deepgram's Aura as a voice: 24 kHz PCM, the form LiveAvatar takes as well."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from deepgram.core.request_options import RequestOptions
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from coach.contracts.transcript import normalise_space
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.errors import InputError, VendorError, VendorProtocolError
from coach.speech.deepgram.client import VENDOR, DeepgramAccount, vendor_errors
from coach.speech.voice.port import LONGEST_TEXT, Spoken
from coach.speech.voice.speakers import speaker_of

METER = "aura-2.characters"
SAMPLE_RATE_HZ = 24_000
TIMEOUT_S = 15
TRIES = 2


class DeepgramVoice:
    """Implements `coach.speech.voice.port.Voice`; each persona has a speaker of its own."""

    name = "deepgram"
    label = "Deepgram Aura"

    def __init__(self, api_key: SecretStr, base_url: str = "https://api.deepgram.com") -> None:
        self._account = DeepgramAccount(api_key, base_url)

    def clip_key(self, persona_id: str) -> str:
        """Vendor, speaker and rate."""
        return f"{VENDOR}:{speaker_of(persona_id).aura}:{SAMPLE_RATE_HZ}"

    async def speak(
        self, text: str, *, persona_id: str = "", interview_id: str = "", attempt_id: str | None = None
    ) -> Spoken:
        """Speaks up to 2,000 characters; one retry where that may help.

        Raises:
            InputError: nothing to say, or too much.
            VendorError: key, limit, network or protocol.
        """
        said = normalise_space(text)
        if not said or len(said) > LONGEST_TEXT:
            raise InputError(f"A text to speak has 1 to {LONGEST_TEXT} characters.")
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(initial=0.1, max=1, jitter=0.1),
            retry=retry_if_exception(lambda e: isinstance(e, VendorError) and e.retryable),
            reraise=True,
        )
        pcm: bytes = await retrying(self._generate, said, speaker_of(persona_id).aura)
        return Spoken(pcm, SAMPLE_RATE_HZ, (_usage(said, interview_id, attempt_id),))

    async def close(self) -> None:
        """Closes the connections."""
        await self._account.close()

    async def _generate(self, text: str, model: str) -> bytes:
        with vendor_errors():
            parts = self._account.client().speak.v1.audio.generate(
                text=text,
                model=model,
                encoding="linear16",
                sample_rate=SAMPLE_RATE_HZ,
                container="none",
                request_options=RequestOptions(max_retries=0, timeout_in_seconds=TIMEOUT_S),
            )
            pcm = b"".join([part async for part in parts])
        if not pcm:
            raise VendorProtocolError("Deepgram answered without sound.")
        return pcm[: len(pcm) & ~1]


def _usage(text: str, interview_id: str, attempt_id: str | None) -> UsageEvent:
    call = f"speak-{uuid4().hex}"
    return UsageEvent(
        event_id=usage_event_id(attempt_id or interview_id, call, METER),
        vendor=VENDOR,
        meter=METER,
        quantity=Decimal(len(text)),
        unit="character",
        occurred_at=datetime.now(UTC),
        attempt_id=attempt_id,
        interview_id=interview_id or None,
        call_id=call,
    )
