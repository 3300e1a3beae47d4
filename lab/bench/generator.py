"""The load of the benchmark: lean WebSocket players in one process, closed or open loop.

Frames are built from fixed pieces with a zero mask, replies are counted in the byte stream; no object per message.
The sockets are driven by the load harness's plain epoll loop, whose waits end within microseconds of their time.
Prints one JSON line. Latency is counted from the intended time of sending.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import resource
import time
from pathlib import Path
from typing import Any, Final

from huntserver.auth import Tokens, load_key
from huntserver.load.epoll_loop import READ, EpollLoop
from huntserver.load.frame_splitter import FrameSplitter
from huntserver.load.frames import command

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SHAKING, GREETING, JOINING, PLAYING = 0, 1, 2, 3
TOGETHER = 200
"""Players that connect at once."""
WARM_S = 1.0
ENTER_S = 600
LAST_ANSWERS_S = 5.0


FIRST_TEXTS: Final = re.compile(rb'"texts":\["([0-9a-f]+)"')


def hello(token: str, epoch: str, *, texts: bool = False) -> dict[str, Any]:
    """Return a player's first message; `texts`: its page may name texts by digest."""
    return {"id": 1, "op": "hello", "token": token, "epoch": epoch, **({"takes": ["texts"]} if texts else {})}


def join(hunt: str, team: str = "") -> dict[str, Any]:
    """Return a player's first command."""
    return {"id": 2, "op": "join", "hunt": hunt, **({"team": team} if team else {}), "key": 1}


def text_bytes(port: int, hunt: str, digest: str) -> int:
    """Return how many bytes a block of texts takes on the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"/hunts/{hunt}/texts/{digest}", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"the texts of {hunt} are not to be had: HTTP {answer.status}")
        return len(answer.read())


class Bench:
    """What all players share."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.loop = EpollLoop()
        self.players: list[BenchPlayer] = []
        self.first_texts = ""  # the digest of those that the last player's page needs first
        self.playing = self.waiting = 0
        self.turns = 0  # commands of an open loop
        self.replies = self.errors = 0
        self.closed_loop = False
        self.latencies_ns: list[int] = []

    def turn(self, until_ns: int) -> None:
        """Serve the sockets until a time."""
        while time.monotonic_ns() < until_ns:
            self.loop.turn(until_ns)


class BenchPlayer:
    """One player."""

    __slots__ = (
        "bench",
        "buffer",
        "entered",
        "head",
        "hunt",
        "middle",
        "n",
        "queue",
        "receive",
        "send",
        "socket",
        "splitter",
        "stage",
        "tail",
        "token",
    )

    def __init__(self, bench: Bench, number: int, token: str) -> None:
        arguments = bench.arguments
        self.bench = bench
        self.token = token
        self.hunt = arguments.hunt or f"campaign{number % arguments.hunts}"
        self.splitter: FrameSplitter | None = FrameSplitter()
        self.entered = 0
        self.stage = SHAKING
        self.n = 1
        self.buffer = b""
        self.queue: list[int] = []
        self.middle = b',"op":"guess","hunt":"%b","clue":"c9","key":' % self.hunt.encode()
        size = len(b'{"id":%9d%b%9d,"text":"wrong %09d"}' % (1, self.middle, 1, 1))
        assert size < 126, "a guess fits a short frame"
        self.head = bytes((0x81, 0x80 | size)) + bytes(4) + b'{"id":'
        self.socket = bench.loop.connect(self, ("127.0.0.1", arguments.port), "")
        self.receive, self.send = self.socket.recv, self.socket.send

    def ready(self, what: int) -> None:
        """Connect, or take what came: count replies, go on to the next stage or to the next guess."""
        if not what & READ:
            self.bench.loop.watch(self.socket, READ)
            self.send(HANDSHAKE)
            return
        data = self.receive(65536)
        if not data:
            self._lost()
        elif self.stage == SHAKING:
            self.buffer += data
            self._shake()
        elif self.stage != PLAYING:
            self.entered += len(data)
            self._enter(data)
        else:
            count = data.count(b'{"id":')
            if count:
                self._replied(count, data)

    def _lost(self) -> None:
        self.bench.errors += 1
        self.bench.loop.close(self.socket)

    def _shake(self) -> None:
        if b"\r\n\r\n" not in self.buffer:
            return
        if b" 101 " not in self.buffer:
            raise SystemExit(f"the handshake was refused: {self.buffer.splitlines()[0].decode()}")
        if self.bench.arguments.target == "echo":
            self._play()
        else:
            self._say(GREETING, hello(self.token, f"b{time.time_ns():x}", texts=self.bench.arguments.texts))

    def _enter(self, data: bytes) -> None:
        """Go on when an answer is there, and play once the page of the hunt is there in full."""
        assert self.splitter is not None
        arguments = self.bench.arguments
        for payload in self.splitter.feed(data):
            if self.stage == GREETING and b'"id":1,' in payload:
                team = f"Team of {self.token[-16:]}" if arguments.teams else ""
                self._say(JOINING, join(self.hunt, team))
            elif self.stage == JOINING and (
                b'"t":"snapshot"' in payload[:200] or (arguments.target == "peer" and b'"id":2,' in payload)
            ):
                texts = FIRST_TEXTS.search(payload)
                self.bench.first_texts = texts[1].decode() if texts else ""
                self._play()

    def _say(self, stage: int, message: dict[str, Any]) -> None:
        self.stage = stage
        self.buffer = b""
        self.send(command(message))

    def _play(self) -> None:
        self.stage = PLAYING
        self.buffer = b""
        self.splitter = None
        self.bench.playing += 1

    def _replied(self, count: int, data: bytes) -> None:
        bench = self.bench
        bench.replies += count
        if b'"err":' in data:
            bench.errors += data.count(b'"err":')
        if bench.closed_loop:
            for _ in range(count):
                self.guess()
            return
        now = time.monotonic_ns()
        queue = self.queue
        for _ in range(min(count, len(queue))):
            bench.waiting -= 1
            bench.latencies_ns.append(now - queue.pop(0))

    def guess(self) -> None:
        """Send the next wrong guess."""
        n = self.n = self.n + 1
        # Blanks in front: JSON's numbers have no leading zeros, and all guesses are of one size.
        self.send(b'%b%9d%b%9d,"text":"wrong %09d"}' % (self.head, n, self.middle, n, n))

    def claim(self) -> None:
        """Take a piece of treasure: news to all others."""
        n = self.n = self.n + 1
        self.send(command({"id": n, "op": "claim", "hunt": self.hunt, "treasure": "coin", "key": n}))


