"""From settings to keys in force."""

from pathlib import Path

from coach.errors import SettingsError, StoreError
from coach.settings import Settings
from coach.vault import ambient
from coach.vault.keyring import Keyring, has_salt
from coach.vault.place import KeyPlace

_opened: dict[tuple[str, str], Keyring] = {}


def mount(settings: Settings) -> Keyring | None:
    """Puts the installation's keys in force; None where nothing is to be encrypted. Cheap when done before.

    Raises:
        SettingsError: the key is missing, wrong, or the keys it opened are not there any more.
        StoreError: the place of the keys cannot be reached.
    """
    roots = [str(settings.coach_home), settings.audio_url, settings.database_url]
    mark = settings.coach_home / ambient.MARK
    wanted = mark.read_text("utf8").strip() if mark.is_file() else ""
    secret = settings.coach_encryption_key
    if secret is None:
        ambient.mount(roots, None)
        if wanted:
            raise ambient.not_opened(str(settings.coach_home))
        return None
    keys = _open(settings.keys_url, secret.get_secret_value(), wanted)
    _mark(mark, keys.identity, wanted, settings.keys_url)
    ambient.mount(roots, keys)
    return keys


def unmark(settings: Settings, keys: Keyring) -> None:
    """Nothing is sealed any more: the installation needs no keys from now on, and has none."""
    (settings.coach_home / ambient.MARK).unlink(missing_ok=True)
    keys.destroy_all()
    _opened.clear()
    ambient.mount([str(settings.coach_home), settings.audio_url, settings.database_url], None)


def _open(url: str, text: str, wanted: str) -> Keyring:
    place = KeyPlace(url)
    if wanted and not (place.names() and has_salt(place)):
        raise _lost(url)
    known = _opened.get((url, text))
    if known is None or not place.names():
        known = _opened[url, text] = Keyring(place, text)
    return known


def _mark(mark: Path, identity: str, wanted: str, url: str) -> None:
    if wanted == identity:
        return
    if wanted:
        raise _lost(url)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.write_text(identity, "utf8")
    except OSError as error:
        raise StoreError(f"{mark} cannot be written ({error.strerror}).", mend="Give write access.") from error


def _lost(url: str) -> SettingsError:
    return SettingsError(
        f"The keys this installation was encrypted with are not in {url}.",
        mend="Take that folder back from your copy of it, or set COACH_KEYS_URL right.",
    )
