"""What a command costs on its way from the bytes of its frame to those of its answer, without sockets and a broker.

    python -m lab.bench.way [--players 2000] [--hunts 16] [--turn 40] [--commands 60000] [--rounds 5]

One process: the product's gateway, runtime, rules and client of Kafka on one event loop; sockets are replaced by
transports that count, the broker by one that acknowledges a request two turns of the loop later. `--turn` is how many
commands come in one turn of the loop: hundreds in a closed loop, five or ten at 20,000 a second. For
comparing two versions of the code on a machine that others use: the least of the rounds varies by a few per cent where
`lab.bench` varies by half. What it leaves out is the kernel's and uvloop's share.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import random
import struct
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvloop
from aiokafka import TopicPartition

from actors.clock import SystemClock
from actors.log.kafka.connection import BrokerConnection
from actors.log.kafka.lanes import Counters, ShardLane
from actors.log.kafka.producers import Path as ProducerPath
from actors.log.kafka.sender import Sender
from actors.log.memory import MemoryLog, MemoryStore
from actors.log.port import Appended, ShardId
from actors.passivation.passivation import MemorySpill
from actors.reporter import Silent
from actors.shard.actor import Caller
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from huntserver.auth import Tokens
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.proxies import Proxies
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.server import Gateway
from huntserver.limits import Limits
from huntserver.media.folder import FolderStore
from huntserver.readiness import Ready
from lab.hunts import campaign_hunt

SHARDS: Final = 16
PRODUCERS: Final = 2
ADDRESS: Final = "192.0.2.1"
HOST: Final = Caller("h:host", "host", "Host")
SETTLE_TURNS: Final = 50
_ANSWER: Final = struct.Struct(">ihqqq")


class Broker:
    """Acknowledges produce requests two turns after they came; the transport of one connection."""

    def __init__(self, store: MemoryStore, topic: str) -> None:
        self._store, self._topic = store, topic
        self.connection: Any = None
        self.requests = self.batches = 0

    def write(self, data: bytes) -> None:
        """Take a request."""
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._answer)

    def _answer(self) -> None:
        sent = self.connection._sent
        self.requests += 1
        name = self._topic.encode()
        now_ms = time.time_ns() // 1_000_000
        body = [struct.pack(">iih", sent.correlation, 1, len(name)), name, struct.pack(">i", len(sent.batches))]
        for batch in sent.batches:
            self.batches += 1
            shard = ShardId("hunts", batch.place.partition)
            (records,) = struct.unpack_from(">i", batch.data, 57)  # of the batch's head
            base = self._store.land(shard, [b""] * records)
            body.append(_ANSWER.pack(batch.place.partition, 0, base, now_ms, 0))
        frame = b"".join(body)
        self.connection.data_received(struct.pack(">i", len(frame)) + frame)


class Leaders:
    """A cluster of one broker, as the sender asks for it."""

    def leader_for_partition(self, place: TopicPartition) -> int:
        """Return the broker."""
        return 1


class WayLog(MemoryLog):
    """In memory until `switch`; afterwards hunts go through the client of Kafka to a broker that is not there."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(lambda: time.time_ns() // 1_000_000))
        self.lanes: dict[ShardId, ShardLane] = {}
        self.brokers: list[Broker] = []

    def switch(self) -> None:
        """Take the way of the product from here on."""
        counters, topic = Counters(), "way.hunts"
        paths = []
        for slot in range(PRODUCERS):
            options = {"bootstrap_servers": "127.0.0.1:1", "metadata_max_age_ms": 60_000, "request_timeout_ms": 5_000}
            sender = Sender([topic], options, batch_bytes_max=self.batch_bytes_max, again=counters.again)
            broker = Broker(self.store, topic)
            connection = BrokerConnection(answer_within_ms=1_000, told=sender._told, returned=sender._again)
            connection._transport, broker.connection = broker, connection
            sender._connections[1], sender._producer, sender._epoch = connection, 1, 0
            sender.client.cluster = Leaders()
            self.brokers.append(broker)
            paths.append(ProducerPath(sender, slot, shared=True))
        slots: Any = _Slots(paths)
        for index in range(SHARDS):
            shard = ShardId("hunts", index)
            self.lanes[shard] = ShardLane(shard, topic, index % PRODUCERS, slots, counters)

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over."""
        lane = self.lanes.get(shard)
        if lane is None:
            return super().append(shard, records)
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        lane.append(records, future)
        return future


class _Slots:
    """The producers, as lanes ask for them."""

    def __init__(self, paths: Sequence[ProducerPath]) -> None:
        self._paths = paths

    def shared(self, slot: int) -> ProducerPath:
        """Return the producer of a slot."""
        return self._paths[slot]


class Wire(asyncio.Transport):
    """A socket that takes all."""

    written = answered = 0  # writes, and answers in them, of all

    def __init__(self) -> None:
        super().__init__()
        self.refusal = b""
        self.last = b""

    def write(self, data: Any) -> None:
        """Count it."""
        Wire.written += 1
        Wire.answered += data.count(b'"pos":')
        if b'"err"' in data:
            self.refusal = data
        self.last = data

    def get_write_buffer_size(self) -> int:
        """Return that all is gone."""
        return 0

    def abort(self) -> None:
        """Nothing is held."""


class HostAnswer:
    """Takes answers of the host."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """It is done."""
        self.heard.set()

    def refused(self, request: int, rejected: Any, pos: int) -> None:
        """Not expected."""
        raise AssertionError(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never: nothing was asked."""


