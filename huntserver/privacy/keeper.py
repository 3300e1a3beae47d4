"""The keys of persons in a running server: asked for on the loop, changed beside it, in file and memory alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from huntserver.config import Config
from huntserver.privacy.ring import KeyRing
from huntserver.privacy.ring_file import change_ring, ring_of, ring_path


class KeyKeeper:
    """One ring and its file. Implements the gateway's `PersonKeys`."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self._path = path
        self.ring = ring

    @property
    def id(self) -> str:
        """The ring's id."""
        return self.ring.id

    def bar(self, person: str) -> None:
        """Let nobody come in under this id any more, durably. Blocks. Raises `RingFileError`."""
        change_ring(self._path, self.ring, lambda ring: ring.bar(person))

    def is_erased(self, person: str) -> bool:
        """Tell whether nobody comes in under this id."""
        return self.ring.is_erased(person)

    def known(self) -> tuple[list[str], list[str]]:
        """Return who is barred, and which keys are destroyed, as copies of the ring tell each other."""
        return self.ring.barred(), self.ring.gone()

    def lacks(self, barred: Sequence[str], gone: Sequence[str]) -> bool:
        """Tell whether another copy of the ring knows of an erasure that this one does not."""
        return not set(gone) <= set(self.ring.gone()) or not all(map(self.ring.is_erased, barred))

    def take(self, barred: Sequence[str], gone: Sequence[str]) -> None:
        """Do what was done to another copy of the ring, durably. Blocks. Raises `RingFileError`; ValueError for what
        is no leaf."""

        def followed(ring: KeyRing) -> None:
            for leaf in gone:
                ring.destroy_leaf(leaf)
            for person in barred:
                ring.bar(person)

        change_ring(self._path, self.ring, followed)

    def destroy(self, holders: Sequence[str]) -> None:
        """Destroy the keys of these holders, durably. Blocks. Raises `RingFileError`."""

        def punctured(ring: KeyRing) -> None:
            for holder in holders:
                ring.destroy(holder)

        change_ring(self._path, self.ring, punctured)


def keeper_of(config: Config) -> tuple[KeyKeeper | None, KeyRing | None]:
    """Return the keys of a server that starts, and their ring: made if it runs by itself and has none, nothing for a
    node of a cluster that was given none. Raises `RingFileError`."""
    path, ring = ring_path(config), ring_of(config, make=True)
    return (KeyKeeper(path, ring) if path is not None and ring is not None else None), ring
