"""Players for campaigns: each sends keyed guesses one after the other, again with the same key until answered.

Owns the history of what was sent and heard. Uses the plain `websockets` client: nothing of the server's code.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


@dataclass
class Asked:
    """One command: its key, where it went, when it was first sent and answered (ms since 1970), and the answer."""

    by: str
    key: str
    hunt: str
    op: str
    sent_ms: int
    answered_ms: int = 0
    ok: dict[str, Any] | None = None
    code: str = ""
    pos: int = -1
    copies: int = 0


@dataclass
class Player:
    """One player: a token, an epoch, a hunt, and what it will do next."""

    number: int
    token: str
    hunt: str
    url: str
    seed: int
    history: list[Asked] = field(default_factory=list)
    reconnects: int = 0
    gaps: list[str] = field(default_factory=list)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.by = f"p:player{self.number}"
        self.epoch = f"e{self.number}x{self.seed}"
        self.n = 0
        self.joined = False
        self.open: Asked | None = None
        self.frame: dict[str, Any] = {}
        self.seen: dict[str, int] = {}
        self.pos = 0

    def next_frame(self) -> dict[str, Any]:
        """Return the next command: join first, then guesses, claims now and then, few of them right."""
        self.n += 1
        frame: dict[str, Any] = {"id": self.n, "hunt": self.hunt, "key": self.n}
        roll = self.random.random()
        if not self.joined:
            frame |= {"op": "join", "team": f"team {self.number}"}
        elif roll < 0.1:
            frame |= {"op": "claim", "treasure": self.random.choice(("coin", "crown"))}
        elif roll < 0.13:
            clue = f"c{self.random.randint(1, 8)}"
            frame |= {"op": "guess", "clue": clue, "text": f"right {clue}"}
        else:
            frame |= {"op": "guess", "clue": f"c{self.random.randint(9, 12)}", "text": f"wrong {self.n}"}
        self.open = Asked(self.by, f"{self.epoch}:{self.n}", self.hunt, frame["op"], int(time.time() * 1000))
        self.history.append(self.open)
        return frame

    async def run(self) -> None:
        """Play until told to stop, over any number of connections; the last command is waited for."""
        while not (self.stopping and self.open is None):
            with contextlib.suppress(OSError, WebSocketException, asyncio.TimeoutError, EOFError):
                await self._session()
            self.reconnects += 1
            await asyncio.sleep(0.05 + self.random.random() * 0.2)

    async def _session(self) -> None:
        async with connect(self.url, open_timeout=5, ping_interval=None, max_size=None) as socket:
            hello: dict[str, Any] = {"id": 0, "op": "hello", "token": self.token, "epoch": self.epoch}
            if self.joined:
                hello["resume"] = [{"hunt": self.hunt, "seq": max(self.seen.values(), default=0), "pos": self.pos}]
            await socket.send(json.dumps(hello))
            while True:
                reply = await self._answer(socket, 0)
                if reply is not None:
                    break
            while not (self.stopping and self.open is None):
                if self.open is None:
                    self.frame = self.next_frame()
                assert self.open is not None
                self.open.copies += 1
                await socket.send(json.dumps(self.frame))
                reply = await self._answer(socket, self.frame["id"])
                if reply is None or not self._settle(reply):
                    await asyncio.sleep(0.05)

    async def _answer(self, socket: Any, request: int) -> dict[str, Any] | None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
            if message.get("t") == "snapshot":
                self.seen = dict(message["channels"])  # said to be no tail: what came before is in it
            elif "ch" in message and "prev" in message:
                self._channel(message)
            if message.get("id") == request and ("ok" in message or "err" in message):
                return message
        return None

    def _channel(self, message: dict[str, Any]) -> None:
        seq = int(message.get("seq", message.get("pos", 0)))
        channel = message["ch"]
        last = self.seen.get(channel)
        if last is not None and message["prev"] != last and message["prev"] > last:
            self.gaps.append(f"{self.by} {channel}: {message['prev']} follows {last}")
        self.seen[channel] = seq

    def _settle(self, reply: dict[str, Any]) -> bool:
        asked = self.open
        assert asked is not None
        if "err" in reply and reply["err"]["code"] in ("unknown", "unavailable", "busy", "rate_limited", "internal"):
            return False  # the same key again
        asked.answered_ms = int(time.time() * 1000)
        asked.pos = reply.get("pos", -1)
        asked.ok = reply.get("ok")
        asked.code = reply["err"]["code"] if "err" in reply else ""
        if asked.op == "join" and (asked.ok is not None or asked.code == "already_joined"):
            self.joined = True
        self.pos = max(self.pos, asked.pos)
        self.open = None
        return True
