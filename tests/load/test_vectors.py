"""The load's players do what the conformance vectors of clients say: the lean path of bytes, and the exact one.

A load player has ids and keys of seven digits, joins by itself, resumes a gap with a new connection and never doubts a
silent server: vectors about the rest are the session's alone. Everything else is compared step by step.
"""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from huntserver.client.backoff import Reconnecting
from huntserver.load.epoll_loop import READ, WRITE, Tally
from huntserver.load.frames import ACCEPT, FIRST
from huntserver.load.plan import LoadPlan
from huntserver.load.player import LoadPlayer
from huntserver.load.player_pool import PlayerPool
from huntserver.load.session import AWAY, CONNECTING, GONE, PLAYING
from huntserver.wire.codecs import frame
from lab.sim.stream import frames
from tests.client.vectors import vectors

CALLS = {"start", "connected", "received", "closed", "tick", "command"}
SHAKEN = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"


def acts(vector: dict[str, Any]) -> list[tuple[str, Any]]:
    return [item for step in vector["steps"] for action in step["out"] for item in action.items()]


def of_load(vector: dict[str, Any]) -> bool:
    """Whether a load player does all that a vector is about."""
    told = acts(vector)
    ops = {about["op"] for name, about in told if name == "send"}
    whys = {about["why"] for name, about in told if name == "drop"}
    return (
        set(vector["session"]) == {"token", "epoch"}
        and {step["call"] for step in vector["steps"]} <= CALLS
        and not any("text" in step.get("with", {}) for step in vector["steps"])
        and not any(name == "gap" for name, _ in told)
        and ops <= {"hello", "join", "guess"}
        and whys <= {"hello_refused"}
        and not any(step["call"] == "command" and step["out"] == [] for step in vector["steps"] if step["at"] < 60)
    )


def joins(vector: dict[str, Any]) -> bool:
    return any(step["call"] == "command" and step["with"]["op"] == "join" for step in vector["steps"])


ALL = [vector for vector in vectors() if of_load(vector)]
LEAN = [v for v in ALL if not joins(v) and not any("t" in s.get("with", {}).get("message", {}) for s in v["steps"])]
EXACT = [v for v in ALL if joins(v)]


class Socket:
    """A socket whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.coming: list[bytes] = []
        self.closed = False

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self.coming:
            raise BlockingIOError(errno.EAGAIN, "nothing yet")
        return self.coming.pop(0)

    def getsockopt(self, level: int, option: int) -> int:
        return 0


class Engine:
    """The load's loop on the times of a vector."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.answers = self.tally.histograms["answer"]
        self.timers: list[tuple[int, Callable[..., None], tuple[Any, ...]]] = []
        self.socket = Socket()

    def connect(self, player: Any, where: Any, source: str, small: int) -> Socket:
        self.socket = Socket()
        return self.socket

    def watch(self, sock: Socket, what: int) -> None:
        pass

    def close(self, sock: Socket, *, abort: bool = False) -> None:
        sock.closed = True

    def later(self, at_ns: int, call: Callable[..., None], *arguments: Any) -> None:
        self.timers.append((at_ns, call, arguments))

    def run(self, now_ns: int) -> None:
        due = sorted((t for t in self.timers if t[0] <= now_ns), key=lambda t: t[0])
        self.timers = [t for t in self.timers if t[0] > now_ns]
        for _, call, arguments in due:
            call(*arguments)


