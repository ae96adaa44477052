"""Where a webhook may go: out into the world, never into the network this server stands in.

Whoever may set a budget names an address that the server posts to; without this it could be made to knock at machines
that only it reaches (OWASP, server-side request forgery). A name is looked up once and that very address is called, so
that it cannot lead elsewhere a moment later.
"""

import ipaddress
import socket

import httpx

from coach.errors import InputError

MEND = "COACH_WEBHOOKS_INSIDE=true lets webhooks name addresses inside this network."
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that only mean something inside (RFC 6761, 6762, 8375)."""


class InsideError(InputError):
    """An address inside this network; nothing was sent."""

    code = "INSIDE"

    def __init__(self) -> None:
        super().__init__("The webhook names an address inside this network.", mend=MEND)


def refuse_inside(host: str) -> None:
    """Refuses what says of itself that it is inside, without asking anybody.

    Raises:
        InsideError: a name like localhost, or a number of no public address.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or ("." not in name.strip("[]") and ":" not in name) or name.endswith(_LOCAL):
        raise InsideError
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return
    if not _is_outside(address):
        raise InsideError


def looked_up(url: httpx.URL) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
    """The address with the number its name stands for now, and what keeps the name: header and extension of a request.

    Blocks as long as the resolver takes.

    Raises:
        InsideError: one of its numbers is inside.
        OSError: the name stands for nothing.
    """
    refuse_inside(url.host)
    port = url.port or (443 if url.scheme == "https" else 80)
    found = [each[4][0] for each in socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)]
    if not all(_is_outside(ipaddress.ip_address(str(each).partition("%")[0])) for each in found):
        raise InsideError
    named = {"Host": url.netloc.decode("ascii")}
    return url.copy_with(host=str(found[0])), named, {"sni_hostname": url.host}


def _is_outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a packet to it leaves for the internet; an IPv4 number inside an IPv6 one counts as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_outside(inner)
    return address.is_global and not address.is_multicast
