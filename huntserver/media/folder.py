"""Media in a folder: one file for each digest, complete or not there. Implements the port `MediaStore`.

Owns the folder. A file is written beside its place and renamed, so a crash leaves no half of one. Several servers may
share the folder (NFS): they write the same bytes under the same name.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from huntserver.media.store import MediaStoreError, NoRoomError, StoredBytes

SPARE_BYTES: Final = 256 * 1024 * 1024
"""So much of the disk is left to the log, which would stop the game."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class FolderStore:
    """Files below a folder, which is made when the first is written."""

    def __init__(self, folder: Path, spare_bytes: int = SPARE_BYTES) -> None:
        self._folder = folder
        self._spare_bytes = spare_bytes

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def write(self, digest: str, body: bytes) -> None:
        """Keep bytes, durably. Raises `NoRoomError`."""
        path = self._path(digest)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.utime(path)  # written now: nobody takes it for one that is forgotten
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
            if free - len(body) < self._spare_bytes:
                raise NoRoomError(f"{self._folder}: {free} bytes are free, {self._spare_bytes} stay so for the log")
            self._put(path, body)
        except OSError as error:
            raise NoRoomError(f"{self._folder}: cannot be written ({error.strerror})") from error

    def _put(self, path: Path, body: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        self._sync(path.parent)

    @staticmethod
    def _sync(folder: Path) -> None:
        """Make the new name durable, too."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, digest: str, start: int, stop: int) -> bytes:
        """Return bytes. Raises `MediaStoreError`."""
        try:
            with self._path(digest).open("rb") as file:
                file.seek(start)
                body = file.read(stop - start)
        except OSError as error:
            raise MediaStoreError(f"{self._path(digest)}: cannot be read ({error.strerror})") from error
        if len(body) != stop - start:
            raise MediaStoreError(f"{self._path(digest)}: ends before byte {stop}")
        return body

    def held(self) -> Iterator[StoredBytes]:
        """Yield what is there. Raises `MediaStoreError`."""
        try:
            for path in self._folder.glob("??/*"):
                if _DIGEST.fullmatch(path.name):
                    found = path.stat()
                    yield StoredBytes(path.name, found.st_size, found.st_mtime)
        except OSError as error:
            raise MediaStoreError(f"{self._folder}: cannot be read ({error.strerror})") from error

    def remove(self, held: StoredBytes) -> bool:
        """Remove a file that was not written again since. Raises `MediaStoreError`."""
        path = self._path(held.digest)
        try:
            if path.stat().st_mtime != held.written_s:
                return False
            path.unlink()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise MediaStoreError(f"{path}: cannot be removed ({error.strerror})") from error
        return True

    def delete(self, digest: str) -> None:
        """Let bytes go. Raises `MediaStoreError`."""
        path = self._path(digest)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise MediaStoreError(f"{path}: cannot be deleted ({error.strerror})") from error

    def holds(self, digest: str) -> bool:
        """Tell whether the bytes are there."""
        return self._path(digest).is_file()
