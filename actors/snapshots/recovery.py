"""From snapshots and the log's tail to a live shard, under a fresh tenure.

Owns the order: read the snapshots, choose where to start, open the tenure, replay up to its own tenure record (which
alone proves the end). Never serves an entity whose records do not fit together: it is closed, not guessed at.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from actors.entity import Push
from actors.faults import (
    ClockSkewed,
    Fault,
    LogDamaged,
    LogMisconfigured,
    LogShorterThanSnapshots,
    OutcomeUnknown,
)
from actors.log.codec import Cursor, Done, RecordDecoder, Released, Tenure, encode
from actors.shard.actor import Actor
from actors.shard.fence import TenureFold, Verdict
from actors.shard.mailbox import Mailbox
from actors.shard.shard import Shard
from actors.snapshots.format import id_hash
from actors.snapshots.reader import TrustedSnapshots, read_trusted

WEIGH_EVERY = 20_000


class Superseded(Fault):
    """A newer tenure of another node was read; the shard is that node's."""

    code = "superseded"


class NodeRun(NamedTuple):
    """Who opens tenures: where the node is reached, the id of this run, the placement table's version."""

    node: str
    start: str
    table: int = 0

    def holder(self) -> str:
        """Return what a fold knows an owner by."""
        return f"{self.node}#{self.start}"


class Replay:
    """The fold of one shard's log into its memory. Also used by tools, which start from zero and own nothing."""

    def __init__(self, shard: Shard, trusted: TrustedSnapshots, decoder: RecordDecoder) -> None:
        self.shard = shard
        self.fold = TenureFold(trusted.marker.fold if trusted.marker else None)
        self.last_ms = trusted.marker.last_ms if trusted.marker else 0
        self.entities = trusted.marker.entities if trusted.marker else 0
        self.sum = trusted.marker.sum if trusted.marker else 0
        self.start = trusted.marker.offset if trusted.marker else 0
        self.cursor = self.start
        self.released = False
        self.count = 0
        self.reactions: deque[tuple[str, int, int, Sequence[Any]]] = deque()
        self.tails: dict[str, deque[tuple[int, int, Sequence[Push]]]] = {}
        self.born: list[str] = []
        self._by_name: dict[str, Actor] = {}
        self._decode = decoder.decode
        self._tail_max = shard.limits.tail_records

    def feed(self, offset: int, body: bytes) -> Tenure | None:
        """Fold one record; return it if it is a tenure. Raises `LogDamaged`."""
        record = self._decode(self.shard.id, offset, body)
        if record.__class__ is Tenure:
            if record.shards != self.shard.shards:
                raise LogMisconfigured(
                    f"shard {self.shard.id}, offset {offset}: written with {record.shards} shards a topic, configured "
                    f"are {self.shard.shards}; the count is for life: set it back, or export into new topics"
                )
            self.fold.tenure(offset, record.nonce, f"{record.node}#{record.start}")
            self.released = False
            self.last_ms = max(self.last_ms, record.at)
            return record
        if self.fold.record(record.nonce, record.seq) is not Verdict.COUNTS:
            return None
        if record.at > self.last_ms:
            self.last_ms = record.at
        if isinstance(record, Done):
            self._apply(offset, record)
        elif record.__class__ is Cursor:
            self.cursor = max(self.cursor, record.before)
            while self.reactions and self.reactions[0][2] < self.cursor:
                self.reactions.popleft()
        elif record.__class__ is Released:
            self.released = True
        return None

    def _actor(self, name: str) -> Actor:
        kind, _, id = name.partition("/")
        if kind != self.shard.kind.kind:
            raise LogDamaged(
                f"shard {self.shard.id}: a record of entity {name!r}; only {self.shard.kind.kind} live here"
            )
        actor = self.shard.actors.get(id) or self.shard.revive(id)
        self._by_name[name] = actor
        return actor

    def _apply(self, offset: int, record: Done) -> None:
        actor = self._by_name.get(record.entity) or self._actor(record.entity)
        pos = record.pos
        if pos == 1:
            self.born.append(actor.id)
        if pos <= actor.seq or actor.damaged:
            if offset >= self.cursor:  # a snapshot holds the record's effect here, not that its reactions arrived
                self._react(offset, record, self.shard.kind.reactions(record.events, actor.id))
            return
        if pos != actor.seq + 1:
            self._close(actor, f"record {pos} at offset {offset} follows record {actor.seq}")
            return
        kind = self.shard.kind
        events = record.events
        try:
            for event in events:
                kind.apply(actor.state, event, pos, record.at)
            pushes = kind.pushes(actor.state, events, pos, record.at)
            reactions = kind.reactions(events, actor.id)
        except Exception as error:  # a logged event that cannot be applied closes its entity, not the shard; reported
            self._close(actor, f"record {pos} at offset {offset} cannot be applied: {error!r}")
            return
        actor.seq = pos
        actor.since += 1
        if actor.next_dirty < 0:
            actor.wrote(offset)
        if record.key:
            self._remember(actor, record)
        self.count += 1
        if offset >= self.cursor:
            self._react(offset, record, reactions)
        if pushes:
            tail = self.tails.get(actor.id)
            if tail is None:
                tail = self.tails[actor.id] = deque(maxlen=self._tail_max)
            tail.append((pos, record.at, pushes))

    def _react(self, offset: int, record: Done, reactions: Sequence[Any]) -> None:
        if reactions:
            self.reactions.append((record.entity, record.pos, offset, reactions))

    def _remember(self, actor: Actor, record: Done) -> None:
        key, by = record.key, record.by
        if by[1] == ":":  # p:, h: a client's
            epoch, _, number = key.rpartition(":")
            actor.dedup.add(by, epoch, int(number), record.pos, bytes(record.answer))
        elif by.startswith("entity:"):
            seq, _, n = key.partition(".")
            actor.dedup.marks[by[7:]] = (int(seq), int(n))

    def _close(self, actor: Actor, why: str) -> None:
        actor.damaged = why
        self.shard.ports.report.fault(
            "entity_damaged", None, shard=str(self.shard.id), entity=f"{self.shard.kind.kind}/{actor.id}", why=why
        )

    def shed(self) -> None:
        """Passivate everything replayed so far when it weighs more than the node's budget."""
        shard = self.shard
        if shard.weight() < shard.limits.memory_bytes:
            return
        self._by_name.clear()
        for id in [a.id for a in shard.actors.values() if not a.damaged]:
            shard.passivate(shard.actors[id])


