"""The keys of persons in a running server: asked for on the loop, changed beside it, in file and memory alike.

A server by itself that seals nothing has none until somebody is erased: what is not sealed need not be opened, and a
fold that looks for what is sealed costs two calls more for each event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from huntserver.config import Config
from huntserver.privacy.ring import KeyRing
from huntserver.privacy.ring_file import change_ring, load_ring, ring_of, ring_path


class KeyKeeper:
    """One ring and its file. Implements the gateway's `PersonKeys`. `ring`: None, it is made when it is needed."""

    def __init__(self, path: Path, ring: KeyRing | None) -> None:
        self._path = path
        self.ring = ring

    def _change(self, change: Callable[[KeyRing], None]) -> None:
        if self.ring is None:
            self.ring = load_ring(self._path, make=True)
        change_ring(self._path, self.ring, change)

    @property
    def id(self) -> str:
        """The ring's id; empty while there is none."""
        return "" if self.ring is None else self.ring.id

    def bar(self, person: str) -> None:
        """Let nobody come in under this id any more, durably. Blocks. Raises `RingFileError`."""
        self._change(lambda ring: ring.bar(person))

    def is_erased(self, person: str) -> bool:
        """Tell whether nobody comes in under this id."""
        return self.ring is not None and self.ring.is_erased(person)

    def known(self) -> tuple[list[str], list[str]]:
        """Return who is barred, and which keys are destroyed, as copies of the ring tell each other."""
        return ([], []) if self.ring is None else (self.ring.barred(), self.ring.gone())

    def lacks(self, barred: Sequence[str], gone: Sequence[str]) -> bool:
        """Tell whether another copy of the ring knows of an erasure that this one does not."""
        return not set(gone) <= set(self.known()[1]) or not all(map(self.is_erased, barred))

    def take(self, barred: Sequence[str], gone: Sequence[str]) -> None:
        """Do what was done to another copy of the ring, durably. Blocks. Raises `RingFileError`; ValueError for what
        is no leaf."""

        def followed(ring: KeyRing) -> None:
            for leaf in gone:
                ring.destroy_leaf(leaf)
            for person in barred:
                ring.bar(person)

        self._change(followed)

    def destroy(self, holders: Sequence[str]) -> None:
        """Destroy the keys of these holders, durably. Blocks. Raises `RingFileError`."""

        def punctured(ring: KeyRing) -> None:
            for holder in holders:
                ring.destroy(holder)

        self._change(punctured)


def keeper_of(config: Config) -> KeyKeeper | None:
    """Return the keys of a server that starts; None for a node of a cluster that was given none. One that runs by
    itself and seals makes a ring if it has none. Raises `RingFileError`."""
    path = ring_path(config)
    if path is None:
        return None
    return KeyKeeper(path, ring_of(config, make=config.privacy.seal or bool(config.cluster.listen)))
