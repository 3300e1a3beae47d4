"""One live entity: its mailbox, its one state, its memory of commands.

Owns them; the shard alone changes them. There is no second, durable copy of a state: events are applied as they are
decided, and what rests on them is held by `commit` until they are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from actors.entity import Push, Rejected, Timer
from actors.shard.dedup import Dedup
from actors.shard.mailbox import Mailbox
from actors.shard.refusals import Refusals


class Caller:
    """Who sends commands: made once a session. `by` is `X:ID`, X one letter; `name` is shown to others (personal)."""

    __slots__ = ("by", "name", "role")

    def __init__(self, by: str, role: str, name: str = "") -> None:
        self.by = by
        self.role = role
        self.name = name

    def __repr__(self) -> str:
        return f"Caller({self.by}, {self.role})"


class Sink(Protocol):
    """Where answers go. All calls come in release order, on the loop; an implementation must not suspend or raise.

    One that also has `closing` says by it whether its client is gone (`has_gone`).
    """

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """A command is durable. `answer` is JSON; with `told` the answer is also that push for this session."""
        ...

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """A command or query was refused at the entity's seq `pos` (-1: it did not reach an entity)."""
        ...

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A query's view at the entity's seq `pos`."""
        ...


def has_gone(sink: Any) -> bool:
    """Tell whether the client behind a sink is known to hear nothing any more: its connection is closed."""
    return bool(getattr(sink, "closing", False))


class NoSink:
    """Takes answers nobody waits for."""

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Drop it."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Drop it."""

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Drop it."""


NO_SINK: Final = NoSink()


class Publisher(Protocol):
    """Where pushes go once their record is durable."""

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Show a record. Called in seq order; a seq seen before is ignored (after a recovery the tail comes again)."""
        ...

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        """A shard is served here after another node may have served it. Of an entity of it `since` returns up to which
        seq records are not shown here, the rest follows; None: it is of another shard."""
        ...

    def rewind(self, kind: str, seq: Callable[[str], int | None]) -> None:
        """Records that were shown are gone: `seq` tells where an entity is now, None of one that is not concerned."""
        ...


class SnapshotRef(NamedTuple):
    """A durable snapshot: the tenure that wrote it, its slot, the seq it holds, its number of parts.

    `layout` says which parts lie in pieces (`snapshots.format.cut_parts`); empty: none.
    """

    nonce: str
    slot: int
    seq: int
    parts: int
    layout: str = ""


class Actor:
    """A live entity. Slots, because a node holds tens of thousands."""

    __slots__ = (
        "damaged",
        "dedup",
        "dirty_from",
        "due",
        "first",
        "frozen",
        "id",
        "mailbox",
        "name",
        "next_dirty",
        "queued",
        "refused",
        "seq",
        "since",
        "snapshots",
        "state",
        "touched",
        "weigh_at",
    )

    def __init__(self, kind: str, id: str, state: Any, mailbox: Mailbox) -> None:
        self.id = id
        self.name = f"{kind}/{id}"
        self.state = state
        self.mailbox = mailbox
        self.seq = 0
        self.dedup = Dedup()
        self.due: Timer | None = None
        self.queued = False  # stands in the shard's ready line
        self.frozen = False  # being encoded or decoded in steps: its messages wait
        self.damaged = ""  # why it may not be served
        self.touched = True  # used since the last sweep
        self.refused: Refusals | None = None
        self.first = -1  # offset of its first record
        self.dirty_from = -1  # offset of the first record that its durable snapshot does not hold
        self.next_dirty = -1  # the same, for the snapshot that is on its way
        self.since = 0  # records since the last snapshot was taken
        self.weigh_at = (
            0  # below so many of them no snapshot is due: the bound as it was last worked out, which only grows
        )
        self.snapshots: tuple[SnapshotRef, ...] = ()

    def wrote(self, offset: int) -> None:
        """Note that a record of it goes to `offset`; needed only for the first one since a snapshot was taken."""
        if self.first < 0:
            self.first = offset
        if self.dirty_from < 0:
            self.dirty_from = offset
        if self.next_dirty < 0:
            self.next_dirty = offset

    def idle(self) -> bool:
        """Tell whether it has nothing to do now."""
        return not self.queued and not self.frozen and not len(self.mailbox)
