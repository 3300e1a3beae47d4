"""One simulated process: an actor system with its own clocks, a place to run in, and links to its peers.

Owns what dies with the process. Lives as long as its place.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from actors.checker.history import Emission, LiveDigest, ReceivedPush
from actors.clock import RESUME_GRACE_S
from actors.entity import Push, Rejected
from actors.faults import SpillFailed
from actors.shard.actor import Sink
from actors.shard.commit import UNKNOWN
from actors.shard.fence import Mode
from actors.shard.mailbox import REACTION
from actors.shard.reactions import ReactionBatch
from actors.shard.shard import UNAVAILABLE, Shard
from actors.snapshots.format import EncodedEntity, digest
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from lab.sim.busy import keep_busy
from lab.sim.faults import EPOCH_MS, REACTIONS_BYTES, SimLog
from lab.sim.loop import SimLoop, SimPlace
from lab.sim.player import AnswerSink, Pending, ScriptedPlayer
from lab.sim.spill import SimSpill
from lab.sim.stage import Process, Stage

LINK_S = 0.4
LATE_S = 0.3
"""A node looks five times a second whether a batch is late."""
BUGS = frozenset({"bug_contained", "timer_loops", "shard_restarts", "background_failed", "background_contained"})


class SimClock:
    """A node's clocks: wall time with an offset that may jump, boot time that never goes back."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.offset_ms = 0
        self._right = False

    def set_right(self) -> None:
        """Make it right, and have the kernel say so."""
        self.offset_ms, self._right = 0, True

    def wall_ms(self) -> int:
        """Return ms since 1970, wrong by the offset."""
        return EPOCH_MS + int(self._loop.time() * 1000) + self.offset_ms

    def boot_ns(self) -> int:
        """Return ns."""
        return 1_000_000_000 + int(self._loop.time() * 1e9)

    def synchronised(self) -> bool:
        """Tell whether something vouches for it."""
        return self._right

    def remembered_ms(self) -> int | None:
        """Return None: no run left anything."""
        return None

    def remember(self, now_ms: int) -> None:
        """Leave nothing."""


