"""A model of the server's side of the protocol, small enough to be seen to be right, and a client around the session.

The server knows one hunt with two channels: it executes a key once, remembers answers, keeps a short tail of pushes,
and refuses for now as it is told to. What a connection holds is lost with it, but a frame that was sent may still
reach the server later. The client keeps what its session told it, for the tests to compare with the server's log.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import huntserver.client.actions as a
from huntserver.client.requests import WINDOW
from huntserver.client.session import Session, SessionPhase

HUNT = "h"
CHANNELS = ("hunt", "team:t1")
Message = dict[str, Any]


class Link:
    """One connection: what is under way in each direction, in order."""

    def __init__(self) -> None:
        self.up: deque[Message] = deque()
        self.down: deque[Message] = deque()
        self.greeted = False
        self.listens = False


class Server:
    """One hunt with two channels, which executes a key once. `tail`: pushes that a resume can bring."""

    def __init__(self, tail: int) -> None:
        self.tail = tail
        self.seq = 0
        self.log: dict[str, list[int]] = {channel: [] for channel in CHANNELS}
        self.answers: dict[int, Message] = {}  # N -> its final answer
        self.executed: list[int] = []
        self.kept_from = 0  # the tail holds all pushes above this
        self.link: Link | None = None
        self.moods: deque[str] = deque()  # how the next commands are met

    def restart(self) -> None:
        """Lose what is in memory: the tail."""
        self.kept_from = self.seq
        self.link = None

    def last(self, channel: str) -> int:
        """Return the seq of a channel's last push."""
        return self.log[channel][-1] if self.log[channel] else 0

    def record(self, channel: str, but: Link | None = None) -> int:
        """Append a push and show it, but not to the one who is answered with it."""
        self.seq += 1
        prev, seq = self.last(channel), self.seq
        self.log[channel].append(seq)
        self.kept_from = max(self.kept_from, seq - self.tail)
        link = self.link
        if link is not None and link.listens and link is not but:
            link.down.append(self._event(channel, seq, prev))
        return prev

    def _event(self, channel: str, seq: int, prev: int) -> Message:
        return {"t": "event", "hunt": HUNT, "ch": channel, "seq": seq, "prev": prev, "ts": 1, "events": []}

    # ---- messages

    def take(self, m: Message, link: Link | None) -> None:
        """Take a message; without a link it is a straggler of a connection that is gone."""
        say = link.down.append if link is not None else lambda _m: None
        match m["op"]:
            case "hello" if link is not None:
                link.greeted = True
                say({"id": m["id"], "ok": {"now_ms": 1}, "pos": 0})
                for point in m.get("resume", ()):
                    self._resume(point, link)
            case "resume" if link is not None:
                say({"id": m["id"], "ok": {}, "pos": 0})
                self._resume(m, link)
            case "ping":
                say({"id": m["id"], "ok": {"ts": 1}, "pos": 0})
            case "page":
                say({"id": m["id"], "ok": {}, "pos": self.seq})
            case "join" | "guess":
                self._command(m, link, say)

    def _command(self, m: Message, link: Link | None, say: Any) -> None:
        n, op = m["key"], m["op"]
        known = self.answers.get(n)
        mood = self.moods.popleft() if self.moods and known is None else ""
        if mood in ("busy", "unavailable", "rate_limited", "internal", "window"):
            say({"id": m["id"], "err": {"code": mood, "retry": True}, "pos": -1})
            return
        if mood == "vanishes":  # the batch failed; it is not told whether it landed
            say({"id": m["id"], "err": {"code": "unknown", "retry": True}, "pos": -1})
            return
        if mood == "refused":
            self.answers[n] = {"err": {"code": "cool_down", "retry": True}, "pos": self.seq}
        elif known is None:
            self._execute(n, op, link)
        if mood == "landed":  # executed, and not known to be
            say({"id": m["id"], "err": {"code": "unknown", "retry": True}, "pos": -1})
            return
        answer = self.answers[n]
        listens = link is not None and link.listens
        told = {} if listens and known is None else {"ch", "prev"}
        say({"id": m["id"], **{k: v for k, v in answer.items() if k not in told}})
        if op == "join" and link is not None and "ok" in answer:
            self._snapshot(link)

    def _execute(self, n: int, op: str, link: Link | None) -> None:
        self.executed.append(n)
        if op == "join":
            self.record("hunt")
            self.answers[n] = {"ok": {"team": "t1"}, "pos": self.seq}
            return
        prev = self.record("team:t1", but=link)
        self.answers[n] = {"ok": {"verdict": "incorrect"}, "pos": self.seq, "ch": "team:t1", "prev": prev}

    def _resume(self, point: Message, link: Link) -> None:
        seen = {channel: point.get("channels", {}).get(channel, point["seq"]) for channel in CHANNELS}
        missed = [(seq, ch) for ch in CHANNELS for seq in self.log[ch] if seq > seen[ch]]
        if any(seq <= self.kept_from for seq, _ in missed):
            self._snapshot(link)
            return
        link.listens = True
        link.down.append({"t": "sys", "op": "resumed", "hunt": HUNT, "recovered": True, "seq": self.seq})
        for seq, channel in sorted(missed):
            at = self.log[channel].index(seq)
            link.down.append(self._event(channel, seq, self.log[channel][at - 1] if at else 0))

    def _snapshot(self, link: Link) -> None:
        link.listens = True
        link.down.append({"t": "sys", "op": "resumed", "hunt": HUNT, "recovered": False, "seq": self.seq})
        channels = {channel: self.last(channel) for channel in CHANNELS}
        link.down.append({"t": "snapshot", "hunt": HUNT, "seq": self.seq, "channels": channels, "data": {}})


