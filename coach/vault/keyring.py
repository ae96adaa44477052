"""Keys of people: made when first needed, wrapped by the installation's key, destroyed with all they sealed.

What is sealed names whose key it needs (`who`, a keyed hash of the person's id) and which of that person's keys
(`generation`); so what was sealed before a key was destroyed stays unreadable, also when the same person comes back.
AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D: below 2^32 messages a key, for each person their own).
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
import zlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from coach.errors import SettingsError, StoreError
from coach.vault.master import KEY_BYTES, MasterKey, master_keys
from coach.vault.place import KeyPlace

HOUSE = ""
"""Owner of what is nobody's: sample content, what was typed to be tried."""
NONCE_BYTES = 12
LOOK_AGAIN_S = 1.0
"""A key another process destroyed is used no longer than this."""
COMPRESSED_FROM = 256
"""Bytes from which a text is worth compressing: words with their times shrink to a fifth, a sentence hardly."""
_SALT = "vault.salt"
_TOKEN = re.compile(r"jf1\.([0-9a-f]{16})\.([0-9a-f]{8})\.([A-Za-z0-9_-]{38,})")
_BEGINS = "jf1."
_TAKE_BACK = "Take a copy back: `python -m coach db restore`."


class BrokenSealError(StoreError):
    """What was sealed is torn, or was changed since: no key opens it."""

    code = "BROKEN_SEAL"


@dataclass(frozen=True)
class KeyName:
    """Which key of whom."""

    who: str
    generation: str

    def __str__(self) -> str:
        return f"{self.who}.{self.generation}"


@dataclass(frozen=True)
class PersonKey:
    """A person's key while it is in use."""

    name: KeyName
    secret: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)

    def derived(self, info: bytes, length: int) -> bytes:
        """A key for one file (HKDF, RFC 5869)."""
        return HKDF(SHA256(), length, salt=None, info=info).derive(self.secret)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    rewrapped: int
    already: int


