"""Group commit of one shard: what is staged, what is in flight, and what waits for it.

Owns the staged records, the batch in flight, the effects held behind both, and the proof of ownership. Nothing leaves
before the record it rests on is durable, refusals and views included. Decides nothing; never retries under the same
stamp a batch that was handed to the log.

An effect is a tuple (call, sink, request, arguments), let out as `call(sink, request, *arguments)`. If the batch
fails, its sink hears that the outcome is unknown.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from actors.clock import Clock, SuspensionDetector
from actors.entity import Rejected
from actors.faults import Fault, NotWritten, OutcomeUnknown
from actors.limits import Limits
from actors.log.port import Appended, EventLog, ShardId
from actors.log.sizes import RECORD_FRAMING_BYTES
from actors.shard.actor import NO_SINK
from actors.shard.fence import Mode, Ownership
from actors.shard.pacer import Pacer

Effect = tuple[Callable[..., None], Any, int, tuple[Any, ...]]

UNKNOWN: Final = Rejected("unknown", "the outcome is not known; send again with the same key", retry=True)
RETRY_S: Final = 0.1
EFFECT_BYTES: Final = 500
WAIT_BUCKETS_MS: Final = (0.25, 0.5, 1, 2, 3, 5, 10, 25, 50, 100, 250, 1000, 5000)


class CommitStatistics(NamedTuple):
    """Depths now, and totals. `batch_records` / `batches` is the mean batch; `wait_ns` is summed over batches."""

    staged: int
    staged_bytes: int
    in_flight: int
    held: int
    batches: int
    batch_records: int
    wait_ns: int
    failures: int
    late: bool


class Commit:
    """Group commit of one shard: one batch outstanding, everything that rests on it held behind it.

    `resumed` is called when room is free again, `failed` when the shard's memory is void, `between` to read what lies
    between two batches, `probe` for a record that proves ownership, `contain` with what a sink raises.
    """

    def __init__(
        self,
        shard: ShardId,
        log: EventLog,
        clock: Clock,
        ownership: Ownership,
        limits: Limits,
        *,
        resumed: Callable[[int], None],
        failed: Callable[[Fault], None],
        probe: Callable[[], bytes],
        contain: Callable[[BaseException], None],
        between: Callable[[int, int], asyncio.Future[bool]],
        pacer: Pacer,
    ) -> None:
        self.shard = shard
        self.ownership = ownership
        self.records: list[bytes] = []
        self.staged_bytes = 0
        self.late = False
        self.not_taken = ""  # why the log did not take the batch in flight, which is tried again
        self.gaps = 0
        self.wait_buckets = [0] * (len(WAIT_BUCKETS_MS) + 1)
        self.proof_ns = -(1 << 62)
        self._log = log
        self._clock = clock
        self._limits = limits
        self._proof_ns_max = int(limits.proof_s * 1e9)
        self._resumed = resumed
        self._failed = failed
        self._probe = probe
        self._probe_pause_ns = int(limits.probe_s * 1e9)
        self._probed_ns = -(1 << 62)
        self._for_probe: list[Effect] = []  # wait for the next probe, or for any batch handed over before it
        self._probe_timer: asyncio.TimerHandle | None = None
        self._contain = contain
        self._between = between
        self._pacer = pacer
        self._suspension = SuspensionDetector()
        self.effects: list[Effect] = []
        self._held_at: list[int] = []  # places in `effects` that belong to no record of their own
        self._flying: list[Effect] = []
        self._batch: list[bytes] = []
        self._future: asyncio.Future[Appended] | None = None
        self._handed_ns = 0
        self._first_handed_ns = 0
        self._batches = self._batch_records = self._wait_ns = self._failures = 0
        self.waited_ns = 0  # from handing the last batch over to hearing of it

    # ---- staging

    def next_offset(self) -> int:
        """Return the offset that the next staged record will have if nothing comes between."""
        return self.ownership.last + 1 + self.ownership.outstanding + len(self.records)

    def stage(self, record: bytes, effect: Effect) -> None:
        """Add a record (already stamped with `ownership.seq`) and what goes out once it is durable."""
        self.records.append(record)
        self.staged_bytes += len(record)
        self.effects.append(effect)

    def hold(self, effect: Effect, fresh: bool) -> None:
        """Let an effect out when all it may rest on is durable and ownership is proved recently enough.

        `fresh`: only behind a batch that is handed to the log after now.
        """
        if fresh or not (self.records or self._future or self.proved()):
            self._hold_behind_probe(effect)
        elif self.records:
            self._held_at.append(len(self.effects))
            self.effects.append(effect)
        elif self._future:
            self._flying.append(effect)
        else:
            self._let_out(effect)

    def recheck(self, effect: Effect) -> bool:
        """Tell whether a refusal may leave now; if the proof is too old it is held again behind a probe."""
        if self.proved():
            return True
        self._hold_behind_probe(effect)
        return False

    def proved(self) -> bool:
        """Tell whether the proof of ownership is young enough for a refusal or a view to leave."""
        return self._clock.boot_ns() - self.proof_ns <= self._proof_ns_max

    def _hold_behind_probe(self, effect: Effect) -> None:
        if self.records:
            self._held_at.append(len(self.effects))
            self.effects.append(effect)
        elif self.ownership.mode is not Mode.OWNER:  # nothing is written after the record that gives the shard up
            if effect[1] is not None:
                effect[1].refused(effect[2], UNKNOWN, -1)
        elif not self.proved() or self._clock.boot_ns() - self._probed_ns >= self._probe_pause_ns:
            self._stage_probe(effect)
        else:  # one probe answers all that is refused within the pause: a stranger must not write a record a command
            self._for_probe.append(effect)
            if self._probe_timer is None:
                loop = asyncio.get_running_loop()
                self._probe_timer = loop.call_later(self._probe_pause_ns / 1e9, self._probe_now)

    def _stage_probe(self, effect: Effect) -> None:
        self._probed_ns = self._clock.boot_ns()
        record = self._probe()
        self.records.append(record)
        self.staged_bytes += len(record)
        self.effects.append(effect)

    def _probe_now(self) -> None:
        self._probe_timer = None
        waiting, self._for_probe = self._for_probe, []
        if waiting and self.records:
            self._held_at += range(len(self.effects), len(self.effects) + len(waiting))
            self.effects += waiting
        elif waiting:
            self._stage_probe(waiting[0])
            self._held_at += range(len(self.effects), len(self.effects) + len(waiting) - 1)
            self.effects += waiting[1:]

    # ---- the batch

    def quiet(self) -> bool:
        """Tell whether nothing is staged, nothing in flight, and nothing waits for a probe."""
        return not self.records and self._future is None and not self._for_probe

    def flush(self) -> None:
        """Hand everything staged to the log, unless a batch is in flight."""
        if self._future is not None or not self.records:
            return
        if self.staged_bytes + RECORD_FRAMING_BYTES * len(self.records) > self._log.batch_bytes_max:
            self._cut()
        else:
            self._batch, self.records = self.records, []
            self._flying, self.effects = self.effects, []
            self._held_at.clear()
            self.staged_bytes = 0
        if self._for_probe:  # this batch is handed over after them: it proves as much as a probe
            self._flying += self._for_probe
            self._for_probe = []
        self.ownership.handed(len(self._batch))
        self._pacer.handed(len(self._batch))
        self._first_handed_ns = self._clock.boot_ns()
        self._hand()

    def _cut(self) -> None:
        """Take the longest prefix of what is staged that the log takes as one batch, with its effects (L13)."""
        room = self._log.batch_bytes_max
        count = size = 0
        for record in self.records:
            room -= len(record) + RECORD_FRAMING_BYTES
            if room < 0 and count:
                break
            count += 1
            size += len(record)
        effects = count  # one a record, and those that were held between them
        held = 0
        for held, place in enumerate(self._held_at, 1):
            if place > effects:
                held -= 1
                break
            effects += 1
        self._batch, self.records = self.records[:count], self.records[count:]
        self._flying, self.effects = self.effects[:effects], self.effects[effects:]
        self._held_at = [place - effects for place in self._held_at[held:]]
        self.staged_bytes -= size

    def _hand(self) -> None:
        self._handed_ns = self._clock.boot_ns()
        self._future = future = self._log.append(self.shard, self._batch)
        future.add_done_callback(self._answered)

    def _answered(self, future: asyncio.Future[Appended]) -> None:
        if future is not self._future:
            if not future.cancelled():
                future.exception()  # given up before; its outcome was decided by a later tenure
            return
        try:
            self._judge(future)
        except Exception as error:  # a bug here would end the chain of batches without a word; reported, recovered
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        self._contain(error)
        self.fail(Fault(f"shard {self.shard}: a bug in the way of a batch: {type(error).__name__}"))

    def _judge(self, future: asyncio.Future[Appended]) -> None:
        if future.cancelled():
            self.fail(OutcomeUnknown("the append was cancelled"))
            return
        error = future.exception()
        if error is None:
            base, at_ms = future.result()
            if self.ownership.acknowledged(base):
                self._durable(at_ms)
            elif base > self.ownership.expected:
                self.gaps += 1
                asked = self._between(self.ownership.expected, base)
                asked.add_done_callback(lambda read: self._gap_read(read, future, base, at_ms))
            else:
                self.fail(OutcomeUnknown(f"shard {self.shard}: written at {base}, before what was there"))
        elif isinstance(error, NotWritten) and error.retriable:
            self.not_taken = f"{error.code}: {error}"
            asyncio.get_running_loop().call_later(RETRY_S, self._hand_again, future)
        else:
            fault = error if isinstance(error, Fault) else OutcomeUnknown(f"{type(error).__name__}: {error}")
            self.fail(fault)

    def _gap_read(self, read: asyncio.Future[bool], future: Any, base: int, at_ms: int) -> None:
        """What lies between was read: go on if it was void and no newer tenure, else the batch is in doubt."""
        if read.cancelled():
            return
        failed = read.exception()  # asked for even if the batch was given up meanwhile: else asyncio reports it
        if future is not self._future:
            return
        if failed is None and read.result():
            try:
                self.ownership.skipped(base)
                self._durable(at_ms)
            except Exception as error:  # as in `_answered`
                self._broken(error)
        else:
            self.fail(OutcomeUnknown(f"shard {self.shard}: written at {base}, a newer tenure may lie before it"))

    def _hand_again(self, future: asyncio.Future[Appended]) -> None:
        if self._future is future:
            self._hand()

    def _durable(self, at_ms: int) -> None:
        self._future = None
        self.late = False
        self.not_taken = ""
        self.proof_ns = self._handed_ns
        self._batches += 1
        self._batch_records += len(self._batch)
        waited_ns = self.waited_ns = self._clock.boot_ns() - self._first_handed_ns
        self._wait_ns += waited_ns
        self.wait_buckets[bisect_left(WAIT_BUCKETS_MS, waited_ns / 1e6)] += 1
        self._batch = []
        effects = self._flying
        self._flying = []
        for call, sink, request, arguments in effects:
            try:
                call(sink, request, *arguments)
            except Exception as error:  # a sink must not raise; one that does must not hold up the others; counted
                self._contain(error)
        self._resumed(at_ms)

    def _let_out(self, effect: Effect) -> None:
        try:
            effect[0](effect[1], effect[2], *effect[3])
        except Exception as error:  # as above; counted
            self._contain(error)

    # ---- when it goes wrong

    def watch(self) -> None:
        """Look at the age of the batch in flight; called a few times a second."""
        now_ns = self._clock.boot_ns()
        if not self._suspension.may_judge(now_ns / 1e9) or self._future is None:
            return
        age_s = (now_ns - self._first_handed_ns) / 1e9
        if age_s > self._limits.give_up_s:
            self.fail(OutcomeUnknown(f"shard {self.shard}: no answer from the log for {age_s:.0f} s"))
        elif age_s > self._limits.late_s and not self.late:
            self.late = True
            self._flying = self._tell_unknown(self._flying)
            self.effects = self._tell_unknown(self.effects)
            self._for_probe = self._tell_unknown(self._for_probe)

    def _tell_unknown(self, effects: list[Effect]) -> list[Effect]:
        kept: list[Effect] = []
        for call, sink, request, arguments in effects:
            if sink is not None:
                sink.refused(request, UNKNOWN, -1)
                kept.append((call, NO_SINK, 0, arguments))
            else:
                kept.append((call, sink, request, arguments))
        return kept

    def fail(self, fault: Fault) -> None:
        """Void everything staged and in flight: senders hear that the outcome is unknown, the shard recovers."""
        self._failures += 1
        self.ownership.doubt()
        effects = self._flying + self.effects + self._for_probe
        self.reset()
        for _, sink, request, _ in effects:
            if sink is not None:
                sink.refused(request, UNKNOWN, -1)
        self._failed(fault)

    def reset(self) -> None:
        """Forget everything, silently: the memory it belonged to is gone."""
        self._future = None
        self._batch, self._flying = [], []
        self.records, self.effects, self._held_at, self._for_probe = [], [], [], []
        if self._probe_timer is not None:
            self._probe_timer.cancel()
            self._probe_timer = None
        self.staged_bytes = 0
        self.late = False
        self.not_taken = ""
        self.proof_ns = -(1 << 62)

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes."""
        effects = len(self.effects) + len(self._flying) + len(self._for_probe)
        return self.staged_bytes + sum(map(len, self._batch)) + EFFECT_BYTES * effects

    def statistics(self) -> CommitStatistics:
        """Return depths and totals."""
        return CommitStatistics(
            len(self.records),
            self.staged_bytes,
            len(self._batch),
            len(self.effects) + len(self._flying) + len(self._for_probe),
            self._batches,
            self._batch_records,
            self._wait_ns,
            self._failures,
            self.late,
        )
