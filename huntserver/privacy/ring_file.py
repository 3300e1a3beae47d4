"""The file that the key ring lies in: read once, replaced whole when a key is destroyed. Its owner's alone (0600).

A copy of the file from before is a copy of the key: backups of it are to be as short-lived as an erasure may take.
"""

from __future__ import annotations

import binascii
import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from huntserver.config import Config, ConfigError
from huntserver.privacy.ring import SEED_BYTES, KeyRing, RingState, new_ring


class RingFileError(ConfigError):
    """The key ring cannot be used; the text names the file and the cure."""


def ring_path(config: Config) -> Path | None:
    """Return where the ring lies; None: in a cluster that was given none, nothing is sealed."""
    if config.privacy.key_file:
        return Path(config.privacy.key_file)
    return None if config.cluster.listen else Path(config.data.dir) / "persons.key"


def ring_of(config: Config, *, make: bool = False) -> KeyRing | None:
    """Return the ring that a configuration names; None: there is none. Raises `RingFileError`.

    `make`: a server that runs by itself makes one. For tools a missing one is none: nothing was sealed yet.
    """
    path = ring_path(config)
    if path is None or not (make or path.exists()):
        return None
    return load_ring(path, make=make and not config.cluster.listen)


def load_ring(path: Path, *, make: bool) -> KeyRing:
    """Return the ring in a file; with `make` a missing one is made. Raises `RingFileError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if not make:
            raise RingFileError(f"{path}: no key ring there; copy it from the node that has it") from None
        ring = new_ring(secrets.token_bytes(16), secrets.token_bytes(SEED_BYTES))
        save_ring(path, ring)
        return ring
    except OSError as error:
        raise RingFileError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return KeyRing(msgspec.json.decode(data, type=RingState))
    except (ValueError, binascii.Error) as error:
        raise RingFileError(f"{path}: is no key ring ({error}); take it from a copy, if there is one") from error


def change_ring(path: Path, ring: KeyRing, change: Callable[[KeyRing], None]) -> None:
    """Change the ring in the file and this one alike, durably: what others destroyed in the file meanwhile stays
    destroyed. Blocks. Raises `RingFileError`."""
    with _alone(path):
        kept = load_ring(path, make=False)
        if kept.id != ring.id:
            raise RingFileError(f"{path}: is another ring ({kept.id}) than this server runs with ({ring.id})")
        change(kept)
        save_ring(path, kept)
        ring.become(kept.state())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time change the file."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise RingFileError(f"{path}: cannot be locked ({error.strerror})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def save_ring(path: Path, ring: KeyRing) -> None:
    """Replace the file, durably, and overwrite the bytes of the one before. Blocks. Raises `RingFileError`."""
    fresh, gone = path.with_name(path.name + ".new"), path.with_name(path.name + ".gone")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        _write(fresh, msgspec.json.encode(ring.state()))
        if gone.exists():  # a crash came between, the last time
            if path.exists() and gone.samefile(path):
                gone.unlink()  # before the file was replaced: this is the ring in use
            else:
                _wipe(gone)
        if path.exists():
            os.link(path, gone)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        if gone.exists():
            _wipe(gone)
    except OSError as error:
        raise RingFileError(f"{path}: cannot be written ({error.strerror})") from error


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _wipe(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
