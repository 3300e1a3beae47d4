"""The load of the benchmark: lean WebSocket players in one process, closed or open loop.

Frames are built from fixed pieces with a zero mask, replies are counted in the byte stream; no object per message.
Prints one JSON line. Latency is counted from the intended time of sending.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from typing import Any

import uvloop

from huntserver.auth import Tokens, load_key

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(payload: bytes) -> bytes:
    """Return a client frame with a zero mask."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + bytes(4) + payload
    return bytes((0x81, 0xFE, size >> 8, size & 255)) + bytes(4) + payload


class Bench:
    """What all players share."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.loop = asyncio.get_running_loop()
        self.opened = 0
        self.ready = asyncio.Event()
        self.players: list[BenchPlayer] = []
        self.replies = 0
        self.errors = 0
        self.running = False
        self.latencies: list[float] = []

    def became_ready(self) -> None:
        """Count a player that can play."""
        self.opened += 1
        if self.opened == self.arguments.players:
            self.ready.set()


class BenchPlayer(asyncio.Protocol):
    """One player."""

    __slots__ = ("bench", "buffer", "hunt", "n", "number", "prefix", "queue", "stage", "token", "transport")

    def __init__(self, bench: Bench, number: int, token: str) -> None:
        self.bench = bench
        self.number = number
        self.token = token
        self.hunt = f"campaign{number % bench.arguments.hunts}"
        self.stage = 0
        self.n = 1
        self.buffer = b""
        self.queue: list[float] = []
        self.prefix = b'{"id":3,"op":"guess","hunt":"%b","clue":"c9","key":' % self.hunt.encode()

    def connection_made(self, transport: Any) -> None:
        """Shake hands."""
        self.transport = transport
        transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        """A lost player is an error of the run."""
        if self.bench.running:
            self.bench.errors += 1

    def data_received(self, data: bytes) -> None:
        """Count replies; go on to the next stage, or to the next guess."""
        if self.stage == 3:
            count = data.count(b'{"id":')
            if count:
                self._replied(count, data)
            return
        self.buffer += data
        if self.stage == 0 and b"\r\n\r\n" in self.buffer:
            self.buffer = b""
            if self.bench.arguments.target == "echo":
                self._enter()
            else:
                self.stage = 1
                hello = {"id": 1, "op": "hello", "token": self.token, "epoch": f"b{time.time_ns():x}"}
                self.transport.write(masked(json.dumps(hello).encode()))
        elif self.stage == 1 and b'"id":1,' in self.buffer:
            self.buffer = b""
            self.stage = 2
            self.transport.write(masked(json.dumps({"id": 2, "op": "join", "hunt": self.hunt, "key": 1}).encode()))
        elif (
            self.stage == 2
            and b'"id":2,' in self.buffer
            and (b'"t":"snapshot"' in self.buffer or self.bench.arguments.target == "peer")
        ):
            self.buffer = b""
            self._enter()

    def _enter(self) -> None:
        self.stage = 3
        self.bench.became_ready()

    def _replied(self, count: int, data: bytes) -> None:
        bench = self.bench
        bench.replies += count
        if b'"err":' in data:
            bench.errors += data.count(b'"err":')
        if self.queue:
            now = bench.loop.time()
            for _ in range(min(count, len(self.queue))):
                bench.latencies.append(now - self.queue.pop(0))
        elif bench.running:
            for _ in range(count):
                self.guess()

    def guess(self) -> None:
        """Send the next wrong guess."""
        n = self.n = self.n + 1
        self.transport.write(masked(b'%b%d,"text":"wrong %07d"}' % (self.prefix, n, n)))


async def main(arguments: argparse.Namespace) -> dict[str, Any]:
    """Connect, join, run, and return what was measured."""
    bench = Bench(arguments)
    mint = Tokens(load_key(arguments.key_file, make=False)) if arguments.target == "server" else None
    connected = time.monotonic()
    for start in range(0, arguments.players, 200):
        some = range(start, min(start + 200, arguments.players))
        made = [
            BenchPlayer(bench, i, mint.mint("player", f"bench{arguments.tag}{i}", f"B{i}") if mint else "")
            for i in some
        ]
        bench.players += made
        await asyncio.gather(*(bench.loop.create_connection(lambda p=p: p, "127.0.0.1", arguments.port) for p in made))
    await asyncio.wait_for(bench.ready.wait(), 120)
    connect_s = time.monotonic() - connected
    print(json.dumps({"ready": arguments.players}), flush=True)
    bench.running = True
    if arguments.rate:
        await _open_loop(bench)
    else:
        for player in bench.players:
            for _ in range(arguments.outstanding):
                player.guess()
        await asyncio.sleep(1.0)
    bench.replies = 0
    bench.latencies.clear()
    cpu, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    if arguments.rate:
        await _open_loop(bench)
    else:
        await asyncio.sleep(arguments.seconds)
    took = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    bench.running = False
    return {
        "replies": bench.replies,
        "per_s": bench.replies / took,
        "errors": bench.errors,
        "connect_s": connect_s,
        "generator_cpu": (used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime) / took,
        **_percentiles(bench.latencies),
    }


async def _open_loop(bench: Bench) -> None:
    """Send at the rate for the time, every player in turn, and wait for the last answers."""
    arguments, loop = bench.arguments, bench.loop
    step = 1.0 / arguments.rate
    due = loop.time() + 0.01
    end = due + arguments.seconds
    i = 0
    players = bench.players
    while due < end:
        now = loop.time()
        while due <= now:
            player = players[i % len(players)]
            i += 1
            player.queue.append(due)
            player.guess()
            due += step
        await asyncio.sleep(min(0.0005, max(0.0, due - now)))
    deadline = loop.time() + 5
    while any(p.queue for p in players) and loop.time() < deadline:
        await asyncio.sleep(0.01)


def _percentiles(latencies: list[float]) -> dict[str, float]:
    if not latencies:
        return {}
    ordered = sorted(latencies)
    last = len(ordered) - 1
    places = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {f"{name}_ms": 1000 * ordered[int(last * share)] for name, share in places.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", choices=("server", "echo", "peer"), default="server")
    parser.add_argument("--players", type=int, default=100)
    parser.add_argument("--hunts", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--outstanding", type=int, default=1)
    parser.add_argument("--key-file", type=__import__("pathlib").Path)
    parser.add_argument("--tag", default="")
    print(json.dumps(uvloop.run(main(parser.parse_args()))))
