"""Runs a plan: starts the workers, lets them connect and play, watches the server's process, gathers the results.

Owns the worker processes that it started, and nothing else.
"""

from __future__ import annotations

import datetime
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import msgspec

from huntserver.load.machine import Meter, busy_s, description, usage
from huntserver.load.plan import LoadPlan
from huntserver.load.results import Collector, Moment, Results, notes
from huntserver.load.worker import Second, WorkerDone, WorkerFault, WorkerReady, work

START_S: Final = 0.2
"""Between the word to begin and the beginning, so that all workers begin together."""

CONNECT_S: Final = 10.0
"""So long without anybody coming in, and the run is given up."""

SILENT_S: Final = 30.0
SECRET: Final = ("key", "tokens", "host_tokens")


class LoadError(Exception):
    """The run failed; the text says why."""


class MeasuredProcesses(msgspec.Struct, frozen=True):
    """Processes of this machine to measure; 0: none."""

    server: int = 0
    broker: int = 0


class Conductor:
    """Runs one plan over worker processes. `tell` gets every second as it is complete; `say` gets lines for people."""

    def __init__(
        self,
        plan: LoadPlan,
        watched: MeasuredProcesses,
        *,
        tell: Callable[[Moment], None] = lambda moment: None,
        say: Callable[[str], None] = lambda text: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._tell = tell
        self._say = say
        self._on_ready = ready
        self._server = Meter(watched.server) if watched.server else None
        self._broker = Meter(watched.broker) if watched.broker else None
        self._collector = Collector(plan.warm_s, plan.warm_s + plan.seconds)
        self._seconds: dict[int, list[tuple[dict[str, Any], float]]] = {}
        self._usage: dict[int, tuple[float, int, float, float]] = {}
        self._busy = (0.0, 0.0)
        self._ready: list[WorkerReady] = []
        self._done: list[WorkerDone] = []

    def run(self) -> Results:
        """Run it, from connecting to the results. Raises `LoadError`."""
        plan = self._plan
        began = datetime.datetime.now(datetime.UTC)
        before, server_s = self._memory(), self._server_cpu_s()
        context = multiprocessing.get_context("spawn")
        pipes: list[Connection] = []
        workers = []
        try:
            for part in range(plan.workers):
                ours, theirs = context.Pipe()
                worker = context.Process(target=work, args=(plan, part, theirs), name=f"load {part}", daemon=True)
                worker.start()
                theirs.close()
                pipes.append(ours)
                workers.append(worker)
            self._gather(pipes)
            took_s = max(r.seconds for r in self._ready)
            self._say(f"{sum(r.players for r in self._ready)} players are in after {took_s:.1f} s")
            self._on_ready()
            joined, server_s = self._memory(), self._server_cpu_s() - server_s
            start_ns = time.monotonic_ns() + int(START_S * 1e9)
            for pipe in pipes:
                pipe.send(start_ns)
            self._play(pipes, start_ns)
        finally:
            for pipe in pipes:
                pipe.close()
            for worker in workers:
                worker.join(5)
                if worker.is_alive():
                    worker.terminate()
        results = self._results(began, (before, joined, self._memory()))
        results.connect_server_s = server_s
        return results

    # ---- listening to the workers

    def _gather(self, pipes: list[Connection]) -> None:
        """Wait until all players are in; give up when for a while nobody came in."""
        collector, plan = self._collector, self._plan
        last, since = -1, time.monotonic()
        while len(self._ready) < plan.workers:
            opened = collector.totals["opened"] + collector.totals["snapshots"]
            if opened != last:
                last, since = opened, time.monotonic()
            elif time.monotonic() - since > CONNECT_S:
                why = ", ".join(
                    f"{name} ({count})" for name, count in {**collector.closes, **collector.refusals}.items()
                )
                raise LoadError(f"{opened} of {plan.players} players are in, no more for {CONNECT_S:.0f} s; {why}")
            for pipe in wait(pipes, 1.0):
                self._take(pipe)  # type: ignore[arg-type]

    def _play(self, pipes: list[Connection], start_ns: int) -> None:
        """Take seconds until all are done; look at the processes once a second, just after its end."""
        tick_ns = start_ns + 1_000_000_000
        second = 0
        self._look(-1)
        quiet_s = time.monotonic()
        while len(self._done) < self._plan.workers:
            left_s = (tick_ns - time.monotonic_ns()) / 1e9
            heard = wait([p for p in pipes if not p.closed], max(0.0, left_s))
            for pipe in heard:
                self._take(pipe)  # type: ignore[arg-type]
            if heard:
                quiet_s = time.monotonic()
            elif time.monotonic() - quiet_s > SILENT_S:
                raise LoadError(f"the workers have been silent for {SILENT_S:.0f} s")
            if time.monotonic_ns() >= tick_ns:
                self._look(second)
                second += 1
                tick_ns += 1_000_000_000
            self._complete(False)
        self._complete(True)

    def _take(self, pipe: Connection) -> None:
        try:
            told = pipe.recv()
        except (EOFError, OSError):
            if len(self._done) < self._plan.workers:
                raise LoadError("a worker ended unexpectedly") from None
            return
        if isinstance(told, WorkerFault):
            raise LoadError(told.text)
        if isinstance(told, WorkerReady):
            self._ready.append(told)
        elif isinstance(told, WorkerDone):
            self._done.append(told)
            pipe.close()
        elif isinstance(told, Second):
            if told.at < 0:
                self._tell(self._collector.second(-1, [(told.values, told.cpu)]))
            else:
                self._seconds.setdefault(told.at, []).append((told.values, told.cpu))

    def _complete(self, all_: bool) -> None:
        """Pass on the seconds that every worker has reported and for which the processes were sampled."""
        for at in sorted(self._seconds):
            if not all_ and (len(self._seconds[at]) < self._plan.workers or at not in self._usage):
                return
            moment = self._collector.second(at, self._seconds.pop(at))
            server, memory, broker, busy = self._usage.pop(at, (0.0, 0, 0.0, 0.0))
            moment.server_cpu, moment.server_bytes, moment.broker_cpu = server, memory, broker
            moment.others_cpu = max(0.0, busy - server - broker - sum(moment.generator_cpu))
            self._tell(moment)

    def _look(self, second: int) -> None:
        now_s = time.monotonic()
        server = self._server.look(now_s) if self._server is not None else (0.0, 0)
        broker = self._broker.look(now_s) if self._broker is not None else (0.0, 0)
        before_s, busy_before_s = self._busy
        busy = busy_s()
        share = (busy - busy_before_s) / (now_s - before_s) if before_s else 0.0
        self._busy = (now_s, busy)
        if second >= 0:
            self._usage[second] = (server[0], server[1], broker[0], share)

    def _memory(self) -> int:
        return self._server.look(time.monotonic())[1] if self._server is not None else 0

    def _server_cpu_s(self) -> float:
        seen = usage(self._server.pid) if self._server is not None else None
        return seen.cpu_s if seen is not None else 0.0

    # ---- the results

    def _results(self, began: datetime.datetime, memory: tuple[int, int, int]) -> Results:
        plan, collector = self._plan, self._collector
        measured = collector.measured()
        length_s = max(1, len(measured))
        latency = collector.latency()
        answered = sum(m.counts["answered"] for m in measured)
        unanswered = sum(d.unanswered for d in self._done)
        out = sum(r.out for r in self._ready)
        server_cpu = sum(m.server_cpu for m in measured) / length_s
        described = {
            name: value for name, value in msgspec.structs.asdict(plan).items() if name not in SECRET and value != ()
        }
        return Results(
            scenario=plan.scenario,
            url=f"ws://{plan.host}:{plan.port}{plan.path}",
            plan=described | {"hunts": len(plan.hunts)},
            machine=description(),
            began=began.isoformat(timespec="seconds"),
            seconds=plan.seconds,
            players=sum(r.players for r in self._ready),
            players_out=out,
            connect_s=max(r.seconds for r in self._ready),
            connect_generator_s=sum(r.cpu_s for r in self._ready),
            offered_per_s=sum(m.offered for m in measured) / length_s,
            answered_per_s=answered / length_s,
            pushes_per_s=sum(m.counts["pushes"] + m.counts["states"] for m in measured) / length_s,
            totals=collector.totals,
            latency=latency,
            hdr=collector.hdr(),
            refusals=dict(sorted(collector.refusals.items())),
            closes=dict(sorted(collector.closes.items())),
            unanswered=unanswered,
            unsent=sum(d.unsent for d in self._done),
            server_cpu=server_cpu,
            server_us_per_command=1e6 * server_cpu * length_s / answered if answered else 0.0,
            server_bytes=memory,
            broker_cpu=sum(m.broker_cpu for m in measured) / length_s,
            generator_cpu=sum(sum(m.generator_cpu) for m in measured) / length_s,
            moments=collector.moments,
            notes=notes(plan, measured, latency.get("late", {}), collector.refusals, unanswered=unanswered, out=out),
        )
