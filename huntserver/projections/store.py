"""The store of read models, as a port: tables, and the position in each shard that they hold, changed as one.

Exactly once rests on that: a batch's changes and the positions after it are one transaction, and a batch is refused
whose positions before it are not those that the store has. So a projector that was killed, or has a twin, or whose
tables were swapped under it, takes up the positions again and loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from huntserver.projections.tables import Changes


class StoreError(Exception):
    """The store cannot be reached or refuses; the text names it and the cure. What was not committed is not there."""


class WrongVersion(StoreError):
    """The tables were made by another version; `huntserver projections rebuild` makes them anew."""


class Moved(StoreError):
    """The store's positions are not those that the batch began from: somebody else has folded meanwhile."""


class Position(NamedTuple):
    """How far a shard is folded: the next offset, what the reader's rule keeps, and the last record's time."""

    next: int = 0
    nonce: str = ""
    next_seq: int = 0
    holder: str = ""
    at_ms: int = 0


class ReadSource(Protocol):
    """Read models to be asked. All methods block: they are called in a thread, one at a time."""

    def query(self, sql: str, *parameters: Any) -> Sequence[Mapping[str, Any]]:
        """Return rows by column name; parameters stand as `?`. Raises `StoreError`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class ReadStore(ReadSource, Protocol):
    """Where read models lie, to be asked and written."""

    def look(self) -> None:
        """Reach the store to be asked only; makes and writes nothing.

        Raises `StoreError` where there is none (yet), or `WrongVersion`.
        """
        ...

    def open(self) -> dict[str, Position]:
        """Reach the store, make its tables where there are none; return the position of every shard.

        Raises `StoreError` or `WrongVersion`.
        """
        ...

    def commit(
        self, changes: Changes, before: Mapping[str, Position], after: Mapping[str, Position], caught_up_ms: int
    ) -> None:
        """Change the tables and move the positions of the shards in `after`, all or nothing.

        `before` holds those positions as the batch began; a shard without one is new. `caught_up_ms` is the wall time
        at which everything was last folded up to the log's end. Raises `Moved` or `StoreError`.
        """
        ...

    def tidy(self) -> None:
        """Let go of the bytes of what was overwritten or deleted, as far as the store lets one. Raises `StoreError`."""
        ...

    def rebuilt(self) -> ReadStore:
        """Return an empty store beside this one, to be folded from zero and then put in its place by `replace`."""
        ...

    def replace(self, by: ReadStore) -> None:
        """Put the contents of a store that `rebuilt` gave in the place of this one's, at once for all readers."""
        ...
