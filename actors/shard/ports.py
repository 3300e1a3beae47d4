"""What a shard needs of the world, injected by the composition root through the system: ports only, no adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from actors.clock import Clock
from actors.log.port import EventLog, SnapshotStore
from actors.passivation.passivation import SpillStore
from actors.reporter import Reporter
from actors.shard.actor import Publisher
from actors.shard.mailbox import Message
from actors.shard.pacer import Pacer
from actors.shard.reactions import Deliver
from actors.shard.refusals import MOVED
from actors.timekeeper import Timekeeper


def refuse_moved(kind: str, id: str, message: Message) -> None:
    """Refuse what came for a shard that another node serves."""
    message[2].refused(message[3], MOVED, -1)


class Ports(NamedTuple):
    """One a node, shared by its shards. `roll` draws a random 53-bit integer, `deliver` carries reactions,
    `decode_command` reads a command of a kind from JSON (ValueError),
    `moved` takes what came for a shard that another node serves: kind, id, message."""

    log: EventLog
    snapshots: SnapshotStore
    spill: SpillStore
    clock: Clock
    time: Timekeeper
    roll: Callable[[], int]
    publisher: Publisher
    deliver: Deliver
    report: Reporter
    pacer: Pacer
    decode_command: Callable[[str, bytes], Any]
    moved: Callable[[str, str, Message], None] = refuse_moved
