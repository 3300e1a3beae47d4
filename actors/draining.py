"""The clean end of a tenure: what came is durable, what is dirty has a snapshot, the log says that it is given up.

Owns the order, and ends early when the shard is lost meanwhile. Decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from actors.faults import Fault, SpillFailed
from actors.reporter import Reporter
from actors.shard.fence import Mode
from actors.shard.shard import Shard

POLL_S: Final = 0.005
SNAPSHOTS_A_TURN: Final = 10


async def drain(shard: Shard, report: Reporter, *, shared: bool, snapshots: bool = True) -> None:
    """Make everything durable, snapshot what is dirty, give the shard up, write a marker at its end.

    `shared`: other nodes serve the same log; who starts at the marker must read that the shard was given up. Without
    `snapshots` none are written, and so no marker: who takes the shard follows it already, and commands wait meanwhile.
    Nor are reactions waited for then: who takes the shard sends what is not acknowledged again, as after a crash.
    """
    own = shard.ownership
    nonce = own.nonce
    released = asyncio.Event()

    def lost() -> bool:  # then there is nothing to give up, or a recovery has begun anew
        held = own.mode in (Mode.OWNER, Mode.RELEASING) and own.nonce == nonce
        return not held and not released.is_set()

    async def until(met: Callable[[], bool]) -> bool:
        while not (met() or lost()):
            await asyncio.sleep(POLL_S)
        return not lost()

    if not await until(lambda: not shard.busy() and shard.commit.quiet()):
        return
    if snapshots and not await _snapshots(shard, report, lost):
        return

    # reactions to it and its timers went on meanwhile; nothing may come after the record that gives the shard up
    def done() -> bool:
        return not (snapshots and shard.outgoing.pending()) and not shard.busy() and shard.commit.quiet()

    if not await until(done):
        return

    def gave_up() -> None:
        own.released()
        released.set()

    end = own.last + 1
    if shared:  # who starts at this marker reads that the shard was given up
        shard.note_checkpoint()
    shard.release(gave_up, cursor=not snapshots)
    if not await until(released.is_set):
        return
    if not shared:
        shard.note_checkpoint()
        end = own.last + 1
    marker = shard.snapshots.ripe(shard.outgoing.cursor(end), end)  # none while anything is dirty
    if marker is not None:
        try:
            await shard.snapshots.mark(marker)
        except Fault as fault:  # only a longer replay at the next start
            report.warn("marker_failed", shard=str(shard.id), code=fault.code)


async def _snapshots(shard: Shard, report: Reporter, lost: Callable[[], bool]) -> bool:
    """Write the snapshots of all that is dirty; False: the shard was lost meanwhile. What lies in the spill file and
    cannot be read there is left to the log: no marker passes it."""
    unread: set[str] = set()
    while left := [id for id in shard.snapshots.dirty if id not in unread]:
        for n, id in enumerate(left[:200]):
            try:
                shard.snapshot(id)
            except SpillFailed as fault:
                unread.add(id)
                report.warn("spill_failed", shard=str(shard.id), why=str(fault))
            if n % SNAPSHOTS_A_TURN == 0:
                await asyncio.sleep(0)  # the other shards are served meanwhile
        await asyncio.sleep(POLL_S)
        await shard.snapshots.settle()
        if lost():
            return False
    return True
