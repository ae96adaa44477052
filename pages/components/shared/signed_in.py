"""Who is signed in, as Streamlit keeps it: the cookie of `st.login`, read for requests and for page scripts alike.

`st.login` speaks OpenID Connect with the provider named in `[auth]` of `.streamlit/secrets.toml` (authorisation code,
PKCE, nonce and state; done by Authlib) and keeps what the provider said in a cookie signed with `cookie_secret`.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import streamlit as st
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import cookie_parser
from streamlit.auth_util import (
    encode_provider_token,
    get_cookie_with_chunks,
    get_origin_from_redirect_uri,
    get_secrets_auth_section,
)
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from coach.bootstrap import Services
from coach.contracts.asking import asker, when_unsaid
from coach.contracts.people import Asker
from coach.errors import CoachError
from coach.web.people import Accounts, Claims
from coach.web.sign_in import SignIn
from pages.components.shared import shown_files

log = logging.getLogger(__name__)
PAGE = "jf_page"
"""Which page this browser tab is on, in `st.session_state`; what somebody reaches depends on it."""
_DEFAULT = "default"
_people: Accounts | None = None
_key: SignIn | None = None


def configured() -> dict[str, str]:
    """Name of each provider -> how its button is called; empty where nobody signs in with an account."""
    section = get_secrets_auth_section()
    if not section:
        return {}
    named = [name for name, value in section.items() if isinstance(value, Mapping) and "client_id" in value]
    if not named:
        return {_DEFAULT: "Sign in"} if "client_id" in section else {}
    return {name: f"Sign in with {name.replace('_', ' ').title()}" for name in named}


def claims_in(cookies: Mapping[str, str]) -> Claims | None:
    """What a genuine cookie of `st.login` says; None for none, a forged one, or one without issuer and subject."""
    signer = URLSafeTimedSerializer(get_cookie_secret(), salt=USER_COOKIE_NAME)

    def opened(name: str) -> bytes | None:
        part = URLSafeTimedSerializer(get_cookie_secret(), salt=name)
        try:
            return str(part.loads(cookies.get(name, ""))).encode()
        except BadSignature:
            return None

    try:
        said = get_cookie_with_chunks(opened, USER_COOKIE_NAME)
        user = json.loads(said) if said else {}
        _, at = signer.loads(cookies[USER_COOKIE_NAME], return_timestamp=True)
    except (BadSignature, KeyError, ValueError):
        return None
    issuer, subject = str(user.get("iss") or ""), str(user.get("sub") or "")
    if not (issuer and subject and user.get("is_logged_in")):
        return None
    name = str(user.get("name") or user.get("preferred_username") or "Somebody")[:120]
    return Claims(issuer, subject, name, at.astimezone(UTC) if isinstance(at, datetime) else datetime.now(UTC))


def base_url() -> str:
    """Where people reach this server, as the provider was told."""
    return (get_origin_from_redirect_uri() or "").rstrip("/")


def people_of(parts: Services, key: SignIn) -> Accounts | None:
    """Everybody who signs in, known to pages and requests from now on; None where there are no accounts."""
    global _people, _key
    providers = configured()
    _people = _key = None
    when_unsaid(None)
    if not providers:
        return None

    def way_in(name: str) -> str:
        return f"/auth/login?provider={encode_provider_token(name)}"

    hours = parts.settings.coach_session_hours
    _people, _key = Accounts(parts.store, claims_in, providers=providers, way_in=way_in, hours=hours), key
    when_unsaid(_of_script)
    return _people


def people() -> Accounts | None:
    """Everybody who signs in; None where there are no accounts."""
    return _people


def claims() -> Claims:
    """Whose session this tab is of.

    Raises:
        AccessError: nobody's, or it is over.
    """
    assert _people is not None
    return _people.claims(st.context.cookies.to_dict())


def own_name() -> str:
    """What whoever is signed in is called; empty where nobody signs in, and for the owner with the access key."""
    return claims().name if _people is not None and asker() is not None else ""


def _of_script() -> Asker | None:
    """Who asks in a page's script: a full run, a fragment, a callback alike. Outside of scripts, the program itself."""
    context = get_script_run_ctx(suppress_warning=True)
    if _people is None or _key is None or context is None:
        return None
    headers = {name.lower(): value for name, value in st.context.headers.to_dict().items()}
    if _key.knows(headers):
        return None
    try:
        cookies = cookie_parser(headers.get("cookie", ""))
        shown_files.is_tab_of(context.session_id, _people.claims(cookies).identity_id)
        return _people.asker(cookies, str(st.session_state.get(PAGE, "")))
    except CoachError as error:
        log.info("a page was asked for by nobody who is signed in (%s)", error.code)
        return Asker("")
