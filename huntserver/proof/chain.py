"""The hash chain over a hunt's records: one value says all that happened up to it, and in which order.

    link(0) = SHA-256("huntserver chain 1 " + the hunt's id)
    link(n) = SHA-256(link(n-1) + SHA-256(public record n) + seal n)
    seal n  = SHA-256(record n as it lies in the log)

The public record is what a bundle shows (`public`). The seal binds what is left out of it, without showing it: the
record's bytes hold the random nonce of their tenure, so that nobody finds a name or a guess by trying. Never stored in
a record, never computed where commands are decided: whoever folds the log computes it. Pure.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

_BEGINNING: Final = "huntserver chain 1 "


class RecordChain:
    """The chain of one hunt up to its `pos`-th record. `link` is its value there, 32 bytes."""

    __slots__ = ("link", "pos")

    def __init__(self, hunt: str, pos: int = 0, link: bytes = b"") -> None:
        self.pos = pos
        self.link = link or sha256((_BEGINNING + hunt).encode()).digest()

    def add(self, public: bytes, seal: bytes) -> bytes:
        """Go on by one record; return the link."""
        self.pos += 1
        self.link = sha256(self.link + sha256(public).digest() + seal).digest()
        return self.link


def sealed(body: bytes) -> bytes:
    """Return the seal of a record's bytes in the log."""
    return sha256(body).digest()
