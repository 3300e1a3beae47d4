"""Reactions: commands that follow from events, to other entities, with exactly-once effect.

`Outgoing` is the source's side: one message outstanding per (source, target), all that is due in order, sent again
with backoff and jitter until the target says that it is durable. The target keeps the highest (seq, n) per source
(`dedup.Dedup.marks`). What goes to a closed target is set aside in the snapshot store, so that it holds up no marker
and no clean stop, and is offered again now and then. Owns the queues and the cursor; the shard writes its record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from actors.entity import Reaction, Rejected

RESEND_S: Final = (0.5, 0.5, 1.0)
CLOSED_S: Final = 30.0
"""Between two offers to a closed target."""
CLOSED_CODE: Final = "entity_damaged"
REACTION_BYTES: Final = 600


class ReactionItem(NamedTuple):
    """One reaction: (seq, n) is its place in the source's history, n in the record's full list."""

    seq: int
    n: int
    command: Any


class ReactionBatch(NamedTuple):
    """What one source has for one target, in order. `source` is KIND/ID."""

    source: str
    items: Sequence[ReactionItem]


class ReactionAside(NamedTuple):
    """A reaction to a closed target as it is kept: offset of its source's record, its place, and the target."""

    offset: int
    source: str
    item: ReactionItem
    kind: str
    id: str


class Aside(Protocol):
    """Where reactions to closed targets are kept."""

    def put(self, reaction: ReactionAside) -> asyncio.Future[None]:
        """Keep; the future resolves when it is durable, or fails with a `Fault`."""
        ...

    def remove(self, reaction: ReactionAside) -> None:
        """Forget one that has arrived after all. A failure only means that it is offered once more after a restart."""
        ...


Deliver = Callable[[str, str, ReactionBatch, Any], None]


class _Waiting:
    """One reaction in a route's queue."""

    __slots__ = ("aside", "item", "offset")

    def __init__(self, item: ReactionItem, offset: int, aside: bool = False) -> None:
        self.item = item
        self.offset = offset
        self.aside = aside  # durable in the store: markers may pass it


