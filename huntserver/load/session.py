"""The rare half of a player: messages decoded in full, greetings, refusals, coming back, what a history needs.

Which code goes again and when, when to come back and what a gap is: the parts of the shipped client's session decide
that, and the lean path of `Player` beside it is held to the same vectors (`tests/load/test_vectors.py`).
Owns what the player has seen: the seq of each channel, the highest pos, the sessions it had. Nothing here is on the
lean path of answers.
"""

from __future__ import annotations

import abc
import random
import re
import time
from typing import Any, Final

import msgspec

from huntserver.client.backoff import STABLE_MS, Reconnecting, resend_ms
from huntserver.client.channels import Following, Place
from huntserver.client.incoming import Err, Incoming, decode
from huntserver.client.requests import WINDOW
from huntserver.errors import CLOSES
from huntserver.load.frame_splitter import CLOSE, PING, PONG, FrameSplitter
from huntserver.load.frames import FIRST, masked
from huntserver.load.history_recorder import HistoryRecorder
from huntserver.load.player_pool import PlayerPool

AWAY, CONNECTING, SHAKING, GREETING, JOINING, PLAYING, GONE = range(7)
RECONNECT_FIRST_MS: Final = 50
RECONNECT_MAX_MS: Final = 2_000
"""Quicker than people's clients: a run is over in minutes."""

TURNED_AWAY: Final = str(CLOSES["too_many_connections"].number)
"""A hello that is refused for now is followed by what follows this close code."""

_RETRY_AFTER: Final = re.compile(rb"\r\nretry-after: *([0-9]{1,6})\r\n", re.IGNORECASE)
SCORED: Final = (b'"type":"solved"', b'"type":"claimed"')
"""What changes the standings, in a push to the team that did it."""


