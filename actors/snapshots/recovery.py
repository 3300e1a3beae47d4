"""From snapshots and the log's tail to a live shard, under a fresh tenure.

Owns the order: read the snapshots, choose where to start, replay up to the end that the log tells, open the tenure,
replay up to its own tenure record (which alone proves the end). A log that cannot be replayed gets no tenure, however
often it is tried. Never serves an entity whose records do not fit together: it is closed, not guessed at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import NamedTuple

from actors.cluster.succession import Ruling, Succession
from actors.faults import (
    ClockSkewed,
    LogDamaged,
    LogLostItsEnd,
    LogShorterThanSnapshots,
    OutcomeUnknown,
)
from actors.log.codec import RecordDecoder, ShardReleased, Tenure, encode
from actors.log.port import Entry, shard_of
from actors.shard.actor import Actor
from actors.shard.fence import TenureFold, Verdict, stamped
from actors.shard.mailbox import Mailbox
from actors.shard.shard import Shard
from actors.snapshots.following import Superseded, Tail, follow, lent
from actors.snapshots.format import id_hash
from actors.snapshots.losses import KnownPlace, claim_key, encode_claim, numbers
from actors.snapshots.reader import TrustedSnapshots, read_trusted
from actors.snapshots.replay import BeingActivated, Replay, whole

WEIGH_EVERY = 20_000


class NodeRun(NamedTuple):
    """Who opens tenures: where the node is reached, the id of this run, the placement table's version."""

    node: str
    start: str
    table: int = 0

    def holder(self) -> str:
        """Return what a fold knows an owner by."""
        return f"{self.node}#{self.start}"


async def recover(
    shard: Shard,
    node_run: NodeRun,
    nonce: str,
    decoder: RecordDecoder,
    *,
    succession: Succession | None = None,
    follows: Callable[[Ruling], None] = lambda ruling: None,
    most_bytes: Callable[[], int] | None = None,
    let_go: Callable[[Tail], None] = lambda tail: None,
) -> None:
    """Open a tenure on the shard and rebuild its memory; on return the node is owner and waiting messages go on.

    In a cluster `succession` says when the tenure may be opened; until then the log is followed, what is kept of it
    weighs `most_bytes`, about, and `follows` hears why it waits, and when it goes on; `let_go` is given the way by
    which it was read, to be closed. Raises a `Fault`: the caller backs off and tries again with a fresh nonce.
    `Superseded`: the shard is another's.
    """
    shard.drop()
    if shard.time.still_broken():
        raise ClockSkewed(f"shard {shard.id}: our clock still differs from the log's; set the clocks by NTP")
    log = shard.ports.log
    trusted = await read_trusted(shard)
    bounds = await log.bounds(shard.id)
    accepted = await _check_known_places(shard, trusted, decoder, bounds.end)
    trusted.check_end(shard.id, bounds.end)
    if shard.ownership.last >= 0 and succession is None:
        await _look_for_successor(shard, node_run, decoder, bounds.end)
    due_ms = await _put_away(shard, trusted)
    for id, why in trusted.damaged.items():  # before the replay, which would find a gap and call that the reason
        _close(shard, id, why)
    replay, known = Replay(shard, trusted, decoder, node_run.holder()), shard.ownership.last
    try:
        if bounds.end > replay.start:  # first, and without a tenure: a log that is damaged gets none
            await _replay_to(replay, bounds.end - 1)
    except OutcomeUnknown as stalled:  # what the log calls its end may be no record: a tenure alone proves an end
        shard.ports.report.warn("replay_stalled", shard=str(shard.id), reached=replay.last, why=str(stalled))
    if succession is None:
        handed_ns = shard.ports.clock.boot_ns()
        base = await _open(replay, node_run, nonce, None)
    else:
        async with lent(Tail(shard, replay.last + 1), let_go) as tail:
            node_run = node_run._replace(table=await follow(replay, tail, succession, follows, most_bytes))
            handed_ns = shard.ports.clock.boot_ns()
            base = await _open(replay, node_run, nonce, tail)
    _bear_out(shard, replay, due_ms)
    _begin(shard, replay, trusted, due_ms, node_run, base)
    _show_tails(shard, replay, known)
    if accepted:
        _rewind(shard)
    shard.commit.proof_ns = handed_ns
    shard.began(replay.start)


