"""What a shard needs of the world, injected by the composition root through the system: ports only, no adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from actors.clock import Clock
from actors.log.port import EventLog, SnapshotStore
from actors.passivation.passivation import SpillStore
from actors.reporter import Reporter
from actors.shard.actor import Publisher
from actors.shard.pacer import Pacer
from actors.shard.reactions import Deliver
from actors.timekeeper import Timekeeper


class Ports(NamedTuple):
    """One a node, shared by its shards. `roll` draws a random 53-bit integer, `deliver` carries reactions,
    `decode_command` reads a command of a kind from JSON (ValueError)."""

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
