"""Spans of single commands, sampled: when each step of one command began and ended, handed to OpenTelemetry.

Owns which commands are looked at and what is known of each until it is told. Ids rest on the command's key alone: every
server samples the same commands and gives them the same trace, also one that goes again after a takeover, and nothing
travels in frames or records. Never looks at what a command says. Nothing here exists while traces are off.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Protocol

LIVE_MAX: Final = 1_000
"""Commands looked at at one time; the oldest is forgotten."""
EPOCHS_MAX: Final = 10_000
MIX: Final = 1 << 16
GOLDEN: Final = 40_503
"""Of `MIX`: its multiples fall evenly (small numbers: this is worked out for every command)."""


def trace_id_of(by: str, key: str) -> int:
    """Return the trace of a command: of who sent it, and its key."""
    return int.from_bytes(blake2b(f"{by} {key}".encode(), digest_size=16).digest(), "big")


class Step(NamedTuple):
    """One span below a command's. Times are ns since 1970."""

    name: str
    began_ns: int
    ended_ns: int


class CommandTrace:
    """What is known of one command that is looked at."""

    __slots__ = ("attributes", "began_ns", "by", "ended_ns", "key", "mark", "name", "parent", "steps", "waits_ns")

    def __init__(self, name: str, by: str, key: str, began_ns: int, mark: Sequence[bytes], **attributes: Any) -> None:
        self.name = name
        self.by = by
        self.key = key
        self.mark = mark  # what its record holds, and no other's
        self.began_ns = began_ns
        self.ended_ns = 0
        self.waits_ns = began_ns  # where the step that goes on began
        self.steps: list[Step] = []
        self.attributes: dict[str, Any] = attributes
        self.parent: Any = None  # the span of the command that a reaction came from

    def step(self, name: str, now_ns: int) -> None:
        """End the step that goes on, and begin the next."""
        self.steps.append(Step(name, self.waits_ns, now_ns))
        self.waits_ns = now_ns


class Emitter(Protocol):
    """Takes what is finished."""

    def emit(self, trace: CommandTrace) -> Any:
        """Hand a command's spans over; return what a reaction to it has as its parent. Never waits, never raises."""
        ...

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        ...


class Tracing:
    """The commands that are looked at now. `ratio` of all keyed commands are."""

    def __init__(self, emitter: Emitter, ratio: float) -> None:
        self._emitter = emitter
        self.under = max(1, round(ratio * MIX))
        self.epochs: dict[str, int] = {}
        self.frame_ns = 0
        """When the frame came that is being worked on."""
        self.live: dict[str, CommandTrace] = {}
        self.staged: list[CommandTrace] = []
        self.reacting: dict[tuple[str, str], CommandTrace] = {}

    def sampled(self, epoch: str, n: int) -> bool:
        """Tell whether commands of this key are looked at: every epoch begins elsewhere in one golden sequence."""
        start = self.epochs.get(epoch)
        if start is None:
            start = self.start_of(epoch)
        return start + n * GOLDEN & MIX - 1 < self.under

    def start_of(self, epoch: str) -> int:
        """Return where an epoch begins in the sequence, and keep it."""
        if len(self.epochs) >= EPOCHS_MAX:
            self.epochs.clear()
        start = self.epochs[epoch] = zlib.crc32(epoch.encode()) & MIX - 1
        return start

    def begin(self, name: str, by: str, key: str, **attributes: Any) -> CommandTrace:
        """Look at a command, which goes on to its entity now; its frame is the one that is being worked on."""
        trace = CommandTrace(name, by, key, self.frame_ns, [f'"key":"{key}"'.encode()], **attributes)
        trace.step("session", time.time_ns())
        _bounded(self.live)
        self.live[key] = trace
        return trace

    def react(self, source: str, key: str, name: str, target: str, parent: CommandTrace) -> None:
        """Expect a reaction of a command's record: the `key` that it has at its target."""
        mark = [f'"by":"entity:{source}"'.encode(), f'"key":"{key}"'.encode()]
        trace = CommandTrace(name, f"entity:{source}", key, 0, mark, **{"huntserver.entity": target})
        trace.parent = parent
        _bounded(self.reacting)
        self.reacting[source, key] = trace

    def stage(self, trace: CommandTrace) -> None:
        """Its record waits for the log from now on."""
        if len(self.staged) >= LIVE_MAX:
            self.staged.clear()
        self.staged.append(trace)

    def appended(self, shard: str, records: Sequence[bytes], future: Any) -> None:
        """A batch goes to the log: note which of those looked at are in it."""
        now_ns = time.time_ns()
        found = [t for t in self.staged if any(all(mark in record for mark in t.mark) for record in records)]
        for trace in found:
            self.staged.remove(trace)
            trace.step("batch", now_ns)
            trace.attributes["huntserver.shard"] = shard
            trace.attributes["huntserver.batch_records"] = len(records)
        if found:
            future.add_done_callback(lambda _: self._acknowledged(found))

    def _acknowledged(self, traces: Sequence[CommandTrace]) -> None:
        now_ns = time.time_ns()
        for trace in traces:
            trace.step("append", now_ns)
            if trace.parent is not None:
                self._emit_reaction(trace)

    def finish(self, trace: CommandTrace) -> None:
        """It was answered and what follows in the same turn of the loop is done: tell it."""
        trace.step("write", time.time_ns())
        trace.ended_ns = trace.waits_ns
        self.live.pop(trace.key, None)
        trace.parent = self._emitter.emit(trace)

    def _emit_reaction(self, trace: CommandTrace) -> None:
        command = trace.parent
        trace.ended_ns = trace.waits_ns
        trace.parent = command.parent
        if trace.parent is not None:
            self._emitter.emit(trace)

    def close(self) -> None:
        """Tell what is finished, and end."""
        self._emitter.close()


def _bounded(kept: dict[Any, Any]) -> None:
    if len(kept) >= LIVE_MAX:
        del kept[next(iter(kept))]