async def _open(replay: Replay, node_run: NodeRun, nonce: str, tail: Tail | None) -> int:
    """Open the tenure, and replay what landed before it; return its offset."""
    shard = replay.shard
    base = await _open_tenure(shard, node_run, nonce, replay.last_ms)
    if base <= replay.last:
        raise LogShorterThanSnapshots(
            f"shard {shard.id}: the tenure landed at {base}, {replay.last} was read or held by a marker: the log lost "
            "its end"
        )
    if base > replay.last + 1:
        await _replay_to(replay, base, nonce, tail)
    else:
        replay.fold.tenure(base, nonce, node_run.holder())
    return base


async def _put_away(shard: Shard, trusted: TrustedSnapshots) -> dict[str, int]:
    """Passivate what the snapshots hold, and keep none of it; return when each entity has something to do."""
    due_ms: dict[str, int] = {}
    refused = ""
    for id in list(trusted.entities):  # a log may be followed for long from here on: nothing is kept twice
        encoded = trusted.entities.pop(id)
        due_ms[id] = encoded.due_ms
        refused = shard.passive.keep(id, encoded) or refused
        await asyncio.sleep(0)
    if refused:
        shard.ports.report.warn("spill_failed", shard=str(shard.id), why=f"{refused}; kept in memory")
    return due_ms


async def _chunks(shard: Shard, start: int) -> AsyncGenerator[Sequence[Entry], None]:
    """Yield the log's chunks from `start` on. Raises `OutcomeUnknown` when the next one does not come in time."""
    source = shard.ports.log.read(shard.id, start)
    while True:
        try:
            async with asyncio.timeout(shard.limits.give_up_s):
                chunk = await anext(source)
        except TimeoutError as error:
            raise _nothing_more(shard) from error
        except StopAsyncIteration:
            return
        yield chunk


async def _along(shard: Shard, tail: Tail) -> AsyncGenerator[Sequence[Entry], None]:
    """Yield a tail's chunks, in time or as `_chunks`."""
    while True:
        done, _ = await asyncio.wait({tail.reading()}, timeout=shard.limits.give_up_s)
        if not done:
            raise _nothing_more(shard)
        yield tail.taken()


def _nothing_more(shard: Shard) -> OutcomeUnknown:
    return OutcomeUnknown(f"shard {shard.id}: nothing more could be read in {shard.limits.give_up_s:.0f} s")


def _bear_out(shard: Shard, replay: Replay, due_ms: dict[str, int]) -> None:
    """Say how far the log has come: while nothing vouches for the clock, no timer fires by its word."""
    timers = any(due_ms.values()) or any(
        not actor.damaged and shard.kind.due(actor.state) is not None for actor in shard.actors.values()
    )
    shard.ports.time.bear_out(replay.last_ms, timers=timers)


async def _check_known_places(shard: Shard, trusted: TrustedSnapshots, decoder: RecordDecoder, end: int) -> bool:
    """Never accept less than what was known to be in the log: raise `LogLostItsEnd`, and leave word of it for others.

    Return whether the node's own place was accepted as lost meanwhile.
    """
    ownership = shard.ownership
    own = KnownPlace(ownership.last, ownership.held, ownership.held_seq)
    accepted = own in {loss.place for loss in trusted.losses}
    if accepted:
        shard.ownership.lost()
        own = KnownPlace(-1, "")
    for place in trusted.claims if own.offset < 0 else [*trusted.claims, own]:
        if await _holds(shard, decoder, place, end):
            if place in trusted.claims:  # the log was restored
                await shard.ports.snapshots.put(shard.id, claim_key(place), None)
            continue
        if place not in trusted.claims:
            await shard.ports.snapshots.put(shard.id, claim_key(place), encode_claim(end))
        raise LogLostItsEnd(
            f"shard {shard.id}: the log had a record at {place.offset}, it ends at {end} now or was written anew: "
            "acknowledged records were lost below the server; restore the log, or accept the loss with "
            "`huntserver accept-loss`"
        )
    return accepted


