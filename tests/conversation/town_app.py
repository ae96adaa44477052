"""The application with accounts, served to the people of `tests.fakes.town`."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest import mock

import httpx
from itsdangerous import URLSafeTimedSerializer

from coach.store import SqlStore
from tests.conversation.app_process import AppProcess, application, free_port
from tests.fakes import town
from tests.fakes.oidc import Provider, oidc_provider, secrets_toml

COOKIE = "_streamlit_user"
SIGNED = "a cookie secret of more than thirty-two letters"
KEY = "the access key of whoever owns the installation"


class Town:
    """The running application, its provider, and the organisations in it."""

    def __init__(self, app: AppProcess, provider: Provider, places: dict[str, str]) -> None:
        self.app, self.provider, self.places = app, provider, places

    def cookie(self, person: str, *, ago: timedelta = timedelta(), secret: str = SIGNED, **claims: object) -> str:
        """The cookie that signing in leaves, made by whoever knows the secret."""
        said = {"iss": town.ISSUER, "sub": person, "name": person.title(), "is_logged_in": True} | claims
        with mock.patch("itsdangerous.timed.time.time", return_value=time.time() - ago.total_seconds()):
            value = URLSafeTimedSerializer(secret, salt=COOKIE).dumps(json.dumps(said))
        return f"{COOKIE}={value}"

    def ask(self, method: str, path: str, cookie: str = "", token: str = "", **more: object) -> httpx.Response:
        headers = {"Cookie": cookie} if cookie else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, self.app.url + path, headers=headers, timeout=60, **more)  # type: ignore[arg-type]

    @contextmanager
    def store(self) -> Iterator[SqlStore]:
        with SqlStore(f"duckdb:///{self.app.home / 'coach.duckdb'}") as store:
            yield store


@contextmanager
def town_served(folder: Path, places: dict[str, str], **settings: str) -> Iterator[Town]:
    """Serves the filled home in `folder`; people sign in with a provider of their own."""
    port = free_port()
    with oidc_provider() as provider:
        file = folder / "secrets.toml"
        file.write_text(secrets_toml(provider, f"http://127.0.0.1:{port}"))
        options = ("--secrets.files", str(file), "--server.port", str(port))
        with application(folder, *options, COACH_ACCESS_KEY=KEY, **settings) as app:
            yield Town(app, provider, places)
