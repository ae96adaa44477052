"""Signing in from another machine: one access key, a signed cookie, and the page that asks for the key.

The key is `COACH_ACCESS_KEY`, else a file in `COACH_HOME` that only its owner can read; a new key ends every session.
"""

import hmac
import html
import logging
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from itsdangerous import BadSignature, TimestampSigner
from limits import RateLimitItemPerMinute
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response

from coach.web import access

log = logging.getLogger(__name__)
PATH, LEAVE = "/sign-in", "/sign-out"
COOKIE = "jobfoxy_access"
HEADER = "x-access-key"
WITH = "/sign-in/with/"
"""Followed by a provider's name."""
JOIN = "/join/"
"""Followed by an invitation's secret."""
LASTS_S = 7 * 24 * 3600
TRIES_PER_CLIENT = RateLimitItemPerMinute(10)
TRIES_OF_ALL = RateLimitItemPerMinute(100)
MAX_FORM_BYTES = 4096
KEY_FILE = "access.key"


def key_in(home: Path) -> str:
    """The key of an installation without one in its settings, made on first use.

    Where the folder cannot be written the key is nobody's: then nobody from outside comes in.
    """
    file = home / KEY_FILE
    key = secrets.token_urlsafe(24)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(key)
    except FileExistsError:
        return file.read_text().strip() or key
    except OSError:
        log.warning("no access key could be made in COACH_HOME; set COACH_ACCESS_KEY to sign in from elsewhere")
    return key


class SignIn:
    """Who has shown the key."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._signer = TimestampSigner(key, salt=COOKIE, digest_method=sha256)
        self._rates = access.rates()

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether a request carries the key (`X-Access-Key`) or the cookie of a session."""
        shown = headers.get(HEADER, "")
        return self._right(shown) if shown else self._signed(headers.get("cookie", ""))

    def _right(self, shown: str) -> bool:
        return hmac.compare_digest(shown.strip().encode(), self._key.encode())

    def _signed(self, cookies: str) -> bool:
        try:
            return self._signer.unsign(cookie_parser(cookies).get(COOKIE, ""), max_age=LASTS_S) == b"in"
        except BadSignature:
            return False

    async def page(self, request: Request, *, known: bool) -> Response:
        """The page that asks for the key, and what happens when it is sent."""
        if request.url.path == LEAVE:
            return self._leave()
        if request.method != "POST":
            return _page(known=known, onwards=_onwards(request.query_params.get("next", "/")))
        client = request.client.host if request.client else ""
        if not (self._rates.hit(TRIES_PER_CLIENT, client) and self._rates.hit(TRIES_OF_ALL, "all")):
            return _page("Too many tries. Wait a minute.", status=429)
        form = await _form(request)
        onwards = _onwards(form.get("next", "/"))
        if not self._right(form.get("key", "")):
            return _page("That is not the key.", onwards=onwards, status=401)
        return self._enter(onwards, secure=request.url.scheme == "https")

    def _enter(self, onwards: str, *, secure: bool) -> Response:
        answer = RedirectResponse(onwards, 303)
        signed = self._signer.sign("in").decode()
        answer.set_cookie(COOKIE, signed, max_age=LASTS_S, httponly=True, samesite="lax", secure=secure)
        return answer

    def _leave(self) -> Response:
        answer = RedirectResponse(PATH, 303)
        answer.delete_cookie(COOKIE)
        return answer


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _onwards(wished: str) -> str:
    """Where to go afterwards: a place of ours, never another host."""
    ours = wished.startswith("/") and not wished.startswith(("//", "/\\")) and wished.isprintable()
    return wished if ours and not wished.startswith((PATH, LEAVE)) else "/"


def _page(trouble: str = "", *, known: bool = False, onwards: str = "/", status: int = 200) -> Response:
    told = f'<p role="alert">{html.escape(trouble)}</p>' if trouble else ""
    body = _SIGNED_IN if known else _FORM.format(told=told, onwards=html.escape(onwards, quote=True))
    return HTMLResponse(_FRAME.format(body=body), status, headers={"Cache-Control": "no-store"})


def asked_for(onwards: str, providers: Mapping[str, str] | None = None, trouble: str = "") -> Response:
    """The page in the place of one that needs signing in: the providers where people have accounts, else the key."""
    if not providers:
        return _page(onwards=_onwards(onwards), status=401)
    told = f'<p role="alert">{html.escape(trouble)}</p>' if trouble else ""
    links = "".join(
        f'<a class="way" href="{WITH}{html.escape(name, quote=True)}">{html.escape(label)}</a>'
        for name, label in providers.items()
    )
    body = _PROVIDERS.format(told=told, links=links)
    return HTMLResponse(_FRAME.format(body=body), 401, headers={"Cache-Control": "no-store"})


_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Job Foxy</title><style>
:root {{ color-scheme: light dark; --ink: #1d2330; --paper: #fbf8f3; --card: #fff; --line: #e9e2d8; --fox: #b83f17; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #f4eee5; --paper: #171a21; --card: #20242e; --line: #3a4050; --fox: #ff8a5c; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 17px/1.5 Figtree, system-ui, sans-serif; }}
main {{ box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }}
h1 {{ margin: 0 0 .5rem; font-size: 1.6rem; }} label {{ display: block; margin: 1.25rem 0 .3rem; font-weight: 600; }}
input {{ box-sizing: border-box; width: 100%; padding: .7rem .8rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }}
button {{ margin-top: 1rem; padding: .7rem 1.6rem; font: inherit; font-weight: 600; color: var(--card);
  background: var(--fox); border: 0; border-radius: 999px; cursor: pointer; }}
:focus-visible {{ outline: 3px solid #2f6fd6; outline-offset: 2px; }}
.way {{ display: block; margin-top: 1rem; padding: .7rem 1.6rem; font-weight: 600; text-align: center;
  text-decoration: none; color: var(--card); background: var(--fox); border-radius: 999px; }}
p {{ margin: .5rem 0; }} [role=alert] {{ color: var(--fox); font-weight: 600; }} p a {{ color: var(--fox); }}
code {{ font-size: .9em; }}
</style></head><body><main>{body}</main></body></html>"""
_FORM = """<h1>Sign in to Job Foxy</h1>
<p>You come from another machine. The owner has the access key: <code>COACH_ACCESS_KEY</code>,
or the file <code>access.key</code> in the folder with the data.</p>{told}
<form method="post" action="/sign-in"><input type="hidden" name="next" value="{onwards}">
<label for="key">Access key</label><input id="key" name="key" type="password" required autofocus
autocomplete="current-password"><button>Sign in</button></form>"""
_PROVIDERS = """<h1>Sign in to Job Foxy</h1>
<p>Everybody has an account of their own here.</p>{told}{links}"""
_SIGNED_IN = """<h1>You are signed in</h1><p><a href="/">Go to practice</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>"""
