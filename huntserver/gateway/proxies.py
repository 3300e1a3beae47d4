"""Who is behind a reverse proxy: addresses that the proxies we trust have written down. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FOR: Final = re.compile(r'for\s*=\s*(?:"([^"]*)"|([^;,\s]*))', re.IGNORECASE)
_NAMED: Final = re.compile(rb"\r\n(x-forwarded-for|forwarded):[ \t]*([^\r\n]*)", re.IGNORECASE)


def parse_network(text: str) -> Network:
    """Return a network given as address or address/bits. Raises ValueError."""
    return ipaddress.ip_network(text, strict=False)


def bare_address(text: str) -> str | None:
    """Return the address in a header's element, its port and brackets left out; None if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return what one customer of a network has: an IPv4 address, or the /64 of an IPv6 one."""
    bare = bare_address(address.partition("%")[0])
    if bare is None or ":" not in bare:
        return bare or address
    return str(ipaddress.ip_network(f"{bare}/64", strict=False))


class Proxies:
    """The proxies that are trusted, by network."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def trust(self, address: str) -> bool:
        """Tell whether an address is a trusted proxy's."""
        if not self._networks:
            return False
        bare = bare_address(address)
        if bare is None:
            return False
        found = ipaddress.ip_address(bare)
        return any(found in network for network in self._networks)

    def client(self, peer: str, head: bytes) -> str:
        """Return who sent a request: the peer, or whom the trusted proxies before us name, nearest first.

        `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from the right: each entry is believed only if the one
        who wrote it is trusted. `head` is the request's head as it came.
        """
        if not self.trust(peer):
            return peer
        address = peer
        for named in reversed(written_down(head)):
            found = bare_address(named)
            if found is None:
                break
            address = found
            if not self.trust(found):
                break
        return address


def written_down(head: bytes) -> list[str]:
    """Return the addresses named in a head, farthest first; of both headers, those of `Forwarded`."""
    lists: dict[bytes, list[str]] = {}
    for name, value in _NAMED.findall(head):
        text, kind = value.decode("latin-1"), name.lower()
        found = [a or b for a, b in _FOR.findall(text)] if kind == b"forwarded" else text.split(",")
        lists.setdefault(kind, []).extend(found)
    return lists.get(b"forwarded") or lists.get(b"x-forwarded-for") or []
