"""What all connections of one gateway share. Owns nothing itself; made once, by the gateway."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from huntserver.gateway.attendance import Attendance
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.connections import Connections
from huntserver.gateway.door import Door
from huntserver.gateway.ports import CommandObserver, System, Trace
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.sessions import Sessions
from huntserver.gateway.trials import Trials
from huntserver.gateway.turns import Turns
from huntserver.limits import Limits


class Services(msgspec.Struct, kw_only=True):
    """The parts that a connection talks to. `trace` is None unless the log level is debug."""

    limits: Limits
    clock: LoopClock
    turns: Turns
    system: System
    rooms: Rooms
    attendance: Attendance
    door: Door
    sessions: Sessions
    connections: Connections
    trials: Trials
    observer: CommandObserver
    trace: Trace | None = None
    shard_of: Callable[[str], str] = lambda hunt: ""
    """Names the shard of a hunt, for traces."""
