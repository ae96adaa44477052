"""The token of one interview: unguessable, hashed at rest, expiring, dead on completion."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from weakref import WeakValueDictionary

from coach.errors import StoreBusyError
from coach.interview.ports import InterviewStore
from coach.interview.recent import Recent

TOKEN_BYTES = 32
LIFETIME_S = 4 * 3600
LONGEST_TOKEN = 200
MOST_REMEMBERED = 10_000
"""Interviews of a process whose token is known in plain form. For one that is forgotten a fresh token is made."""
SKEW = 2
"""A clock may be set back by one lifetime under a running interview; a token that would outlive two was made while the
clock ran ahead, and is dead.
"""


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored: SHA-256. The token has full entropy, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


class InterviewTokens:
    """The tokens of this process's interviews; `wall` gives epoch seconds."""

    def __init__(self, store: InterviewStore, wall: Callable[[], float], lifetime_s: float) -> None:
        """Nothing is issued yet."""
        self._store = store
        self._wall = wall
        self._lifetime_s = lifetime_s
        self._live: Recent[str, tuple[str, float]] = Recent(MOST_REMEMBERED)
        self._finished: Recent[str, str] = Recent(MOST_REMEMBERED)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, interview_id: str) -> str:
        """The interview's token: the live one for a second tab, else a fresh one (the old one dies)."""
        async with self._turns.setdefault(interview_id, asyncio.Lock()):  # two tabs at once get the same one
            return await self._held_or_fresh(interview_id)

    async def _held_or_fresh(self, interview_id: str) -> str:
        held = self._live.used(interview_id)
        if (
            held
            and 0.5 < (held[1] - self._wall()) / self._lifetime_s <= SKEW
            and await self._opens(held[0], interview_id)
        ):
            return held[0]
        token, expires = new_token(), self._wall() + self._lifetime_s
        await self._store.store_token(interview_id, token_hash(token), expires)
        self._live[interview_id] = (token, expires)
        return token

    async def _opens(self, token: str, interview_id: str) -> bool:
        """Whether it is still the stored one: another process may have had the interview, and given it its own."""
        try:
            return await self._store.check_token(token_hash(token), self._wall()) == interview_id
        except StoreBusyError:
            return True

    async def check(self, token: str) -> str | None:
        """The interview a live token opens; None for any other."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        now = self._wall()
        return await self._store.check_token(token_hash(token), now, now + SKEW * self._lifetime_s)

    def finished_by(self, token: str) -> str | None:
        """The interview that was finished with this token, so that a double click gets the same answer."""
        return self._finished.get(token_hash(token))

    def forget(self, interview_id: str) -> None:
        """The interview is over: its token is remembered only as finished."""
        held = self._live.pop(interview_id, None)
        if held:
            self._finished[token_hash(held[0])] = interview_id