class Figures(NamedTuple):
    """Of one round: CPU in us a command, commands a batch, and writes a command."""

    cpu_us: float
    batch: float
    writes: float


class SocketlessServer:
    """The server without its sockets, with players in hunts."""

    def __init__(self, folder: Path, players: int, hunts: int) -> None:
        self.players, self.hunts = players, hunts
        limits = Limits(commands_per_s=10**9, commands_burst=10**9)
        self.tokens = Tokens(b"k" * 32)
        self.log = WayLog()
        self.rooms = Rooms(limits)
        outside = Outside(
            self.log, self.log.snapshots, MemorySpill(), SystemClock(folder / "clock"), random.Random(1), self.rooms,
            Silent(),
        )  # fmt: skip
        kinds: list[Any] = [(HuntType(), SHARDS), (PlayerType(), SHARDS)]
        self.system = ActorSystem(kinds, outside, NodeRun("way", "run"))
        self.rooms.attach(self.system)
        self.gateway = Gateway(
            self.system, self.rooms, self.tokens, limits, Silent(), clock=LoopClock(), origins=[],
            proxies=Proxies([]), sockets_max=1 << 20, worker=self, media=FolderStore(folder), guests=True,
            readiness=lambda: Ready(True, "ok", {}), metrics=lambda: b"", protocol_document=lambda: b"",
        )  # fmt: skip
        self.wires: list[Wire] = []
        self.connections: list[Any] = []
        self.heads: list[tuple[bytes, bytes]] = []
        self.sent = 0

    def run(self, work: Any, done: Any, failed: Any) -> bool:
        """Be the worker: do it at once."""
        done(work())
        return True

    def close(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """Be a socket at the door."""

    async def start(self) -> None:
        """Make the hunts and let everybody in."""
        await self.system.start()
        definition: Any = check_definition(campaign_hunt().encode(), "toml")
        assert not isinstance(definition, list), definition
        for hunt in range(self.hunts):
            for command in (Create(), Define(source(definition)), Publish(), Start()):
                sink = HostAnswer()
                self.system.submit("hunt", f"campaign{hunt}", command, sink, 0, HOST, None)
                await sink.heard.wait()
        for player in range(self.players):
            await self._enter(player)
        for _ in range(SETTLE_TURNS):
            await asyncio.sleep(0)
        self.log.switch()

    async def _enter(self, player: int) -> None:
        wire = Wire()
        self.gateway.door.knock(self, ADDRESS)
        connection = self.gateway.connect(wire, ADDRESS, False, "", self)
        hunt = f"campaign{player % self.hunts}"
        token = self.tokens.mint("player", f"way{player}", f"Player {player}")
        hello = {"op": "hello", "id": 1, "token": token, "epoch": f"e{player}"}
        for message in (hello, {"op": "join", "id": 2, "hunt": hunt, "key": 1}):
            connection.data_received(_frame(json.dumps(message).encode()))
        if player % 50 == 0:
            for _ in range(10):
                await asyncio.sleep(0)
        self.wires.append(wire)
        self.connections.append(connection)
        middle = b',"op":"guess","hunt":"%b","clue":"c%d","key":' % (hunt.encode(), player % 12 + 1)
        self.heads.append((b'{"id":', middle))

    async def round(self, commands: int, turn: int) -> Figures:
        """Send wrong guesses, `turn` at a time, each player in turn; wait until all are answered."""
        frames = []
        for _ in range(commands):
            n = self.sent = self.sent + 1
            player = n % self.players
            head, middle = self.heads[player]
            key = n // self.players + 2
            frames.append((player, _frame(b'%b%9d%b%9d,"text":"wrong %09d"}' % (head, n, middle, key, n))))
        writes, answered, batches = Wire.written, Wire.answered, sum(b.batches for b in self.log.brokers)
        connections = self.connections
        began = time.process_time_ns()
        for at in range(0, commands, turn):
            for player, frame in frames[at : at + turn]:
                connections[player].data_received(frame)
            await asyncio.sleep(0)
            while (
                at + turn - (Wire.answered - answered) > self.players
            ):  # as many are on their way as there are players
                await asyncio.sleep(0)
        while any(connection.session.unanswered for connection in connections):
            for _ in range(10):
                await asyncio.sleep(0)
        took_ns = time.process_time_ns() - began
        refused = [wire.refusal for wire in self.wires if wire.refusal]
        assert not refused, f"{len(refused)} commands were refused, one with {refused[0]!r}"
        made = sum(b.batches for b in self.log.brokers) - batches
        return Figures(took_ns / commands / 1000, commands / made, (Wire.written - writes) / commands)


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
    return head + bytes(4) + payload


async def measure(asked: argparse.Namespace) -> list[Figures]:
    """Set everything up and run the rounds."""
    with tempfile.TemporaryDirectory(prefix="way-") as name:
        way = SocketlessServer(Path(name), asked.players, asked.hunts)
        await way.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 3, 3_000)  # as the server does
        await way.round(asked.commands, asked.turn)
        if asked.profile:
            profile = cProfile.Profile()
            profile.enable()
            await way.round(asked.commands, asked.turn)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(60)
        found = [await way.round(asked.commands, asked.turn) for _ in range(asked.rounds)]
        await way.system.close()
        return found


def main() -> None:
    """Measure and print the least."""
    parser = argparse.ArgumentParser(prog="lab.bench.way", description=__doc__)
    parser.add_argument("--players", type=int, default=2000)
    parser.add_argument("--hunts", type=int, default=16)
    parser.add_argument("--turn", type=int, default=40)
    parser.add_argument("--commands", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="one more round under cProfile")
    asked = parser.parse_args()
    found = uvloop.run(measure(asked))
    least = min(found)
    print(
        f"{asked.players} players, {asked.hunts} hunts, {asked.turn} a turn: {least.cpu_us:.2f} us a command "
        f"({', '.join(f'{f.cpu_us:.1f}' for f in found)}), {least.batch:.1f} commands a batch, "
        f"{least.writes:.2f} writes a command"
    )


if __name__ == "__main__":
    main()
