"""What one player of a campaign says and hears: keys and their window, copies of what was not answered, pushes.

Owns the player's history. No sockets and no tasks: `write` is the subclass's.
"""

from __future__ import annotations

import abc
import asyncio
import random
import time
from typing import Any, Final

import msgspec

from actors.checker.history import ReceivedPush
from huntserver.client.incoming import Incoming, decode
from huntserver.load.frames import masked

WINDOW: Final = 16
HELLO: Final = 0
AGAIN: Final = frozenset({"unknown", "unavailable", "busy", "rate_limited", "window", "internal"})
"""Codes after which the same command goes again with the same key."""

_encode: Final = msgspec.json.Encoder().encode
RIGHT: Final = tuple((f"c{i}", f"right c{i}") for i in range(1, 9))
WRONG: Final = ("c9", "c10", "c11", "c12")


class Asked:
    """One command and its fate. Times in ns of the monotonic clock; `answered_ns` 0: no final answer."""

    __slots__ = ("answer", "answered_ns", "code", "copies", "floor", "frame", "n", "pos", "sent_ns")

    def __init__(self, n: int, frame: bytes, sent_ns: int, floor: int) -> None:
        self.n = n
        self.frame: bytes | None = frame
        self.sent_ns = sent_ns
        self.floor = floor
        self.answered_ns = 0
        self.code = ""
        self.pos = -1
        self.answer: bytes | None = None
        self.copies = 1


