"""The front door of the whole application: pages, REST, both sockets, files. Nothing behind it is asked first.

In this order: is the host one of our names (against DNS rebinding), does a foreign page call, does the caller sit at
this machine or has signed in, are there too many sockets. Answers leave with the security headers.

Where people have accounts, sitting at this machine opens nothing but the probes, and from here on everything that is
asked is asked by somebody (`coach.contracts.asking`). The access key stays the owner's, who reaches everything.

The caller is *here* when its address is this machine's own, the host it asks for is too, and no proxy has forwarded
the request. uvicorn puts the real address in place for a proxy on this machine (`X-Forwarded-For`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.contracts.asking import asking
from coach.contracts.people import Asker, Role
from coach.errors import CoachError, NotFoundError, RateLimitError
from coach.interview.service import WS_PATH
from coach.web import access, sign_in
from coach.web.people import INVITATION_COOKIE, Accounts
from coach.web.problems import AccessError, HostError, NotYoursError, OriginError, problem
from coach.web.security_headers import SecurityHeaders
from coach.web.sign_in import SignIn
from coach.web.standing import serve_while
from coach.web.watch import health

PROVIDER_PATHS = ("/auth/login", "/auth/logout", "/oauth2callback")
"""Where the provider and a browser that is not signed in yet meet; Streamlit serves them."""
INVITATION_LASTS_S = 3600
SHOWN_FILES = "/media/"
"""Where Streamlit serves what pages show: recordings, downloads."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class DoorPolicy:
    """Who may come in.

    Args:
        signing: who has shown the key.
        hosts: our names besides localhost and the literal address that is called; `*.` for all below a name.
        origins: foreign pages that are welcome, as `https://host`.
        own_proof: paths that prove their callers themselves (signed webhooks).
        open_to_all: nobody has to sign in.
        people: who signs in with an account; None where there are no accounts.
        may_have: whether a file that pages show is shown to this identity (path, identity); asked of whoever signed in.
    """

    signing: SignIn
    hosts: Sequence[str] = ()
    origins: Collection[str] = ()
    own_proof: Collection[str] = ()
    open_to_all: bool = False
    people: Accounts | None = None
    may_have: Callable[[str, str], bool] = lambda path, identity_id: True


