"""The texts of hunts as they are served: blocks by digest, each asked of its hunt once, compressed once, kept for ever.

Owns the blocks that were asked for, up to a bound. Whoever knows a digest may have its block: a digest is told to those
alone who may see all that it stands for, and cannot be guessed (`huntserver.game.texts`).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any, Final

from actors.entity import Push, Rejected
from huntserver.game.features.page import TextsQuery, TextsView
from huntserver.gateway.listing import STRANGER
from huntserver.gateway.pages import FOR_EVER, File
from huntserver.gateway.ports import System

BLOCKS_BYTES_MAX: Final = 32 * 1024 * 1024
"""Blocks kept with their compressed forms, of all hunts; the one not asked for longest goes first."""

Found = Callable[[File | Rejected | None], None]
"""Takes a block, or why its hunt does not tell; None: there is none."""


class TextBlocks:
    """The blocks of all hunts."""

    def __init__(self, system: System, bytes_max: int = BLOCKS_BYTES_MAX) -> None:
        self._system = system
        self._bytes_max = bytes_max
        self._files: dict[tuple[str, str], File] = {}
        self._bytes = 0

    def find(self, hunt: str, digest: str, done: Found) -> None:
        """Tell a block, at once or when its hunt has told it."""
        key = (hunt, digest)
        file = self._files.pop(key, None)
        if file is None:
            self._system.query("hunt", hunt, TextsQuery(digest), _TextsAsked(self, key, done), 0, STRANGER)
            return
        self._files[key] = file
        done(file)

    def keep(self, key: tuple[str, str], body: bytes) -> File:
        """Keep a block; return it as it is served."""
        file = File(body, gzip.compress(body, 6, mtime=0), "application/json", f'"{key[1]}"', FOR_EVER)
        self._forget(key)
        self._files[key] = file
        self._bytes += _weight(file)
        while self._bytes > self._bytes_max and len(self._files) > 1:
            self._forget(next(iter(self._files)))
        return file

    def _forget(self, key: tuple[str, str]) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            self._bytes -= _weight(file)


def _weight(file: File) -> int:
    return len(file.body) + len(file.packed or b"")


class _TextsAsked:
    """A block that a hunt is asked for."""

    def __init__(self, blocks: TextBlocks, key: tuple[str, str], done: Found) -> None:
        self._blocks = blocks
        self._key = key
        self._done = done

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """The hunt does not exist, or cannot answer now."""
        self._done(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Take the block."""
        told: TextsView = view
        self._done(self._blocks.keep(self._key, told.body.encode()) if told.body else None)