async def recover(shard: Shard, node_run: NodeRun, nonce: str, decoder: RecordDecoder) -> None:
    """Open a tenure on the shard and rebuild its memory; on return the node is owner and waiting messages go on.

    Raises a `Fault`: the caller backs off and tries again with a fresh nonce. `Superseded`: the shard is another's.
    """
    shard.drop()
    if shard.clocks.still_broken():
        raise ClockSkewed(f"shard {shard.id}: our clock still differs from the log's; set the clocks by NTP")
    log = shard.ports.log
    trusted = await read_trusted(shard)
    bounds = await log.bounds(shard.id)
    trusted.check_end(shard.id, bounds.end)
    if shard.ownership.last >= 0:
        await _look_for_successor(shard, node_run, decoder, bounds.end)
    for id, encoded in trusted.entities.items():
        shard.passive.put(id, encoded)
    for id, why in trusted.damaged.items():  # before the replay, which would find a gap and call that the reason
        _close(shard, id, why)
    replay = Replay(shard, trusted, decoder)
    handed_ns = shard.ports.clock.boot_ns()
    base = await _open_tenure(shard, node_run, nonce, replay.last_ms)
    if base < replay.start:
        raise LogShorterThanSnapshots(
            f"shard {shard.id}: the tenure landed at {base}, a marker stands at {replay.start}: the log lost its end"
        )
    if base > replay.start:
        await _replay_to(shard, replay, nonce, base)
    else:
        replay.fold.tenure(base, nonce, node_run.holder())
    _begin(shard, replay, trusted, node_run, base)
    shard.commit.proof_ns = handed_ns
    shard.began()


