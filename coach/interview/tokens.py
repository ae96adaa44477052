"""The token of one interview: unguessable, hashed at rest, expiring, dead on completion."""

import hashlib
import secrets

TOKEN_BYTES = 32
LIFETIME_S = 4 * 3600


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored: SHA-256. The token has full entropy, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