async def _holds(shard: Shard, decoder: RecordDecoder, place: KnownPlace, end: int) -> bool:
    if place.offset >= end:
        return False
    if not place.nonce:
        return True
    async with aclosing(_chunks(shard, place.offset)) as chunks:
        async for chunk in chunks:
            record = decoder.decode(shard.id, *chunk[0])
            nonce = stamped(record.nonce, place.offset) if record.__class__ is Tenure else record.nonce
            return (
                KnownPlace(chunk[0].offset, nonce, record.seq) == place
            )  # an owner's own next batch may lie there now
    return False


def _seq(shard: Shard, id: str) -> int | None:
    """Return at which seq an entity is; None: it is of another shard."""
    if shard_of(id, shard.shards) != shard.id.index:
        return None
    actor, kept = shard.actors.get(id), shard.passive.peek(id)
    return actor.seq if actor is not None else kept.seq if kept is not None else 0


def _rewind(shard: Shard) -> None:
    """Say to those who watch that entities are at an earlier seq than they were shown."""
    shard.ports.publisher.rewind(shard.kind.kind, partial(_seq, shard))


def _regain(shard: Shard, replay: Replay) -> None:
    """Say to those who watch that what another owner wrote is shown here from each tail on only."""

    def since(id: str) -> int | None:
        tail = replay.tails.get(id)
        return tail[0][0] - 1 if tail else _seq(shard, id)

    shard.ports.publisher.regained(shard.kind.kind, since)


def _show_tails(shard: Shard, replay: Replay, known: int) -> None:
    """Show the last records. `known`: up to there the log was known before; another may have written since."""
    if known < 0 or replay.start > known + 1 or replay.other_at > known:
        _regain(shard, replay)
    readable = shard.kind.readable  # where records are not written as they are shown
    for id, tail in replay.tails.items():
        for seq, at_ms, pushes in tail:
            if readable is not None:
                pushes = readable(id, pushes)
            shard.ports.publisher.publish(shard.kind.kind, id, seq, at_ms, pushes, None)


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
                raise Superseded(
                    f"shard {shard.id}: {record.node} opened a tenure at offset {offset}",
                    record.node,
                    record.start,
                    offset,
                )
            at = offset + 1
        if at >= end:
            return


async def given_up_at(shard: Shard, decoder: RecordDecoder) -> int:
    """For a node that was superseded: return the offset at which the newest tenure gave the shard up, or -1."""
    at = shard.ownership.last + 1
    end = (await shard.ports.log.bounds(shard.id)).end
    fold = TenureFold()
    released = -1
    if at >= end:
        return -1
    async with aclosing(_chunks(shard, at)) as chunks:
        async for chunk in chunks:
            for at, body in chunk:
                record = decoder.decode(shard.id, at, body)
                if record.__class__ is Tenure:
                    fold.tenure(at, record.nonce, record.node)
                    released = -1
                elif fold.record(record.nonce, record.seq) is Verdict.COUNTS and record.__class__ is ShardReleased:
                    released = at
            if at + 1 >= end:
                return released
    return -1


