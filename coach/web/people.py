"""Who a request comes from where people sign in: the provider's word, kept in a signed cookie, and the roles we know.

The cookie is made by whoever spoke with the provider (OpenID Connect); it is read by the function handed in. What it
says is who somebody is; what they may do stands in the database and is asked again every second.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coach.contracts.asking import asking
from coach.contracts.people import Asker, Reach, Role
from coach.errors import ConflictError
from coach.store import SqlStore
from coach.store.repositories import identities
from coach.web.problems import AccessError

ASKED_AGAIN_S = 1.0
"""A role that was taken is felt after this; consent is looked up in every single question."""
MOST_KNOWN = 1000
_OVER = "Your session has ended."
INVITATION_COOKIE = "jobfoxy_invitation"


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider said, and when the session began (wall clock, UTC)."""

    issuer: str
    subject: str
    name: str
    began_at: datetime

    @property
    def identity_id(self) -> str:
        """Under which the identity is known here."""
        return identities.identity_id(self.issuer, self.subject)


class Accounts:
    """Everybody who signs in."""

    def __init__(
        self,
        store: SqlStore,
        read: Callable[[Mapping[str, str]], Claims | None],
        *,
        providers: Mapping[str, str],
        way_in: Callable[[str], str],
        hours: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Asks nothing yet.

        Args:
            store: memberships.
            read: cookies by name -> what a genuine cookie says; None without one.
            providers: name of each provider -> how it is called on the sign-in page.
            way_in: name of a provider -> address that begins signing in there.
            hours: how long a session lives.
            clock: wall clock.
        """
        self._store, self._read, self._clock = store, read, clock
        self.providers, self.way_in = providers, way_in
        self._lives = timedelta(hours=hours)
        self._known: dict[tuple[str, datetime], tuple[float, Asker]] = {}

    def claims(self, cookies: Mapping[str, str]) -> Claims:
        """Whose session the cookies are of.

        Raises:
            AccessError: nobody's, or it is over.
        """
        claims = self._read(cookies)
        if claims is None:
            raise AccessError("Sign in first.")
        if not timedelta(minutes=-1) <= self._clock() - claims.began_at < self._lives:
            raise AccessError(_OVER, mend="Sign in again.")
        return claims

    def asker(self, cookies: Mapping[str, str], page: str = "") -> Asker:
        """Who asks, on which page (blocking); nobody's id where the person belongs to no organisation.

        Raises:
            AccessError: nobody is signed in, or the session is over.
            StoreError: the database does not answer.
        """
        claims = self.claims(cookies)
        person = self._remembered(claims)
        if person is None:
            with asking(None), _ended():
                person = self._keep(claims, self._store.run(identities.person_of, claims.identity_id, claims.began_at))
        return Asker(person.person_id, person.roles, person.reach_on(page) or Reach.OWN)

    async def asker_of_request(self, cookies: Mapping[str, str]) -> Asker:
        """`asker` beside an event loop, for what is no page: one's own rows."""
        claims = self.claims(cookies)
        known = self._remembered(claims)
        if known is not None:
            return known
        with asking(None), _ended():
            found = await self._store.arun(identities.person_of, claims.identity_id, claims.began_at)
        return self._keep(claims, found)

    def forget(self) -> None:
        """Roles have changed: they are asked for again at once."""
        self._known.clear()

    def _remembered(self, claims: Claims) -> Asker | None:
        at, known = self._known.get((claims.identity_id, claims.began_at), (0.0, None))
        return known if known is not None and time.monotonic() - at < ASKED_AGAIN_S else None

    def _keep(self, claims: Claims, found: tuple[str, frozenset[Role]] | None) -> Asker:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        who = Asker(*found) if found else Asker("")
        self._known[claims.identity_id, claims.began_at] = (time.monotonic(), who)
        return who


@contextmanager
def _ended() -> Iterator[None]:
    """A session that was ended by its owner is told like one that ran out."""
    try:
        yield
    except ConflictError as error:
        raise AccessError(_OVER, mend="Sign in again.") from error