class Session(abc.ABC):
    """See the module. `left`: commands yet to be made; `away_s`: how long the server asked it to stay away."""

    def __init__(self, number: int, hunt: str, token: str, seed: int, outstanding: int) -> None:
        self.random = random.Random(seed)
        self.by = f"p:player{number}"
        self.epoch = f"e{number}"
        self.hunt = hunt
        self.history: list[Asked] = []
        self.seen: list[ReceivedPush] = []
        self.open: dict[int, Asked] = {}
        self.left = 0
        self.greeted = False
        self.away_s = 0.0
        self.answered_sent_ns = 0
        self.sessions = 0
        self._token = token
        self._number = number
        self._outstanding = outstanding
        self._joined = False
        self._credit = 0
        self._floor = self._pos = 0
        self._channels: dict[str, int] = {}
        self._out: list[bytes] = []
        self._shunned_ns = 0

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Send."""

    def done(self) -> bool:
        """Tell whether nothing is left to say or to hear."""
        return self.left <= 0 and not self.open

    def shunned_s(self) -> float:
        """Return for how long the server has said nothing but that it cannot be reached, in s."""
        return (time.monotonic_ns() - self._shunned_ns) / 1e9 if self._shunned_ns else 0.0

    # ---- out

    def begin(self) -> None:
        """A fresh socket: nothing was said on it."""
        self.greeted = False
        self.away_s = 0.0
        self._shunned_ns = 0
        self._out.clear()

    def greet(self) -> None:
        """Say hello; name what was seen."""
        hello: dict[str, Any] = {"id": HELLO, "op": "hello", "token": self._token, "epoch": self.epoch}
        if self._joined:
            point = {"hunt": self.hunt, "seq": max(self._channels.values(), default=0), "pos": self._pos}
            hello["resume"] = [{**point, "channels": self._channels}]
        self.write(masked(_encode(hello)))

    def grant(self) -> None:
        """Allow one command more, sent with the next `flush`."""
        if self._credit < WINDOW:
            self._credit += 1

    def flush(self) -> None:
        """Send what is allowed, in one write."""
        now = time.monotonic_ns()
        while self._credit and self.greeted and self.left > 0 and len(self.open) < self._outstanding:
            n = len(self.history) + 1
            if self.open and (n - next(iter(self.open)) >= WINDOW or not self._joined):
                break
            self._credit -= 1
            self.left -= 1
            asked = self.open[n] = Asked(n, masked(_encode(self._next(n))), now, self._floor)
            self.history.append(asked)
            assert asked.frame is not None
            self._out.append(asked.frame)
        if self._out:
            out, self._out = b"".join(self._out), []
            self.write(out)

    def _next(self, n: int) -> dict[str, Any]:
        """Return a command: join first, then guesses, few of them right, and claims of what runs out."""
        frame: dict[str, Any] = {"id": n, "hunt": self.hunt, "key": n}
        roll = self.random.random()
        if n == 1:
            frame |= {"op": "join", "team": f"team {self._number}"}
        elif roll < 0.02:
            frame |= {"op": "claim", "treasure": self.random.choice(("coin", "crown"))}
        elif roll < 0.06:
            clue, text = self.random.choice(RIGHT)
            frame |= {"op": "guess", "clue": clue, "text": text}
        else:
            frame |= {"op": "guess", "clue": self.random.choice(WRONG), "text": f"wrong {n}"}
        return frame

    def _again(self, n: int, session: int) -> None:
        asked = self.open.get(n)
        if asked is not None and self.greeted and session == self.sessions:
            asked.copies += 1
            assert asked.frame is not None
            self.write(asked.frame)

    # ---- in

    def message(self, payload: bytes, now_ns: int) -> None:
        """Take one message."""
        m = decode(payload)
        if m.id is not None:
            self._reply(m, now_ns)
        elif m.t == "event":
            self._heard(m.hunt, m.ch, m.seq, m.prev)
        elif m.t == "snapshot":
            self._channels = dict(m.channels)
            self._pos = max(self._pos, m.seq)
            for channel, seq in m.channels.items():
                self.seen.append(ReceivedPush(self.by, f"hunt/{m.hunt}", channel, seq, -1, None))
        elif m.t == "sys" and m.op == "goaway":
            self.away_s = max(0.05, min(m.after_ms / 1000, 3.0))

    def _heard(self, hunt: str, channel: str, seq: int, prev: int) -> None:
        if hunt:
            self._channels[channel] = seq
            self.seen.append(ReceivedPush(self.by, f"hunt/{hunt}", channel, seq, prev, None))
        else:  # the player's own channel begins anew with a session
            self.seen.append(
                ReceivedPush(f"{self.by}/{self.sessions}", f"player/{self.by[2:]}", channel, seq, prev, None)
            )

    def _reply(self, m: Incoming, now_ns: int) -> None:
        if m.id == HELLO:
            self._welcome(m)
            return
        asked = self.open.get(m.id or 0)
        if asked is None:
            return  # a second answer, to a further copy
        if m.err is not None and m.err.code in AGAIN:
            if m.err.code == "unavailable":
                self._shunned_ns = self._shunned_ns or now_ns
            wait_s = (m.err.after_ms or 100) / 1000 * (0.5 + self.random.random())
            asyncio.get_running_loop().call_later(wait_s, self._again, asked.n, self.sessions)
            return
        self._shunned_ns = 0
        del self.open[asked.n]
        self._settle(asked, m, now_ns)

    def _welcome(self, m: Incoming) -> None:
        if m.err is not None:
            self.away_s = (m.err.after_ms or 200) / 1000
            self.greeted = False
            self._shunned_ns = 1  # leave: the connection is of no use
            return
        self.greeted = True
        self.sessions += 1
        self._floor = 0
        for asked in self.open.values():
            asked.copies += 1
            assert asked.frame is not None
            self._out.append(asked.frame)

    def _settle(self, asked: Asked, m: Incoming, now_ns: int) -> None:
        asked.answered_ns = now_ns
        asked.pos = m.pos
        self.answered_sent_ns = max(self.answered_sent_ns, asked.sent_ns)
        if m.err is not None:
            asked.code = m.err.code
            self._floor = max(self._floor, m.pos)
        else:
            asked.answer = bytes(m.ok)
            asked.frame = None
            if asked.answer == b'{"again":true}':
                asked.code, asked.answer = "already_joined", None
        if asked.n == 1:
            self._joined = asked.code in ("", "already_joined")
            if not self._joined:
                self.left = 0
        self._pos = max(self._pos, m.pos)
        if m.ch:
            self._heard(self.hunt, m.ch, m.pos, m.prev)
