"""What goes wrong in one simulated run, and the log and snapshot store that it goes wrong in.

Swarm testing: each seed switches on a random subset of faults, each with an intensity of its own, so that rare
combinations come up. Owns the fault stream of random numbers. After `heal` everything works.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from math import inf
from typing import Any, Final

import msgspec

from actors.faults import LogFull, OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import CHUNK, Fate, MemoryLog, MemorySnapshots, MemoryStore, settle
from actors.log.port import Appended, ShardId
from actors.log.sizes import RECORD_FRAMING_BYTES, unfit_batch, unfit_part
from actors.shard.fence import stamped
from lab.sim.busy import BUSY
from lab.sim.loop import SimLoop, SimPlace

EPOCH_MS: Final = 1_790_000_000_000

MENU: Final[dict[str, tuple[float, float, float]]] = {
    # name: how often a seed has it, least and greatest intensity (a probability, or a rate per s of virtual time)
    "lost_ack": (0.5, 0.01, 0.15),
    "not_landed": (0.4, 0.01, 0.1),
    "zombie": (0.5, 0.01, 0.15),
    "twice": (0.3, 0.01, 0.1),
    "full": (0.3, 0.01, 0.2),
    "slow": (0.5, 0.02, 0.3),
    "stuck": (0.3, 0.005, 0.05),
    "slow_read": (0.5, 0.2, 0.9),
    "pause": (0.5, 0.2, 1.5),
    "pause_sent": (0.4, 0.005, 0.06),
    "crash": (0.5, 0.2, 1.5),
    "takeover": (0.5, 0.2, 1.5),
    "drain": (0.3, 0.1, 0.8),
    "skew": (0.4, 1.0, 1.0),
    "jump": (0.3, 0.2, 1.0),
    "clock_far": (0.4, 0.05, 0.5),  # of the clocks that are wrong: by minutes to a day
    "net_loss": (0.5, 0.01, 0.2),
    "net_double": (0.5, 0.02, 0.3),
    "net_slow": (0.5, 0.02, 0.3),
    "snap_fail": (0.4, 0.02, 0.3),
    "snap_slow": (0.4, 0.1, 0.6),
    "snap_bad": (0.3, 0.05, 0.4),
    "truncate": (0.15, 1.0, 1.0),  # once, at the end: `truncation`
}
SPILL_MENU: Final[dict[str, tuple[float, float, float]]] = {
    "spill_full": (0.08, 0.02, 0.3),
    "spill_unread": (0.08, 0.01, 0.1),
    "spill_torn": (0.08, 0.01, 0.1),  # the file stays damaged until it is made anew
    "spill_bad": (0.08, 0.02, 0.2),  # other bytes than were put, and no error
    "spill_slow": (0.08, 0.01, 0.05),  # the whole process stands still meanwhile
}
"""As `MENU`, drawn from a stream of its own: a seed has the faults that it had before there were these."""
TENURE: Final = b'{"type":"tenure"'
REACTIONS_BYTES: Final = 4_000
"""What may be staged past the cap: the last message's records, a few."""


