"""The keys of `COACH_ENCRYPTION_KEY`: the first one wraps, the others only open what they wrapped before a rotation.

A key is 32 random bytes (base64, 44 characters, or 64 hex digits), or a passphrase, which scrypt (RFC 7914) stretches
with the installation's salt.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from coach.errors import SettingsError

KEY_BYTES = 32
SHORTEST_PASSPHRASE = 16
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1
"""About 0.1 s and 32 MB, once a process: OWASP's recommendation for scrypt with p = 1 is 2^17, for p = 3 2^15; what is
stretched here is an operator's long passphrase, not a person's password."""
HOW_TO_MAKE_ONE = "`openssl rand -base64 32` makes a good one."
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class MasterKey:
    """One key of the installation; `fingerprint` names it without telling it."""

    fingerprint: str
    cipher: AESGCM = field(repr=False)


def master_keys(text: str, salt: bytes) -> tuple[MasterKey, ...]:
    """The keys of a setting, in order; commas lie between them.

    Raises:
        SettingsError: none, or one that is too short to protect anything.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise SettingsError("COACH_ENCRYPTION_KEY is empty.", mend=HOW_TO_MAKE_ONE)
    return tuple(_master(part, salt) for part in parts)


def _master(part: str, salt: bytes) -> MasterKey:
    secret = _random_key(part) or _stretched(part, salt)
    name = hashlib.sha256(b"jobfoxy master" + salt + secret).hexdigest()[:16]
    return MasterKey(name, AESGCM(secret))


def _random_key(part: str) -> bytes | None:
    if _HEX.fullmatch(part):
        return bytes.fromhex(part)
    try:
        decoded = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == KEY_BYTES else None


def _stretched(passphrase: str, salt: bytes) -> bytes:
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise SettingsError(
            f"A key in COACH_ENCRYPTION_KEY is neither 32 bytes as base64 nor a passphrase of {SHORTEST_PASSPHRASE} "
            "characters.",
            mend=HOW_TO_MAKE_ONE,
        )
    return Scrypt(salt=salt, length=KEY_BYTES, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P).derive(passphrase.encode())
