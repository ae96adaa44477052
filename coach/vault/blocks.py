"""A file that is written and read at any place, sealed block by block: recordings while they are being made.

AES-256-XTS (IEEE 1619, NIST SP 800-38E), as disks are encrypted: blocks of 512 bytes, their number is the tweak, the
key is the file's own (derived from the person's and a random salt in its head). The last block may be shorter
(ciphertext stealing) but no shorter than 16 bytes; so after a crash at most 7 samples of silence follow the last one.
XTS keeps secret; it does not prove that nothing was changed. The finished recording, sealed as a whole, does.
"""

import os
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS

from coach.errors import NotFoundError
from coach.vault.files import HEAD_BYTES, name_in
from coach.vault.keyring import Keyring, PersonKey

MAGIC = b"JFBLOCK\n"
BLOCK = 512
SHORTEST = 16
SALT_BYTES = 16
START = 64
"""Where the first block begins: after the head, which is filled up to here."""


class BlockCipher:
    """Blocks of one file."""

    def __init__(self, key: PersonKey, salt: bytes) -> None:
        """Derives the file's key."""
        self._algorithm = AES(key.derived(b"jobfoxy recording " + salt, 64))

    def sealed(self, number: int, plain: bytes) -> bytes:
        """Block `number`."""
        return Cipher(self._algorithm, XTS(number.to_bytes(16, "little"))).encryptor().update(plain)

    def opened(self, number: int, block: bytes) -> bytes:
        """Its plain content."""
        return Cipher(self._algorithm, XTS(number.to_bytes(16, "little"))).decryptor().update(block)


def is_block_file(descriptor: int) -> bool:
    """Whether an open file is sealed this way."""
    return os.pread(descriptor, len(MAGIC), 0) == MAGIC


def begin(descriptor: int, key: PersonKey) -> None:
    """Writes the head of an empty file."""
    head = MAGIC + str(key.name).encode() + secrets.token_bytes(SALT_BYTES)
    os.pwrite(descriptor, head.ljust(START, b"\0"), 0)


class BlockFile:
    """The plain content of an open sealed file; sizes and places are those of the plain content."""

    def __init__(self, descriptor: int, keys: Keyring) -> None:
        """Reads the head.

        Raises:
            NotFoundError: the key was destroyed.
        """
        head = os.pread(descriptor, START, 0)
        key = keys.find(name_in(head))
        if key is None:
            raise NotFoundError("This recording was sealed with a key that was destroyed.")
        self.key: PersonKey | None = key
        self._file = descriptor
        self._cipher = BlockCipher(key, head[HEAD_BYTES : HEAD_BYTES + SALT_BYTES])

    @property
    def size(self) -> int:
        """Bytes of plain content."""
        return max(0, os.fstat(self._file).st_size - START)

    def read(self, count: int, at: int) -> bytes:
        """Up to `count` bytes from `at` on."""
        first = at // BLOCK
        raw = os.pread(self._file, -(-(at + count) // BLOCK) * BLOCK - first * BLOCK, START + first * BLOCK)
        pieces = [raw[start : start + BLOCK] for start in range(0, len(raw), BLOCK)]
        plain = b"".join(
            self._cipher.opened(first + n, piece) for n, piece in enumerate(pieces) if len(piece) >= SHORTEST
        )
        return plain[at - first * BLOCK : at - first * BLOCK + count]

    def write(self, data: bytes, at: int) -> int:
        """Writes at a place; what lies between the end and there becomes zeros. Returns `len(data)`.

        Raises:
            OSError: the disk is full; what was there before can still be read.
        """
        size = self.size
        begins = min(at, size) // BLOCK * BLOCK
        ends = at + len(data)
        whole_end = -(-ends // BLOCK) * BLOCK
        before = self.read(min(at, size) - begins, begins)
        behind = self.read(min(whole_end, size) - ends, ends) if ends < size else b""
        plain = before + bytes(max(0, at - size)) + data + behind
        self._write_blocks(begins // BLOCK, plain, size)
        return len(data)

    def cut(self, size: int) -> None:
        """Makes the content exactly this long."""
        present = self.size
        if size > present:
            self.write(bytes(size - present), present)
        elif size < present:
            begins = size // BLOCK * BLOCK
            rest = self.read(size - begins, begins)
            os.ftruncate(self._file, START + begins)
            if rest:
                self._write_blocks(begins // BLOCK, rest, begins)

    def _write_blocks(self, first: int, plain: bytes, size: int) -> None:
        short = len(plain) % BLOCK
        if 0 < short < SHORTEST:
            plain += bytes(SHORTEST - short)
        pieces = [plain[start : start + BLOCK] for start in range(0, len(plain), BLOCK)]
        raw = b"".join(self._cipher.sealed(first + n, piece) for n, piece in enumerate(pieces))
        written = os.pwrite(self._file, raw, START + first * BLOCK)
        if written < len(raw):
            os.ftruncate(self._file, START + size)
            raise OSError(28, os.strerror(28))
