"""The register of sessions: who has said hello, on how many connections, and on which device.

Owns the counts by player and the newest connection of each device. Verifies tokens; knows no sockets: a connection
is a `Seat` to it.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.auth.validity import IN_DOUBT
from huntserver.gateway.clock import LoopClock
from huntserver.limits import Limits
from huntserver.wire.messages import Hello
from huntserver.wire.session import Session

DEVICE_MAX: Final = 64
"""Characters of a device's id that count."""


class Seat(Protocol):
    """A connection, as the register sees it."""

    def close(self, name: str) -> None:
        """Close with the code of that name (`errors.CLOSES`)."""
        ...


class Greeting(NamedTuple):
    """A hello that was taken. `label` is the session's id, `token` a fresh token in place of an old one, or None."""

    label: str
    device: str
    token: str | None


class NotGreeted(NamedTuple):
    """A hello that was refused; `close` names the close code that follows, "": the connection may try again."""

    rejected: Rejected
    close: str


class Sessions:
    """Greets and counts. A session lasts from a `greet` that gave a `Greeting` to its `end`."""

    def __init__(self, tokens: Tokens, limits: Limits, clock: LoopClock) -> None:
        self._tokens = tokens
        self._limits = limits
        self._clock = clock
        self._devices: dict[tuple[str, str], Seat] = {}
        self._players: dict[str, int] = {}
        self._labels = 0
        self.refused_tokens = 0

    def greet(self, seat: Seat, session: Session, hello: Hello) -> Greeting | NotGreeted:
        """Verify a hello and open its session; an older connection of the same device is closed with `replaced`."""
        caller = self._tokens.verify(hello.token)
        if caller is IN_DOUBT:
            return NotGreeted(IN_DOUBT, "")
        if isinstance(caller, Rejected):
            self.refused_tokens += 1
            return NotGreeted(caller, "bad_token")
        device = (hello.device or hello.epoch or "")[:DEVICE_MAX]
        old = self._devices.get((caller.by, device)) if device else None
        limits = self._limits
        most = limits.connections_per_link if caller.role == "watcher" else limits.connections_per_player
        if self._players.get(caller.by, 0) - (old is not None) >= most:
            busy = Rejected("busy", "too many connections of this player or link", retry=True)
            return NotGreeted(busy, "too_many_connections")
        refused = session.welcome(caller, hello.epoch, self._clock.now_s)
        if refused is not None:
            return NotGreeted(refused, "")
        self._players[caller.by] = self._players.get(caller.by, 0) + 1
        if device:
            self._devices[(caller.by, device)] = seat
        if old is not None:
            old.close("replaced")
        self._labels += 1
        return Greeting(f"s{self._labels}", device, self._tokens.renewed(hello.token))

    def end(self, seat: Seat, caller: Caller, device: str) -> None:
        """Close a session: its connection is gone."""
        count = self._players.get(caller.by, 1) - 1
        if count:
            self._players[caller.by] = count
        else:
            self._players.pop(caller.by, None)
        if device and self._devices.get((caller.by, device)) is seat:
            del self._devices[(caller.by, device)]

    def greeted(self) -> int:
        """Return how many sessions there are."""
        return sum(self._players.values())