class Client:
    """A session, its network, and what it was told. `broken` lists what it promised and did not keep."""

    def __init__(self, tail: int) -> None:
        self.server = Server(tail)
        self.session = Session("TOKEN", "e1")
        self.now_ms = 0
        self.roll = 0.5
        self.link: Link | None = None
        self.wants = False
        self.stragglers: list[Message] = []
        self.asked: dict[int, int] = {}  # id -> N (0: a question)
        self.answered: dict[int, list[Message]] = {}
        self.shown: dict[str, list[int]] | None = None  # since the last snapshot; None: one must come
        self.base: dict[str, int] = {}
        self.told_missed = 0
        self.gaps = 0
        self.broken: list[str] = []
        self.do(self.session.start(0))

    # ---- the shell

    def do(self, actions: list[a.Action]) -> None:
        """Carry out actions."""
        for action in actions:
            match action:
                case a.Connect():
                    self.wants = True
                case a.Drop():
                    self._cut()
                case a.Send(message):
                    assert self.link is not None
                    self._check_window(message)
                    self.link.up.append(json.loads(json.dumps(message)))
                case a.Answer(reply):
                    self._answer(reply)
                case a.Event(message):
                    self._show(message["ch"], message["seq"], message["prev"])
                case a.Snapshot(message):
                    self.base = dict(message["channels"])
                    self.shown = {channel: [] for channel in CHANNELS}
                case a.Resumed(_, recovered, known):
                    if not recovered:
                        self.told_missed += known
                        self.shown = None
                    elif self.shown is None:
                        self.base, self.shown = dict.fromkeys(CHANNELS, 0), {channel: [] for channel in CHANNELS}
                case a.Gap():
                    self.gaps += 1

    def _check_window(self, message: Message) -> None:
        n = message.get("key", 0)
        early = [m for id, m in self.asked.items() if m and m <= n - WINDOW and id not in self.answered]
        if early:
            self.broken.append(f"key {n} was sent although {early} have no answer")

    def _answer(self, reply: Message) -> None:
        self.answered.setdefault(reply["id"], []).append(reply)
        if "ch" in reply and self.shown is not None and reply["pos"] > self._last(reply["ch"]) >= reply["prev"]:
            self._show(reply["ch"], reply["pos"], reply["prev"])

    def _last(self, channel: str) -> int:
        shown = self.shown or {}
        return shown[channel][-1] if shown.get(channel) else self.base.get(channel, 0)

    def _show(self, channel: str, seq: int, prev: int) -> None:
        if self.shown is None:
            self.broken.append(f"push {seq} was told before a snapshot")
            return
        if prev != self._last(channel):
            self.broken.append(f"push {seq} of {channel} follows {prev}, told after {self._last(channel)}")
        self.shown[channel].append(seq)

    def _cut(self) -> None:
        if self.link is not None:
            self.stragglers += [m for m in self.link.up if m["op"] in ("join", "guess")]
        if self.server.link is self.link:
            self.server.link = None
        self.link, self.wants = None, False

    # ---- the network

    def connect(self, works: bool = True) -> None:
        """Let the connection that is asked for come about, or fail."""
        if not self.wants:
            return
        self.wants = False
        if works:
            self.link = self.server.link = Link()
            self.do(self.session.connected(self.now_ms))
        else:
            self.do(self.session.closed(self.now_ms, self.roll))

    def cut(self, code: int | None = None) -> None:
        """End the connection."""
        if self.link is not None:
            self._cut()
            self.do(self.session.closed(self.now_ms, self.roll, code))

    def up(self) -> None:
        """Bring one message to the server."""
        if self.link is not None and self.link.up:
            self.server.take(self.link.up.popleft(), self.link)

    def down(self) -> None:
        """Bring one message to the client."""
        if self.link is not None and self.link.down:
            message = self.link.down.popleft()
            self.do(self.session.received(json.dumps(message), self.now_ms, self.roll))

    def push_under_way(self) -> int | None:
        """Return the place of the first push that is on its way down."""
        down = self.link.down if self.link is not None else ()
        return next((i for i, m in enumerate(down) if m.get("t") == "event"), None)

    def wait(self, ms: int) -> None:
        """Let time pass, with every tick that falls due."""
        until_ms = self.now_ms + ms
        while (wake_ms := self.session.wake_ms) is not None and wake_ms <= until_ms:
            self.now_ms = max(self.now_ms, wake_ms)
            self.do(self.session.tick(self.now_ms, self.roll))
            if self.wants:
                self.connect()
        self.now_ms = until_ms

    # ---- requests

    def command(self, op: str = "guess") -> None:
        """Send a command."""
        id, actions = self.session.command(op, {"hunt": HUNT}, self.now_ms)
        self.asked[id] = self.session.requests.n
        self.do(actions)

    def question(self) -> None:
        """Ask a question."""
        id, actions = self.session.ask("page", {"hunt": HUNT}, self.now_ms)
        self.asked[id] = 0
        self.do(actions)

    # ---- the end

    def settle(self) -> None:
        """Let every fault end and everything arrive; one more push on each channel shows what was lost last."""
        self.server.moods.clear()
        for _ in range(400):
            self.connect()
            self.wait(100)
            while self.link is not None and (self.link.up or self.link.down):
                self.up()
                self.down()
            if self.session.phase is SessionPhase.PLAYING and not len(self.session.requests):
                break
        for channel in CHANNELS:
            self.server.record(channel)
        for _ in range(50):
            self.connect()
            while self.link is not None and (self.link.up or self.link.down):
                self.up()
                self.down()
            self.wait(500)

    def judge(self) -> list[str]:
        """Return what was not kept, after `settle`."""
        broken = list(self.broken)
        server = self.server
        for id, n in self.asked.items():
            replies = self.answered.get(id, [])
            if len(replies) != 1:
                broken.append(f"request {id} has {len(replies)} answers")
            elif n:
                executed = server.executed.count(n)
                if executed != ("ok" in replies[0]):
                    broken.append(f"key {n} was executed {executed} times and answered {replies[0]}")
        if any(n for n in self.asked.values()) and HUNT in self.session.hunts:
            for channel in CHANNELS:
                wanted = [seq for seq in server.log[channel] if seq > self.base.get(channel, 0)]
                if self.shown is None or self.shown[channel] != wanted:
                    shown = None if self.shown is None else self.shown[channel]
                    broken.append(f"{channel}: {shown} was told after {self.base.get(channel)}, {wanted} was pushed")
        return broken
