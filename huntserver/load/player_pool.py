"""What the players of one process share: the plan, the sockets, who may connect when, tokens, the history's writer.

Owns the counts of those who connect, play and are out. Knows of a player only what `Comer` says.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import jwt

from huntserver.auth import Tokens
from huntserver.load.epoll_loop import EpollLoop
from huntserver.load.frames import handshake
from huntserver.load.history import HistoryWriter
from huntserver.load.plan import LoadPlan


class Comer(Protocol):
    """Who wants to connect: how many sessions it had, since when it tries, in ns (0: it has not begun)."""

    sessions: int
    since_ns: int

    def open(self) -> None:
        """Connect."""


class PlayerPool:
    """What one process's players share, and who of them may connect now. `part`: this process among the workers."""

    def __init__(self, plan: LoadPlan, part: int) -> None:
        self.plan = plan
        self.numbers = range(part, plan.players, plan.workers)
        self.loop = EpollLoop()
        self.handshake = handshake(f"{plan.host}:{plan.port}", plan.path)
        self.where = (plan.host, plan.port)
        self.connecting = 0
        self.playing = 0
        self.ready = 0  # that could play once and are not out
        self.out = 0
        self.ending = False
        self._waiting: deque[Comer] = deque()
        self._tokens = self._mint()
        self.history: HistoryWriter | None = None
        if plan.history:
            self.history = HistoryWriter(Path(plan.history) / f"history-{part}.jsonl", plan.scenario, plan.run)

    def _mint(self) -> dict[int, str]:
        """Make the tokens beforehand: it takes as long as a connection does."""
        plan = self.plan
        if plan.tokens:
            return {number: plan.tokens[number] for number in self.numbers}
        if plan.key:
            mint = Tokens(plan.key).mint
            return {number: mint("player", self.subject(number), f"P{number}") for number in self.numbers}
        return {}

    # ---- who a player is

    def subject(self, number: int) -> str:
        """Return a player's id."""
        if self.plan.tokens:
            return subject_of(self.plan.tokens[number])
        return f"load-{self.plan.run}-{number}"

    def epoch(self, number: int) -> str:
        """Return the epoch of a player's device."""
        return f"{self.plan.run}.{number}"

    def token(self, number: int) -> str:
        """Return a player's (or, past the players, the host's) token."""
        players = self.plan.players
        return self.plan.host_tokens[number - players] if number >= players else self._tokens.get(number, "")

    def is_slow(self, number: int) -> bool:
        """Tell whether a player stops reading now and then."""
        share = self.plan.slow_share
        return share > 0 and number % max(1, round(1 / share)) == 0

    # ---- coming in

    def admit(self, player: Comer) -> None:
        """Let a player connect when its turn comes; the time counts from now."""
        if self.ending:
            return
        if (player.sessions or self.plan.at_once) and not player.since_ns:
            player.since_ns = time.monotonic_ns()
        if self.connecting < self.plan.connecting_max and not self._waiting:
            player.open()
        else:
            self._waiting.append(player)

    def became_ready(self) -> None:
        """Count a player that can play."""
        self.ready += 1

    def gave_up(self, was_ready: bool) -> None:
        """Count a player that is out."""
        self.out += 1
        self.ready -= was_ready

    def turn(self, until_ns: int) -> None:
        """Serve sockets and timers until something was served or the time is there; let in who waited."""
        self.loop.turn(until_ns)
        while self._waiting and self.connecting < self.plan.connecting_max:
            self._waiting.popleft().open()


def subject_of(token: str) -> str:
    """Return the player's id in a token, which is not verified. Raises ValueError for what is no token."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return str(claims["sub"])
    except (jwt.InvalidTokenError, KeyError) as error:
        raise ValueError(f"{token[:12]!r}... is no token of a player ({error})") from error
