"""The parts of a server as they are while traces are on: each a thin coat over the plain one, which knows of none.

Composed in `app` when `telemetry.traces` names a collector, and only then: without it the plain parts are used, and a
command pays nothing. With it, a command that is not looked at pays for a few calls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from actors.entity import Context, EntityType, Push, Rejected
from actors.log.port import ShardId
from actors.reporter import Reporter
from actors.shard.actor import Caller, Sink, has_gone
from huntserver.gateway.connection import Connection
from huntserver.gateway.sampling import Sampled
from huntserver.gateway.server import Gateway
from huntserver.telemetry.spans import GOLDEN, MIX, CommandTrace, Tracing


class TracedSink:
    """Hears the answer of a command that is looked at, before and after who sent it."""

    __slots__ = ("_trace", "_tracing", "inner")

    def __init__(self, inner: Sink, trace: CommandTrace, tracing: Tracing) -> None:
        self.inner = inner
        self._trace = trace
        self._tracing = tracing

    @property
    def closing(self) -> bool:
        """Whether its client is gone."""
        return has_gone(self.inner)

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """It is durable."""
        self._answered("ok", pos, lambda: self.inner.accepted(request, answer, pos, told))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self._answered(rejected.code, pos, lambda: self.inner.refused(request, rejected, pos))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never: a command was sent."""
        self.inner.viewed(request, view, pos)

    def pushed(self, began_ns: int) -> None:
        """Its pushes went to their rooms."""
        self._trace.waits_ns = began_ns
        self._trace.step("push", time.time_ns())

    def _answered(self, code: str, pos: int, tell: Any) -> None:
        trace = self._trace
        trace.step("release", time.time_ns())
        trace.attributes.update({"huntserver.code": code, "huntserver.pos": pos})
        tell()
        trace.step("answer", time.time_ns())
        asyncio.get_running_loop().call_soon(self._tracing.finish, trace)  # behind the write of this turn


class TracedSystem:
    """The way in: begins to look at a command."""

    def __init__(self, system: Any, tracing: Tracing) -> None:
        self._system = system
        self.query = system.query
        self.submit = _submitting(system.submit, tracing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)


def _submitting(plain: Any, tracing: Tracing) -> Any:
    """Return `submit` with a look at the key; one function, because every command goes through it."""
    start_of, starts, under, mask = tracing.start_of, tracing.epochs, tracing.under, MIX - 1

    def submit(
        kind: str, id: str, command: Any, sink: Sink, request: int, caller: Caller, key: tuple[str, int] | None
    ) -> None:
        # `Tracing.sampled`, written out
        if key is not None and (starts.get(key[0]) or start_of(key[0])) + key[1] * GOLDEN & mask < under:
            text = f"{key[0]}:{key[1]}"
            named = {"huntserver.entity": f"{kind}/{id}", "huntserver.key": text, "huntserver.role": caller.role}
            trace = tracing.begin(str(command.__struct_config__.tag), caller.by, text, **named)
            sink = TracedSink(sink, trace, tracing)
        plain(kind, id, command, sink, request, caller, key)

    return submit


class TracedLog:
    """The log: tells when the batch of a command that is looked at goes out, and when it is durable."""

    def __init__(self, log: Any, tracing: Tracing) -> None:
        self._log = log
        self._tracing = tracing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, shard: ShardId, records: Sequence[bytes]) -> Any:
        """Hand a batch over; see the port."""
        future = self._log.append(shard, records)
        if self._tracing.staged:
            self._tracing.appended(str(shard), records, future)
        return future


