"""What goes wrong around the gateway of the seeded world: a runtime under faults, readers that are slow, late calls."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.gateway.clock import LoopClock
from lab.rigs.gateway import MemorySystem, MemoryTransport, Rig

SOFT: Final = 3_000


class Walk(Protocol):
    """The world as its runtime sees it: its dice, its gateway, and where broken promises are told."""

    draw: random.Random
    stale: bool
    rig: Rig

    def wrong(self, invariant: str, text: str) -> None:
        """Note a broken promise."""
        ...

    def judge_span(self, caller: Caller, n: int) -> None:
        """Look at a key that goes on to the hunt."""
        ...


class FaultySystem(MemorySystem):
    """Decides at once, lets out when `release` is called, and misbehaves as a runtime under faults may."""

    def __init__(self, world: Walk) -> None:
        super().__init__()
        self.world = world
        self.held = []
        self.late: list[Any] = []
        self.older: list[tuple[int, list[bytes]]] = []
        self.shown: list[tuple[Any, ...]] = []
        self.claims: list[int] = []
        self.first: set[str] = set()

    def submit(self, kind: str, id: str, command: Any, sink: Any, request: int, caller: Caller, key: Any) -> None:
        """Decide a command, after the key window was checked."""
        if key is not None:
            self.world.judge_span(caller, key[1])
        super().submit(kind, id, command, sink, request, caller, key)
        if kind == "hunt":
            self.older = [*self.older[-6:], (self.seqs[f"hunt/{id}"], list(self.kinds["hunt"].encode(self.hunt())))]

    def hunt(self) -> Any:
        """Return the state of the hunt."""
        return self.states["hunt/h1"]

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Caller) -> None:
        """Answer a question: from an older state now and then, and now and then later than its turn."""
        draw = self.world.draw
        rules, name = self.kinds[kind], f"{kind}/{id}"
        seq, state = self.seqs.get(name, 0), self.states.setdefault(name, rules.create(id))
        if kind == "hunt" and self.world.stale and draw.random() < 0.15:
            seq, parts = draw.choice(self.older)
            state = rules.decode(id, parts)
        view = rules.query(state, query, self._context(caller, seq))
        late = self.late if draw.random() < 0.3 else self.held
        assert late is not None
        if isinstance(view, Rejected):
            late.append(lambda: sink.refused(request, view, seq))
        else:
            late.append(lambda: sink.viewed(request, view, seq))

    def release(self) -> None:
        """Let everything out, late views last."""
        super().release()
        late, self.late = self.late, []
        for effect in late:
            effect()

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Any) -> None:
        """Pass a durable record on to the rooms, and look at what it says."""
        if kind == "hunt":
            self.shown.append((kind, id, seq, at_ms, pushes, None))
            for push in pushes:
                if push.channel == "host":
                    for event in push.events:
                        self._judge(event)
        self.world.rig.rooms.publish(kind, id, seq, at_ms, pushes, origin)

    def _judge(self, event: Any) -> None:
        if event.type == "claimed":
            self.claims.append(event.rank)
            if sorted(self.claims) != list(range(1, len(self.claims) + 1)) or len(self.claims) > 2:
                self.world.wrong("I8", f"pieces {self.claims} of 2 were given away")
        elif event.type == "solved" and event.rank == 1:
            if event.clue in self.first:
                self.world.wrong("I8", f"clue {event.clue} has two first finders")
            self.first.add(event.clue)

    def show_again(self) -> None:
        """Do what a recovery does: give the rooms the tail once more."""
        for record in self.shown[-5:]:
            self.world.rig.rooms.publish(*record)


class SlowTransport(MemoryTransport):
    """A socket of which the other end may not read for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = self.paused = False

    def write(self, data: Any) -> None:
        """Keep it; past the soft bound the protocol is told."""
        super().write(data)
        if self.slow:
            self.buffered += len(data)
            if self.buffered > SOFT and not self.paused:
                self.paused = True
                self.protocol.pause_writing()

    def drain(self) -> None:
        """The other end reads again."""
        self.slow, self.buffered = False, 0
        if self.paused:
            self.paused = False
            self.protocol.resume_writing()


class Later(LoopClock):
    """A clock whose later calls are made when the walk says so."""

    def __init__(self, calls: list[tuple[Any, tuple[Any, ...]]], now_s: float) -> None:
        super().__init__(now_s)
        self.calls = calls

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Note a call."""
        self.calls.append((call, arguments))
