"""What one player of a campaign says and hears: the shipped client's session, a history for the judge, raw pushes.

Owns the player's history and its clock. No sockets and no tasks: opening, writing and leaving are the subclass's.
"""

from __future__ import annotations

import abc
import random
import time
from typing import Any, Final, assert_never

import msgspec

import huntserver.client.actions as a
from actors.checker.history import ReceivedPush
from huntserver.client.incoming import Incoming, decode
from huntserver.client.requests import WINDOW
from huntserver.client.session import Session, SessionPhase
from huntserver.client.timing import Timing
from huntserver.load.frames import masked

_encode: Final = msgspec.json.Encoder().encode
RIGHT: Final = tuple((f"c{i}", f"right c{i}") for i in range(1, 9))
WRONG: Final = ("c9", "c10", "c11", "c12")
TIMING: Final = Timing(
    connect_ms=3_000, idle_ms=5_000, reconnect_first_ms=50, reconnect_max_ms=500, resend_max_ms=1_000
)
"""Quick: a campaign measures how soon a server answers again, not how patient its players are."""


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
        self.copies = 0


class Talk(abc.ABC):
    """One player over any number of connections. `left`: commands yet to be made; `patience_s`: for an answer."""

    def __init__(
        self, number: int, hunt: str, token: str, seed: int, outstanding: int, *, patience_s: float = 4.0
    ) -> None:
        self.random = random.Random(seed)
        self.by = f"p:player{number}"
        self.epoch = f"e{number}"
        self.hunt = hunt
        self.history: list[Asked] = []
        self.seen: list[ReceivedPush] = []
        self.open: dict[int, Asked] = {}  # N -> command without an answer
        self.left = 0
        self.answered_sent_ns = 0
        self.greetings = 0
        self.stays = False  # the server has asked it to come back, so it does: once
        patience_ms = int(patience_s * 1000)
        self.session = Session(token, self.epoch, timing=TIMING._replace(hello_ms=patience_ms, answer_ms=patience_ms))
        self._number = number
        self._outstanding = outstanding
        self._joined = False
        self._credit = 0
        self._floor = 0
        self._requests: dict[int, Asked] = {}  # by the session's ids
        self._out: list[bytes] = []
        self._shunned_ns = 0

    # ---- the subclass's

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Send on the socket of the moment."""

    @abc.abstractmethod
    def connect(self) -> None:
        """Open a socket; then call `connected`, or `closed`."""

    @abc.abstractmethod
    def hang_up(self) -> None:
        """Leave the socket of the moment; nothing more of it is given in."""

    @abc.abstractmethod
    def woken(self) -> None:
        """The session is due at another time: `wake_s`."""

    # ---- what is known

    def done(self) -> bool:
        """Tell whether nothing is left to say or to hear."""
        return self.left <= 0 and not self.open

    def shunned_s(self) -> float:
        """Return for how long the server has said nothing but that it cannot be reached, in s."""
        return (time.monotonic_ns() - self._shunned_ns) / 1e9 if self._shunned_ns else 0.0

    def wake_s(self) -> float | None:
        """Return in how many s `tick` is due; None: not before something else happens."""
        wake_ms = self.session.wake_ms
        return None if wake_ms is None else max(0.0, wake_ms / 1000 - time.monotonic())

    # ---- the session's calls

    def start(self) -> None:
        """Ask for the first connection."""
        self.do(self.session.start(_now_ms()))

    def connected(self) -> None:
        """A fresh socket: nothing was said on it."""
        self._shunned_ns = 0
        self._out.clear()
        self.do(self.session.connected(_now_ms()))

    def closed(self, code: int | None = None) -> None:
        """The socket has ended."""
        self.do(self.session.closed(_now_ms(), self.random.random(), code))

    def tick(self) -> None:
        """Do what is due."""
        self.do(self.session.tick(_now_ms(), self.random.random()))

    def grant(self) -> None:
        """Allow one command more, sent with the next `flush`."""
        if self._credit < WINDOW:
            self._credit += 1

    def flush(self) -> None:
        """Send what is allowed, in one write."""
        playing = self.session.phase is SessionPhase.PLAYING
        while self._credit and playing and self.left > 0 and len(self.open) < self._outstanding:
            n = len(self.history) + 1
            if self.open and (n - next(iter(self.open)) >= WINDOW or not self._joined):
                break
            self._credit -= 1
            self.left -= 1
            op, fields = self._next(n)
            asked = self.open[n] = Asked(n, b"", time.monotonic_ns(), self._floor)
            self.history.append(asked)
            request, actions = self.session.command(op, fields, _now_ms())
            self._requests[request] = asked
            self.do(actions)
        self._write_out()

    def _write_out(self) -> None:
        if self._out:
            out, self._out = b"".join(self._out), []
            self.write(out)

    def _next(self, n: int) -> tuple[str, dict[str, Any]]:
        """Return a command: join first, then guesses, few of them right, and claims of what runs out."""
        roll = self.random.random()
        if n == 1:
            return "join", {"hunt": self.hunt, "team": f"team {self._number}"}
        if roll < 0.02:
            return "claim", {"hunt": self.hunt, "treasure": self.random.choice(("coin", "crown"))}
        if roll < 0.06:
            clue, text = self.random.choice(RIGHT)
            return "guess", {"hunt": self.hunt, "clue": clue, "text": text}
        return "guess", {"hunt": self.hunt, "clue": self.random.choice(WRONG), "text": f"wrong {n}"}

    # ---- the session's actions

    def do(self, actions: list[a.Action], m: Incoming | None = None) -> None:
        """Carry out what the session wants. `m`: the message that it follows from."""
        for action in actions:
            match action:
                case a.Send(message):
                    self._send(message)
                case a.Answer():
                    assert m is not None
                    self._settle(m, time.monotonic_ns())
                case a.Connect():
                    self.connect()
                case a.Drop():
                    self._out.clear()
                    self.hang_up()
                case a.Greeted():
                    self.greetings += 1
                    self._floor = 0
                case a.GoAway():
                    self.stays = True
                case a.Over(code, msg, _):
                    raise AssertionError(f"{self.by} was sent away for good: {code}, {msg}")
                case a.Event() | a.Snapshot() | a.State() | a.Gap() | a.Resumed() | a.Refused() | a.Lost():
                    pass  # the judge has them as they came
                case _:
                    assert_never(action)
        self.woken()

    def _send(self, message: dict[str, Any]) -> None:
        frame = masked(_encode(message))
        asked = self.open.get(message.get("key", 0))
        if asked is not None:
            asked.frame = frame
            asked.copies += 1
        self._out.append(frame)

    # ---- in

    def message(self, payload: bytes, now_ns: int) -> None:
        """Take one message."""
        m = decode(payload)
        if m.t == "event":
            self._note_push(m.hunt, m.ch, m.seq, m.prev)
        elif m.t == "snapshot":
            for channel, seq in m.channels.items():
                self.seen.append(ReceivedPush(self.by, f"hunt/{m.hunt}", channel, seq, -1, None))
        elif m.id is not None and m.err is not None and m.err.code == "unavailable":
            self._shunned_ns = self._shunned_ns or now_ns
        elif m.id is not None:
            self._shunned_ns = 0
        self.do(self.session.received(payload, _now_ms(), self.random.random()), m)

    def _note_push(self, hunt: str, channel: str, seq: int, prev: int) -> None:
        if hunt:
            self.seen.append(ReceivedPush(self.by, f"hunt/{hunt}", channel, seq, prev, None))
        else:  # the player's own channel begins anew with a session
            who = f"{self.by}/{self.greetings}"
            self.seen.append(ReceivedPush(who, f"player/{self.by[2:]}", channel, seq, prev, None))

    def _settle(self, m: Incoming, now_ns: int) -> None:
        """Note a command's final answer."""
        asked = self._requests.pop(m.id or 0)
        del self.open[asked.n]
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
        if m.ch:
            self._note_push(self.hunt, m.ch, m.pos, m.prev)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
