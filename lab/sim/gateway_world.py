"""A small seeded world at the gateway: real connections, rooms and hunt rules; sockets and the log are in memory.

Players of three teams and a host play, lose their connections, come back, read slowly; the runtime lets answers out
late, shows records again after a recovery, and now and then an owner of yesterday answers a question. A judge reads
every byte that leaves (I9), follows every channel of every session (I4), and looks at what is decided (I8), at what
positions go back (I7), and at what is queued (BOUND).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any, Final

import msgspec

from actors.checker.history import Violation
from actors.shard.actor import Caller
from huntserver.game.bits import bits
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.schedule import Publish, Start
from huntserver.gateway.connection import Connection
from lab.rigs.frames import frame
from lab.rigs.gateway import HOST, Rig, frames_in
from lab.sim.gateway_faults import SOFT, FaultySystem, Later, SlowTransport

CLUES: Final = 4
STEPS: Final = 140
HARD: Final = 6_000
WIDEST: Final = 10_000
"""Bytes that one turn may write before the bounds are checked."""
UNANSWERED: Final = 16
SECRET: Final = re.compile(rb"(?:text|hint|done|answ|treas|wrong|said|code)-[a-z0-9]+")

DEFINITION: Final = (
    'title = "World"\n[teams]\nmode = "teams"\nsize_max = 10\n'
    + "".join(
        f'[[clues]]\nid = "c{i}"\ntitle = "Clue {i}"\ntext = "text-c{i}"\nanswers = ["answ-c{i}"]\npoints = 10\n'
        f'solved_text = "done-c{i}"\nhints = [{{ id = "h", text = "hint-c{i}" }}]\n'
        + (f'unlock = "c{i - 1}"\n' if i > 1 else "")
        + "[clues.attempts]\ncool_down_s = 0\n"
        for i in range(1, CLUES + 1)
    )
    + '[[treasures]]\nid = "coin"\ntitle = "Coin"\ntext = "treas-coin"\nquantity = 2\npoints = 5\nunlock = "c1"\n'
)


def the_definition() -> Any:
    """Read the world's hunt."""
    found = check_definition(DEFINITION.encode(), "toml")
    assert not isinstance(found, list), [str(problem) for problem in found]
    return found


class WorldClient:
    """One device: knows how far it has seen each channel, and keeps that over its connections."""

    def __init__(self, world: GatewayWorld, who: str, role: str, packed: bool) -> None:
        self.world = world
        self.who = who
        self.role = role
        self.packed = packed
        self.seen: dict[str, int] | None = None  # channel -> seq; None: a snapshot must come
        self.point: dict[str, int] = {}  # where it said that it stands
        self.pos = 0
        self.n = 0
        self.request = 0
        self.keys: dict[int, int] = {}  # request -> N, unanswered
        self.asked: set[int] = set()
        self.line = SlowTransport()
        self.connection: Connection = self._connect()

    @property
    def by(self) -> str:
        """Who commands."""
        return f"{'h' if self.role == 'host' else 'p'}:{self.who}"

    def _connect(self) -> Connection:
        gateway = self.world.rig.gateway
        self.line = SlowTransport()
        gateway.door.knock(self.line, "192.0.2.1")
        connection = self.line.protocol = gateway.connect(self.line, "192.0.2.1", self.packed, "", self.line)
        self.keys.clear()
        self.asked.clear()
        return connection

    def hello(self) -> None:
        """Say who it is and where it stands."""
        token = self.world.rig.tokens.mint(self.role, self.who, self.who.title())
        point = []
        if self.seen is not None:
            self.point = dict(self.seen)
            point = [{"hunt": "h1", "seq": 0, "pos": self.pos, "channels": self.seen}]
        self.send("hello", token=token, epoch=f"e{self.who}", resume=point)
        self._resume()

    def _resume(self) -> None:
        if self.seen is None:
            self.point = {}
            self.send("resume", hunt="h1", pos=self.pos)

    def again(self) -> None:
        """Lose the connection and make another one."""
        self.connection.connection_lost(None)
        self.connection = self._connect()
        self.hello()

    def send(self, op: str, **fields: Any) -> int:
        """Send a request, if the server reads."""
        self.request += 1
        if not self.line.reading or self.line.ended or self.line.aborted:
            return 0
        message = {"id": self.request, "op": op, **fields}
        payload = msgspec.msgpack.encode(message) if self.packed else msgspec.json.encode(message)
        if "key" in fields:
            self.keys[self.request] = fields["key"]
        elif op in ("page", "board", "overview"):
            self.asked.add(self.request)
        self.connection.data_received(frame(payload, 0x82 if self.packed else 0x81))
        return self.request

    def command(self, op: str, skip: int = 0, **fields: Any) -> None:
        """Send a command under the next key, or one further on than it may."""
        low = min(self.keys.values(), default=self.n + 1)
        if self.n + 1 - low < UNANSWERED:  # else it waits, as a client must
            self.n += 1 + skip
            self.send(op, hunt="h1", key=self.n, **fields)

    def hear(self) -> None:
        """Read what has arrived."""
        if self.line.slow:
            return
        data, self.line.written = b"".join(self.line.written), []
        for opcode, payload in frames_in(data):
            if opcode in (1, 2):
                self.world.judge_bytes(self, payload)
                self._message(msgspec.msgpack.decode(payload) if opcode == 2 else json.loads(payload))
        if self.line.ended or self.line.aborted:
            self.again()

    def _message(self, m: dict[str, Any]) -> None:
        if "id" in m:
            self._reply(m)
        elif m["t"] == "event" and m["hunt"] == "h1":
            self._push(m["ch"], m["seq"], m["prev"])
        elif m["t"] == "snapshot":
            self.seen = dict(m["channels"])
        elif m["t"] == "sys" and m["op"] == "resumed" and m.get("hunt") == "h1":
            self.seen = dict(self.point) if m["recovered"] else None
        elif m["t"] == "sys" and m["op"] == "refused" and self.by in self.world.system.hunt().members:
            self.world.later.append((self._resume, ()))  # an owner of yesterday: it was not asked with a floor

    def _reply(self, m: dict[str, Any]) -> None:
        request = m["id"]
        self.keys.pop(request, None)
        pos = m.get("pos", -1)
        if request in self.asked:
            self.asked.discard(request)
            if 0 <= pos < self.pos:
                self.world.wrong("I7", f"{self.who} was answered at pos {pos} although it had seen {self.pos}")
        self.pos = max(self.pos, pos)
        if "ch" in m:
            self._push(m["ch"], pos, m["prev"])

    def _push(self, channel: str, seq: int, prev: int) -> None:
        if self.seen is None:
            self.world.wrong("I4", f"{self.who} got push {seq} of {channel} before the snapshot that it was promised")
        elif self.seen.get(channel, 0) != prev:
            text = f"{self.who} has {self.seen.get(channel, 0)} of {channel}, push {seq} says that it follows {prev}"
            self.world.wrong("I4", text)
            self.seen[channel] = seq
        else:
            self.seen[channel] = seq


