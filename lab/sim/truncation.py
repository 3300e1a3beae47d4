"""The end of a run on a log that lost its end: what snapshots, markers or a server reach past it, nobody may serve.

Owns the fault and its judgement. The log is whole again afterwards: all other promises are held against that one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actors.log.port import ShardId
from actors.shard.fence import Mode
from actors.snapshots.format import HEADER_PART, decode_header, decode_marker, is_marker_key, parse_part_key
from lab.sim.stage import Process, Stage

COMES_UP_S: Final = 1.0


def judge_running(sim: Stage[Any]) -> None:
    """Cut the end off each shard's log under the process that serves it, and see that it serves none of them."""
    node, store = sim.alive()[-1], sim.store
    whole, kept, landed = store.shards, store.kept, store.landed_s
    store.shards = {shard: list(records) for shard, records in whole.items()}
    store.kept = {shard: dict(rows) for shard, rows in kept.items()}
    store.landed_s = {shard: list(times) for shard, times in landed.items()}
    heard = len(sim.shown), len(sim.seen)
    served = [one for one in node.system.shards() if one.ownership.mode is Mode.OWNER and store.shards.get(one.id)]
    lost = []
    for one in served:
        count = min(sim.plan.random.choice((1, 2, 5)), len(store.shards[one.id]))
        del store.shards[one.id][-count:], store.landed_s[one.id][-count:]
        sim.note("cut", str(one.id), len(store.shards[one.id]))
        sim.plan.struck["truncate"] += 1
        if one.ownership.last >= len(
            store.shards[one.id]
        ):  # else all of it was another's, landed late: void, not known
            lost.append(one)
        sim.loop.post(node.place, 0.0, one.commit.hold, (_nothing, None, 0, ()), True)  # it has something to write
    sim.loop.run(lambda: False, COMES_UP_S)
    for one in lost:
        if one.ownership.mode is Mode.OWNER:
            sim.broken("I5", f"{one.id} is served although its log lost acknowledged records under the server")
    node.kill()
    store.shards, store.kept, store.landed_s = whole, kept, landed
    del sim.shown[heard[0] :], sim.seen[heard[1] :]


def _nothing(*_: Any) -> None:
    pass


def judge(sim: Stage[Any], start: Callable[[float], Process]) -> None:
    """Cut each shard's log below what its snapshots speak of, start a process, and see that it serves none of them."""
    for node in sim.alive():
        node.kill()
    store = sim.store
    short = {shard: reach for shard in store.shards if (reach := reached(sim, shard))}
    whole, kept = store.shards, store.kept
    landed = {shard: list(times) for shard, times in store.landed_s.items()}
    store.shards = {shard: list(records) for shard, records in whole.items()}
    store.kept = {shard: dict(rows) for shard, rows in kept.items()}
    for shard, reach in short.items():
        end = max(reach - sim.plan.random.choice((1, 1, 3, 30)), 0)
        del store.shards[shard][end:]
        sim.note("truncate", str(shard), end, reach)
        sim.plan.struck["truncate"] += 1
    heard = len(sim.shown), len(sim.seen)
    node = start(0.0)
    sim.loop.run(lambda: False, COMES_UP_S)
    for one in node.system.shards():
        if one.id in short and one.ownership.mode is Mode.OWNER:
            sim.broken("I5", f"{one.id} is served from a log that is shorter than its snapshots ({short[one.id]})")
    node.kill()
    store.shards, store.kept, store.landed_s = whole, kept, landed
    del sim.shown[heard[0] :], sim.seen[heard[1] :]  # a timer may have fired meanwhile: on a log that is gone again


def reached(sim: Stage[Any], shard: ShardId) -> int:
    """Return the offset that headers of snapshots and markers speak of at most; 0 when none can be read."""
    furthest = 0
    for key, value in sim.store.kept.get(shard, {}).items():
        part = parse_part_key(key)
        try:
            if is_marker_key(key):
                furthest = max(furthest, decode_marker(value).offset)
            elif part is not None and part.part == HEADER_PART:
                furthest = max(furthest, decode_header(value).covers)
        except ValueError:  # it was spoilt
            continue
    return furthest
