"""A gateway without sockets: transports that keep what is written, and a system that runs the real rules in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.entity import Context, Push, Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.proxies import Proxies, parse_network
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.server import Gateway
from huntserver.limits import Limits
from huntserver.media.folder import FolderStore
from huntserver.readiness import Ready
from lab.rigs.frames import frame

KEY = b"k" * 32
HOST = Caller("h:host", "host", "Host")
DEFINITION = (
    'title = "Rig"\n[teams]\nmode = "teams"\nsize_max = 100\n'
    + "".join(
        f'\n[[clues]]\nid = "c{i}"\ntitle = "Clue {i}"\nanswers = ["right c{i}"]\npoints = 10\n'
        "[clues.attempts]\ncool_down_s = 0\n"
        for i in range(1, 4)
    )
    + '\n[[treasures]]\nid = "coin"\ntitle = "Coin"\nquantity = 1\npoints = 5\n'
)


class MemorySystem:
    """Decides with the real rules at once; lets effects out in order, at once or when `release` is called."""

    def __init__(self) -> None:
        self.kinds: dict[str, Any] = {"hunt": HuntType(), "player": PlayerType()}
        self.states: dict[str, Any] = {}
        self.seqs: dict[str, int] = {}
        self.rooms: Rooms | None = None
        self.now_ms = 1_000_000
        self.held: list[Any] | None = None
        self.submitted: list[tuple[Any, Any]] = []
        self.queries = 0
        self.refuse_with: Rejected | None = None

    def ready(self) -> tuple[bool, str]:
        """Always ready."""
        return True, "ok"

    def _context(self, caller: Caller, seq: int) -> Context:
        ctx = Context()
        ctx.by, ctx.role, ctx.name, ctx.now_ms = caller.by, caller.role, caller.name, self.now_ms
        ctx.roll, ctx.seq = lambda: 12345, seq
        return ctx

    def _out(self, effect: Any) -> None:
        if self.held is None:
            effect()
        else:
            self.held.append(effect)

    def release(self) -> None:
        """Let everything out, in order; what follows from it is held again."""
        held, self.held = self.held or [], []
        for effect in held:
            effect()

    def submit(self, kind: str, id: str, command: Any, sink: Any, request: int, caller: Caller, key: Any) -> None:
        """Decide a command."""
        self.submitted.append((command, key))
        if self.refuse_with is not None:
            sink.refused(request, self.refuse_with, -1)
            return
        name = f"{kind}/{id}"
        rules = self.kinds[kind]
        state = self.states.setdefault(name, rules.create(id))
        seq = self.seqs.get(name, 0)
        decision = rules.decide(state, command, self._context(caller, seq + 1))
        if isinstance(decision, Rejected):
            self._out(lambda: sink.refused(request, decision, seq))
            return
        self.seqs[name] = seq = seq + 1
        for event in decision.events:
            rules.apply(state, event, seq, self.now_ms)
        pushes = rules.pushes(state, decision.events, seq, self.now_ms)
        answer = msgspec.json.encode(decision.answer)
        told = pushes[0] if pushes and pushes[0].told else None

        def out() -> None:
            sink.accepted(request, answer, seq, told)
            assert self.rooms is not None
            if pushes:
                self.rooms.publish(kind, id, seq, self.now_ms, pushes, sink)

        self._out(out)
        for reaction in rules.reactions(decision.events, id):
            by = Caller(f"entity:{name}", "system")
            self.submit(reaction.kind, reaction.id, reaction.command, Nobody(), 0, by, None)

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Caller) -> None:
        """Answer a question."""
        self.queries += 1
        if self.refuse_with is not None:
            sink.refused(request, self.refuse_with, -1)
            return
        name = f"{kind}/{id}"
        rules = self.kinds[kind]
        state = self.states.setdefault(name, rules.create(id))
        seq = self.seqs.get(name, 0)
        view = rules.query(state, query, self._context(caller, seq))
        if isinstance(view, Rejected):
            self._out(lambda: sink.refused(request, view, seq))
        else:
            self._out(lambda: sink.viewed(request, view, seq))

    def play(self, command: Any, caller: Caller, hunt: str = "h1") -> None:
        """Send a command of nobody's."""
        self.submit("hunt", hunt, command, Nobody(), 0, caller, None)


