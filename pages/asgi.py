"""Puts Streamlit and the interview's own routes into one application and prepares what would be waited for."""

import asyncio
import contextlib
import functools
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from streamlit import logger as streamlit_logger
from streamlit.starlette import App

from coach.bootstrap import chosen_avatar, services
from coach.errors import CoachError, StoppingError
from coach.interview.service import WS_PATH
from coach.logs import hand_over, start_log
from coach.private_files import close_to_others, write_privately
from coach.settings import Settings
from coach.store.maintenance import upkeep
from coach.store.maintenance.retention import RetentionPolicy
from coach.views import standing
from coach.web import routes, shutdown
from coach.web.billing import PATH as WEBHOOK_PATH
from coach.web.billing import billing_routes
from coach.web.clips import clip_routes
from coach.web.endpoints import ENDPOINTS
from coach.web.front_door import DoorPolicy, FrontDoor
from coach.web.handed_over import PATH as HANDED_OVER_PATH
from coach.web.handed_over import handed_over_routes
from coach.web.ice import ice_servers
from coach.web.security_headers import SecurityHeaders
from coach.web.server_caps import cap_server
from coach.web.sign_in import SignIn, key_in
from coach.web.watch import health
from coach.web.watch.observer import Observer
from pages.components.practice import microphone
from pages.components.shared import shown_files
from pages.components.shared.shell import Shell
from pages.components.shared.signed_in import people_of

log = logging.getLogger(__name__)
LAG_EVERY_S = 0.5
BUDGETS_EVERY_S = 60.0
PROVIDERS_EVERY_S = 60.0
WATCH_EVERY_S = 900.0
KNOWN_PATHS = {row.path for row in ENDPOINTS} | {
    *health.PATHS, "/openapi.json", "/sign-in", WEBHOOK_PATH, WS_PATH, HANDED_OVER_PATH,
}  # fmt: skip
HOME = Path(__file__).resolve().parent / "home.py"


@contextlib.asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Starts the interviews, resumes what the last process left, and warms up beside the first page."""
    await asyncio.to_thread(close_to_others, services().settings.coach_home)
    parts = services()
    parts.serves = True
    hub = parts.hub
    shutdown.on_stop(hub.stop_taking)
    logging.getLogger().addHandler(counting := parts.figures.counting())
    log.info("the service starts")
    try:
        await asyncio.to_thread(services().store.open_door)
        await hub.start()
    except CoachError as error:
        log.error("%s", error)
    if services().settings.coach_sample_data:
        await asyncio.to_thread(_load_sample)
    beside = [asyncio.create_task(_warm()), asyncio.create_task(_watch_the_loop())]
    looks: list[tuple[float, str, Callable[[], object]]] = [
        (BUDGETS_EVERY_S, "budgets", lambda: services().check_budgets()),
        (PROVIDERS_EVERY_S, "providers", lambda: services().providers.look()),
        (WATCH_EVERY_S, "bundles in use", lambda: services().check_watch(services().alarm)),
    ]
    beside += [asyncio.create_task(_again_and_again(*each)) for each in looks]
    if billing := services().billing:
        beside.append(asyncio.create_task(billing.flush_for_ever()))
    yield
    log.info("the service stops")
    hub.stop_taking()
    for task in beside:
        task.cancel()
    await asyncio.wait(beside, timeout=shutdown.CLOSE_S)
    await hub.settle(shutdown.SETTLE_S)
    await parts.close()
    logging.getLogger().removeHandler(counting)


async def _again_and_again(every_s: float, what: str, look: Callable[[], object]) -> None:
    """Looks in a thread; what fails, however, is said and tried the next time."""
    while True:
        try:
            await asyncio.to_thread(look)
        except CoachError as error:
            log.warning("%s are looked at again in %.0f s: %s", what, every_s, error)
        except Exception:
            log.exception("%s are looked at again in %.0f s", what, every_s)
        await asyncio.sleep(every_s)


async def _watch_the_loop() -> None:
    """How late the event loop is: half a second should take half a second."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        services().figures.lag.observe(max(0.0, loop.time() - due))


async def _warm() -> None:
    """Everything the first answer would wait for; then the garbage collector leaves all of it alone.

    `gc.freeze` with `runner.postScriptGC = false`: a full collection after every script run stops the audio for 50 ms.
    """
    for name, warming in warmings():
        try:
            await warming()
        except Exception:
            log.exception("warming up failed (%s); the first interview starts a little slower", name)
    gc.collect()
    gc.freeze()
    await _again_and_again(upkeep.EVERY_S, "what is due and what was left over", _keep_up)


