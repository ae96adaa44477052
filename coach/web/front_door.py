"""The front door of the whole application: pages, REST, both sockets, files. Nothing behind it is asked first.

In this order: is the host one of our names (against DNS rebinding), does a foreign page call, does the caller sit at
this machine or has signed in, are there too many sockets. Answers leave with the security headers.

The caller is *here* when its address is this machine's own, the host it asks for is too, and no proxy has forwarded
the request. uvicorn puts the real address in place for a proxy on this machine (`X-Forwarded-For`).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.errors import CoachError, RateLimitError
from coach.web import access, sign_in
from coach.web.problems import AccessError, HostError, OriginError, problem
from coach.web.security_headers import SecurityHeaders
from coach.web.sign_in import SignIn

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
    """

    signing: SignIn
    hosts: Sequence[str] = ()
    origins: Collection[str] = ()
    own_proof: Collection[str] = ()
    open_to_all: bool = False


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
                known = self._may_come_in(scope)
                await (await self._policy.signing.page(Request(scope, receive), known=known))(scope, receive, send)
                return
            if not self._may_come_in(scope):
                raise AccessError("Sign in first.", mend=f"Open {sign_in.PATH}, or send the key as X-Access-Key.")
        except CoachError as error:
            await _refuse(error, scope, receive, send)
            return
        await self._serve(scope, receive, send)

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


async def _refuse(error: CoachError, scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(error)
    if scope["type"] == "http":
        await (_asked_or(answer, error, scope))(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
        )
        await send({"type": "websocket.http.response.body", "body": answer.body})
    else:
        await send({"type": "websocket.close", "code": 1008})


def _asked_or(answer: Response, error: CoachError, scope: Scope) -> Response:
    """A person's browser gets the page that asks for the key; a program gets the error."""
    connection = HTTPConnection(scope)
    wants_page = scope["method"] == "GET" and "text/html" in connection.headers.get("accept", "")
    return sign_in.asked_for(connection.url.path) if wants_page and type(error) is AccessError else answer
