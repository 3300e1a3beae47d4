"""Where the bytes of media lie, as a port: content-addressed by their SHA-256, never changed once written. Only photos
are ever deleted, of who is erased.

All methods block and may be called from several threads at once; the gateway calls them beside its loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class MediaStoreError(Exception):
    """The store cannot be reached or read; the text says what it said. What was asked may be asked again."""


class NoRoomError(MediaStoreError):
    """There is no room left, or nothing may be written."""


class StoredBytes(NamedTuple):
    """Bytes that a store holds: under which digest, how many, and when they were last written, in s since 1970."""

    digest: str
    bytes: int
    written_s: float


class MediaStore(Protocol):
    """A store of bytes by digest (64 hexadecimal digits)."""

    def write(self, digest: str, body: bytes) -> None:
        """Keep bytes, durably; those that are there already stay, and count as written now.

        Raises `NoRoomError`, `MediaStoreError`.
        """
        ...

    def read(self, digest: str, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`, which lie within it.

        Raises `MediaStoreError`, also where there are none.
        """
        ...

    def held(self) -> Iterator[StoredBytes]:
        """Yield what is there, in no order. Raises `MediaStoreError`."""
        ...

    def remove(self, held: StoredBytes) -> bool:
        """Remove bytes that were not written again since; tell whether they are gone. Raises `MediaStoreError`."""
        ...

    def delete(self, digest: str) -> None:
        """Let bytes go; those that are not there are gone already. Raises `MediaStoreError`."""
        ...

    def holds(self, digest: str) -> bool:
        """Tell whether the bytes are there. Raises `MediaStoreError`."""
        ...
