"""The reverse proxies before us: whom the trusted ones name as their client, and below which path they put us. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PAIR: Final = re.compile(r'\s*+([^\s=;,"]*+)\s*+(?:=\s*+("(?:[^"\\]|\\.)*"?|[^;,]*))?([;,]|\Z)')
"""A parameter of `Forwarded` (RFC 7239, 4) with what ends it. What is in quotes is a value, whatever it looks like.
Possessive where white space meets white space: strangers write this header, and backtracking would be quadratic."""
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
    """The proxies that are trusted, by network.

    `header` is the one that they write. A client may send the other one himself, and a proxy that does not know it
    passes it on; so `auto` believes `X-Forwarded-For` where there is one, else `Forwarded`. `prefix` is the path below
    which the site is reached, such as `/hunt`, where the proxy leaves it in; empty: the root.
    """

    def __init__(self, networks: Sequence[Network], header: str = "auto", prefix: str = "") -> None:
        self._networks = tuple(networks)
        self._header = header.encode()
        self._prefix = prefix.rstrip("/").encode()

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

        `X-Forwarded-For`, or `Forwarded` (RFC 7239), is read from the right: each entry is believed only if the one
        who wrote it is trusted. `head` is the request's head as it came.
        """
        if not self.trust(peer):
            return peer
        address = peer
        for named in reversed(written_down(head, self._header)):
            found = bare_address(named)
            if found is None:
                break
            address = found
            if not self.trust(found):
                break
        return address

    def unprefixed(self, head: bytes) -> bytes:
        """Return a request's head with its path as it would be at the root; as it came, where the prefix is not."""
        if not self._prefix:
            return head
        method, _, rest = head.partition(b" ")
        if not rest.startswith(self._prefix) or rest[len(self._prefix) : len(self._prefix) + 1] not in b"/?":
            return head
        return method + b" " + rest[len(self._prefix) :]


def forwarded_for(text: str) -> list[str]:
    """Return whom each element of a `Forwarded` header is for, "" where it does not say or cannot be read."""
    elements, at, found = [], 0, ""
    while pair := _PAIR.match(text, at):
        if pair[1].lower() == "for":
            found = (pair[2] or "").strip().strip('"')
        at = pair.end()
        if pair[3] == ",":
            elements.append(found)
            found = ""
        elif at >= len(text):
            return [*elements, found]
    return [*elements, ""]  # not to be read from here on: nobody is believed


def written_down(head: bytes, header: bytes) -> list[str]:
    """Return the addresses that a header of a head names, farthest first."""
    found: dict[bytes, list[str]] = {}
    for name, value in _NAMED.findall(head):
        text, kind = value.decode("latin-1"), name.lower()
        named = forwarded_for(text) if kind == b"forwarded" else text.split(",")
        found.setdefault(kind, []).extend(named)
    if header == b"auto":
        header = b"x-forwarded-for" if b"x-forwarded-for" in found else b"forwarded"
    return found.get(header, [])
