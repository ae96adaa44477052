"""A name server on this machine that knows one name: every host stands at the addresses it was given."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

_IPV4 = 1


@contextlib.contextmanager
def running_names(addresses: Sequence[str]) -> Iterator[int]:
    """Answers every question for IPv4 with `addresses`; gives its port (UDP)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(line, addresses), daemon=True).start()
        yield int(line.getsockname()[1])


def _serve(line: socket.socket, addresses: Sequence[str]) -> None:
    with contextlib.suppress(OSError):
        while True:
            asked, who = line.recvfrom(4096)
            line.sendto(_answer(asked, addresses), who)


def _answer(asked: bytes, addresses: Sequence[str]) -> bytes:
    """RFC 1035: the head, the question again, a record of 30 s for each address."""
    end = asked.index(b"\0", 12) + 5
    told = addresses if int.from_bytes(asked[end - 4 : end - 2], "big") == _IPV4 else ()
    records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + socket.inet_aton(address) for address in told)
    return asked[:2] + b"\x81\x80\0\1" + len(told).to_bytes(2, "big") + b"\0\0\0\0" + asked[12:end] + records
