"""All errors of the product, split by where they fail.

    CoachError
    ├── UsageError            the caller asked for something that cannot be (exit 2 on the command line)
    │   ├── IllegalCommandError   a command that the present state does not allow; changes nothing
    │   └── RateLimitError        too often; try again shortly
    ├── SettingsError         a setting is missing or refused; says the mend
    ├── InputError            a file or text that cannot be used
    │   └── AudioError        empty, undecodable, too short, too long
    ├── StoreError            the database or the recordings
    │   ├── StoreBusyError        held by another process
    │   ├── StoreVersionError     newer than this code
    │   ├── ConflictError         another record stands where this one would
    │   │   └── TakenOverError        another process has the interview now
    │   └── NotFoundError
    ├── VendorError           a vendor or its network failed
    │   ├── VendorAuthError       key refused
    │   ├── VendorLimitError      rate or quota
    │   ├── VendorTimeoutError
    │   ├── VendorRefusalError    the model declined
    │   └── VendorProtocolError   the vendor answered something else than its interface says
    ├── StoppingError         the service is being stopped; try again shortly
    └── EntitlementError      the plan does not include it

Messages are safe to show: no transcript, no key, no personal data.
"""

from typing import ClassVar


class CoachError(Exception):
    """Base of all. `code` is stable, `retryable` says whether trying again may help."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, mend: str = "") -> None:
        """`message` says what happened in one line; `mend` what to do about it."""
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()


class UsageError(CoachError):
    """The caller asked for something that cannot be."""

    code = "USAGE"


class IllegalCommandError(UsageError):
    """The present state does not allow this command; nothing was changed."""

    code = "ILLEGAL_COMMAND"


class RateLimitError(UsageError):
    """The same thing was asked too often; nothing was changed."""

    code = "RATE_LIMITED"
    retryable = True


class SettingsError(CoachError):
    """A setting is missing, malformed or refused."""

    code = "SETTINGS"


class InputError(CoachError):
    """A file or text that cannot be used."""

    code = "INPUT"


class AudioError(InputError):
    """Audio that is empty, undecodable, too short or too long."""

    code = "AUDIO"


class StoreError(CoachError):
    """The database or the recordings could not be read or written."""

    code = "STORE"


class StoreBusyError(StoreError):
    """Another process holds the database."""

    code = "STORE_BUSY"
    retryable = True


class StoreVersionError(StoreError):
    """The database is newer than this code."""

    code = "STORE_VERSION"


class ConflictError(StoreError):
    """Another record stands where this one would; the same write can never succeed."""

    code = "CONFLICT"


class TakenOverError(ConflictError):
    """Another process has the interview now, and what is known of it here is of before."""

    code = "TAKEN_OVER"


class NotFoundError(StoreError):
    """There is nothing with this identity."""

    code = "NOT_FOUND"


class VendorError(CoachError):
    """A vendor or the network to it failed."""

    code = "VENDOR"
    retryable = True


class VendorAuthError(VendorError):
    """The vendor refused the key."""

    code = "VENDOR_AUTH"
    retryable = False


class VendorLimitError(VendorError):
    """Rate limit or quota."""

    code = "VENDOR_LIMIT"


class VendorTimeoutError(VendorError):
    """The vendor did not answer in time."""

    code = "VENDOR_TIMEOUT"


class VendorRefusalError(VendorError):
    """The model declined to answer."""

    code = "VENDOR_REFUSAL"
    retryable = False


class VendorProtocolError(VendorError):
    """The vendor answered something its interface does not allow."""

    code = "VENDOR_PROTOCOL"


class StoppingError(CoachError):
    """The service is being stopped and begins nothing new."""

    code = "STOPPING"
    retryable = True


class EntitlementError(CoachError):
    """The plan does not include what was asked."""

    code = "ENTITLEMENT"
