"""What is played in a simulation, as a plug-in: entities, players, the next command, the workload's own invariants."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from actors.checker.history import Call, ReceivedPush
from actors.checker.log_judge import Rules, WorkloadRules
from actors.entity import EntityType
from actors.shard.actor import Caller
from actors.shard.dedup import EPOCHS_MAX
from lab.sim import toy
from lab.sim.toy_invariants import ToyInvariants


class Move(NamedTuple):
    """The next thing a player sends; `asks`: a question, without a key."""

    kind: str
    id: str
    command: Any
    asks: bool = False


class Secretive(WorkloadRules, Protocol):
    """Invariants with secrets among them."""

    def leaks(self, calls: Iterable[Call], seen: Iterable[ReceivedPush]) -> Iterable[str]:
        """Yield, once the log was seen, each secret that was let out too early (I9)."""
        ...


class SessionLayer(Protocol):
    """How players reach nodes, where it is not by bare messages."""

    def player(self, sim: Any, number: int, caller: Caller, count: int) -> Any:
        """Return a session, which is a `Player`."""
        ...

    def open(self, node: Any) -> Any:
        """Return a node's gateway, with its `publisher` and `drain`."""
        ...

    def check(self, sim: Any) -> None:
        """Judge the sessions once everything is at rest."""
        ...


class Workload(Protocol):
    """Entities, sessions, commands and invariants of one kind of run. Pure but for the random numbers it is given."""

    door: Any  # a `SessionLayer`, or None
    roomy: bool
    """Whether it needs the limits of a real node: it is larger than what the smallest ones are for."""

    kinds: Sequence[tuple[EntityType[Any], int]]
    rules: Rules

    def kinds_of(self, node: str) -> Sequence[tuple[EntityType[Any], int]]:
        """Return the kinds as a node runs them; `kinds` are the judge's."""
        ...

    def players(self, draw: random.Random) -> list[tuple[Caller, int]]:
        """Return the sessions with the number of commands that each sends."""
        ...

    def next(self, draw: random.Random, caller: Caller) -> Move | None:
        """Return what a session sends next; None: nothing yet."""
        ...

    def probes(self) -> list[Move]:
        """Return a question for each entity: at the end all must be answered."""
        ...

    def game(self) -> Secretive:
        """Return fresh invariants."""
        ...


class ToyWorkload:
    """Chests and purses, many collisions."""

    roomy = False

    door = None

    def __init__(self, draw: random.Random) -> None:
        self.kinds: Sequence[tuple[EntityType[Any], int]] = [
            (toy.ChestType(), draw.choice((1, 2))),
            (toy.PurseType(), 1),
        ]
        self.rules = Rules()
        self._chests = [f"c{i}" for i in range(draw.choice((1, 2, 4)))]
        self._people = ("ann", "bob", "cat")
        self._size = draw.choice((5, 5, 15, 15, 25, 25, 25, 60))
        self._weights = [draw.choice((0, 1, 3, 8)) for _ in range(6)]
        self._devices = 2  # of the first person
        if draw.random() < 0.25:  # hardly anything is accepted: an owner that was superseded does not notice it soon
            takes, peeks, spends = (draw.choice((0, 20)) for _ in range(3))
            self._weights = [0, takes, peeks, 0, spends, draw.choice((5, 30))]
        elif draw.random() < 0.12:  # nearly everything is, and of one chest: it comes to forget answers
            self._chests, self._size, self._weights = self._chests[:1], 70, [30, 0, 0, 0, 0, 0]
        if draw.random() < 0.15:  # many devices of one person play at once, now and then more than are remembered
            self._chests, self._size = self._chests[:1], min(self._size, 25)
            self._devices = draw.choice((3, EPOCHS_MAX, EPOCHS_MAX + 3, 2 * EPOCHS_MAX, 2 * EPOCHS_MAX))
            if draw.random() < 0.6:  # of which much is refused
                self._weights = [1, 10, 10, 0, 8, 0]

    def kinds_of(self, node: str) -> Sequence[tuple[EntityType[Any], int]]:
        """Every node runs the same."""
        return self.kinds

    def players(self, draw: random.Random) -> list[tuple[Caller, int]]:
        """Three players, one with several devices, and a host."""
        people = (*self._people, *self._people[:1] * (self._devices - 1))
        out = [(Caller(f"p:{who}", "player", who), self._size) for who in people]
        return [*out, (Caller("h:host", "host", "Host"), self._size)]

    def next(self, draw: random.Random, caller: Caller) -> Move:
        """Draw a command."""
        chest = draw.choice(self._chests)
        roll = draw.random()
        if caller.role == "host":
            if roll < 0.4:
                return Move("chest", chest, toy.Lid(draw.random() < 0.5))
            if roll < 0.65:
                return Move("chest", chest, toy.Refill())
            if roll < 0.85:
                return Move("chest", chest, toy.Alarm(draw.randrange(1, draw.choice((400, 400, 2_500)))))
            return Move("chest", chest, toy.Look(), True)
        adds, takes, peeks, gifts, spends, looks = self._weights
        what = draw.choices("atpgsl", (adds + 1, takes, peeks, gifts, spends, looks + 1))[0]
        if what == "a":
            return Move("chest", chest, toy.Add(draw.randrange(1, 9)))
        if what == "t":
            return Move("chest", chest, toy.Take())
        if what == "p":
            return Move("chest", chest, toy.Peek())
        if what == "g":
            to = tuple(draw.choice(self._people) for _ in range(draw.randrange(1, 4)))
            return Move("chest", chest, toy.Gift(to, draw.randrange(1, 4)))
        if what == "s":
            return Move("purse", caller.by[2:], toy.Spend(draw.randrange(1, 4)))
        if roll < 0.7:
            return Move("chest", chest, toy.Look(), True)
        return Move("purse", draw.choice(self._people), toy.Look(), True)

    def probes(self) -> list[Move]:
        """Look at everything."""
        chests = [Move("chest", id, toy.Look(), True) for id in self._chests]
        return [*chests, *(Move("purse", id, toy.Look(), True) for id in self._people)]

    def game(self) -> Secretive:
        """The toy's invariants."""
        return ToyInvariants()