def connect(bench: Bench) -> None:
    """Bring all players into their hunts."""
    arguments = bench.arguments
    mint = Tokens(load_key(arguments.key_file, make=False)) if arguments.target == "server" else None
    deadline_ns = time.monotonic_ns() + ENTER_S * 10**9
    while bench.playing < arguments.players:
        for i in range(len(bench.players), min(len(bench.players) + TOGETHER, arguments.players)):
            token = mint.mint("player", f"bench{arguments.tag}{i}", f"B{i}") if mint else ""
            bench.players.append(BenchPlayer(bench, i, token))
        while bench.playing < len(bench.players):
            bench.loop.turn(time.monotonic_ns() + 10**7)
            if time.monotonic_ns() > deadline_ns:
                raise SystemExit(f"only {bench.playing} players got in")


def open_loop(bench: Bench, seconds: float) -> None:
    """Send at the rate for the time, every player in turn, and wait for the last answers."""
    players = bench.players
    step_ns, claims = int(1e9 / bench.arguments.rate), bench.arguments.claims
    due_ns = time.monotonic_ns() + 10**7
    end_ns = due_ns + int(seconds * 1e9)
    while due_ns < end_ns:
        bench.loop.turn(due_ns)
        now_ns = time.monotonic_ns()
        while due_ns <= now_ns:
            i = bench.turns
            bench.turns += 1
            player = players[i % len(players)]
            player.queue.append(due_ns)
            bench.waiting += 1
            if claims and (i + i // len(players)) % claims == 0:  # another player each time, each player once
                player.claim()
            else:
                player.guess()
            due_ns += step_ns
    deadline_ns = time.monotonic_ns() + int(LAST_ANSWERS_S * 1e9)
    while bench.waiting and time.monotonic_ns() < deadline_ns:
        bench.loop.turn(deadline_ns)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Connect, join, run, and return what was measured."""
    bench = Bench(arguments)
    connected = time.monotonic()
    connect(bench)
    connect_s = time.monotonic() - connected
    print(json.dumps({"ready": arguments.players}), flush=True)

    def run(seconds: float) -> None:
        if arguments.rate:
            open_loop(bench, seconds)
        else:
            bench.turn(time.monotonic_ns() + int(seconds * 1e9))

    if not arguments.rate:
        bench.closed_loop = True
        for player in bench.players:
            for _ in range(arguments.outstanding):
                player.guess()
    run(WARM_S)
    bench.replies = 0
    bench.latencies_ns.clear()
    cpu, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    run(arguments.seconds)
    took = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "replies": bench.replies,
        "per_s": bench.replies / took,
        "errors": bench.errors + bench.waiting,
        "connect_s": connect_s,
        "entered_bytes": sum(player.entered for player in bench.players) / max(len(bench.players), 1),
        "text_bytes": text_bytes(arguments.port, arguments.hunt, bench.first_texts) if bench.first_texts else 0,
        "generator_cpu": (used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime) / took,
        **percentiles(bench.latencies_ns),
    }


def percentiles(latencies_ns: list[int]) -> dict[str, float]:
    """Return places of the distribution, and its mean, in ms."""
    if not latencies_ns:
        return {}
    ordered = sorted(latencies_ns)
    last = len(ordered) - 1
    places = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    found = {f"{name}_ms": ordered[int(last * share)] / 1e6 for name, share in places.items()}
    return {**found, "mean_ms": sum(ordered) / len(ordered) / 1e6}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", choices=("server", "echo", "peer"), default="server")
    parser.add_argument("--players", type=int, default=100)
    parser.add_argument("--hunts", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--claims", type=int, default=0, help="every so-manieth command of an open loop claims a coin")
    parser.add_argument("--outstanding", type=int, default=1)
    parser.add_argument("--key-file", type=Path)
    parser.add_argument("--tag", default="")
    parser.add_argument("--hunt", default="", help="one hunt by its id, instead of campaign0, campaign1, ...")
    parser.add_argument("--teams", action="store_true", help="each player makes a team")
    parser.add_argument("--texts", action="store_true", help="pages may name their texts by digest")
    print(json.dumps(measure(parser.parse_args())))