class TracedPublisher:
    """Where pushes go: takes the coat off a sink, by which rooms know whose answer a push is."""

    def __init__(self, rooms: Any) -> None:
        self._rooms = rooms
        self._publish = rooms.publish
        self.rewind = rooms.rewind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rooms, name)

    def tell(self, kind: str, id: str, seq: int, sink: Sink, channel: str, prev: int) -> bool:
        """Ask whether an answer is to say what a record shows."""
        plain = sink.inner if isinstance(sink, TracedSink) else sink
        return bool(self._rooms.tell(kind, id, seq, plain, channel, prev))

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Show a record; see the port."""
        if isinstance(origin, TracedSink):
            began_ns = time.time_ns()
            self._publish(kind, id, seq, at_ms, pushes, origin.inner)
            origin.pushed(began_ns)
        else:
            self._publish(kind, id, seq, at_ms, pushes, origin)


def traced_kind(kind: EntityType[Any], tracing: Tracing) -> EntityType[Any]:
    """Return the kind of entity whose decisions are looked at."""
    plain: Any = kind.decide
    live, reacting = tracing.live, tracing.reacting

    def decide(state: Any, command: Any, ctx: Context) -> Any:
        if not live and not reacting:
            return plain(state, command, ctx)
        key = ctx.key
        trace = live.get(key)
        if trace is None or trace.by != ctx.by:
            trace = reacting.pop((ctx.by[7:], key), None) if reacting and ctx.by.startswith("entity:") else None
            if trace is None:
                return plain(state, command, ctx)
            if trace.parent.waits_ns:
                trace.began_ns = trace.waits_ns = trace.parent.waits_ns
        trace.step("mailbox", time.time_ns())
        decision = plain(state, command, ctx)
        trace.step("decide", time.time_ns())
        if decision.__class__ is not Rejected:
            tracing.stage(trace)
            source = f"{kind.kind}/{state.id}"
            for n, reaction in enumerate(kind.reactions(decision[0], state.id)):
                name = f"reaction {reaction.command.__struct_config__.tag}"
                tracing.react(source, f"{ctx.seq}.{n}", name, f"{reaction.kind}/{reaction.id}", trace)
        return decision

    kind.decide = decide  # type: ignore[method-assign]
    return kind


def watch(gateway: Gateway, tracing: Tracing) -> None:
    """Let every connection of a gateway say when a frame came."""

    base, now_ns = gateway.connection_type._message, time.time_ns

    class Spanned(gateway.connection_type):  # type: ignore[misc, name-defined]
        """A connection that notes when a frame came."""

        __slots__ = ()

        def _message(self, payload: bytes) -> None:
            tracing.frame_ns = now_ns()
            base(self, payload)

    class SpannedSampled(Sampled, Spanned):
        """One whose latency is measured, too."""

        __slots__ = ()

    plain: type[Connection] = Spanned
    gateway.connection_type = plain
    gateway.sampler.classes = (plain, SpannedSampled)


class Coats:
    """Puts coats on the parts of a server while they are composed; without tracing, none."""

    def __init__(self, tracing: Tracing | None) -> None:
        self._tracing = tracing

    def kinds(self, kinds: list[tuple[EntityType[Any], int]]) -> list[tuple[EntityType[Any], int]]:
        """Return the kinds of entities to run."""
        tracing = self._tracing
        return kinds if tracing is None else [(traced_kind(kind, tracing), count) for kind, count in kinds]

    def log(self, log: Any) -> Any:
        """Return the log to write to."""
        return log if self._tracing is None else TracedLog(log, self._tracing)

    def publisher(self, rooms: Any) -> Any:
        """Return where pushes go."""
        return rooms if self._tracing is None else TracedPublisher(rooms)

    def system(self, system: Any) -> Any:
        """Return what the gateway sends commands to."""
        return system if self._tracing is None else TracedSystem(system, self._tracing)

    def gateway(self, gateway: Gateway) -> None:
        """Let the gateway's connections be watched."""
        if self._tracing is not None:
            watch(gateway, self._tracing)

    def close(self) -> None:
        """Send what waits; a few seconds at most, off the loop."""
        if self._tracing is not None:
            self._tracing.close()


def coats(address: str, ratio: float, *, node: str, run: str, version: str, report: Reporter) -> Coats:
    """Return the coats for a collector's address; an empty one: none. The library is loaded only for one."""
    if not address:
        return Coats(None)
    from huntserver.telemetry.otlp import OtlpEmitter

    return Coats(Tracing(OtlpEmitter(address, node=node, run=run, version=version, report=report), ratio))
