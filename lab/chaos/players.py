"""The crowd of a campaign: lean players that keep several keyed commands outstanding and ask again until answered.

Owns what was sent and heard. A player is one WebSocket after the other, to whichever server answers: one that says
nothing, or only that it cannot be reached, is left for the next address. Frames are made and cut by the load harness's
client half; nothing here is the server's code. Never judges.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from huntserver.load.frame_splitter import CLOSE, PING, PONG, BadFrame, FrameSplitter
from huntserver.load.frames import accepted, handshake, masked
from lab.chaos.talk import Asked, Talk

LOOK_S: Final = 0.25
SHUNNED_S: Final = 1.0
"""A server that says nothing but `unavailable` for so long is left."""

TICK_S: Final = 0.01
Address = tuple[str, int]


class PlayerSocket(asyncio.Protocol):
    """One socket of a player."""

    def __init__(self, player: CampaignPlayer, host: str) -> None:
        self.transport: Any = None
        self.code: int | None = None  # of the server's close
        self._player = player
        self._host = host
        self._splitter = FrameSplitter()
        self._head: bytes | None = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the WebSocket."""
        self.transport = transport
        self._player.opened(self)
        self.transport.write(handshake(self._host, "/ws"))

    def data_received(self, data: bytes) -> None:
        """Cut messages and hand them to the player, as long as it has not left this socket."""
        player = self._player
        if self._head is not None:
            data = self._shaken(data)
        try:
            for payload in self._splitter.feed(data):
                if player.connection is self:
                    player.message(payload, time.monotonic_ns())
        except BadFrame:
            self.transport.abort()
        controls, self._splitter.control = self._splitter.control or (), None
        for opcode, payload in controls:
            if opcode == PING:
                self.transport.write(masked(payload, PONG))
            elif opcode == CLOSE:
                self.code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
                self.transport.write(masked(payload[:2], CLOSE))
                self.transport.close()
        player.flush()

    def _shaken(self, data: bytes) -> bytes:
        head, end, rest = (self._head or b"") + data, b"\r\n\r\n", b""
        self._head = head
        if end in head:
            self._head = None
            head, _, rest = head.partition(end)
            if not accepted(head + end):  # HTTP 503 while the server drains or is too full
                self.transport.abort()
            elif self._player.connection is self:
                self._player.connected()
        return rest

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the player, if it has not left."""
        self._player.ended(self)


class CampaignPlayer(Talk):
    """One player: where it is connected, and when it goes elsewhere."""

    def __init__(self, crowd: Crowd, number: int, hunt: str, token: str, seed: int) -> None:
        patience_s = random.Random(seed).choice((2.0, 3.0, 4.0, 8.0))
        super().__init__(number, hunt, token, seed, crowd.outstanding, patience_s=patience_s)
        self._crowd = crowd
        self.connection: PlayerSocket | None = None
        self.connections = 0
        self._at = 0
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send on the present socket; without one it is lost, and goes again on the next."""
        if self.connection is not None and not self.connection.transport.is_closing():
            self.connection.transport.write(data)

    def connect(self) -> None:
        """Open a socket to the address whose turn it is."""
        self._opening = asyncio.create_task(self._open(), name=f"opening of {self.by}")

    async def _open(self) -> None:
        host, port = self._crowd.address(self._at)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: PlayerSocket(self, host), host, port)
        except OSError:
            self._elsewhere()
            self.closed()

    def opened(self, connection: PlayerSocket) -> None:
        """A socket is there."""
        self.connection = connection
        self.connections += 1

    def ended(self, connection: PlayerSocket) -> None:
        """A socket is gone; nothing, if it was left before."""
        if connection is self.connection:
            self.connection = None
            self._elsewhere()
            self.closed(connection.code)

    def hang_up(self) -> None:
        """Leave the socket of the moment, or stop opening one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.transport.abort()
        elif self._opening is not None:
            self._opening.cancel()
        self._elsewhere()

    def _elsewhere(self) -> None:
        """Turn to the next address; not at once, if the server has asked to come back."""
        if not self.stays:
            self._at += 1
        self.stays = False

    def woken(self) -> None:
        """Set the timer to when the session is due."""
        if self._timer is not None:
            self._timer.cancel()
        wake_s = self.wake_s()
        self._timer = None if wake_s is None else asyncio.get_running_loop().call_later(wake_s, self._due)

    def _due(self) -> None:
        self.tick()
        self.flush()

    async def live(self) -> None:
        """Play until all that was to be said is answered; leave a server that cannot be reached by its log."""
        self.start()
        try:
            while not self.done():
                await asyncio.sleep(LOOK_S)
                if self.shunned_s() > SHUNNED_S and self.connection is not None:
                    self.hang_up()
                    self.closed()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self._opening is not None:
                self._opening.cancel()
            connection, self.connection = self.connection, None
            if connection is not None:
                connection.transport.abort()


class Crowd:
    """So many players at a time, each for some hundred commands; then another takes its place in the next hunt.

    `rate_per_s` is asked of all together; a player whose 16 keys are taken waits, so the true rate may be lower.
    """

    def __init__(
        self,
        mint: Callable[[str], str],
        hunts: list[str],
        rng: random.Random,
        *,
        size: int,
        rate_per_s: float,
        outstanding: int,
        commands_each: int,
    ) -> None:
        self.addresses: list[Address] = []
        self.everyone: list[CampaignPlayer] = []
        self.outstanding = outstanding
        self._mint = mint
        self._hunts = hunts
        self._rng = rng
        self._size = size
        self._rate = rate_per_s
        self._each = commands_each
        self._stopping = False
        self._tasks: dict[asyncio.Task[None], CampaignPlayer] = {}
        self._pace: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Let them in."""
        for _ in range(self._size):
            self._enter()
        self._pace = asyncio.create_task(self._paced(), name="pace of the players")

    def address(self, turn: int) -> Address:
        """Return where a player goes that has been sent away `turn` times."""
        return self.addresses[turn % len(self.addresses)]

    def _enter(self) -> None:
        number = len(self.everyone)
        name = f"player{number}"
        player = CampaignPlayer(
            self, number, self._hunts[number % len(self._hunts)], self._mint(name), self._rng.getrandbits(30)
        )
        player.left = int(self._each * (0.5 + self._rng.random()))
        self.everyone.append(player)
        task = asyncio.create_task(player.live(), name=name)
        self._tasks[task] = player
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled():
            task.result()
            if not self._stopping:
                self._enter()

    async def _paced(self) -> None:
        owed, last = 0.0, time.monotonic()
        turns = itertools.count()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            owed, last = min(owed + self._rate * (now - last), 0.2 * self._rate), now
            playing = list(self._tasks.values())
            for _ in range(int(owed)):
                playing[next(turns) % len(playing)].grant()
            owed -= int(owed)
            for player in playing:
                player.flush()

    # ---- what is known of them

    def asked(self) -> Iterator[tuple[CampaignPlayer, Asked]]:
        """Yield everything that was sent."""
        for player in self.everyone:
            for asked in player.history:
                yield player, asked

    def commands(self) -> int:
        """Return how many commands were sent, copies not counted."""
        return sum(len(p.history) for p in self.everyone)

    def playing(self) -> list[CampaignPlayer]:
        """Return who is in."""
        return list(self._tasks.values())

    def silent(self, since_ns: int) -> list[str]:
        """Return the hunts in which nobody who plays on got an answer to a command sent since then."""
        heard = {p.hunt for p in self.playing() if p.answered_sent_ns >= since_ns}
        return sorted({p.hunt for p in self.playing() if p.left > 0} - heard)

    async def finish(self, within_s: float) -> list[CampaignPlayer]:
        """Let them get their last answers and leave; return who could not."""
        self._stopping = True
        if self._pace is not None:
            self._pace.cancel()
            await asyncio.wait({self._pace})
            if not self._pace.cancelled():
                self._pace.result()  # it ended by itself: say why
        for player in self._tasks.values():
            player.left = 0
        left = dict(self._tasks)
        if left:
            await asyncio.wait(left, timeout=within_s)
        stuck = [player for task, player in left.items() if not task.done()]
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return stuck
