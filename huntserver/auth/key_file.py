"""The file that holds the key of our own tokens. Whoever reads it can mint tokens; it is its owner's alone (0600)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class KeyFileError(Exception):
    """The key file cannot be used; the text names it and the cure."""


def load_key(path: Path, *, make: bool) -> bytes:
    """Return the key in a file; with `make` a missing one is made (mode 0600). Raises `KeyFileError`."""
    try:
        data = path.read_bytes().strip()
    except FileNotFoundError:
        if not make:
            raise KeyFileError(f"{path}: no token key there; make one with: openssl rand -hex 32 > {path}") from None
        path.parent.mkdir(parents=True, exist_ok=True)
        data = secrets.token_hex(32).encode()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data + b"\n")
            except OSError:
                path.unlink(missing_ok=True)  # half a key is none, and would be in the way of the next start
                raise
        except OSError as error:
            raise KeyFileError(f"{path}: cannot be made ({error.strerror})") from error
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) < 32:
        raise KeyFileError(f"{path}: holds {len(data)} bytes, a token key needs 32 or more")
    return data