class SimSystem(ActorSystem):
    """An actor system whose reactions find a shard that has moved to a peer."""

    peers: Callable[[Shard], Process | None]
    links: Stage[Any]
    place: SimPlace

    def _deliver(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        shard = self.regions[kind].shard(id)
        if shard.ownership.mode not in (Mode.MOVED, Mode.RELEASED):
            super()._deliver(kind, id, batch, sink)
            return
        peer = self.peers(shard)
        answer = LinkAnswer(self.links, self.place, sink)
        if peer is not None:
            self.links.net.carry(peer.place, peer.react, kind, id, batch, answer)


class LinkAnswer:
    """The one answer to a message over a link; a lost one is answered with "unknown" after a while."""

    def __init__(self, sim: Stage[Any], place: SimPlace, sink: Any) -> None:
        self._sim = sim
        self._place = place
        self._sink: Any = sink
        sim.loop.post(place, LINK_S, self._give, False, 0, b"", -1)

    def _give(self, good: bool, request: int, answer: bytes, pos: int) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if good:
            sink.accepted(request, answer, pos, None)
        else:
            sink.refused(request, UNKNOWN, pos)

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """At the peer: carry it home."""
        self._sim.net.carry(self._place, self._give, True, request, answer, pos)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """At the peer: carry it home."""
        self._sim.net.carry(self._place, self._give, False, request, b"", pos)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""


class _Publisher:
    """A listener on every channel of a node."""

    def __init__(self, sim: Stage[Any], name: str) -> None:
        self._sim = sim
        self._name = name
        self._last: dict[str, int] = {}
        self._heard: dict[tuple[str, str], tuple[int, int]] = {}  # by channel: last seq, and of which of its lives
        self.lives = 0  # how often the node took a shard back that a newer one had owned meanwhile
        self.rooms: Any = None  # of the node's gateway, if it has one

    def rewind(self, kind: str, seq: Any) -> None:
        """Nothing: a simulated log keeps what it has."""

    def regained(self, kind: str, since: Any) -> None:
        """Pass it on."""
        if self.rooms is not None:
            self.rooms.regained(kind, since)

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Write down a record's pushes, once."""
        if self.rooms is not None:
            self.rooms.publish(kind, id, seq, at_ms, pushes, origin)
        entity = f"{kind}/{id}"
        if seq <= self._last.get(entity, 0):
            return
        self._last[entity] = seq
        sim = self._sim
        sim.shown.append(Emission(self._name, entity, seq, sim.loop.time(), "a push"))
        for push in pushes:
            if push.tells:
                channel = (entity, push.channel)
                last, life = self._heard.get(channel, (0, self.lives))
                if life < self.lives and last < push.prev:  # what the newer owner showed: a client asks for a snapshot
                    sim.seen.append(ReceivedPush(self._name, entity, push.channel, push.prev, -1, None))
                self._heard[channel] = (seq, self.lives)
                events = msgspec.json.encode(push.events)
                sim.seen.append(ReceivedPush(self._name, entity, push.channel, seq, push.prev, events))


class _Reporter:
    """Puts what a node reports on the time line."""

    def __init__(self, sim: Stage[Any], name: str, publisher: _Publisher, lives_on: Sequence[str]) -> None:
        self._sim = sim
        self._name = name
        self._publisher = publisher
        self._lives_on = lives_on

    def note(self, event: str, **fields: Any) -> None:
        """On the time line."""
        self._publisher.lives += event in self._lives_on
        self._sim.note("says", self._name, event, *(f"{k}={v}" for k, v in fields.items()))

    warn = note

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """On the time line; a bug fails the run."""
        self.note(event, error=repr(error), **fields)
        if event in BUGS:
            self._sim.broken("I10", f"{self._name}: {event} {error!r} {fields}")
        elif event == "entity_damaged":
            self._sim.damaged(fields["entity"], fields["shard"], str(fields.get("why", error)))


class SimNode:
    """A process of the simulation: what runs in it dies with its place; the store outlives it."""

    lives_on: Sequence[str] = ("shard_outlasted",)
    """After these events another process may have served a shard meanwhile: listeners ask for a snapshot."""

    def __init__(self, sim: Stage[Any], number: int) -> None:
        self.sim = sim
        self.name = f"n{number}"
        self.place = SimPlace(self.name)
        self.clock = SimClock(sim.loop)
        self.clock.offset_ms = sim.plan.start_ms(sim.known())
        self.booted = False
        self.draining = False
        self.born_s = sim.loop.time()
        self.log = SimLog(sim.loop, self.place, sim.store, sim.plan)
        publisher = _Publisher(sim, self.name)
        outside = Outside(
            self.log,
            self.log.snapshots,
            SimSpill(sim.plan, self._stand_still),
            self.clock,
            random.Random(f"{sim.seed}/{self.name}"),
            publisher,
            _Reporter(sim, self.name, publisher, self.lives_on),
        )
        sim.loop.place = self.place
        self.system: ActorSystem = self.make(outside)
        sim.loop.place = sim.loop.world
        if sim.plan.busy:
            keep_busy(self.system.shards()[0].ports.pacer, random.Random(f"{sim.seed}/{self.name}/busy"))
        self.gateway: Any = None
        if sim.door:
            self.gateway = sim.door.open(self)
            publisher.rooms = self.gateway.publisher

    def make(self, outside: Outside) -> ActorSystem:
        """Return the actor system of this process."""
        sim = self.sim
        system = SimSystem(sim.workload.kinds_of(self.name), outside, NodeRun(self.name, self.name), sim.plan.limits)
        system.links, system.place = sim, self.place
        system.peers = lambda shard: sim.owner(shard, self)
        return system

    def boot(self, after_s: float) -> None:
        """Start the process."""
        loop = self.sim.loop
        loop.post(self.place, after_s, lambda: loop.create_task(self._boot(), name="boot"))

    async def _boot(self) -> None:
        await self.log.open()
        await self.system.start()
        self.booted = True

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        self.sim.loop.kill_place(self.place)

    def _stand_still(self) -> None:
        self.sim.loop.post(self.sim.loop.world, 0.0001, self.log.pause)

    def drain(self) -> None:
        """End it in order."""
        loop = self.sim.loop
        self.draining = True
        loop.post(self.place, 0.0, lambda: loop.create_task(self._drain(), name="drain"))

    async def _drain(self) -> None:
        if self.gateway is not None:
            await self.gateway.drain()
        await self.system.drain()
        await self.system.close()
        await self.log.close()
        self.sim.loop.post(self.sim.loop.world, 0.0, self.kill)

    # ---- messages that arrive

    def receive(self, player: ScriptedPlayer, pending: Pending) -> None:
        """A client's message."""
        shard = self.system.regions[pending.kind].shard(pending.id)
        wire = AnswerSink(self.name, player, pending, shard)
        pending.arrived_s = min(pending.arrived_s, self.sim.loop.time())
        if pending.key is None:
            self.system.query(pending.kind, pending.id, pending.command, wire, pending.number, player.caller)
        else:
            self.system.submit(
                pending.kind, pending.id, pending.command, wire, pending.number, player.caller, pending.key
            )

    def react(self, kind: str, id: str, batch: ReactionBatch, answer: LinkAnswer) -> None:
        """A peer's reactions."""
        shard = self.system.regions[kind].shard(id)
        if shard.ownership.mode in (Mode.MOVED, Mode.RELEASED):
            answer.refused(0, UNAVAILABLE, -1)
        else:
            shard.submit(id, (REACTION, batch, answer, 0, None, None))

    # ---- looks from outside

    def owns_all(self) -> bool:
        """Tell whether every shard is served here, as far as the node knows."""
        return all(s.ownership.mode is Mode.OWNER and not s.commit.late for s in self.system.shards())

    def lost_one(self) -> bool:
        """Tell whether it gave up a shard to a newer tenure."""
        return any(s.ownership.mode is Mode.MOVED for s in self.system.shards())

    def quiet(self) -> bool:
        """Tell whether nothing waits, is under way, or is still to be delivered."""
        return all(
            not s.busy() and s.commit.quiet() and not s.waiting and not self._owes(s) for s in self.system.shards()
        )

    def _owes(self, shard: Shard) -> bool:
        """Tell whether reactions are under way to entities that are not closed."""
        return any(f"{kind}/{id}" not in self.sim.closed for _, kind, id in shard.outgoing._routes)

    def heaped(self) -> str:
        """Return which shard has staged more behind its batch than the cap and one message's share; empty: none."""
        for shard in self.system.shards():
            staged, cap = shard.commit.staged_bytes, self.sim.plan.limits.staged_bytes_max
            if staged > cap + REACTIONS_BYTES:
                return f"{shard.id} has staged {staged} bytes behind its batch, the cap is {cap}"
        return ""

    def untold(self) -> str:
        """Return which shard has clients that wait for a late batch, or for its recovery, for too long; empty: none."""
        now_s = self.sim.loop.time()
        if self.place.stopped or now_s - self.place.resumed_s < RESUME_GRACE_S + 2 * LATE_S:
            return ""
        for shard in self.system.shards():
            commit = shard.commit
            if shard.waiting.waited_s() > self.sim.plan.limits.late_s + LATE_S:
                return f"{len(shard.waiting)} calls wait {shard.waiting.waited_s():.2f} s for {shard.id} to recover"
            age_s = (self.clock.boot_ns() - commit._first_handed_ns) / 1e9
            if commit._future is not None and age_s > self.sim.plan.limits.late_s + LATE_S:
                waiting = [e[1] for e in commit._flying + commit.effects if e[1].__class__ is AnswerSink]
                if waiting:
                    return f"{len(waiting)} clients of {shard.id} wait for {age_s:.2f} s"
        return ""

    def timers(self) -> dict[str, int]:
        """Return when which entity, live or passivated, has a timer due, in ms since 1970."""
        found = {}
        for shard in self.system.shards():
            kind = shard.kind
            states = {id: actor.state for id, actor in shard.actors.items() if not actor.damaged}
            for id, encoded in _asleep(shard):
                try:
                    states[id] = kind.decode(id, encoded.state)
                except ValueError as error:
                    self.sim.broken("I5", f"the passivated state of {kind.kind}/{id} cannot be read: {error}")
            for id, state in states.items():
                due = kind.due(state)
                if due is not None:
                    found[f"{kind.kind}/{id}"] = due.due_ms
        return found

    def live(self) -> list[LiveDigest]:
        """Return the digests of all entities, live or passivated."""
        found = []
        for shard in self.system.shards():
            kind = shard.kind
            for id, actor in shard.actors.items():
                if not actor.damaged and actor.seq:
                    memory, state = list(actor.dedup.encode()), list(kind.encode(actor.state))
                    found.append(LiveDigest(self.name, f"{kind.kind}/{id}", actor.seq, digest(memory, state)))
            for id, encoded in _asleep(shard):
                held = digest(encoded.memory, encoded.state)
                found.append(LiveDigest(self.name, f"{kind.kind}/{id}", encoded.seq, held))
        return found


def _asleep(shard: Shard) -> Iterator[tuple[str, EncodedEntity]]:
    """Yield the passivated entities of a shard that its spill store still has, looked at from outside."""
    try:
        for id in shard.passive.ids():
            encoded = shard.passive.peek(id)
            if encoded is not None:
                yield id, encoded
    except SpillFailed:  # what is gone there is in the log
        return