def warmings() -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    """WebRTC, recogniser or SDK, voice activity model, the brain's connection, the voice: what each adapter offers.

    And statistics and the cost model, which the first look at *Cohorts* or *Margins* would wait a second and more for.
    """
    parts = services()
    return [
        ("microphone", microphone.warm_up),
        ("delivery", functools.partial(asyncio.to_thread, _load_delivery)),
        ("judging", functools.partial(asyncio.to_thread, _load_judging)),
        ("transcriber", parts.transcriber.warm_up),
        ("brain", parts.brain.warm_up),
        *([("voice", parts.clips.warm_up)] if parts.clips else []),
        ("statistics", functools.partial(asyncio.to_thread, _load_statistics)),
        ("cost model", functools.partial(asyncio.to_thread, _load_cost_model)),
    ]


def _load_sample() -> None:
    """The marked sample interviews, where there is no session yet: before the first page, in this one process."""
    from coach.store.maintenance.sample import load_sample

    parts = services()
    try:
        load_sample(parts.store, lambda: parts.archive, if_empty=True)
    except CoachError as error:
        log.warning("the sample interviews were not loaded: %s", error)


def _load_delivery() -> None:
    from coach.delivery import measure as delivery

    delivery.warm_up()


def _load_judging() -> None:
    """What would otherwise be loaded on the event loop, in the middle of somebody's answer."""
    from coach.brain.guards import limits
    from coach.interview import manner

    limits.warm_up()
    manner.warm_up()
    importlib.import_module("coach.brain.reading.answer")
    _ = services().traces


def _load_statistics() -> None:
    importlib.import_module("scipy.stats")


def _load_cost_model() -> None:
    from coach.economics.model import report_records
    from coach.economics.model.scenario import Scenario, apply
    from coach.views import margins, margins_figures

    applied = apply(Scenario())
    margins.headline(applied)
    margins_figures.waterfall(margins.frame(report_records.part_records(applied)))


def _keep_up() -> None:
    parts = services()
    try:
        parts.store.price_pending()
    except CoachError as error:
        log.warning("use without a price is priced at the next turn: %s", error)
    terms = RetentionPolicy(parts.settings.coach_audio_days, parts.settings.coach_text_months)
    upkeep.keep_up(parts.store, parts.archive, parts.settings.journal_dir, terms)


def pictures_from(settings: Settings) -> str:
    """Where a page may fetch the live picture: LiveKit's address is known only when a session starts."""
    if chosen_avatar(settings) != "liveavatar":
        return ""
    return "https: wss:" if settings.liveavatar_base_url.startswith("https:") else "https: wss: http: ws:"


def front_door() -> list[Middleware]:
    """What everybody passes first; the access key is made where somebody else than this machine may call."""
    settings = services().settings
    key = settings.coach_access_key.get_secret_value() if settings.coach_access_key else key_in(settings.coach_home)
    signing = SignIn(key)
    policy = DoorPolicy(
        signing,
        hosts=settings.allowed_hosts,
        own_proof=(WEBHOOK_PATH,) if settings.stripe_webhook_secret else (),
        open_to_all=settings.open_to_all,
        people=people_of(services(), signing),
        may_have=shown_files.may_have,
    )
    reaches = pictures_from(settings)
    return [
        Middleware(Observer, figures=services().figures, known=KNOWN_PATHS | {"/_stcore/stream"}),
        Middleware(FrontDoor, policy=policy, headers=SecurityHeaders(reaches=reaches)),
        Middleware(Shell),
    ]


def _health() -> list[BaseRoute]:
    """Whether an answer can be taken, judged and kept, and the figures."""
    parts = services()

    async def taking() -> None:
        if parts.hub.standing["stopping"]:
            raise StoppingError("The service is being stopped.")
        assert parts.brain and parts.transcriber

    checks = [
        health.Check("interviews", taking),
        health.Check("database", lambda: asyncio.to_thread(standing.ask, parts.store)),
        health.Check("recordings", lambda: asyncio.to_thread(health.room_for_recordings, parts.settings.journal_dir)),
    ]
    return health.health_routes(parts.figures, checks, parts.standing, lambda: parts.providers.last.told())


def _log() -> None:
    """One log for the service and its libraries."""
    start_log(services().settings.coach_log)
    streamlit_logger.setup_formatter = hand_over
    for logger in streamlit_logger._loggers.values():
        hand_over(logger)


def own_routes() -> list[BaseRoute]:
    """REST, WebSocket, files to be fetched, clips and Stripe's webhooks where they are set up, the theme's type face.

    Settings that cannot be used end the start with one line.
    """
    cap_server()
    write_privately()
    _log()
    static = StaticFiles(directory=HOME.parent / "static")
    try:
        billing, clips = services().billing, services().clips
        ice_servers(services().settings)
    except CoachError as error:
        raise SystemExit(f"error: {error}") from error
    webhooks = billing_routes(billing.webhooks) if billing and billing.webhooks else []
    spoken = clip_routes(clips) if clips else []
    handed_over = handed_over_routes(services().handed_over)
    return [*routes(services()), *_health(), *spoken, *webhooks, *handed_over, Mount("/assets", static)]