class LoadSession(abc.ABC):
    """What a player has seen of its hunts, and the rare half of the protocol: greetings, refusals, coming back."""

    __slots__ = (
        "_away_ms",
        "_board_ms",
        "_board_seq",
        "_following",
        "_greeted_ns",
        "_pos",
        "_reconnecting",
        "_resuming",
        "_tries",
        "_was_ready",
        "exact",
        "farewell",
        "frames",
        "hunt",
        "intended",
        "is_host",
        "is_slow",
        "joined",
        "n",
        "number",
        "pool",
        "recorder",
        "sent",
        "sessions",
        "since_ns",
        "stage",
    )

    def __init__(self, pool: PlayerPool, number: int) -> None:
        plan = pool.plan
        self.pool = pool
        self.number = number
        self.is_host = number >= plan.players
        self.is_slow = not self.is_host and pool.is_slow(number)
        self.hunt = plan.hunts[number % len(plan.hunts)] if plan.hunts else ""
        writes = pool.history is not None and not self.is_host and plan.is_witness(number)
        self.exact = not self.is_host and (plan.exact or writes)
        self.stage = AWAY
        self.n = FIRST
        self.intended = [0] * WINDOW  # by n modulo 16: when the unanswered command was to be sent, in ns
        self.sent = [0] * WINDOW if self.exact else None  # when its first copy went
        self.frames: dict[int, bytes] | None = None  # unanswered commands that are no plain guess
        self.since_ns = 0  # since when it tries to connect
        self.joined = False
        self.farewell = ""  # the close code that the server gave
        self.sessions = 0
        self._greeted_ns = 0
        self._reconnecting = Reconnecting(RECONNECT_FIRST_MS, RECONNECT_MAX_MS)
        self._away_ms: int | None = None  # how long a refusal asked to stay away
        self._tries: dict[int, int] | None = None  # commands that were refused for now -> how often
        self._pos = 0
        self._board_seq = self._board_ms = 0  # the change of the standings that no board has shown yet, and its time
        self._resuming = self._was_ready = False
        self._following: Following | None = None  # what an exact player has seen; a lean one does not look
        self.recorder: HistoryRecorder | None = None
        if writes and pool.history is not None:
            self.recorder = HistoryRecorder(pool.history, self, pool.subject(number), pool.epoch(number))

    # ---- the other half

    @abc.abstractmethod
    def open(self) -> None:
        """Connect."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Send."""

    @abc.abstractmethod
    def lost(self, why: str, *, abort: bool = False) -> None:
        """The connection is gone."""

    @abc.abstractmethod
    def frame(self, n: int) -> bytes:
        """Return the frame of a command."""

    @abc.abstractmethod
    def special(self, fields: dict[str, Any], intended_ns: int, now_ns: int) -> None:
        """Send a command that is no guess."""

    @abc.abstractmethod
    def settled(self, n: int) -> None:
        """A command has its final answer."""

    @abc.abstractmethod
    def catch_up(self) -> None:
        """Send what waited."""

    # ---- coming and going

    def hello(self) -> dict[str, Any]:
        """Return the first message of a connection."""
        pool = self.pool
        made: dict[str, Any] = {"id": FIRST, "op": "hello", "token": pool.token(self.number)}
        made["epoch"] = pool.epoch(self.number)
        if self.joined:
            following = self._following or Following()  # lean players have seen nothing, and are given a snapshot
            following.pos = self._pos
            following.asked = True
            made["resume"] = [following.point(self.hunt)]
        return made

    def play(self) -> None:
        """From here on commands may be sent."""
        pool = self.pool
        self.stage = PLAYING
        pool.connecting -= 1
        pool.playing += 1
        for n in self.waiting():
            self.write(self.frame(n))
        self.catch_up()
        if not self._was_ready:
            self._was_ready = True
            pool.became_ready()

    def waiting(self) -> list[int]:
        """Return the numbers of unanswered commands, oldest first."""
        return [n for n in range(max(self.n - WINDOW, FIRST) + 1, self.n + 1) if self.intended[n & 15]]

    def parted(self, why: str) -> None:
        """Count how a connection ended, and come back when it is time; never after 4000-4099."""
        pool = self.pool
        closes = pool.loop.tally.closes
        closes[why] = closes.get(why, 0) + 1
        code = int(self.farewell) if self.farewell.isdigit() else None
        now_ns = time.monotonic_ns()
        if self._greeted_ns and now_ns - self._greeted_ns >= STABLE_MS * 1_000_000:
            self._reconnecting.stable()
        if self._greeted_ns:
            self.since_ns = 0
        self._greeted_ns = 0
        self.farewell = ""
        if pool.ending:
            return
        wait_ms = self._reconnecting.wait_ms(code, self._away_ms, random.random())
        self._away_ms = None
        if wait_ms is None:
            self.give_up()
        elif wait_ms and why != "dropped":
            pool.loop.later(now_ns + wait_ms * 1_000_000, pool.admit, self)
        else:
            pool.admit(self)

    def give_up(self) -> None:
        """The server does not want this player: it is out for the rest of the run."""
        self.stage = GONE
        self.pool.gave_up(self._was_ready)

    def turned_away(self, head: bytes) -> None:
        """The handshake was refused."""
        status = head[9:12].decode("latin-1")
        named = _RETRY_AFTER.search(head)
        if named is not None:
            self._away_ms = int(named.group(1)) * 1000
        self.lost(f"http {status}")

    def control(self, splitter: FrameSplitter) -> None:
        """Serve control frames."""
        frames, splitter.control = splitter.control or [], None
        for opcode, payload in frames:
            if self.stage in (AWAY, GONE):
                return
            if opcode == PING:
                self.write(masked(payload, PONG))
            elif opcode == CLOSE:
                self.farewell = str(int.from_bytes(payload[:2], "big")) if len(payload) >= 2 else "1005"
                self.write(masked(payload[:2], CLOSE))
                self.lost(self.farewell)

    # ---- messages

    def message(self, payload: bytes, now_ns: int) -> None:
        """Take one message, decoded in full."""
        tally = self.pool.loop.tally
        try:
            m = decode(payload)
        except msgspec.DecodeError:
            self.lost("bad_json")
            return
        if m.id is not None:
            self._reply(m, now_ns)
        elif m.t == "event":
            tally.pushes += 1
            if not self.is_slow:
                self._count_age("push", m.ts)
            if m.hunt and not self._board_seq and m.ch.startswith("team:") and any(s in payload for s in SCORED):
                self._board_seq, self._board_ms = m.seq, m.ts
            self._heard(m.hunt, m.ch, m.seq, m.prev)
        elif m.t == "snapshot":
            tally.snapshots += 1
            self._snapshot(m)
        elif m.t == "sys":
            self._told(m, now_ns)
        else:
            tally.states += 1
            if self._board_seq and m.seq >= self._board_seq:
                self._count_age("board", self._board_ms)
                self._board_seq = 0

    def fresh(self, payload: bytes) -> None:
        """Count how old a push is, by its `ts`, without decoding it."""
        at = payload.find(b'"ts":')
        if at > 0:
            self._count_age("push", int(payload[at + 5 : at + 18]))

    def _count_age(self, kind: str, ts_ms: int) -> None:
        now_ms = time.time_ns() / 1e6 + self.pool.plan.clock_offset_ms
        self.pool.loop.tally.count(kind, int(1000 * (now_ms - ts_ms)))

    def _heard(self, hunt: str, channel: str, seq: int, prev: int) -> None:
        if self.recorder is not None:
            self.recorder.heard(hunt, channel, seq, prev)
        following = self._following
        if not hunt or following is None or following.take(channel, seq, prev) is not Place.GAP:
            return
        if self.stage >= JOINING and not following.asked:
            self.lost("gap")  # and resume with the next connection

    def _snapshot(self, m: Incoming) -> None:
        self._pos = m.seq  # also below what was told: the server knows another log by now
        if self.exact:
            self._following = self._following or Following()
            self._following.snapshot(m.channels, m.seq)
        if self._board_seq and m.seq >= self._board_seq:
            self._board_seq = 0  # the page shows the standings
        if self.recorder is not None:
            for channel, seq in m.channels.items():
                self.recorder.heard(m.hunt, channel, seq, -1)
        if self.stage == JOINING and self.joined:
            self.pool.loop.tally.count("enter", (time.monotonic_ns() - self.since_ns) // 1000)
            self.play()

    def _told(self, m: Incoming, now_ns: int) -> None:
        """Take a word of the server about the connection itself."""
        tally = self.pool.loop.tally
        if m.op == "resumed" and m.hunt and self._following is not None:
            self._following.resumed(m.recovered is True)
        if m.op == "resumed" and self._resuming and m.hunt:
            self._resuming = False
            tally.recovered += m.recovered is True
            tally.told_anew += m.recovered is not True
            tally.count("resume", (now_ns - self.since_ns) // 1000)
            if self.recorder is not None:
                self.recorder.began(now_ns, m.recovered)
        elif m.op == "resumed" and m.hunt and self.stage == PLAYING:
            tally.fell_behind += 1  # what it did not read in time was dropped; a snapshot follows
        elif m.op == "refused":
            code = f"listen:{m.err.code}" if m.err else "listen"
            tally.refusals[code] = tally.refusals.get(code, 0) + 1
        elif m.op == "goaway":
            self._reconnecting.told(m.after_ms)

    def _reply(self, m: Incoming, now_ns: int) -> None:
        n = m.id or 0
        if n == FIRST:
            self._greeted(m, now_ns)
            return
        if n <= self.n - WINDOW or n > self.n or not self.intended[n & 15]:
            self.pool.loop.tally.strays += 1
            return
        if m.err is not None and self._goes_again(n, m.err, now_ns):
            return
        self._final(n, m, now_ns)

    def _goes_again(self, n: int, err: Err, now_ns: int) -> bool:
        """Send a command that was refused for now once more, when its code says so."""
        tries = self._tries.get(n, 0) if self._tries is not None else 0
        wait_ms = resend_ms(err.code, err.after_ms, tries, random.random())
        if wait_ms is None:
            return False
        self._refusal(err.code)
        self._tries = {**(self._tries or {}), n: tries + 1}
        self.pool.loop.later(now_ns + wait_ms * 1_000_000, self._again, n, self.sessions)
        return True

    def _again(self, n: int, session: int) -> None:
        """Send a command once more; a later session has done so already."""
        if session == self.sessions and self.stage >= JOINING and self.stage != GONE and n in self.waiting():
            self.write(self.frame(n))

    def _refusal(self, code: str) -> None:
        refusals = self.pool.loop.tally.refusals
        refusals[code] = refusals.get(code, 0) + 1

    def _final(self, n: int, m: Incoming, now_ns: int) -> None:
        """A command has its final answer: count it, write it down, free its place."""
        tally = self.pool.loop.tally
        joins = not self.joined and n == FIRST + 1 and not self.is_host
        tally.answered += 1
        if not joins:
            tally.count("slow" if self.is_slow else "answer", (now_ns - self.intended[n & 15]) // 1000)
        if m.err is not None:
            self._refusal(m.err.code)
        if self.recorder is not None:
            self.recorder.answered(n, now_ns, m)
        self._pos = max(self._pos, m.pos)
        if m.ch:
            self._heard(self.hunt, m.ch, m.pos, m.prev)
        if joins:
            self._entered(m)
        if self._tries is not None:
            self._tries.pop(n, None)
            self._tries = self._tries or None
        self.settled(n)

    # ---- greetings

    def _greeted(self, m: Incoming, now_ns: int) -> None:
        """Take the answer to hello."""
        if self.stage != GREETING:
            self.pool.loop.tally.strays += 1
            return
        if m.err is not None:
            self._refusal(m.err.code)
            self._away_ms = m.err.after_ms
            self.farewell = TURNED_AWAY if m.err.retry else "4000"
            self.lost("hello")
            return
        tally = self.pool.loop.tally
        self._greeted_ns = now_ns
        self.sessions += 1
        if self.sessions == 1:
            tally.opened += 1
            tally.count("connect", (now_ns - self.since_ns) // 1000)
        else:
            tally.reopened += 1
        if self.recorder is not None:
            self.recorder.greeted()
            if not self.joined:
                self.recorder.began(now_ns, None)
        if self.is_host:
            self.play()
        elif self.joined:
            self._resuming = True
            self.play()
        else:
            self.stage = JOINING
            if self.n == FIRST:
                self.special({"op": "join", "hunt": self.hunt}, now_ns, now_ns)
            else:
                self.write(self.frame(FIRST + 1))

    def _entered(self, m: Incoming) -> None:
        """Take the answer to join; the page that follows makes the player ready."""
        if m.err is not None and m.err.code != "already_joined":
            self.farewell = "4000"
            self.lost(f"join {m.err.code}")
            return
        self.joined = True
        if self.pool.plan.target != "hunts":
            self.play()