class Route:
    """The way from one source to one target, and the sink of its deliveries."""

    __slots__ = ("closed", "failures", "id", "keeping", "kind", "outgoing", "outstanding", "source", "timer", "waiting")

    def __init__(self, outgoing: Outgoing, source: str, kind: str, id: str) -> None:
        self.outgoing = outgoing
        self.source = source
        self.kind = kind
        self.id = id
        self.waiting: deque[_Waiting] = deque()
        self.outstanding = 0
        self.failures = 0  # refusals in a row
        self.closed = False  # the target said that it is
        self.keeping = False  # what waits is being set aside
        self.timer: asyncio.TimerHandle | None = None

    def send(self) -> None:
        """Send all that waits, unless a message is outstanding or the next try has its time."""
        if self.outstanding or not self.waiting or self.outgoing.stopped or self.timer is not None:
            return
        self.outstanding = len(self.waiting)
        items = [waiting.item for waiting in self.waiting]
        try:
            self.outgoing.deliver(self.kind, self.id, ReactionBatch(self.source, items), self)
        except Exception as error:  # a bug on the way: told, and tried again like any refusal
            self.outgoing.contain(error)
            self._again()

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """All items up to the message's last are durable at the target."""
        if self.outgoing.stopped:
            return
        self.failures = 0
        self.closed = False
        done = [self.waiting.popleft() for _ in range(self.outstanding)]
        self.outstanding = 0
        self.outgoing.arrived(self, done)
        if self.waiting:
            self.send()
        else:
            self.outgoing.forget(self)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Not durable, or not known to be: the same again, later."""
        if self.outgoing.stopped:
            return
        if rejected.code == CLOSED_CODE:
            self.closed = True
            self.outgoing.set_aside(self)
        self._again()

    def _again(self) -> None:
        self.outstanding = 0
        self.failures += 1
        wait_s = CLOSED_S if self.closed else RESEND_S[min(self.failures, len(RESEND_S)) - 1]
        wait_s *= 0.75 + 0.5 * self.outgoing.draw()
        self.timer = asyncio.get_running_loop().call_later(wait_s, self._time)

    def _time(self) -> None:
        self.timer = None
        self.send()

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""


class Outgoing:
    """All reactions of one source shard that are not acknowledged.

    `acked` is told of each that arrived, `draw` gives the jitter (0 to 1), `contain` takes what must not spread.
    """

    def __init__(
        self,
        deliver: Deliver,
        acked: Callable[[], None],
        *,
        aside: Aside,
        draw: Callable[[], float],
        contain: Callable[[BaseException], None],
    ) -> None:
        self.deliver = deliver
        self.draw = draw
        self.contain = contain
        self.stopped = False
        self.held = 0  # reactions in all queues
        self.aside = 0  # of these: set aside
        self.raised_by: Callable[[int], int] = lambda offset: 0  # what lost records add to the numbers of later ones
        self.stored: set[tuple[int, int]] = set()  # (offset, n) of what an earlier tenure set aside, and is added again
        self._acked = acked
        self._aside = aside
        self._routes: dict[tuple[str, str, str], Route] = {}
        self._open: dict[int, int] = {}  # offset of the source record -> reactions neither acknowledged nor set aside

    def add(self, source: str, seq: int, offset: int, reactions: Sequence[Reaction]) -> None:
        """Take a durable record's reactions and send them when their turn comes."""
        seq += self.raised_by(offset)
        self._open[offset] = self._open.get(offset, 0) + len(reactions)
        self.held += len(reactions)
        for n, reaction in enumerate(reactions):
            route = self._route(source, reaction.kind, reaction.id)
            route.waiting.append(_Waiting(ReactionItem(seq, n, reaction.command), offset))
            if route.closed:
                self.set_aside(route)
            route.send()

    def restore(self, reaction: ReactionAside) -> None:
        """Take one that was set aside by an earlier tenure; all of them before any `add`, by offset."""
        route = self._route(reaction.source, reaction.kind, reaction.id)
        route.waiting.append(_Waiting(reaction.item, reaction.offset, aside=True))
        self.held += 1
        self.aside += 1
        route.send()

    def _route(self, source: str, kind: str, id: str) -> Route:
        where = (source, kind, id)
        route = self._routes.get(where)
        if route is None:
            route = self._routes[where] = Route(self, *where)
        return route

    def arrived(self, route: Route, done: Sequence[_Waiting]) -> None:
        """Count reactions that are durable at their target."""
        self.held -= len(done)
        for waiting in done:
            if waiting.aside:
                self.aside -= 1
                self._aside.remove(ReactionAside(waiting.offset, route.source, waiting.item, route.kind, route.id))
            else:
                self._settle(waiting.offset)
                if self.stored and (waiting.offset, waiting.item.n) in self.stored:
                    self.stored.discard((waiting.offset, waiting.item.n))
                    self._aside.remove(ReactionAside(waiting.offset, route.source, waiting.item, route.kind, route.id))
        self._acked()

    def _settle(self, offset: int) -> None:
        left = self._open[offset] - 1
        if left:
            self._open[offset] = left
        else:
            del self._open[offset]

    def forget(self, route: Route) -> None:
        """Drop an empty route."""
        self._routes.pop((route.source, route.kind, route.id), None)

    # ---- closed targets

    def set_aside(self, route: Route) -> None:
        """Begin to keep what waits for a closed target where no marker waits for it."""
        fresh = [waiting for waiting in route.waiting if not waiting.aside]
        if route.keeping or not fresh:
            return
        route.keeping = True
        puts = [self._aside.put(ReactionAside(w.offset, route.source, w.item, route.kind, route.id)) for w in fresh]
        asyncio.gather(*puts, return_exceptions=True).add_done_callback(lambda kept: self._kept(route, fresh, kept))

    def _kept(self, route: Route, fresh: Sequence[_Waiting], kept: asyncio.Future[list[Any]]) -> None:
        route.keeping = False
        if self.stopped or kept.cancelled():
            return
        results = kept.result()
        waits = {id(waiting) for waiting in route.waiting}
        for waiting, failed in zip(fresh, results, strict=True):
            if failed is None and id(waiting) in waits:  # it may have arrived meanwhile
                waiting.aside = True
                self.aside += 1
                self._settle(waiting.offset)
        if all(result is None for result in results):
            self.set_aside(route)  # what came meanwhile; a failed one waits for the next refusal
        self._acked()

    # ---- the cursor

    def cursor(self, end: int) -> int:
        """Return the offset before which all are acknowledged or set aside; `end` when none is open."""
        return next(iter(self._open), end)  # offsets are added in rising order

    def pending(self) -> int:
        """Return the number of reactions neither acknowledged nor set aside."""
        return sum(self._open.values())

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes."""
        return REACTION_BYTES * self.held

    def stop(self) -> None:
        """Send no more: the shard's memory is gone. Answers that still come are for nobody."""
        self.stopped = True
        for route in self._routes.values():
            if route.timer is not None:
                route.timer.cancel()
        self._routes.clear()
        self._open.clear()