class Bench:
    """One load player, driven by the steps of a vector."""

    def __init__(self, *, exact: bool) -> None:
        plan = LoadPlan(
            scenario="steady", host="127.0.0.1", port=1, players=1 if exact else 0, hunts=("h",), rate=1.0,
            seconds=1.0, workers=1, exact=exact, tokens=("TOKEN",) if exact else (),
            host_tokens=() if exact else ("TOKEN",), announcers=0 if exact else 1,
        )  # fmt: skip
        pool = PlayerPool(plan, 0)
        self.engine = Engine()
        pool.loop = self.engine  # type: ignore[assignment]
        self.player = LoadPlayer(pool, 0)
        self.player._reconnecting = Reconnecting()  # as shipped, not the load's quicker one
        self.pool = pool

    def _give(self, data: bytes) -> None:
        self.engine.socket.coming.append(data)
        self.player.ready(READ)

    def call(self, step: dict[str, Any]) -> None:
        """Make one call of a vector."""
        given, player = step.get("with", {}), self.player
        match step["call"]:
            case "start":
                self.pool.admit(player)
            case "connected" if player.stage == CONNECTING:
                player.ready(WRITE)
                self._give(SHAKEN)
            case "received":
                if player.stage not in (AWAY, CONNECTING, GONE):
                    message = {**given["message"]}
                    if "id" in message:
                        message = {"id": message.pop("id") + FIRST, **message}
                    self._give(frame(msgspec.json.encode(message), False))
            case "closed" if player.stage not in (AWAY, GONE):
                self._close(given)
            case "tick":
                self.engine.run(step["at"] * 1_000_000)
            case "command" if given["op"] != "join":
                player.ask(step["at"] * 1_000_000, step["at"] * 1_000_000)

    def _close(self, given: dict[str, Any]) -> None:
        if "after_ms" in given:
            self.player.ready(WRITE)
            self._give(b"HTTP/1.1 503 Refused\r\nRetry-After: %d\r\n\r\n" % (given["after_ms"] // 1000))
        elif self.player.stage == CONNECTING:
            self.player.lost("refused")
        elif given.get("code") is not None:
            body = given["code"].to_bytes(2, "big") + given.get("reason", "").encode()
            self._give(bytes((0x88, len(body))) + body)
        else:
            self._give(b"")

    def sends(self) -> list[tuple[int, int, Any]]:
        """Return what was sent since: id, key and resume points; joins are its own business."""
        found = []
        for data in self.engine.socket.sent:
            if data.startswith(b"GET "):
                continue
            for opcode, payload in frames(_unmasked(data)):
                message: dict[str, Any] = json.loads(payload) if opcode == 1 else {"op": "close"}
                if message["op"] not in ("join", "close"):
                    key = message.get("key", FIRST) - FIRST
                    found.append((message["id"] - FIRST, key, message.get("resume")))
        self.engine.socket.sent.clear()
        return found


def _unmasked(data: bytes) -> bytes:
    """Return a client's frames as a server's would be: without their masks, which are zero."""
    out, at = b"", 0
    while at < len(data):
        size, head = data[at + 1] & 127, 2
        if size == 126:
            size, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        out += data[at : at + 1] + bytes((data[at + 1] & 127,)) + data[at + 2 : at + head]
        out += data[at + head + 4 : at + head + 4 + size]
        at += head + 4 + size
    return out


def wanted_sends(step: dict[str, Any]) -> list[tuple[int, int, Any]]:
    sent = [action["send"] for action in step["out"] if "send" in action]
    return [(m["id"], m.get("key", 0), m.get("resume")) for m in sent if m["op"] != "join"]


def check(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, exact: bool) -> None:
    bench = Bench(exact=exact)
    answered = 0
    for number, step in enumerate(vector["steps"]):
        where = f"step {number}: {step['call']} at {step['at']}"
        monkeypatch.setattr(time, "monotonic_ns", lambda at=step["at"]: at * 1_000_000)
        monkeypatch.setattr(random, "random", lambda step=step: step.get("roll", 0.5))
        bench.call(step)
        assert bench.sends() == wanted_sends(step), where
        answered += sum("answer" in action for action in step["out"])
        assert bench.engine.tally.answered == answered, where
        for action in step["out"]:
            if "lost" in action:
                after_ms = action["lost"]["after_ms"]
                due = [at for at, call, _ in bench.engine.timers if call == bench.pool.admit]
                assert due == [(step["at"] + after_ms) * 1_000_000] if after_ms else bench.player.stage, where
            elif "over" in action:
                assert bench.player.stage == GONE, where
            elif "greeted" in action and not exact:
                assert bench.player.stage == PLAYING, where


@pytest.mark.parametrize("vector", LEAN, ids=[vector["name"] for vector in LEAN])
def test_the_lean_path_does_what_a_vector_says(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check(vector, monkeypatch, exact=False)


@pytest.mark.parametrize("vector", EXACT, ids=[vector["name"] for vector in EXACT])
def test_an_exact_player_does_what_a_vector_says(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check(vector, monkeypatch, exact=True)


def test_an_exact_player_comes_back_and_resumes_where_a_push_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = next(vector for vector in vectors() if vector["name"] == "a gap")
    bench = Bench(exact=True)
    for step in gap["steps"]:
        monkeypatch.setattr(time, "monotonic_ns", lambda at=step["at"]: at * 1_000_000)
        bench.call(step)
        bench.sends()
        if any("gap" in action for action in step["out"]):
            break
    assert bench.player.stage == AWAY
    assert bench.engine.tally.closes == {"gap": 1}
    bench.engine.run(10**12)
    bench.call({"call": "connected", "at": 1_000_000})
    assert bench.sends() == [(0, 0, [{"hunt": "h", "seq": 0, "pos": 5, "channels": {"hunt": 4, "team:t1": 5}}])]


def test_most_vectors_are_about_what_load_players_do_too() -> None:
    assert len(LEAN) > 25
    assert len(EXACT) > 8