async def only_void(shard: Shard, decoder: RecordDecoder, start: int, end: int) -> bool:
    """Tell whether what lies between two batches of an owner is void: no tenure, nothing of the owner's."""
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
    now = shard.ports.time.now_ms()
    # never the clock's word: whoever wrote a wrong one here made it the shard's time, and then refused to serve
    at_ms = max(last_ms, shard.decider.last_ms)
    record = encode(Tenure(nonce, 0, at_ms, node_run.node, node_run.start, node_run.table, shard.shards))
    shard.ownership.open(nonce)
    handed_ns = shard.ports.clock.boot_ns()
    future = shard.ports.log.append(shard.id, [record])
    future.add_done_callback(lambda f: f.cancelled() or f.exception())  # it may outlive this wait
    await asyncio.wait({future}, timeout=shard.limits.give_up_s)  # not wait_for: it would cancel the append
    if not future.done():
        raise OutcomeUnknown(f"shard {shard.id}: the tenure record was not answered in {shard.limits.give_up_s:.0f} s")
    base, log_ms = future.result()
    if shard.time.broken(log_ms, (shard.ports.clock.boot_ns() - handed_ns) // 1_000_000):
        raise ClockSkewed(
            f"shard {shard.id}: our clock says {now}, the log's {log_ms} (ms since 1970); set the clocks by NTP"
        )
    return base


async def _replay_to(replay: Replay, end: int, nonce: str = "", tail: Tail | None = None) -> None:
    """Replay on, up to the record at `end` or before the first past it; with a nonce it must be that tenure's. `tail`:
    what is read already."""
    shard = replay.shard
    since = 0
    async with aclosing(_along(shard, tail) if tail is not None else _chunks(shard, replay.last + 1)) as chunks:
        async for chunk in chunks:
            at = 0
            while at < len(chunk):
                if chunk[-1].offset < end and (plain := replay.feed_plain(chunk, at)):
                    at += plain
                    continue
                offset, body = chunk[at]
                at += 1
                if not nonce and offset > end:
                    return
                try:
                    tenure = replay.feed(offset, body)
                except BeingActivated as wait:
                    tenure = None
                    await whole(wait.actor)
                    replay.apply(wait.offset, wait.record)
                replay.last = offset
                if offset < end:  # our tenure may have landed here too: only the place that was acknowledged is held
                    continue
                if nonce and (tenure is None or tenure.nonce != nonce):
                    raise LogDamaged(f"shard {shard.id}: our tenure is not at {end}, where the log said it was")
                return
            since += len(chunk)
            if since >= WEIGH_EVERY:
                since = 0
                await replay.shed()
            await asyncio.sleep(0)
    raise LogDamaged(f"shard {shard.id}: the log ended before {end}")


def _close(shard: Shard, id: str, why: str) -> None:
    actor = Actor(shard.kind.kind, id, None, Mailbox(1, 1))
    actor.damaged = why
    shard.actors[id] = actor
    entity = f"{shard.kind.kind}/{id}"
    shard.ports.report.fault("entity_damaged", None, shard=str(shard.id), entity=entity, why=why)


def _begin(
    shard: Shard, replay: Replay, trusted: TrustedSnapshots, due_ms: dict[str, int], node_run: NodeRun, base: int
) -> None:
    entities, total = replay.entities, replay.sum
    for id in replay.born:
        entities += 1
        total ^= id_hash(id)
    shard.holder = node_run.holder()
    shard.decider.last_ms = replay.last_ms
    if shard.time.replayed(replay.last_ms):
        shard.ports.report.warn("clock_lead", shard=str(shard.id), ms=shard.time.lead_ms)
    shard.replayed += replay.count
    shard.cursor = replay.cursor
    shard.ownership.opened(base)
    shard.snapshots.begin(shard.ownership.nonce, entities, total)
    shard.settle(due_ms)
    for id in trusted.closed:
        actor = shard.actors.get(id)
        if actor is None or not actor.damaged:
            shard.snapshots.reopen(id)
    shard.outgoing.raised_by = partial(numbers, trusted.losses)
    for kept in trusted.aside:
        if kept.offset < replay.cursor:
            shard.outgoing.restore(kept)
        else:  # it follows from its record again
            shard.outgoing.stored.add((kept.offset, kept.item.n))
    for source, seq, offset, reactions in replay.reactions:
        shard.outgoing.add(source, seq, offset, reactions)
