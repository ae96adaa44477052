"""The examinations of `doctor`: each says what it found and, when something is amiss, what to do."""

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coach.bootstrap.providers import Examination, ask, local_model, vendors
from coach.cli.diagnosis_speech import transcriber, voice
from coach.errors import CoachError
from coach.settings import Settings

LOW_DISK_BYTES = 500_000_000
ENCRYPT = "Set COACH_ENCRYPTION_KEY (`openssl rand -base64 32`), then `python -m coach db encrypt`."


def examine(settings: Settings) -> list[Examination]:
    """All findings, storage first; vendors are asked side by side, each for at most four seconds."""
    sealed = at_rest(settings)
    checks: list[Callable[[], Examination]] = [
        lambda: sealed,
        lambda: home(settings.coach_home),
        lambda: database(settings),
        lambda: recordings(settings),
        lambda: transcriber(settings),
        lambda: voice(settings),
        lambda: brain(settings),
        lambda: local_model(settings),
        lambda: avatar(settings),
        *(lambda v=vendor: ask(v) for vendor in vendors(settings)),
    ]
    with ThreadPoolExecutor(len(checks)) as pool:
        return list(pool.map(lambda check: check(), checks))


def home(folder: Path) -> Examination:
    """Can COACH_HOME be written, and is there room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 65536)
            probe.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Examination("home", "failed", f"{folder}: {reason}", "Give write access, free space, or set COACH_HOME.")
    free = shutil.disk_usage(folder).free
    detail = f"{folder}, {free / 1e9:.1f} GB free"
    if free < LOW_DISK_BYTES:
        return Examination("home", "warning", detail, "Free some space: an hour of answers needs about 60 MB.")
    return Examination("home", "ok", detail)


def at_rest(settings: Settings) -> Examination:
    """Whether what people say lies encrypted, all of it, under the present key."""
    from coach.store import SqlStore
    from coach.store.maintenance.turning import plain_tables
    from coach.vault.mounting import mount

    try:
        keys = mount(settings)
        if keys is None:
            return Examination("encryption", "off", "what people say lies in plain form", ENCRYPT)
        with SqlStore(settings.database_url, lock_wait_s=3) as store:
            there = store.database.path is None or store.database.path.exists()
            plain = store.run(plain_tables) if there and store.version() else []
        behind = keys.behind()
    except CoachError as error:
        return Examination("encryption", "failed", error.message, error.mend)
    detail = f"on, keys of people in {keys.place.where}"
    if plain:
        found = f"{detail}; written before and still plain: {', '.join(plain)}"
        return Examination("encryption", "warning", found, "`python -m coach db encrypt` seals it.")
    if behind:
        found = f"{detail}; {behind} are wrapped by an older key"
        return Examination("encryption", "warning", found, "`python -m coach db rotate-key` finishes the rotation.")
    return Examination("encryption", "ok", detail)


def database(settings: Settings) -> Examination:
    """Version, references, copies."""
    from coach.store import SqlStore
    from coach.store.maintenance.health import check_database

    try:
        with SqlStore(settings.database_url, lock_wait_s=3) as store:
            health = check_database(store)
    except CoachError as error:
        return Examination("database", "failed", error.message, error.mend)
    if health.version is None:
        return Examination(
            "database", "off", "none yet", "It is made at the first start, or by `python -m coach db upgrade`."
        )
    if health.ok and (health.quarantined or health.damaged_backups):
        return Examination("database", "warning", health.sentence, "Look at quarantine/ and backups/ in COACH_HOME.")
    behind = health.version < health.newest and not health.dangling
    return Examination("database", "ok" if health.ok else "warning" if behind else "failed", health.sentence)


def recordings(settings: Settings) -> Examination:
    """Can the archive be reached."""
    from coach.audio.archive import AudioArchive

    try:
        count = len(AudioArchive(settings.audio_url).uris())
    except Exception as error:  # fsspec raises whatever its back end raises
        return Examination(
            "recordings", "failed", f"{settings.audio_url}: {type(error).__name__}", "Set COACH_AUDIO_URL right."
        )
    return Examination("recordings", "ok", f"{count} in {settings.audio_url}")


def brain(settings: Settings) -> Examination:
    """Who evaluates."""
    from coach.bootstrap import chosen_brain

    chosen = chosen_brain(settings)
    own_server = "api.openai.com" not in settings.openai_base_url
    if chosen == "openai" and settings.openai_api_key is None and not own_server:
        return Examination("brain", "failed", "openai is chosen without a key", "Set OPENAI_API_KEY.")
    if chosen == "local":
        return Examination("brain", "ok", "local model")
    return Examination(
        "brain", "ok", f"{settings.coach_openai_model} at openai" if chosen == "openai" else "offline coach"
    )


def avatar(settings: Settings) -> Examination:
    """Who asks, and how a live avatar speaks."""
    from coach.bootstrap import chosen_avatar, chosen_avatar_mode, chosen_voice

    try:
        if chosen_avatar(settings) == "drawn":
            return Examination("avatar", "ok", "drawn persona")
        mode = chosen_avatar_mode(settings, has_voice=chosen_voice(settings) not in ("browser", "none"))
    except CoachError as error:
        return Examination("avatar", "failed", error.message, error.mend)
    where = ", sandbox: sessions of a minute, no cost" if settings.liveavatar_sandbox else ""
    if mode == "full":
        return Examination(
            "avatar",
            "warning",
            f"liveavatar, FULL: its own voice, 2 credits a minute{where}",
            "Give this server a voice (DEEPGRAM_API_KEY or COACH_VOICE) for LITE at half the price.",
        )
    return Examination("avatar", "ok", f"liveavatar, LITE: this server's voice, 1 credit a minute{where}")