class Keyring:
    """The keys of one installation. Every method may be called from any thread."""

    def __init__(self, place: KeyPlace, text: str) -> None:
        """Opens the keys at `place` with the master keys of `text` (`COACH_ENCRYPTION_KEY`).

        Raises:
            SettingsError: these keys do not open what lies there.
            StoreError: the place cannot be reached.
        """
        self.place = place
        self._salt = _salt_at(place)
        self._masters = master_keys(text, self._salt)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, bytes, PersonKey]] = {}
        self.key_of(HOUSE)

    @property
    def identity(self) -> str:
        """Names this set of keys, whatever wraps them."""
        return hashlib.sha256(b"jobfoxy vault" + self._salt).hexdigest()[:16]

    def who(self, owner: str) -> str:
        """The name under which a person's key is kept."""
        return hmac.new(self._salt, owner.encode(), hashlib.sha256).hexdigest()[:16]

    def key_of(self, owner: str) -> PersonKey:
        """A person's present key, made when there is none."""
        who = self.who(owner)
        return self._present(who) or self._make(who)

    def has_key(self, owner: str) -> bool:
        """Whether a person has a key."""
        return self._present(self.who(owner)) is not None

    def find(self, name: KeyName) -> PersonKey | None:
        """The key something was sealed with; None when it was destroyed."""
        key = self._present(name.who)
        return key if key is not None and key.name == name else None

    def destroy(self, owner: str) -> bool:
        """Destroys a person's key: what it sealed is unreadable wherever a copy lies. False when there was none."""
        who = self.who(owner)
        with self._lock:
            self._known.pop(who, None)
            return self.place.destroy(_file(who))

    def seal(self, data: bytes, owner: str) -> str:
        """Bytes as a sealed text of ASCII characters."""
        key = self.key_of(owner)
        packed = zlib.compress(data, 1) if len(data) >= COMPRESSED_FROM else data
        flag = b"\1" if packed is not data else b"\0"
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + key.cipher.encrypt(nonce, flag + packed, str(key.name).encode())
        return f"{_BEGINS}{key.name}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"

    def unseal(self, token: str) -> bytes | None:
        """What a sealed text holds; None when its key was destroyed.

        Raises:
            BrokenSealError: it is torn or was changed.
        """
        found = _TOKEN.fullmatch(token)
        if found is None or len(found[3]) % 4 == 1:
            raise BrokenSealError("A sealed text is torn.", mend=_TAKE_BACK)
        key = self.find(KeyName(found[1], found[2]))
        if key is None:
            return None
        raw = base64.urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4))
        try:
            plain = key.cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], str(key.name).encode())
        except InvalidTag as error:
            raise BrokenSealError("A sealed text was changed after it was written.", mend=_TAKE_BACK) from error
        return zlib.decompress(plain[1:]) if plain[:1] == b"\1" else plain[1:]

    def rotate(self) -> Rotated:
        """Wraps every key by the first master key. Whoever repeats it, or is killed over it, loses nothing.

        The house's key comes last: with the new master key alone nothing opens before all are done.
        """
        house = _file(self.who(HOUSE))
        names = [name for name in self.place.names() if name != house]
        done = [self._rewrap(name) for name in (*names, house)]
        return Rotated(rewrapped=done.count(True), already=done.count(False))

    def behind(self) -> int:
        """How many keys an older master key wraps."""
        raw = filter(None, map(self.place.read, self.place.names()))
        return sum(json.loads(record)["master"] != self._masters[0].fingerprint for record in raw)

    def destroy_all(self) -> None:
        """Destroys every key: what they sealed must have been opened before."""
        for name in (*self.place.names(), _SALT):
            self.place.destroy(name)
        self._known.clear()

    def _rewrap(self, name: str) -> bool | None:
        """True: wrapped anew; False: it was already; None: its person was deleted meanwhile."""
        raw = self.place.read(name)
        if raw is None:
            return None
        record = json.loads(raw)
        if record["master"] == self._masters[0].fingerprint:
            return False
        return self.place.replace(name, self._wrapped(self._unwrapped(raw)), instead_of=raw) or None

    def _present(self, who: str) -> PersonKey | None:
        now = time.monotonic()
        known = self._known.get(who)
        if known and now - known[0] < LOOK_AGAIN_S:
            return known[2]
        raw = self.place.read(_file(who))
        if raw is None:
            self._known.pop(who, None)
            return None
        key = known[2] if known and known[1] == raw else self._unwrapped(raw)
        self._known[who] = (now, raw, key)
        return key

    def _make(self, who: str) -> PersonKey:
        secret = secrets.token_bytes(KEY_BYTES)
        key = PersonKey(KeyName(who, secrets.token_hex(4)), secret, AESGCM(secret))
        self.place.create(_file(who), self._wrapped(key))
        made = self._present(who)
        if made is None:
            raise StoreError("A key could not be kept.", mend="Look whether COACH_KEYS_URL can be written.")
        return made

    def _wrapped(self, key: PersonKey) -> bytes:
        master, nonce = self._masters[0], secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + master.cipher.encrypt(nonce, key.secret, str(key.name).encode())
        record = {
            "who": key.name.who,
            "generation": key.name.generation,
            "master": master.fingerprint,
            "wrapped": base64.b64encode(sealed).decode(),
        }
        return json.dumps(record).encode()

    def _unwrapped(self, raw: bytes) -> PersonKey:
        try:
            record = json.loads(raw)
            name, sealed = KeyName(record["who"], record["generation"]), base64.b64decode(record["wrapped"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"A key in {self.place.where} is damaged.", mend="Take that folder back from a copy."
            ) from error
        master = next((m for m in self._masters if m.fingerprint == record["master"]), None)
        if master is None:
            raise wrong_key(self.place.where, self._masters)
        try:
            secret = master.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], str(name).encode())
        except InvalidTag as error:
            raise StoreError(
                f"A key in {self.place.where} is damaged.", mend="Take that folder back from a copy."
            ) from error
        return PersonKey(name, secret, AESGCM(secret))


def wrong_key(where: str, masters: tuple[MasterKey, ...]) -> SettingsError:
    """What is told when no master key opens what lies at `where`."""
    tried = f" ({len(masters)} keys tried)" if len(masters) > 1 else ""
    return SettingsError(
        f"COACH_ENCRYPTION_KEY does not open the keys in {where}{tried}.",
        mend="Set the key this installation was encrypted with; while one is being replaced, both: NEW,OLD.",
    )


def sealed_by(text: str) -> KeyName | None:
    """Which key a sealed text names; None for any other, or one whose head is torn."""
    parts = text.split(".", 3)
    return KeyName(parts[1], parts[2]) if is_sealed(text) and len(parts) == 4 else None


def is_sealed(text: str) -> bool:
    """Whether a text has the form of a sealed one."""
    return text.startswith(_BEGINS) and _TOKEN.fullmatch(text) is not None


def _file(who: str) -> str:
    return f"{who}.key"


def has_salt(place: KeyPlace) -> bool:
    """Whether the installation's salt lies there: the name of every key depends on it."""
    return place.read(_SALT) is not None


def _salt_at(place: KeyPlace) -> bytes:
    found = place.read(_SALT)
    if found is None:
        place.create(_SALT, secrets.token_hex(16).encode())
        found = place.read(_SALT)
    return bytes.fromhex((found or b"").decode())