class SeedFaults:
    """The faults of one seed."""

    def __init__(self, seed: int, *, off: Sequence[str] = (), on: Sequence[str] = ()) -> None:
        draw = random.Random(f"{seed}/plan")
        self.random = random.Random(f"{seed}/faults")
        self.at: dict[str, float] = {}
        self._spill = random.Random(f"{seed}/spill")
        for menu, of in ((MENU, draw), (SPILL_MENU, self._spill)):
            for name, (often, least, most) in menu.items():
                chosen, intensity = of.random() < often, of.uniform(least, most)
                if (chosen or name in on) and name not in off:
                    self.at[name] = intensity
        self.limits = Limits(
            run_budget=draw.choice((1, 3, 256)),
            staged_bytes_max=draw.choice((300, 2_000, 128 * 1024)),
            late_s=draw.choice((0.2, 0.5)),
            give_up_s=draw.choice((0.8, 2.0)),
            proof_s=draw.choice((0.3, 0.3, 1.0)),
            snapshot_records=draw.choice((1, 2, 4, 10, 2_000)),
            marker_records=draw.choice((1, 3, 10, 30, 50_000)),
            memory_bytes=draw.choice((0, 3_000, 256 * 1024 * 1024)),
            cursor_every=draw.choice((1, 3, 1_000)),
            recoveries_at_once=draw.choice((1, 8)),
            mailbox_max=draw.choice((3, 20_000)),
        )
        more = random.Random(f"{seed}/more")
        self.limits = msgspec.structs.replace(
            self.limits,
            refusals_max=more.choice((4, 20_000)),
            refused_senders_max=more.choice((8, 50_000)),
            ghosts_max=more.choice((8, 4_096)),
            probe_s=more.choice((0.0, 0.05, 0.1)),
        )
        self.batch_bytes_max = more.choice((2_000, 1_000_000))
        self.part_bytes_max = more.choice((260, 800_000))
        self.stray_keys = (more.random() < 0.2 and "stray_keys" not in off) or "stray_keys" in on
        self.embedded = (self._spill.random() < 0.1 and "embedded" not in off) or "embedded" in on
        """The log's time is ours, and the clock of every node that finds records is wrong by minutes to a day."""
        self.busy = (random.Random(f"{seed}/busy").random() < BUSY and "busy" not in off) or "busy" in on
        """Shards decide and write on a tick."""
        self.healed = False
        self.last_s = 0.0  # when the last thing that went wrong will have happened
        self.struck: Counter[str] = Counter()
        self.struck_at: Counter[ShardId] = Counter()  # faults of the log alone

    def make_room(self) -> None:
        """Take the limits of a real node where the drawn ones are smaller than a large hunt: one record of it is more
        than the smallest cap, and more people are refused than the smallest memory of refusals holds."""
        self.limits = msgspec.structs.replace(
            self.limits, staged_bytes_max=128 * 1024, refusals_max=20_000, refused_senders_max=50_000
        )
        self.batch_bytes_max = 1_000_000

    def hits(self, name: str, shard: ShardId | None = None) -> bool:
        """Draw whether a fault strikes now; `shard`: at whose log."""
        at = self.at.get(name)
        if at is None or self.healed or (self._spill if name in SPILL_MENU else self.random).random() >= at:
            return False
        self.struck[name] += 1
        if shard is not None:
            self.struck_at[shard] += 1
        return True

    def within(self, least_s: float, most_s: float) -> float:
        """Draw a time; short ones are likelier."""
        return least_s + (most_s - least_s) * self.random.random() ** 2

    def wrong_ms(self, near_ms: int) -> int:
        """Draw how far a clock is wrong: within `near_ms`, now and then by minutes, hours, a day."""
        if self.hits("clock_far"):
            return self.random.choice((-1, 1)) * self.random.choice((60, 600, 3_600, 6 * 3_600, 86_400)) * 1000
        return self.random.randrange(-near_ms, near_ms)

    def start_ms(self, known: bool) -> int:
        """Draw how far the clock of a node is wrong at its start. `known`: every shard has a command's record, by which
        an embedded log tells the time; without one nothing can be held against the clock."""
        if self.healed or (self.embedded and not known):
            return 0
        if self.embedded:
            return self._spill.choice((-1, 1)) * self._spill.choice((60, 600, 3_600, 6 * 3_600, 86_400)) * 1000
        return self.wrong_ms(1500) if "skew" in self.at else 0

    def heal(self) -> None:
        """Nothing new goes wrong from here on."""
        self.healed = True

    # ---- the log's fault plan

    def fate(self, shard: ShardId, records: Sequence[bytes]) -> Fate:
        """Return what becomes of an append."""
        trip_s = self.within(0.0005, 0.006)
        if self.healed:
            return Fate(trip_s / 2, trip_s)
        if self.hits("slow", shard):
            trip_s = self.within(0.02, 0.8)
        if self.hits("stuck", shard):
            trip_s = self.within(0.5, 3.0)
        hears_s = self.within(0.001, 0.3)
        if self.hits("lost_ack", shard):
            return Fate(trip_s, max(trip_s, hears_s), OutcomeUnknown("the answer was lost"))
        if self.hits("not_landed", shard):
            return Fate(None, hears_s, OutcomeUnknown("lost on the way"))
        if self.hits("zombie", shard):
            fault = OutcomeUnknown("given up by the producer") if self.random.random() < 0.7 else None
            return Fate(self.within(0.05, 3.0), hears_s if fault else None, fault)
        if self.hits("full", shard):
            return Fate(None, 0.001, LogFull("no space left"))
        return Fate(trip_s * self.random.random(), trip_s)

    def read_delay_s(self, shard: ShardId) -> float:
        """Return how long the next chunk takes."""
        return self.within(0.01, 0.4) if self.hits("slow_read") else self.random.random() * 0.002

    def snapshot_fate(self) -> Fate:
        """Return what becomes of a snapshot's part."""
        trip_s = self.within(0.02, 0.5) if self.hits("snap_slow") else self.within(0.0005, 0.005)
        if self.hits("snap_fail"):
            landed = self.random.random() < 0.5
            return Fate(trip_s if landed else None, trip_s, OutcomeUnknown("the snapshot store failed"))
        return Fate(trip_s, trip_s)


