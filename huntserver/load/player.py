"""One player on one socket at a time: connects, says hello, joins, asks, takes answers, comes back and resumes.

Owns its socket, its unanswered commands and its place in the key window: N is not sent before N-16 is answered, and
what a lost connection left unanswered goes again with the same key. The hot path (a guess out, its answer in) makes no
object that outlives it; everything rare is in `LoadSession`.
"""

from __future__ import annotations

import socket
import time
from typing import Any, Final

from huntserver.client.requests import WINDOW
from huntserver.load.epoll_loop import READ, WRITE
from huntserver.load.frame_splitter import BadFrame, FrameSplitter
from huntserver.load.frames import FIRST, LAST, accepted, announce_shape, command, guess, guess_shape
from huntserver.load.histogram import EXACT
from huntserver.load.hunts import RIGHT_CLUES, SECRET, right_clue, right_text, wrong_clue
from huntserver.load.player_pool import PlayerPool
from huntserver.load.session import AWAY, CONNECTING, GONE, GREETING, JOINING, PLAYING, SHAKING, LoadSession

READ_BYTES: Final = 65_536
HEAD_BYTES_MAX: Final = 16_384
SMALL_BUFFER: Final = 4_096


class LoadPlayer(LoadSession):
    """One player: its socket, its unanswered commands, its place in the key window. `number`: its place in the run."""

    __slots__ = (
        "_head",
        "_out",
        "_receive",
        "_send",
        "_shape",
        "_sock",
        "_splitter",
        "listens",
        "queued",
        "stalled",
        "wanted",
    )

    def __init__(self, pool: PlayerPool, number: int) -> None:
        super().__init__(pool, number)
        self.queued: list[int] | None = None  # intended times that wait for the window, or for a connection
        self.wanted = 0  # closed loop: commands to keep outstanding
        self.stalled = False
        plan = pool.plan
        self.listens = plan.closed and plan.announcers > 0 and not self.exact and not self.is_host
        if self.is_host:
            self._shape = announce_shape(self.hunt, plan.announce_bytes)
        else:
            self._shape = guess_shape(self.hunt, wrong_clue(number))
        self._splitter = FrameSplitter()
        self._head = b""
        self._out = b""
        self._sock: socket.socket | None = None

    # ---- the socket

    def open(self) -> None:
        """Connect; the time counts from `since_ns`."""
        if self.stage != AWAY:
            return
        pool = self.pool
        pool.connecting += 1
        self.stage = CONNECTING
        self.since_ns = self.since_ns or time.monotonic_ns()
        self._splitter, self._head, self._out = FrameSplitter(), b"", b""
        small = SMALL_BUFFER if self.is_slow else 0
        try:
            made = pool.loop.connect(self, pool.where, pool.plan.source(self.number), small)
        except OSError as error:
            self.lost(type(error).__name__)
            return
        self._sock, self._receive, self._send = made, made.recv, made.send

    def ready(self, what: int) -> None:
        """Serve the socket."""
        if what & WRITE:
            if self.stage == CONNECTING:
                self._connected()
            elif self._out:
                self._flush()
        if what & ~WRITE and self.stage > CONNECTING and not self.stalled:
            self._read()

    def _connected(self) -> None:
        assert self._sock is not None
        failed = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            self.lost("refused")
            return
        self.stage = SHAKING
        self.pool.loop.watch(self._sock, READ)
        self.write(self.pool.handshake)

    def write(self, data: bytes) -> None:
        """Send, and keep what the socket does not take."""
        if self._out:
            self._out += data
            return
        try:
            took = self._send(data)
        except BlockingIOError:
            took = 0
        except OSError as error:
            self.lost(type(error).__name__)
            return
        if took < len(data):
            self._out = data[took:]
            assert self._sock is not None
            self.pool.loop.watch(self._sock, READ | WRITE)

    def _flush(self) -> None:
        data, self._out = self._out, b""
        assert self._sock is not None
        self.pool.loop.watch(self._sock, 0 if self.stalled else READ)
        self.write(data)

    def stall(self, on: bool) -> None:
        """Stop reading, or read again."""
        self.stalled = on
        if self._sock is not None:
            self.pool.loop.watch(self._sock, (0 if on else READ) | (WRITE if self._out else 0))

    def drop(self) -> None:
        """Lose the connection without a word, as in a tunnel."""
        if self.stage == PLAYING:
            self.lost("dropped", abort=True)

    def lost(self, why: str, *, abort: bool = False) -> None:
        """The connection is gone: count it, and come back unless told not to."""
        if self.stage in (AWAY, GONE):
            return
        pool = self.pool
        if self.stage < PLAYING:
            pool.connecting -= 1
        else:
            pool.playing -= 1
        if self._sock is not None:
            pool.loop.close(self._sock, abort=abort)
            self._sock = None
        self.stage = AWAY
        self.parted(why)

    def leave(self) -> None:
        """End: close and do not come back."""
        if self._sock is not None:
            self.pool.loop.close(self._sock)
            self._sock = None
        self.stage = GONE

    # ---- bytes in

    def _read(self) -> None:
        """Take what the socket gave; the hot path of answers."""
        try:
            data = self._receive(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.lost(type(error).__name__)
            return
        if not data:
            self.lost(self.farewell or "closed")
            return
        now = time.monotonic_ns()
        loop = self.pool.loop
        loop.tally.bytes_in += len(data)
        if SECRET in data:
            loop.tally.leaks += 1
        if self.stage == SHAKING:
            data = self._shaken(data)
        elif self.listens and self.stage == PLAYING:
            count, first, data = self._splitter.skim(data, 6, 0x65)  # {"t":"event": the "e" by its place
            if count:
                loop.tally.pushes += count
                self.fresh(first)
        try:
            payloads = self._splitter.feed(data)
        except BadFrame:
            self.lost("bad_frame")
            return
        if self.exact or self.stage != PLAYING:
            for payload in payloads:
                self.message(payload, now)
        else:
            self._answers(payloads, now)
        if self._splitter.control is not None:
            self.control(self._splitter)

    def _answers(self, payloads: list[bytes], now_ns: int) -> None:
        """Count answers by their place, without decoding them; the oldest push of each read is dated."""
        loop = self.pool.loop
        intended = self.intended
        counts = loop.tally.histograms["announce"] if self.is_host else loop.answers
        answered = strays = 0
        push = b""
        for payload in payloads:
            # {"id":1234567,"ok":... : the id by its place, at 15 the "o" of "ok" (in an echo that of "op")
            if payload[2:3] == b"i" and payload[15:16] == b"o":
                slot = int(payload[6:13]) & 15
                at_ns = intended[slot]
                if not at_ns:
                    strays += 1
                    continue
                intended[slot] = 0
                us = (now_ns - at_ns) // 1000
                if us >= EXACT:
                    shift = us.bit_length() - 11
                    us = (shift << 10) + (us >> shift)
                counts[us] = counts.get(us, 0) + 1
                answered += 1
            elif payload[6:11] == b"event":
                loop.tally.pushes += 1
                push = push or payload
            else:
                self.message(payload, now_ns)
        loop.tally.strays += strays
        if push and not self.is_slow:
            self.fresh(push)
        if answered:
            loop.tally.answered += answered
            if self.frames is not None:
                self._forget()
            self._go_on(answered)

    def _shaken(self, data: bytes) -> bytes:
        """Read the answer to the handshake; return what follows it."""
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > HEAD_BYTES_MAX:
                self.lost("bad_handshake")
            return b""
        head, rest = self._head[: end + 4], self._head[end + 4 :]
        self._head = b""
        if not accepted(head):
            self.turned_away(head)
            return b""
        if self.pool.plan.target == "echo":
            self.play()
        else:
            self.stage = GREETING
            self.write(command(self.hello()))
        return rest

    # ---- commands out

    def ask(self, intended_ns: int, now_ns: int) -> None:
        """Send the next guess, or let it wait for the key window with the time it was meant for."""
        n = self.n + 1
        if self.stage != PLAYING or self.intended[n & 15] or self.queued or n >= LAST:
            self._queue(intended_ns)
            return
        self.n = n
        slot = n & 15
        self.intended[slot] = intended_ns
        if self.sent is not None:
            self.sent[slot] = now_ns
        self.pool.loop.tally.sent += 1
        self.write(self.frame(n))

    def special(self, fields: dict[str, Any], intended_ns: int, now_ns: int) -> None:
        """Send a command that is no guess; it needs a free place in the window, else it is left out."""
        n = self.n + 1
        if self.stage < JOINING or self.intended[n & 15]:
            self.pool.loop.tally.strays += 1
            return
        self.n = n
        self.intended[n & 15] = intended_ns
        if self.sent is not None:
            self.sent[n & 15] = now_ns
        if self.frames is None:
            self.frames = {}
        self.frames[n] = command({"id": n, "key": n, **fields})
        self.pool.loop.tally.sent += 1
        self.write(self.frames[n])

    def frame(self, n: int) -> bytes:
        """Return the frame of a command, the same bytes every time it is asked for."""
        if self.frames is not None and n in self.frames:
            return self.frames[n]
        every = self.pool.plan.right_every
        if every and not self.is_host and (n + self.number) % every == 0:
            which = (n + self.number) // every - (FIRST + 1 + self.number) // every
            if which < RIGHT_CLUES:
                return command(guess(n, self.hunt, right_clue(which), right_text(which)))
        return self._shape % (n, n, n)

    def _queue(self, intended_ns: int) -> None:
        if self.queued is None:
            self.queued = []
        self.queued.append(intended_ns)

    def _go_on(self, answered: int) -> None:
        """After answers: send what waited, and in a closed loop as much as was answered."""
        wanted = self.wanted
        if not wanted:
            if self.queued:
                self.catch_up()
            return
        now = time.monotonic_ns()
        if self.queued or answered > 1 or self.exact:
            self.queued = [*(self.queued or ()), *([now] * min(answered, wanted))]
            self.catch_up()
        else:
            self.ask(now, now)

    def catch_up(self) -> None:
        """Send what waited, each with the time it was meant for, in one write."""
        queued = self.queued
        if not queued or self.stage != PLAYING:
            return
        now = time.monotonic_ns()
        intended, out = self.intended, []
        for intended_ns in queued:
            n = self.n + 1
            slot = n & 15
            if intended[slot] or n >= LAST:
                break
            self.n = n
            intended[slot] = intended_ns
            if self.sent is not None:
                self.sent[slot] = now
            out.append(self.frame(n))
        self.queued = queued[len(out) :] or None
        if out:
            self.pool.loop.tally.sent += len(out)
            self.write(out[0] if len(out) == 1 else b"".join(out))

    def settled(self, n: int) -> None:
        """A command has its final answer (exact path): free its place, send what waited."""
        self.intended[n & 15] = 0
        if self.frames is not None:
            self.frames.pop(n, None)
        self._go_on(1)

    def _forget(self) -> None:
        """Drop the frames of special commands that were answered."""
        assert self.frames is not None
        for n in [n for n in self.frames if not self.intended[n & 15] or n <= self.n - WINDOW]:
            del self.frames[n]
        if not self.frames:
            self.frames = None