class Nobody:
    """Takes answers; a refusal is a fault of the test."""

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Take an answer."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Not expected."""
        raise AssertionError(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Take a view."""


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written, and can be slow."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        super().__init__()
        self.address = address
        self.written: list[bytes] = []
        self.protocol: Any = None
        self.reading = True
        self.ended = self.aborted = self.closed = False
        self.buffered = 0

    def write(self, data: Any) -> None:
        """Keep it."""
        assert not self.ended, "a write after the end"
        self.written.append(bytes(data))

    def can_write_eof(self) -> bool:
        """Half-closing is possible, as over plain TCP."""
        return True

    def write_eof(self) -> None:
        """Half-close."""
        self.ended = True

    def abort(self) -> None:
        """Drop."""
        self.aborted = True

    def close(self) -> None:
        """Close in order."""
        self.closed = True

    def is_closing(self) -> bool:
        """Tell whether it is at its end."""
        return self.closed or self.aborted

    def pause_reading(self) -> None:
        """Read no more."""
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        """Read again."""
        assert not self.reading
        self.reading = True

    def get_write_buffer_size(self) -> int:
        """Return what a test says."""
        return self.buffered

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Not needed: tests call `pause_writing` themselves."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Note who reads."""
        self.protocol = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return an address."""
        return (self.address, 1234) if name == "peername" else default


def frames_in(data: bytes) -> list[tuple[int, bytes]]:
    """Return (opcode, payload) of unmasked frames."""
    found = []
    while data:
        size, at = data[1], 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10], "big"), 10
        found.append((data[0] & 15, data[at : at + size]))
        data = data[at + size :]
    return found


async def turn(times: int = 6) -> None:
    """Let the loop run what is due now."""
    for _ in range(times):
        await asyncio.sleep(0)


class Peer:
    """A client of a connection without a socket."""

    def __init__(self, rig: Rig, packed: bool = False) -> None:
        self.rig = rig
        self.wire = MemoryTransport()
        self.packed = packed
        rig.gateway.door.knock(self, "192.0.2.1")
        self.connection = rig.gateway.connect(self.wire, "192.0.2.1", packed, "", self)
        self.close_code: int | None = None
        self._id = 0

    def abort(self) -> None:
        """Make way at the door."""
        self.wire.abort()

    def raw(self, data: bytes) -> None:
        """Give bytes as they come from the socket."""
        self.connection.data_received(data)

    def payload(self, fields: Any) -> bytes:
        """Return a message encoded as this peer does."""
        return msgspec.msgpack.encode(fields) if self.packed else msgspec.json.encode(fields)

    def send(self, op: str, **fields: Any) -> int:
        """Send a request; return its id."""
        self._id = fields.pop("id", self._id + 1)
        self.raw(frame(self.payload({"id": self._id, "op": op, **fields}), 0x82 if self.packed else 0x81))
        return self._id

    async def heard(self) -> list[dict[str, Any]]:
        """Return the messages written since the last call; a close sets `close_code`."""
        await turn()
        data, self.wire.written = b"".join(self.wire.written), []
        messages = []
        for opcode, payload in frames_in(data):
            if opcode == 8:
                self.close_code = int.from_bytes(payload[:2], "big")
            elif opcode in (1, 2):
                messages.append(msgspec.msgpack.decode(payload) if opcode == 2 else json.loads(payload))
        return messages

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a request and return its reply."""
        request = self.send(op, **fields)
        replies = [m for m in await self.heard() if m.get("id") == request]
        assert len(replies) == 1, replies
        return replies[0]

    async def hello(self, who: str = "ada", role: str = "player", **fields: Any) -> list[dict[str, Any]]:
        """Say hello; return all that is heard then."""
        self.send("hello", token=self.rig.tokens.mint(role, who, who.title()), **fields)
        return await self.heard()

    def lost(self) -> None:
        """Lose the socket."""
        self.connection.connection_lost(None)


class Rig:
    """A gateway, its rooms, and a running hunt `h1`."""

    def __init__(self, *, hunt: bool = True, sockets_max: int = 1 << 20, **limits: Any) -> None:
        self.faults: list[str] = []
        self.warnings: list[dict[str, Any]] = []
        self.limits = Limits(**{"commands_per_s": 1e6, "commands_burst": 1_000_000, **limits})
        self.tokens = Tokens(KEY)
        self.rooms = Rooms(self.limits)
        self.system = MemorySystem()
        self.system.rooms = self.rooms
        self.rooms.attach(self.system)
        self.gateway = Gateway(
            self.system,
            self.rooms,
            self.tokens,
            self.limits,
            self,
            clock=LoopClock(1000.0),
            origins=["https://play.example"],
            proxies=Proxies([parse_network("198.51.100.0/24")]),
            sockets_max=sockets_max,
            worker=self,
            media=FolderStore(Path("nowhere")),  # no test of these sends any
            guests=True,
            readiness=lambda: Ready(True, "ok", {}),
            metrics=lambda: b"# none\n",
            protocol_document=lambda: b"{}",
        )
        if hunt:
            definition = check_definition(DEFINITION.encode(), "toml")
            assert not isinstance(definition, list), definition
            steps: Sequence[Any] = (Create(), Define(source(definition)), Publish(), Start())
            for step in steps:
                self.system.play(step, HOST)

    # ---- the reporter

    def note(self, event: str, **fields: Any) -> None:
        """Nothing that a test looks at."""

    def warn(self, event: str, **fields: Any) -> None:
        """Keep it."""
        self.warnings.append({"event": event, **fields})

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Keep it."""
        self.faults.append(event)

    # ---- the worker

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[], None]) -> bool:
        """Do it at once."""
        done(work())
        return True

    def close(self) -> None:
        """Nothing is left to do."""

    # ---- players

    async def playing(self, who: str = "ada", *, packed: bool = False, team: str | None = None, **hello: Any) -> Peer:
        """Return a peer that has said hello and joined; what was heard so far is dropped."""
        peer = Peer(self, packed)
        await peer.hello(who, **hello)
        peer.send("join", hunt="h1", **({"team": team} if team else {"team": f"team of {who}"}))
        await peer.heard()
        return peer
