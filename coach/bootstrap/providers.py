"""Providers: who they are, whether each answers. What is asked costs nothing, and nothing is asked by importing this.

`doctor` asks once; a running service asks those that are set up once a minute, so that *Operations*, `/readyz` and
`/metrics` can tell without asking themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from pydantic import SecretStr

from coach.bootstrap.brain import chosen_brain
from coach.bootstrap.speech import chosen_transcriber
from coach.settings import Settings

WITHIN_S = 4.0


@dataclass(frozen=True, slots=True)
class Examination:
    """`ok` works, `off` not set up and not needed, `warning` works with a limit, `failed` set up but refused."""

    name: str
    status: Literal["ok", "off", "warning", "failed"]
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor's key is tried: a request that costs nothing."""

    name: str
    key_name: str
    key: SecretStr | None
    url: str
    headers: Callable[[str], dict[str, str]]
    instead: str


def transcription_server(settings: Settings) -> Examination:
    """Does the server answer; asks for its models, which costs nothing."""
    import httpx

    url = settings.coach_transcribe_base_url.rstrip("/")
    if not url:
        return Examination(
            "transcriber", "failed", "server is chosen without an address", "Set COACH_TRANSCRIBE_BASE_URL."
        )
    key = settings.coach_transcribe_api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    try:
        status = httpx.get(f"{url}/models", headers=headers, timeout=WITHIN_S).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        mend = "Check the network and COACH_TRANSCRIBE_BASE_URL."
        return Examination("transcriber", "failed", f"{url} is not reachable ({type(error).__name__})", mend)
    if status in (401, 403):
        return Examination(
            "transcriber", "failed", f"{url} refuses the key ({status})", "Set COACH_TRANSCRIBE_API_KEY."
        )
    return Examination("transcriber", "ok", f"server at {url}, model {settings.coach_transcribe_model}")


def local_model(settings: Settings) -> Examination:
    """Whether a model runs on this computer, and whether it coaches."""
    from coach.brain.openai.local import find_local_models, remembered

    in_force = chosen_brain(settings) == "local"
    found = find_local_models(settings.local_model_urls)
    chosen = remembered(settings.coach_home)
    if in_force and chosen and all(model.url != chosen.url for model in found):
        return Examination(
            "local model", "failed", f"{chosen.model} at {chosen.url} does not answer", "Start it again."
        )
    if not found:
        return Examination(
            "local model", "off", "none answers", "Start Ollama, LM Studio or llama.cpp to be coached by it."
        )
    detail = f"{found[0].model} at {found[0].url}"
    if in_force:
        return Examination("local model", "ok", f"{detail}, coaching")
    return Examination("local model", "ok", f"{detail}, not used", "Let it coach: set COACH_BRAIN=local.")


def vendors(settings: Settings) -> list[Vendor]:
    """Every vendor a key can be set for."""
    return [
        Vendor(
            "deepgram",
            "DEEPGRAM_API_KEY",
            settings.deepgram_api_key,
            f"{_http(settings.deepgram_base_url)}/v1/projects",
            lambda key: {"Authorization": f"Token {key}"},
            "offline speech recognition",
        ),
        Vendor(
            "openai",
            "OPENAI_API_KEY",
            settings.openai_api_key,
            f"{settings.openai_base_url.rstrip('/')}/models",
            lambda key: {"Authorization": f"Bearer {key}"},
            "the offline coach",
        ),
        Vendor(
            "liveavatar",
            "LIVEAVATAR_API_KEY",
            settings.liveavatar_api_key,
            f"{settings.liveavatar_base_url.rstrip('/')}/v1/sessions",
            lambda key: {"X-API-KEY": key},
            "the drawn persona",
        ),
        Vendor(
            "stripe",
            "STRIPE_API_KEY",
            settings.stripe_api_key,
            f"{settings.stripe_base_url.rstrip('/')}/v1/balance",
            lambda key: {"Authorization": f"Bearer {key}"},
            "no billing",
        ),
    ]


def ask(vendor: Vendor) -> Examination:
    """Tries the key once."""
    if vendor.key is None:
        return Examination(
            vendor.name, "off", f"not set; {vendor.instead} instead", f"Set {vendor.key_name} to use it."
        )
    import httpx

    headers = vendor.headers(vendor.key.get_secret_value())
    try:
        status = httpx.get(vendor.url, headers=headers, timeout=WITHIN_S).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        mend = f"Check the network and {vendor.name.upper()}_BASE_URL, or remove {vendor.key_name}."
        return Examination(vendor.name, "failed", f"not reachable ({type(error).__name__})", mend)
    if status in (401, 403):
        return Examination(
            vendor.name, "failed", f"the key is refused ({status})", f"Correct or remove {vendor.key_name}."
        )
    if status >= 500:
        return Examination(vendor.name, "failed", f"the server answers {status}", "Try again later.")
    return Examination(vendor.name, "ok", "the key is accepted" if status < 400 else f"reachable (answers {status})")


def _http(url: str) -> str:
    return url.rstrip("/").replace("wss://", "https://").replace("ws://", "http://")


def own_model(settings: Settings) -> Examination:
    """Does the model server of one's own answer that needs no key."""
    keyless = Vendor(
        "openai", "OPENAI_API_KEY", SecretStr("none"), f"{settings.openai_base_url.rstrip('/')}/models",
        lambda key: {"Authorization": f"Bearer {key}"}, "the offline coach",
    )  # fmt: skip
    return ask(keyless)


def set_up(settings: Settings) -> list[Callable[[], Examination]]:
    """The question for each provider that is set up: a key, an address, or a model on this computer that coaches."""
    found: list[Callable[[], Examination]] = [partial(ask, each) for each in vendors(settings) if each.key is not None]
    brain = chosen_brain(settings)
    if brain == "openai" and settings.openai_api_key is None:
        found.append(lambda: own_model(settings))
    if brain == "local":
        found.append(lambda: local_model(settings))
    if chosen_transcriber(settings) == "server":
        found.append(lambda: transcription_server(settings))
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last round found, and when that was."""

    found: tuple[Examination, ...] = ()
    at: datetime | None = None

    @property
    def failing(self) -> tuple[Examination, ...]:
        """Those that do not answer or refuse the key."""
        return tuple(each for each in self.found if each.status == "failed")

    def told(self) -> dict[str, str]:
        """Name -> `ok`, or what is wrong."""
        return {each.name: each.detail if each.status == "failed" else "ok" for each in self.found}

    def gauges(self) -> dict[str, float]:
        """`provider_NAME_up` -> 1 or 0."""
        return {f"provider_{each.name.replace(' ', '_')}_up": float(each.status != "failed") for each in self.found}


class ProviderWatch:
    """Asks the providers that are set up, and remembers."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked yet."""
        self._settings = settings
        self._one_at_a_time = threading.Lock()
        self.last = Asked()

    def look(self) -> Asked:
        """Asks all of them side by side, each for at most four seconds (blocking)."""
        with self._one_at_a_time:
            questions = set_up(self._settings)
            found: tuple[Examination, ...] = ()
            if questions:
                with ThreadPoolExecutor(len(questions), "provider") as pool:
                    found = tuple(pool.map(lambda question: question(), questions))
            self.last = Asked(found, datetime.now(UTC))
        return self.last
