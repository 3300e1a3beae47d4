"""Where the bytes of media lie, as a port: content-addressed by their SHA-256, never changed once written.

All methods block and may be called from several threads at once; the gateway calls them beside its loop.
"""

from __future__ import annotations

from typing import Protocol


class MediaStoreError(Exception):
    """The store cannot be reached or read; the text says what it said. What was asked may be asked again."""


class NoRoomError(MediaStoreError):
    """There is no room left, or nothing may be written."""


class MediaStore(Protocol):
    """A store of bytes by digest (64 hexadecimal digits)."""

    def write(self, digest: str, body: bytes) -> None:
        """Keep bytes, durably; those that are there already stay. Raises `NoRoomError`, `MediaStoreError`."""
        ...

    def read(self, digest: str, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`, which lie within it.

        Raises `MediaStoreError`, also where there are none.
        """
        ...

    def holds(self, digest: str) -> bool:
        """Tell whether the bytes are there. Raises `MediaStoreError`."""
        ...