class GatewayWorld:
    """One seed."""

    def __init__(self, seed: int) -> None:
        draw = self.draw = random.Random(f"{seed}/gateway")
        self.violations: list[Violation] = []
        self.later: list[tuple[Any, tuple[Any, ...]]] = []
        self.stale = draw.random() < 0.5
        self.rig = Rig(
            hunt=False,
            outbox_soft_bytes=SOFT,
            outbox_hard_bytes=HARD,
            ring_bytes_max=draw.choice((2_000, 10_000, 1 << 24)),
            tail_pushes_max=draw.choice((4, 300)),
        )
        self.system = FaultySystem(self)
        self.rig.system = self.rig.gateway.services.system = self.system
        self.system.rooms = self.system  # type: ignore[assignment]  # looks at records, then passes them on
        self.rig.rooms.attach(self.system)
        self.rig.gateway.services.clock = Later(self.later, 1000.0)
        for step in (Create(), Define(source(the_definition())), Publish(), Start()):
            self.system.play(step, HOST)
        self.words = 0
        self.authors: dict[str, str] = {}  # what somebody wrote -> by whom, or for which team
        self.clients = [WorldClient(self, who, "player", draw.random() < 0.3) for who in ("ann", "bob", "cat", "dan")]
        self.clients.append(WorldClient(self, "host", "host", False))

    def wrong(self, invariant: str, text: str) -> None:
        """Note a broken promise."""
        if len(self.violations) < 20:
            self.violations.append(Violation(invariant, text))

    # ---- the walk

    async def run(self) -> list[Violation]:
        """Play the seed to its end."""
        for client in self.clients:
            client.hello()
        for client in self.clients[:3]:  # dan only looks on
            client.command("join", team=f"of {client.who}")
        for _ in range(STEPS):
            self._step(self.draw.choice(self.clients))
            if self.draw.random() < 0.4:
                self.system.release()
            await self._turn()
        await self._rest()
        return self.violations

    def _step(self, client: WorldClient) -> None:
        roll = self.draw.random()
        if roll < 0.06:
            client.line.slow = True
        elif roll < 0.16:
            client.line.drain()
        elif roll < 0.22:
            client.again()
        elif roll < 0.25:
            self.system.show_again()
        elif roll < 0.30:
            self._go_later()
        elif roll < 0.40:
            client.send(self.draw.choice(("page", "board")), hunt="h1")
        elif roll < 0.43:
            self._without_waiting(client)
        elif client.role == "host":
            self._host(client)
        else:
            self._play(client)

    def _play(self, client: WorldClient) -> None:
        clue = f"c{self.draw.randrange(1, CLUES + 1)}"
        roll = self.draw.random()
        if roll < 0.35:
            self.words += 1
            word = f"wrong-{self.words}x"
            self.authors[word] = client.by
            client.command("guess", clue=clue, text=word)
        elif roll < 0.7:
            client.command("guess", clue=clue, text=f"answ-{clue}")
        elif roll < 0.85:
            client.command("claim", treasure="coin")
        else:
            client.command("hint", clue=clue, hint="h")

    def _host(self, client: WorldClient) -> None:
        teams = list(self.system.hunt().teams)
        if teams and self.draw.random() < 0.4:
            self.words += 1
            word, team = f"said-{self.words}x", self.draw.choice(teams)
            self.authors[word] = team
            client.command("announce", text=word, team=team)
        elif self.draw.random() < 0.2:
            client.send("overview", hunt="h1")
        else:
            client.command("announce", text="news " * 60)

    def _without_waiting(self, client: WorldClient) -> None:
        """Send a key that is too far on while another one waits, then more than may wait at all."""
        if client.role == "player":
            client.command("guess", clue="c1", text="wrong-span")
            client.command("guess", skip=UNANSWERED, clue="c1", text="wrong-span")
            for _ in range(self.draw.choice((0, 30))):
                client.send("board", hunt="h1")

    def _go_later(self) -> None:
        later = self.later.copy()
        self.later.clear()
        for call, rest in later:
            call(*rest)

    async def _turn(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        for client in self.clients:
            self._judge_bounds(client)
            client.hear()

    async def _rest(self) -> None:
        """Everything is let out and read: then everybody has seen everything."""
        self.stale = False
        for _ in range(12):
            self.system.release()
            self._go_later()
            for client in self.clients:
                client.line.drain()
            await self._turn()
        state = self.system.hunt()
        for client in self.clients:
            team = state.members.get(client.by)
            held = {"hunt": state.hunt_seq} if team is not None or client.role == "host" else {}
            if team is not None:
                held[team.channel] = team.seq
            if client.role == "host":
                held["host"] = state.host_seq
            for channel, seq in held.items():
                if client.seen is None or client.seen.get(channel, 0) != seq:
                    has = None if client.seen is None else client.seen.get(channel, 0)
                    self.wrong("I4", f"{client.who} has {has} of {channel}, which ends at {seq}, and was not told")

    # ---- the judge

    def judge_bytes(self, client: WorldClient, payload: bytes) -> None:
        """I9: nothing leaves before its reveal, nor to another team."""
        state = self.system.hunt()
        team = state.members.get(client.by)
        for found in SECRET.findall(payload):
            word = found.decode()
            if not self._may_see(state, team, client, word):
                self.wrong("I9", f"{client.who} was shown {word}: {payload[:200]!r}")

    def _may_see(self, state: Any, team: Any, client: WorldClient, word: str) -> bool:
        kind, _, what = word.partition("-")
        if kind == "answ":
            return False
        if client.role == "host" or word == "wrong-span":
            return True
        if team is None:
            return False
        if kind == "wrong":
            author = state.members.get(self.authors[word])
            return bool(author is team)
        if kind == "said":
            return bool(self.authors[word] == team.id)
        if kind == "treas":
            return bool(team.unlocked >> CLUES & 1)
        index = state.plan.clue_index[what]
        if kind == "text":
            return index in bits(team.unlocked)
        if kind == "done":
            return index in bits(team.solved)
        return state.plan.hint(index, "h")[0] in team.hints

    def judge_span(self, caller: Caller, n: int) -> None:
        """A key goes on to the hunt only if those 16 before it were answered."""
        for client in getattr(self, "clients", ()):
            if client.by == caller.by and (low := min(client.keys.values(), default=n)) + UNANSWERED <= n:
                self.wrong("I2", f"{client.who}: key {n} went on although {low} is not answered")

    def _judge_bounds(self, client: WorldClient) -> None:
        line = client.line
        if line.buffered > HARD + WIDEST and not (line.ended or line.aborted):
            self.wrong("BOUND", f"{line.buffered} bytes wait for {client.who}, who does not read")
        held = client.connection._held
        if held is not None and len(held) > 1:
            self.wrong("BOUND", f"{len(held)} messages of {client.who} wait to be decoded")


def play(seed: int) -> list[Violation]:
    """Play a seed and return what it breaks."""

    async def walk() -> list[Violation]:
        return await GatewayWorld(seed).run()

    return asyncio.run(walk())
