"""Files and lines at rest: sealed where keys are in force for their path, as they are where none are."""

import secrets
from io import BytesIO
from pathlib import Path

from cryptography.exceptions import InvalidTag

from coach.errors import NotFoundError, StoreError
from coach.vault import ambient
from coach.vault.keyring import HOUSE, NONCE_BYTES, KeyName, Keyring, PersonKey, is_sealed

MAGIC = b"JFSEAL1\n"
_NAME_BYTES = 25
HEAD_BYTES = len(MAGIC) + _NAME_BYTES


def sealed_bytes(path: Path | str, data: bytes, key: PersonKey | None = None) -> bytes:
    """What is to be written at `path` for `data`; `data` itself where nothing is sealed. Default key: the owner's."""
    keys = ambient.over(path)
    if keys is None or is_sealed_file(data):
        return data
    key, nonce = key or keys.key_of(ambient.owner()), secrets.token_bytes(NONCE_BYTES)
    head = MAGIC + str(key.name).encode()
    return head + nonce + key.cipher.encrypt(nonce, data, head)


def opened_bytes(path: Path | str, data: bytes) -> bytes:
    """The plain content of what was read at `path`.

    Raises:
        NotFoundError: the key was destroyed.
        StoreError: it was changed.
        SettingsError: the keys are not in force.
    """
    if not is_sealed_file(data):
        return data
    keys = _keys(path)
    key = keys.find(name_in(data))
    if key is None:
        raise NotFoundError("This was sealed with a key that was destroyed.")
    at = HEAD_BYTES + NONCE_BYTES
    try:
        return key.cipher.decrypt(data[HEAD_BYTES:at], data[at:], data[:HEAD_BYTES])
    except InvalidTag as error:
        raise StoreError(f"{Path(path).name} was changed after it was written.", mend="Take it from a copy.") from error


def read(path: Path) -> bytes:
    """The plain content of a file.

    Raises:
        OSError: it cannot be read.
        NotFoundError, StoreError, SettingsError: see `opened_bytes`.
    """
    return opened_bytes(path, path.read_bytes())


def is_sealed_file(head: bytes) -> bool:
    """Whether a file that begins like this is sealed as a whole."""
    return head.startswith(MAGIC)


def name_in(head: bytes) -> KeyName:
    """Whose key a sealed file names."""
    who, generation = head[len(MAGIC) : HEAD_BYTES].decode("ascii").split(".")
    return KeyName(who, generation)


def sealed_line(path: Path, line: str, owner: str | None = None) -> str:
    """A line to be appended at `path`, sealed where keys are in force: for `owner` (default: `ambient.owner()`).

    A line of somebody who has no key (a speaker of a labelled set, one who was deleted) is the house's.
    """
    keys = ambient.over(path)
    if keys is None:
        return line
    whose = ambient.owner() if owner is None else owner
    return keys.seal(line.encode(), whose if keys.has_key(whose) else HOUSE)


def opened_line(path: Path, line: str) -> str:
    """The plain form of a line; empty when its key was destroyed.

    Raises:
        BrokenSealError: it is torn or was changed.
        SettingsError: the keys are not in force.
    """
    if not is_sealed(line):
        return line
    plain = _keys(path).unseal(line)
    return "" if plain is None else plain.decode()


def _keys(path: Path | str) -> Keyring:
    keys = ambient.over(path)
    if keys is None:
        raise ambient.not_opened(str(path))
    return keys


def opened_sound(path: Path) -> BytesIO | None:
    """The plain content of a sealed file, for readers that take a path or a stream; None for a plain one."""
    with path.open("rb") as file:
        sealed = is_sealed_file(file.read(len(MAGIC)))
    return BytesIO(read(path)) if sealed else None
