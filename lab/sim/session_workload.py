"""The game over real sessions: every node has a gateway, every player a connection that may be cut at any byte.

The gateway (`huntserver/gateway`, `huntserver/wire`) is the real one; the network under it is a stream each way, in
order, that ends when it is cut. Players say hello with where they stand, send again what was not answered, and follow
every channel. Owns the streams, the clients, and what is asked of them at the end: nobody missed anything unnoticed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from actors.checker.history import OK, REFUSED, VIEWED, Emission, ReceivedPush
from actors.entity import Push, Rejected
from actors.reporter import Silent
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.features.authoring import Define
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.player.commands import ProfileQuery
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.connection import Connection
from huntserver.gateway.proxies import Proxies
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.server import Gateway
from huntserver.limits import Limits
from huntserver.load.frames import masked
from huntserver.readiness import Ready
from lab.sim.game_workload import GameWorkload
from lab.sim.node import SimNode
from lab.sim.player import Pending, Player
from lab.sim.simulation import Simulation
from lab.sim.workload import Move

TOKENS: Final = Tokens(b"s" * 32)
LIMITS: Final = Limits(
    commands_per_s=1e6, commands_burst=1_000_000, sockets_per_s_per_address=1e6, handshakes_per_s_per_address=1e6
)
TICK_S: Final = 0.05
LOOK_S: Final = 0.25
APART_S: Final = 1e-6
"""Between two pieces of a stream: more than what is rounded, so that they stay in order."""
CUT: Final = 0.15
"""How often what would lose a message cuts a connection instead."""
ALL_HEARD_S: Final = 4.0
"""After everything is answered: a session that was cut last comes back, and hears what it missed."""
OPS: Final = {PageQuery: "page", BoardQuery: "board", OverviewQuery: "overview", ProfileQuery: "profile"}


class _Err(msgspec.Struct):
    code: str


class _In(msgspec.Struct):
    """What a server says, whatever it is."""

    id: int | None = None
    ok: msgspec.Raw = msgspec.Raw()
    err: _Err | None = None
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


_decode: Final = msgspec.json.Decoder(_In).decode
_encode: Final = msgspec.json.Encoder().encode


class SimGatewayClock(LoopClock):
    """The gateway's time on the clocks and dice of the simulation."""

    def __init__(self, node: SimNode) -> None:
        super().__init__(node.sim.loop.time())
        self._node = node
        self._dice = random.Random(f"{node.sim.seed}/{node.name}/gateway")

    def wall_ms(self) -> int:
        """Return the node's time."""
        return self._node.clock.wall_ms()

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call later; the gateway's own dice are not ours."""
        super().later(0.1 + 0.4 * self._dice.random(), call, *arguments)


class SimGateway(Gateway):
    """A gateway of one node."""

    def __init__(self, node: SimNode) -> None:
        rooms = Rooms(LIMITS)
        nothing = bytes
        super().__init__(
            node.system, rooms, TOKENS, LIMITS, Silent(), clock=SimGatewayClock(node), origins=[], proxies=Proxies([]),
            sockets_max=1 << 20, guests=False, readiness=lambda: Ready(True, "ok", {}),
            metrics=nothing, protocol_document=nothing,
        )  # fmt: skip
        rooms.attach(node.system)
        self._node = node
        self.connection_type = SimConnection
        self.publisher = rooms
        node.sim.loop.post(node.place, TICK_S, self._tick)

    def _tick(self) -> None:
        loop = self._node.sim.loop
        self.clock.now_s = loop.time()
        for connection in self.connections.all():
            self.connections.look_at(connection, self.clock.now_s)
        loop.post(self._node.place, TICK_S, self._tick)


