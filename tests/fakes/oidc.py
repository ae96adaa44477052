"""An OpenID Connect provider on loopback that enforces what the standards say, and can be told to misbehave.

OpenID Connect Core 1.0 (authorisation code flow), Discovery 1.0, RFC 6749 (codes used once, the client authenticates,
the redirect address is the registered one), RFC 7636 (PKCE S256 is required and verified).
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "job-foxy", "a-client-secret-that-only-both-sides-know"
CODE_LIVES_S = 60.0


@dataclass
class Grant:
    """A code that was given out."""

    asked: dict[str, str]
    subject: str
    at: float


@dataclass
class Provider:
    """What it knows and did; `spoil` changes the claims of the next ID tokens, `misbehave` other answers."""

    url: str = ""
    redirect_uri: str = ""
    subject: str = "carl"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"}))
    signing_key: RSAKey | None = None
    spoil: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        """Discovery 1.0, section 3."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes next; section 3.1.2.

        Raises:
            ValueError: the request must not be answered.
        """
        wanted = {"response_type": "code", "client_id": CLIENT, "redirect_uri": self.redirect_uri}
        if wrong := [name for name, value in wanted.items() if asked.get(name) != value]:
            raise ValueError(f"invalid_request: {wrong}")
        if "openid" not in asked.get("scope", "").split():
            raise ValueError("invalid_scope")
        missing = [name for name in ("state", "nonce", "code_challenge") if len(asked.get(name, "")) < 16]
        if missing or asked.get("code_challenge_method") != "S256":
            raise ValueError(f"invalid_request: {missing or 'code_challenge_method'}")
        code = secrets.token_urlsafe(24)
        self.grants[code] = Grant(asked, self.subject, time.monotonic())
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """Section 3.1.3: the code once, by the client it was given to, with the verifier of its challenge.

        Raises:
            ValueError: refused.
        """
        shown = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != shown:
            raise ValueError("invalid_client")
        grant = self.grants.pop(form.get("code", ""), None)
        if (
            form.get("grant_type") != "authorization_code"
            or grant is None
            or time.monotonic() - grant.at > CODE_LIVES_S
        ):
            raise ValueError("invalid_grant")
        if form.get("redirect_uri") != grant.asked["redirect_uri"]:
            raise ValueError("invalid_grant: redirect_uri")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != grant.asked["code_challenge"]:
            raise ValueError("invalid_grant: code_verifier")
        lives = {"token_type": "Bearer", "expires_in": 300}
        return {"access_token": secrets.token_urlsafe(24), **lives, "id_token": self._id_token(grant)}

    def _id_token(self, grant: Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": grant.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.asked["nonce"],
            "name": grant.subject.title(),
        }
        key = self.signing_key or self.key
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims | self.spoil, key)


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.discovery())
        elif parts.path == "/jwks":
            self._answer(200, {"keys": [self.provider.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            self._redirect(lambda: self.provider.authorize(asked))
        elif parts.path == "/logout":
            self._redirect(lambda: asked.get("post_logout_redirect_uri", "/").replace("/oauth2callback", "/"))
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            self._answer(200, self.provider.token(form, self.headers.get("Authorization") or ""))
        except ValueError as error:
            self.provider.refusals.append(str(error))
            self._answer(400, {"error": str(error).partition(":")[0]})

    def _redirect(self, where: Any) -> None:
        try:
            target = where()
        except ValueError as error:
            self.provider.refusals.append(str(error))
            self._answer(400, {"error": str(error)})
            return
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def oidc_provider() -> Iterator[Provider]:
    """A provider until the block ends."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


def secrets_toml(provider: Provider, app_url: str) -> str:
    """`.streamlit/secrets.toml` of an application that trusts the provider."""
    provider.redirect_uri = f"{app_url}/oauth2callback"
    lines = {
        "redirect_uri": provider.redirect_uri,
        "cookie_secret": "a cookie secret of more than thirty-two letters",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "server_metadata_url": f"{provider.url}/.well-known/openid-configuration",
    }
    return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