class SimStore(MemoryStore):
    """What is durable, with the time at which each record became so."""

    def __init__(self, loop: SimLoop, note: Callable[..., None], broken: Callable[..., None]) -> None:
        super().__init__(lambda: EPOCH_MS + int(loop.time() * 1000))
        self.landed_s: dict[ShardId, list[float]] = {}
        self.spoilt: dict[ShardId, set[str]] = {}
        self._loop = loop
        self.noted = note
        self.broken = broken

    def land(self, shard: ShardId, records: Sequence[bytes]) -> int:
        """Write a batch."""
        self.landed_s.setdefault(shard, []).extend([self._loop.time()] * len(records))
        base = super().land(shard, records)
        self.noted("landed", str(shard), base, len(records))
        return base

    def tenure_at(self, shard: ShardId, at_s: float) -> str:
        """Return the stamp of the newest tenure that had landed before a time; empty: none."""
        landed_s = self.landed_s.get(shard, [])
        for offset in range(len(landed_s) - 1, -1, -1):
            body = self.shards[shard][offset]
            if landed_s[offset] < at_s and body.startswith(TENURE):
                return stamped(msgspec.json.decode(body, type=OpenedBy).nonce, offset)
        return ""

    def opened_by(self, nonce: str) -> tuple[str, float]:
        """Return which node opened a tenure, by its stamped nonce, and when its record landed; ("", inf): there is
        none."""
        offset = int(nonce.rpartition("@")[2])
        for shard, records in self.shards.items():
            if offset < len(records) and records[offset].startswith(TENURE):
                tenure = msgspec.json.decode(records[offset], type=OpenedBy)
                if stamped(tenure.nonce, offset) == nonce:
                    return tenure.node, self.landed_s[shard][offset]
        return "", inf


class OpenedBy(msgspec.Struct):
    """What a tenure's record is told apart by, and whose it is."""

    nonce: str
    node: str