class SimConnection(Connection):
    """Notes when the runtime let an answer out: the bytes follow in the next turn of the loop."""

    __slots__ = ("clock", "told_s")

    clock: Callable[[], float]
    told_s: dict[int | None, float]

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """An answer is let out; what was asked again may have been refused before."""
        self.told_s[request] = self.clock()
        super().accepted(request, answer, pos, told)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A view is let out."""
        self.told_s[request] = self.clock()
        super().viewed(request, view, pos)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """A refusal is let out."""
        self.told_s[request] = self.clock()
        super().refused(request, rejected, pos)


def payloads(data: bytes) -> Iterator[bytes]:
    """Yield the texts in whole frames of a server."""
    at = 0
    while at < len(data):
        opcode, size, at = data[at] & 15, data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if opcode == 1:
            yield data[at : at + size]
        at += size


class Stream(asyncio.Transport):
    """One connection, seen from the node: bytes each way in order, until it is cut."""

    def __init__(self, player: SessionPlayer, node: SimNode) -> None:
        super().__init__()
        self.node = node
        self.cut = False
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
            self._sim.loop.post(self._sim.loop.world, 0.02 + after_s / 4, self._player.reconnect, self)

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
        made.clock, made.told_s = self._sim.loop.time, {}

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
        said = [(m, told_s.pop(m.id, now)) for m in map(_decode, payloads(bytes(data)))]
        self._player.note_shown(self.node.name, said)
        self._sim.loop.post(self._sim.loop.world, self._at(1), self._heard, said)

    def _heard(self, said: list[tuple[_In, float]]) -> None:
        if not self.cut:
            for message, left_s in said:
                self._player.message(message, left_s)

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


class SessionPlayer(Player):
    """One device: keeps what it has seen, and what waits, over its connections."""

    holds_floor = False  # the server's session does

    def __init__(self, sim: Simulation, number: int, caller: Caller, count: int) -> None:
        super().__init__(sim, number, caller, count)
        self.seen: dict[str, dict[str, int]] = {}  # hunt -> channel -> seq; not there: a snapshot must come
        self.hunts: set[str] = set()  # that it listens to, or wants to
        self.stream: Stream | None = None
        self.counts: Counter[str] = Counter()
        self._asked: dict[str, Stream | None] = {}  # hunt -> where it was asked for, and no word came yet
        self._refused: set[int] = set()  # requests that are to be sent again although the connection is there
        self._lines: set[tuple[str, str]] = set()  # hunt and channel of all that was ever heard
        self._token = TOKENS.mint(caller.role, caller.by[2:], caller.name)
        sim.loop.post(sim.loop.world, LOOK_S, self._look)

    # ---- the connection

    def reconnect(self, stream: Stream | None) -> None:
        """Leave a connection for another one, and send again what waits."""
        if stream is not self.stream:
            return
        if stream is not None and not stream.cut:
            stream.lose()
            return
        self.stream = None
        node = self.sim.any_node(self._random)
        if node is None or not node.booted:
            self.sim.loop.post(self.sim.loop.world, 0.1, self.reconnect, None)
            return
        self.stream = Stream(self, node)
        self.counts["connections"] += 1
        self.floors = {f"hunt/{hunt}": self.floors.get(f"hunt/{hunt}", 0) for hunt in self.hunts}  # a resume's alone
        for pending in self.pending.values():
            pending.floor = min(pending.floor, self.floors.get(pending.entity(), 0))
        points = [
            {"hunt": hunt, "seq": 0, "pos": self.floors.get(f"hunt/{hunt}", 0), "channels": seen}
            for hunt, seen in sorted(self.seen.items())
        ]
        self._say(0, "hello", token=self._token, epoch=self.epoch, resume=points)
        for hunt in sorted(self.hunts - self.seen.keys()):
            self._listen(hunt)
        for pending in list(self.pending.values()):
            self._send(pending)

    def _look(self) -> None:
        """Notice a process that is gone, or that a balancer sends nobody to: it is superseded, and not ready."""
        stream = self.stream
        if stream is not None and (stream.node.place.dead or stream.node.lost_one()):
            stream.lose()
        self.sim.loop.post(self.sim.loop.world, LOOK_S, self._look)

    def start(self) -> None:
        """Connect and begin to play."""
        self.reconnect(None)
        super().start()

    # ---- out

    def _say(self, id: int, op: str, **fields: Any) -> None:
        if self.stream is not None:
            self.stream.send(masked(_encode({"id": id, "op": op, **fields})), self.pending.get(id))

    def _listen(self, hunt: str) -> None:
        if hunt not in self.seen and self._asked.get(hunt) is not self.stream:
            self._asked[hunt] = self.stream
            self._say(0, "resume", hunt=hunt, pos=self.floors.get(f"hunt/{hunt}", 0))

    def _send(self, pending: Pending) -> None:
        if pending.kind != "hunt":
            pending.floor = 0  # a player's pos is no hunt's
        command = pending.command
        if command.__class__ is Define:  # goes up by PUT
            super()._send(pending)
            return
        if pending.done:
            return
        pending.tries += 1
        self._refused.discard(pending.number)
        if self.stream is not None:
            fields = {name: getattr(command, name) for name in command.__struct_fields__}
            op = OPS.get(command.__class__) or command.__struct_config__.tag
            if pending.kind == "hunt":
                fields["hunt"] = pending.id
                if self.caller.role == "host" and pending.id not in self.hunts:
                    self.hunts.add(pending.id)
                    self._listen(pending.id)
            if pending.key:
                fields["key"] = pending.key[1]
            self.sim.note("send", self.name, pending.number, self.stream.node.name, pending.tries)
            self._say(pending.number, op, **fields)
        wait_s = self._patience_s * (1 + 0.5 * self._random.random())
        self.sim.loop.post(self.sim.loop.world, wait_s * 2, self._impatient, pending, pending.tries)

    def _impatient(self, pending: Pending, tries: int) -> None:
        if not pending.done and pending.tries == tries:
            if pending.command.__class__ is Define:
                super()._impatient(pending, tries)
            elif self.stream is not None and (pending.number not in self._refused or self._random.random() < 0.2):
                self.reconnect(self.stream)
            else:
                self._send(pending)

    # ---- in

    def message(self, m: _In, left_s: float) -> None:
        """Read one message."""
        if m.id is not None:
            self._reply(m, left_s)
        elif m.t == "event" and m.hunt:  # a player's own channel is not resumed: it asks for its profile
            self._push(m.hunt, m.ch, m.seq, m.prev, bytes(m.events))
        elif m.t == "snapshot":
            self.seen[m.hunt] = dict(m.channels)
            for channel, seq in m.channels.items():
                self._lines.add((m.hunt, channel))
                self.sim.seen.append(ReceivedPush(self.name, f"hunt/{m.hunt}", channel, seq, -1, None))
        elif m.t == "sys" and m.op == "resumed" and m.hunt:
            self._asked.pop(m.hunt, None)
            self.counts["tails" if m.recovered else "snapshots"] += 1
            if not m.recovered:
                self.seen.pop(m.hunt, None)
            elif m.hunt not in self.seen:  # all there is, from the first on
                self.seen[m.hunt] = {}
                for hunt, channel in sorted(self._lines):
                    if hunt == m.hunt:
                        self.sim.seen.append(ReceivedPush(self.name, f"hunt/{hunt}", channel, 0, -1, None))
        elif m.t == "sys" and m.op == "refused":
            self.seen.pop(m.hunt, None)
            self._asked.pop(m.hunt, None)
            if m.hunt in self.hunts:
                self.sim.loop.post(self.sim.loop.world, 0.3, self._listen, m.hunt)

    def _push(self, hunt: str, channel: str, seq: int, prev: int, events: bytes | None) -> None:
        seen = self.seen.get(hunt)
        if seen is None:
            self.sim.broken("I4", f"{self.name} got push {seq} of {channel} before its snapshot", hunt)
            return
        if prev != seen.get(channel, 0):
            self.sim.broken("I4", f"{self.name} has {seen.get(channel, 0)} of {channel}, {seq} follows {prev}", hunt)
        seen[channel] = seq
        self._lines.add((hunt, channel))
        self.sim.seen.append(ReceivedPush(self.name, f"hunt/{hunt}", channel, seq, prev, events))

    def _reply(self, m: _In, left_s: float) -> None:
        pending = self.pending.get(m.id or -1)
        if pending is None:
            return
        if m.ch:
            self._push(pending.id, m.ch, m.pos, m.prev, None)
        if m.err is None:
            if pending.command.__class__ is Join:
                self.hunts.add(pending.id)
            outcome, code = (OK if pending.key else VIEWED), ""
        else:
            outcome, code = REFUSED, m.err.code
        if outcome == OK and bytes(m.ok) == b'{"again":true}':
            outcome, code = REFUSED, "already_joined"  # the gateway's word for it
        if outcome == REFUSED and pending.key:
            left_s = min(left_s, pending.arrived_s)
        self.hear(pending.number, outcome, code, m.pos, None if m.err else m.ok, left_s)
        if not pending.done:
            self._refused.add(pending.number)

    # ---- looks of the world

    def note_shown(self, node: str, said: list[tuple[_In, float]]) -> None:
        """Note what a node lets out, for I3."""
        for m, left_s in said:
            if m.t == "event":
                entity = f"hunt/{m.hunt}" if m.hunt else f"player/{m.ch.removeprefix('player:')}"
                self.sim.shown.append(Emission(node, entity, m.seq, left_s, "a push"))
            elif m.id is not None and m.pos > 0:
                pending = self.pending.get(m.id)
                if pending is not None:
                    self.sim.shown.append(Emission(node, pending.entity(), m.pos, left_s, f"an answer to {m.id}"))

    def behind(self, hunt: str, state: Any) -> str:
        """Tell what it has not heard of a hunt that it listens to; empty: nothing."""
        team = state.members.get(self.caller.by)
        held = {"hunt": state.hunt_seq}
        if team is not None:
            held[team.channel] = team.seq
        if self.caller.role == "host":
            held["host"] = state.host_seq
        elif team is None:
            return ""
        seen = self.seen.get(hunt)
        missed = [channel for channel, seq in held.items() if seen is None or seen.get(channel, 0) != seq]
        return f"{self.name} has {seen} of {hunt}, where {held} is" if missed else ""


class SessionDoor:
    """What the simulation asks of a workload that has sessions."""

    player = SessionPlayer
    open = SimGateway

    @staticmethod
    def check(sim: Simulation) -> None:
        """I4 at the end: everybody who listens has heard everything, or was told a snapshot since."""
        sim.loop.run(lambda: not any(SessionDoor.behind(sim)), ALL_HEARD_S)
        for text in SessionDoor.behind(sim):
            sim.broken("I4", f"{text}, and was not told")

    @staticmethod
    def behind(sim: Simulation) -> Iterator[str]:
        """Yield who has not heard everything of a hunt that it listens to."""
        shards = sim.alive()[-1].system.regions["hunt"].shards
        for shard in shards:
            for id, actor in shard.actors.items():
                if actor.seq and not actor.damaged:
                    for player in sim.players:
                        if isinstance(player, SessionPlayer) and id in player.hunts:
                            yield from filter(None, [player.behind(id, actor.state)])


class SessionWorkload(GameWorkload):
    """The game, over sessions."""

    door = SessionDoor

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.rules = self.rules._replace(views=False)  # what is told is JSON; the game without sessions compares them

    def next(self, draw: random.Random, caller: Caller) -> Move | None:
        """Draw a command; what a membership is, sessions ask for themselves."""
        move = super().next(draw, caller)
        if move is not None and move.command.__class__ is MembershipQuery:
            return move._replace(command=PageQuery())
        return move
