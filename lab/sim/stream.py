"""A connection of a simulated client: bytes each way, in order, until it is cut at any byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from lab.sim.node import SimNode
from lab.sim.player import Pending
from lab.sim.session_gateway import SimConnection
from lab.sim.stage import Stage

APART_S: Final = 1e-6
"""Between two pieces of a stream: more than what is rounded, so that they stay in order."""
TEXT, CLOSE = 1, 8
CUT: Final = 0.15
"""How often what would lose a message cuts a connection instead."""


class HeardError(msgspec.Struct):
    """A refusal."""

    code: str


class HeardMessage(msgspec.Struct):
    """What a server says, whatever it is, as the judge wants it."""

    id: int | None = None
    ok: msgspec.Raw = msgspec.Raw()
    err: HeardError | None = None
    pos: int = -1
    t: str = ""
    op: str = ""
    hunt: str = ""
    ch: str = ""
    seq: int = 0
    prev: int = 0
    events: msgspec.Raw = msgspec.Raw()
    channels: dict[str, int] = {}
    recovered: bool | None = None


class Heard(NamedTuple):
    """A message as it came, decoded, and when the runtime let out what it says."""

    payload: bytes
    message: HeardMessage
    left_s: float


class StreamUser(Protocol):
    """The client at the end of a stream."""

    sim: Stage[Any]
    name: str

    def heard(self, heard: Heard) -> None:
        """Take a message."""
        ...

    def ended(self, stream: Stream) -> None:
        """The stream was cut, or closed by the node."""
        ...

    def note_shown(self, node: str, said: list[Heard]) -> None:
        """Note what a node lets out."""
        ...


_decode: Final = msgspec.json.Decoder(HeardMessage).decode


def payloads(data: bytes) -> Iterator[bytes]:
    """Yield the texts in whole frames of a server."""
    return (payload for opcode, payload in frames(data) if opcode == TEXT)


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield opcode and payload of whole frames of a server."""
    at = 0
    while at < len(data):
        opcode, size, at = data[at] & 15, data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        yield opcode, data[at : at + size]
        at += size


class Stream(asyncio.Transport):
    """One connection, seen from the node: bytes each way in order, until it is cut."""

    def __init__(self, player: StreamUser, node: SimNode) -> None:
        super().__init__()
        self.node = node
        self.cut = False
        self.close_code: int | None = None
        self._sim = player.sim
        self._player = player
        self._connection: SimConnection | None = None
        self._free_s = [0.0, 0.0]  # when the last byte up, and down, has arrived
        self._paused: list[tuple[bytes, Pending | None]] | None = None
        self._up(self._open)

    def _at(self, way: int) -> float:
        sim, plan = self._sim, self._sim.plan
        draw = sim.schedule.random
        if plan.hits("net_loss") and draw() < CUT:
            sim.loop.post(sim.loop.world, 0.0, self.lose)
        delay_s = 0.0002 + draw() * 0.004
        if plan.hits("net_slow"):
            delay_s += draw() ** 2
        now = sim.loop.time()
        self._free_s[way] = max(self._free_s[way] + APART_S, now + delay_s)
        return self._free_s[way] - now

    def _up(self, call: Callable[..., None], *arguments: Any) -> None:
        self._sim.loop.post(self.node.place, self._at(0), call, *arguments)

    # ---- at the client, in the world

    def send(self, data: bytes, pending: Pending | None) -> None:
        """Send to the node."""
        if not self.cut:
            self._up(self._arrived, data, pending)

    def lose(self) -> None:
        """Cut it: what is under way to the client is lost, the node hears of it some time."""
        if not self.cut:
            self.cut = True
            self._sim.note("cut", self._player.name, self.node.name)
            after_s = self._sim.schedule.random() ** 2
            self._sim.loop.post(self.node.place, after_s, self._lost)
            self._sim.loop.post(self._sim.loop.world, 0.02 + after_s / 4, self._player.ended, self)

    # ---- at the node

    def _open(self) -> None:
        gateway = self.node.gateway
        gateway.door.knock(self, "192.0.2.1")
        if not self.node.booted or gateway.door.admit("192.0.2.1"):
            gateway.door.gone(self, "192.0.2.1")
            self._sim.loop.post(self._sim.loop.world, 0.001, self.lose)
            return
        made = gateway.connect(self, "192.0.2.1", False, "", self)
        assert isinstance(made, SimConnection)
        self._connection = made
        made.clock, made.told_s, made.answered = self._sim.loop.time, {}, self._sim.answered

    def _arrived(self, data: bytes, pending: Pending | None) -> None:
        if self._connection is None:
            return
        if self._paused is not None:
            self._paused.append((data, pending))
            return
        if pending is not None:
            pending.arrived_s = min(pending.arrived_s, self._sim.loop.time())
        self._connection.data_received(data)

    def _lost(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.connection_lost(None)

    def write(self, data: Any) -> None:
        """Send to the client."""
        now = self._sim.loop.time()
        told_s = self._connection.told_s if self._connection is not None else {}
        said = []
        for opcode, payload in frames(bytes(data)):
            if opcode == TEXT:
                message = _decode(payload)
                said.append(Heard(payload, message, told_s.pop(message.id, now)))
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
        self._player.note_shown(self.node.name, said)
        self._sim.loop.post(self._sim.loop.world, self._at(1), self._heard, said)

    def _heard(self, said: list[Heard]) -> None:
        for heard in said:
            if not self.cut:
                self._player.heard(heard)

    def can_write_eof(self) -> bool:
        """Half-closing is possible, as over plain TCP."""
        return True

    def write_eof(self) -> None:
        """The node closes: so does the client, when it has read all."""
        self._sim.loop.post(self._sim.loop.world, self._at(1), self.lose)

    def abort(self) -> None:
        """The node drops it."""
        self._sim.loop.post(self._sim.loop.world, self._at(1), self.lose)

    def pause_reading(self) -> None:
        """Read no more."""
        self._paused = self._paused or []

    def resume_reading(self) -> None:
        """Read what has come, then go on."""
        held, self._paused = self._paused or [], None
        for data, pending in held:
            self._sim.loop.post(self.node.place, 0.0, self._arrived, data, pending)

    def get_write_buffer_size(self) -> int:
        """Nothing waits: clients that do not read are the business of `lab/sim/gateway_world.py`."""
        return 0