class SimLog(MemoryLog):
    """One node's way to the store: what is under way lands in the world, the answer comes to the node."""

    def __init__(self, loop: SimLoop, place: SimPlace, store: SimStore, plan: SeedFaults) -> None:
        super().__init__(store, plan)
        self.independent_clock = not plan.embedded
        self.batch_bytes_max = plan.batch_bytes_max
        self.record_bytes_max = self.batch_bytes_max - RECORD_FRAMING_BYTES
        self.world: SimStore = store
        self.snapshots: SimSnapshots = SimSnapshots(self, loop, place, plan)
        self._sim = loop
        self._place = place
        self._plan = plan

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over; now and then it lands a second time, later. It takes no more than a broker would."""
        done = super().append(shard, records)
        if unfit_batch(records, self.record_bytes_max, self.batch_bytes_max) is not None:
            self.world.broken("BOUND", f"a batch that the log never takes: {done.exception()}", str(shard))
            return done
        if sum(map(len, records)) > self._plan.limits.staged_bytes_max + REACTIONS_BYTES:
            self.world.broken("BOUND", f"{len(records)} records past the cap of what is staged", str(shard))
        if not self._closed and self._plan.hits("twice", shard):
            batch = list(records)
            after_s = self._plan.within(0.001, 1.0)
            self.last(after_s)
            self._sim.post(self._sim.world, after_s, self._again, shard, batch)
        if not self._closed and self._plan.hits("pause_sent"):  # just now, with an answer to come
            self._sim.post(self._sim.world, 0.0001, self.pause)
        return done

    def pause(self) -> None:
        """Stop the process of this node for a while."""
        if not self._place.stopped and not self._place.dead:
            self.world.noted("pause", self._place.name)
            self._sim.stop_place(self._place)
            self._sim.post(self._sim.world, self._plan.random.uniform(0.3, 3.0), self._sim.resume_place, self._place)

    def _again(self, shard: ShardId, batch: list[bytes]) -> None:
        if any(record in batch for record in self.store.records(shard)):  # only what landed can land twice
            self.store.land(shard, batch)

    def last(self, after_s: float) -> None:
        """Note that something is still to go wrong."""
        self._plan.last_s = max(self._plan.last_s, self._sim.time() + after_s)

    def carry_out(
        self,
        fate: Fate,
        land: Callable[[], object],
        done: asyncio.Future[Any],
        result: Callable[[Any], object],
    ) -> None:
        """Let a fate happen: the landing whatever becomes of the node, the answer only while it lives."""
        landed: list[object] = []
        lands_s, answers_s = fate.lands_s, fate.answers_s
        if lands_s is not None:
            if fate.fault is not None or answers_s is None:
                self.last(lands_s)
            self._sim.post(self._sim.world, lands_s, lambda: landed.append(land()))
        if answers_s is None:
            return
        self._sim.post(self._place, answers_s, _answer, done, fate, landed, result)


class SimSnapshots(MemorySnapshots):
    """The snapshot store: puts in order, some fail, some are spoilt, and what a reader sees may be old."""

    def __init__(self, log: SimLog, loop: SimLoop, place: SimPlace, plan: SeedFaults) -> None:
        super().__init__(log, part_bytes_max=plan.part_bytes_max)
        self._sim_log = log
        self._loop = loop
        self._place = place
        self._plan = plan
        self._free_s = 0.0

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write or remove one key."""
        done: asyncio.Future[None] = self._loop.create_future()
        unfit = unfit_part(key, value, self.part_bytes_max)
        if unfit is not None:
            self._sim_log.world.broken("BOUND", f"a part that the store never takes: {unfit}", str(shard))
            done.set_exception(unfit)
            return done
        fate = self._plan.snapshot_fate()
        store: Any = self._sim_log.store
        kept = store.kept.setdefault(shard, {})
        spoil = value is not None and key[0] == "s" and self._may_spoil(shard, key) and self._plan.hits("snap_bad")

        def land() -> None:
            kept.pop(key, None)
            if value is None:
                return
            kept[key] = value
            if spoil:
                kept[key] = _spoil(value, len(kept))
                store.spoilt.setdefault(shard, set()).add(key.split("|", 4)[4])

        now = self._loop.time()
        trip_s = fate.answers_s or 0.0
        self._free_s = max(self._free_s, now + trip_s)  # in order: a later put of a key wins
        delay_s = self._free_s - now
        if fate.lands_s is not None:
            self._loop.post(self._loop.world, delay_s, land)
        self._loop.post(self._place, delay_s, _answer, done, fate, (None,), lambda _: None)
        return done

    def _may_spoil(self, shard: ShardId, key: str) -> bool:
        """One snapshot of an entity may be spoilt while there is another: with both bad it is closed, as designed."""
        store: Any = self._sim_log.store
        tail = "|h|" + key.split("|", 4)[4]
        headers = [kept for kept in store.kept.get(shard, ()) if kept.endswith(tail) and kept[0] == "s"]
        return len(headers) >= 2 and tail[3:] not in store.spoilt.get(shard, ())

    async def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield what was there at one moment, slowly: it may be old when the reader has it (S1)."""
        size = self._plan.random.choice((2, 5, CHUNK)) if "slow_read" in self._plan.at else CHUNK
        await asyncio.sleep(self._plan.read_delay_s(shard))
        rows = list(self._sim_log.store.kept.setdefault(shard, {}).items())
        if self._plan.stray_keys:  # of another tool, or of a newer version
            rows += [("s|stray", b"x"), ("m", b"y"), ("", b"z")]
        for at in range(0, len(rows), size):
            yield rows[at : at + size]
            await asyncio.sleep(self._plan.read_delay_s(shard) if at + size < len(rows) else 0)


def _answer(done: asyncio.Future[Any], fate: Fate, landed: Any, result: Callable[[Any], object]) -> None:
    """Give the answer, and look at it: who asked may be killed before it does."""
    settle(done, fate, landed, result)
    if done.done() and not done.cancelled():
        done.exception()


def _spoil(value: bytes, salt: int) -> bytes:
    """Change one byte: any, or a digit to another one, so that the rest still reads well."""
    if not value:
        return b"?"
    digits = [i for i, byte in enumerate(value) if 0x30 <= byte <= 0x39]
    at, turn = (digits[salt % len(digits)], 1) if digits and salt % 2 else (salt % len(value), 0x15)
    return value[:at] + bytes((value[at] ^ turn,)) + value[at + 1 :]
