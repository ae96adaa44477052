"""Turns the SDK's errors into ours: safe to show, split by kind, never with a key or content in the message."""

import httpx2
import openai

from coach.errors import (
    VendorAuthError,
    VendorError,
    VendorLimitError,
    VendorProtocolError,
    VendorRefusalError,
    VendorTimeoutError,
)

MAX_RETRY_AFTER_S = 5.0
"""A longer wait than this is not worth keeping a person waiting for."""


def vendor_error(error: openai.OpenAIError) -> VendorError:
    """The matching error of ours."""
    if isinstance(error, openai.APITimeoutError):
        return VendorTimeoutError("The model's server did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return VendorError("The model's server cannot be reached.", mend="Check OPENAI_BASE_URL and the network.")
    if isinstance(error, openai.APIStatusError):
        return _status_error(error)
    return coded_error(getattr(error, "code", None))


def _status_error(error: openai.APIStatusError) -> VendorError:
    status = error.status_code
    if status in (401, 403):
        return VendorAuthError("The model's server refused the key.", mend="Check OPENAI_API_KEY.")
    if status == 429:
        return coded_error(error.code or "rate_limit_exceeded")
    if status == 404:
        return VendorProtocolError(
            "The model or interface does not exist there.", mend="Check COACH_OPENAI_MODEL and COACH_OPENAI_API."
        )
    if status >= 500 or status == 408:
        return VendorError(f"The model's server failed (HTTP {status}).")
    return VendorProtocolError(f"The model's server refused the request (HTTP {status}, {error.code or 'no code'}).")


def coded_error(code: str | None) -> VendorError:
    """An error the vendor reports inside a stream, by its code."""
    if code in ("rate_limit_exceeded", "insufficient_quota", "rate_limit_error"):
        return VendorLimitError("The model's rate limit or quota is used up.")
    if code in ("content_filter", "invalid_prompt", "cyber_policy"):
        return VendorRefusalError("The model declined to answer.")
    return VendorError(f"The model's server reported an error ({code or 'no code'}).")


def retry_after_s(error: openai.OpenAIError, attempt: int) -> float | None:
    """Seconds to wait before trying again, None when it is not worth it. `attempt` counts from 0.

    A request that arrived and was not answered in time is not sent again: it was waited for, and it is paid for.
    """
    if isinstance(error, openai.APITimeoutError) and not isinstance(error.__cause__, httpx2.ConnectTimeout):
        return None
    if isinstance(error, openai.APIStatusError):
        if error.status_code not in (408, 409, 429) and error.status_code < 500:
            return None
        if error.code == "insufficient_quota":
            return None
        told = _told_wait(error)
        if told is not None:
            return told if told <= MAX_RETRY_AFTER_S else None
    elif not isinstance(error, openai.APIConnectionError):
        return None
    return float(0.2 * 2**attempt)


def _told_wait(error: openai.APIStatusError) -> float | None:
    headers = error.response.headers
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    return None
