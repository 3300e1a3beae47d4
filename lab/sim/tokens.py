"""Tokens in the simulation: the product's own, judged at every hello by the clocks of the node that is spoken to.

Owns what is held: by players tokens that are valid by the world's time for the whole run, given just now or long ago,
for an hour or for weeks; by strangers tokens that are valid no longer. Draws from a random stream of its own.
"""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.gateway.sessions import Greeting, Sessions
from huntserver.limits import Limits
from huntserver.wire.messages import Hello
from huntserver.wire.session import Session
from lab.sim.faults import EPOCH_MS

KEY: Final = b"s" * 32
EPOCH_S: Final = EPOCH_MS / 1000
HOUR_S: Final = 3_600.0
DAY_S: Final = 24 * HOUR_S
AGES_S: Final = (0.0, 0.0, 2 * DAY_S, 10 * DAY_S)
LEFT_S: Final = (HOUR_S, 20 * DAY_S)
ENDED_S: Final = (HOUR_S, 7 * DAY_S)
CLOSE_S: Final = 20.0
"""What two clocks may be apart, the leeway, and the length of a run: nothing is judged that is closer."""
SET_RIGHT_S: Final = 1.0
"""A node looks at its clock a few times a second: until then one that was set right may count as it was before."""
ERASED: Final = "p:gone"


class Ended(NamedTuple):
    """A token that no longer counts, and for how long, by the world's time; endless: of a player that was erased."""

    text: str
    ended_s: float


def of_node(node: Any) -> Tokens:
    """Return what a node judges tokens with: by the time of its log, or by its own clock's."""
    tokens = Tokens(KEY, erased=lambda by: by == ERASED)
    system, clock = node.system, node.clock
    tokens.go_by(system.time, has_read=lambda: system.ready()[0], wall=lambda: (clock.wall_ms() / 1000,))
    return tokens


def of_player(seed: int, number: int, caller: Caller) -> str:
    """Return the token of a session: valid for the whole run."""
    draw = random.Random(f"{seed}/token{number}")
    age_s, left_s, guest = draw.choice(AGES_S), draw.choice(LEFT_S), draw.random() < 0.5
    if guest and caller.role == "player":  # renewed at a hello, when it is a day old
        return _given(age_s).paired(caller.by[2:], caller.name)
    return _given(age_s).mint(caller.role, caller.by[2:], caller.name, age_s + left_s)


def of_strangers() -> list[Ended]:
    """Return tokens that nobody gets in with."""
    ended = [Ended(_given(30 * DAY_S).mint("player", "late", "Late", 30 * DAY_S - s), s) for s in ENDED_S]
    return [*ended, Ended(_given(0.0).paired(ERASED[2:], "Gone"), float("inf"))]


def _given(age_s: float) -> Tokens:
    tokens = Tokens(KEY)
    tokens.times = lambda: (EPOCH_S - age_s,)
    return tokens


class Strangers:
    """Say hello at one node, again and again, with what they have."""

    def __init__(self, node: Any, sessions: Sessions, limits: Limits) -> None:
        self._node = node
        self._sessions = sessions
        self._limits = limits
        self._held = of_strangers()
        self._was_behind = -SET_RIGHT_S, 0.0  # when its clock was so last, and how far

    def knock(self) -> None:
        """Try the next token. One that a wrong wall clock takes for valid still may get in: by either time it counts.
        Raises nothing: who gets in has broken a promise (I9)."""
        held = self._held.pop(0)
        self._held.append(held)
        told = self._sessions.greet(self, Session(self._limits), Hello(id=0, token=held.text))
        now_s, behind_s = self._node.sim.loop.time(), -self._node.clock.offset_ms / 1000
        if behind_s > CLOSE_S:
            self._was_behind = now_s, behind_s
        elif now_s < self._was_behind[0] + SET_RIGHT_S:
            behind_s = self._was_behind[1]
        if isinstance(told, Greeting) and behind_s < held.ended_s - CLOSE_S:
            why = f"ended {held.ended_s:.0f} s ago" if held.ended_s < float("inf") else "is of an erased player"
            self._node.sim.broken("I9", f"{self._node.name} let somebody in whose token {why}")

    def close(self, name: str) -> None:
        """Nothing: they have no connection."""