class FrontDoor:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, *, policy: DoorPolicy, headers: SecurityHeaders) -> None:
        self._app = app
        self._policy = policy
        self._headers = headers
        self._sockets: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, answers it here, or refuses it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = self._with_headers(send)
        try:
            self._check_host(scope)
            self._check_origin(scope)
            if scope["path"] in (sign_in.PATH, sign_in.LEAVE) and scope["type"] == "http":
                known = self._knows(scope)
                await (await self._policy.signing.page(Request(scope, receive), known=known))(scope, receive, send)
                return
            if (leads := self._leads_on(scope)) is not None:
                await leads(scope, receive, send)
                return
            who = await self._who(scope)
            self._require_shown(scope, who)
        except CoachError as error:
            await _refuse(error, scope, receive, send, self._policy.people)
            return
        with asking(who):
            await self._serve(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        return self._policy.signing.knows(Headers(scope=scope)) if self._policy.people else self._may_come_in(scope)

    def _leads_on(self, scope: Scope) -> Response | None:
        """Signing in with a provider, and invitations, where people have accounts."""
        people, path = self._policy.people, scope["path"]
        if people is None or scope["type"] != "http" or scope["method"] != "GET":
            return None
        if path.startswith(sign_in.WITH) and (name := path.removeprefix(sign_in.WITH)) in people.providers:
            return RedirectResponse(people.way_in(name), 303)
        if path.startswith(sign_in.JOIN):
            secure = scope["scheme"] == "https"
            return invited(path.removeprefix(sign_in.JOIN), secure=secure)
        return None

    async def _who(self, scope: Scope) -> Asker | None:
        """Who asks; None for the owner, and where nobody has an account.

        Raises:
            AccessError: nobody who may come in.
            NotYoursError: somebody without the role.
        """
        policy = self._policy
        if policy.people is None:
            if not self._may_come_in(scope):
                raise AccessError("Sign in first.", mend=f"Open {sign_in.PATH}, or send the key as X-Access-Key.")
            return None
        if scope["path"] in policy.own_proof or (scope["path"] in health.PATHS and is_here(scope)):
            return None
        if scope["path"] in PROVIDER_PATHS:
            return Asker("")
        headers = Headers(scope=scope)
        if policy.signing.knows(headers):
            return None
        who = await policy.people.asker_of_request(cookie_parser(headers.get("cookie", "")))
        if scope["path"] in health.PATHS and Role.OPERATOR not in who.roles:
            raise NotYoursError("This is for operators.")
        return who

    async def _still_practises(self, scope: Scope) -> None:
        """Raises:
        AccessError: the session is over.
        NotYoursError: whoever it is of does not practise any more.
        """
        who = await self._who(scope)
        if who is not None and not who.may_open("practice"):
            raise NotYoursError("This is for people who practise.")

    def _require_shown(self, scope: Scope, who: Asker | None) -> None:
        """What a page shows as a file is for whom the page was drawn.

        Raises:
            NotFoundError: it was drawn for somebody else, or is not shown any more.
        """
        policy, path = self._policy, str(scope["path"])
        if who is None or policy.people is None or not path.startswith(SHOWN_FILES):
            return
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        if not policy.may_have(path, policy.people.claims(cookies).identity_id):
            raise NotFoundError("There is no such file.")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._app(scope, receive, send)
            return
        caller = _address(scope)
        if self._sockets[caller] >= access.SOCKETS_PER_ADDRESS:
            await _refuse(RateLimitError("Too many connections from one address."), scope, receive, send)
            return
        self._sockets[caller] += 1
        try:
            if self._policy.people is not None and scope["path"] == WS_PATH:
                await serve_while(lambda: self._still_practises(scope), self._app, scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._sockets[caller] -= 1
            if not self._sockets[caller]:
                del self._sockets[caller]

    def _check_host(self, scope: Scope) -> None:
        given = Headers(scope=scope).getlist("host")
        name = access.host_name(given[0]) if len(given) == 1 else ""
        called = str((scope.get("server") or ("",))[0])
        if not name or not (
            access.is_local_name(name) or name == called or access.host_listed(name, self._policy.hosts)
        ):
            raise HostError("This server is not called by that name.", mend="Name it in COACH_ALLOWED_HOSTS.")

    def _check_origin(self, scope: Scope) -> None:
        asks_only = scope["type"] == "http" and scope["method"] in _SAFE
        if not asks_only and not access.origin_allowed(Headers(scope=scope), scope["scheme"], self._policy.origins):
            raise OriginError("This page may not call the interview service.")

    def _may_come_in(self, scope: Scope) -> bool:
        policy = self._policy
        if policy.open_to_all or scope["path"] in policy.own_proof or is_here(scope):
            return True
        return policy.signing.knows(Headers(scope=scope))

    def _with_headers(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._headers.put_on(MutableHeaders(scope=message))
            await send(message)

        return dressed


def is_here(scope: Scope) -> bool:
    """Whether the caller sits at this machine."""
    headers = Headers(scope=scope)
    straight = not any(name in headers for name in _FORWARDED)
    return (
        straight
        and access.is_loopback(_address(scope))
        and access.is_local_name(access.host_name(headers.get("host", "")))
    )


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def invited(secret: str, *, secure: bool) -> Response:
    """Remembers an invitation while its owner signs in."""
    answer = RedirectResponse("/", 303)
    lasts = INVITATION_LASTS_S
    answer.set_cookie(INVITATION_COOKIE, secret[:200], max_age=lasts, httponly=True, samesite="lax", secure=secure)
    return answer


async def _refuse(
    error: CoachError, scope: Scope, receive: Receive, send: Send, people: Accounts | None = None
) -> None:
    answer = problem(error)
    if scope["type"] == "http":
        await (_asked_or(answer, error, scope, people))(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
        )
        await send({"type": "websocket.http.response.body", "body": answer.body})
    else:
        await send({"type": "websocket.close", "code": 1008})


def _asked_or(answer: Response, error: CoachError, scope: Scope, people: Accounts | None) -> Response:
    """A person's browser gets the page that asks for the key; a program gets the error."""
    connection = HTTPConnection(scope)
    wants_page = scope["method"] == "GET" and "text/html" in connection.headers.get("accept", "")
    if not wants_page or type(error) is not AccessError:
        return answer
    trouble = str(error) if "ended" in str(error) else ""
    return sign_in.asked_for(connection.url.path, people.providers if people else None, trouble)