async def _look_for_successor(shard: Shard, node_run: NodeRun, decoder: RecordDecoder, end: int) -> None:
    """After a fault: never take back a shard that another node opened a tenure on meanwhile."""
    at = shard.ownership.last + 1
    if at >= end:
        return
    async for chunk in shard.ports.log.read(shard.id, at):
        for offset, body in chunk:
            record = decoder.decode(shard.id, offset, body)
            if record.__class__ is Tenure and (record.node, record.start) != (node_run.node, node_run.start):
                shard.ownership.superseded()
                raise Superseded(f"shard {shard.id}: {record.node} opened a tenure at offset {offset}")
            at = offset + 1
        if at >= end:
            return


async def only_void(shard: Shard, decoder: RecordDecoder, start: int, end: int) -> bool:
    """Read what lies between two batches of an owner: True if it is void, with no tenure and nothing of the owner's."""
    nonce = shard.ownership.nonce
    at = start
    async for chunk in shard.ports.log.read(shard.id, start):
        for offset, body in chunk:
            if offset >= end:
                return True
            record = decoder.decode(shard.id, offset, body)
            if record.__class__ is Tenure or record.nonce == nonce:
                return False
            at = offset + 1
        if at >= end:
            return True
    return False


async def _open_tenure(shard: Shard, node_run: NodeRun, nonce: str, last_ms: int) -> int:
    now = shard.ports.clock.wall_ms()
    record = encode(Tenure(nonce, 0, max(now, last_ms), node_run.node, node_run.start, node_run.table, shard.shards))
    shard.ownership.open(nonce)
    handed_ns = shard.ports.clock.boot_ns()
    future = shard.ports.log.append(shard.id, [record])
    future.add_done_callback(lambda f: f.cancelled() or f.exception())  # it may outlive this wait
    await asyncio.wait({future}, timeout=shard.limits.give_up_s)  # not wait_for: it would cancel the append
    if not future.done():
        raise OutcomeUnknown(f"shard {shard.id}: the tenure record was not answered in {shard.limits.give_up_s:.0f} s")
    base, at_ms = future.result()
    if shard.clocks.broken(at_ms, (shard.ports.clock.boot_ns() - handed_ns) // 1_000_000):
        raise ClockSkewed(
            f"shard {shard.id}: our clock says {now}, the log's {at_ms} (ms since 1970); set the clocks by NTP"
        )
    return base


async def _replay_to(shard: Shard, replay: Replay, nonce: str, base: int) -> None:
    since = 0
    async for chunk in shard.ports.log.read(shard.id, replay.start):
        for offset, body in chunk:
            tenure = replay.feed(offset, body)
            if offset < base:  # our tenure may have landed here too: only the place that was acknowledged is held
                continue
            if tenure is None or tenure.nonce != nonce:
                raise LogDamaged(f"shard {shard.id}: our tenure is not at {base}, where the log said it was")
            return
        since += len(chunk)
        if since >= WEIGH_EVERY:
            since = 0
            replay.shed()
        await asyncio.sleep(0)
    raise LogDamaged(f"shard {shard.id}: the log ended before our tenure at {base}")


def _close(shard: Shard, id: str, why: str) -> None:
    actor = Actor(shard.kind.kind, id, None, Mailbox(1, 1))
    actor.damaged = why
    shard.actors[id] = actor
    entity = f"{shard.kind.kind}/{id}"
    shard.ports.report.fault("entity_damaged", None, shard=str(shard.id), entity=entity, why=why)


def _begin(shard: Shard, replay: Replay, trusted: TrustedSnapshots, node_run: NodeRun, base: int) -> None:
    entities, total = replay.entities, replay.sum
    for id in replay.born:
        entities += 1
        total ^= id_hash(id)
    shard.holder = node_run.holder()
    shard.decider.last_ms = replay.last_ms
    shard.replayed += replay.count
    shard.cursor = replay.cursor
    shard.ownership.opened(base)
    shard.snapshots.begin(shard.ownership.nonce, entities, total)
    shard.settle({id: encoded.due_ms for id, encoded in trusted.entities.items()})
    for id, tail in replay.tails.items():
        for seq, at_ms, pushes in tail:
            shard.ports.publisher.publish(shard.kind.kind, id, seq, at_ms, pushes, None)
    for source, seq, offset, reactions in replay.reactions:
        shard.outgoing.add(source, seq, offset, reactions)
