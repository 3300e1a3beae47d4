"""One process of players: told over a pipe to connect, to run, to end; tells every second what it counted.

Owns its share of the players (every `workers`-th) and their schedule. Started by `conductor`, in a fresh interpreter.
"""

from __future__ import annotations

import os
import random
import resource
import time
from array import array
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

from huntserver.load import schedule
from huntserver.load.histogram import bucket
from huntserver.load.hunts import treasure
from huntserver.load.plan import LoadPlan
from huntserver.load.player import LoadPlayer
from huntserver.load.player_pool import PlayerPool

SENDS_A_TURN: Final = 64
"""Sends per turn before sockets are read again: a burst must not inflate the latency of earlier answers."""

LINGER_S: Final = 10.0
"""How long the last answers are waited for."""

TICK_NS: Final = 1_000_000_000
SPARE_FILES: Final = 64


class Second(NamedTuple):
    """What a worker counted in one second of the run (`at` counts from 0; -1: while connecting), and its CPU share."""

    at: int
    values: dict[str, Any]
    cpu: float


class WorkerReady(NamedTuple):
    """All players play or are out; `out` were refused. Seconds of wall clock and of CPU that it took."""

    players: int
    out: int
    seconds: float
    cpu_s: float


class WorkerDone(NamedTuple):
    """The end; `unanswered` commands had no answer when the waiting was over."""

    unanswered: int
    unsent: int


class WorkerFault(NamedTuple):
    """The worker cannot go on, in words."""

    text: str


class Worker:
    """One process of players, driven over a pipe. `part` is its place among the workers."""

    def __init__(self, plan: LoadPlan, part: int, pipe: Connection) -> None:
        self.plan = plan
        self.part = part
        self.pool = pool = PlayerPool(plan, part)
        self._pipe = pipe
        self._cpu_s = time.process_time()
        self._told_ns = time.monotonic_ns()
        self.players = [LoadPlayer(pool, number) for number in pool.numbers]
        self.hosts = [LoadPlayer(pool, plan.players + i) for i in range(plan.announcers)] if part == 0 else []

    # ---- phases

    def connect(self) -> bool:
        """Bring everybody in; tell what was counted meanwhile. Return False when told to stop."""
        began, used_s = time.monotonic(), time.process_time()
        everybody = [*self.players, *self.hosts]
        for player in everybody:
            self.pool.admit(player)
        due_ns = self._told_ns + TICK_NS
        while self.pool.ready + self.pool.out < len(everybody):
            self.pool.turn(due_ns)
            if time.monotonic_ns() >= due_ns:
                self._tell(-1)
                due_ns += TICK_NS
                if self._stopped():
                    return False
        self._tell(-1)
        self._pipe.send(
            WorkerReady(self.pool.ready, self.pool.out, time.monotonic() - began, time.process_time() - used_s)
        )
        return True

    def idle(self) -> None:
        """Serve the sockets for some milliseconds."""
        self.pool.turn(time.monotonic_ns() + 5_000_000)

    def run(self, start_ns: int) -> None:
        """Play by the schedule from `start_ns` on (of the monotonic clock) and tell every second."""
        plan = self.plan
        length_s = plan.warm_s + plan.seconds
        times = self._times(length_s)
        order = self._order()
        self._occasions(start_ns, length_s)
        end_ns = start_ns + int(length_s * 1e9)
        self.pool.loop.turn(start_ns)
        if plan.closed:
            self._begin_closed()
        i, second, due_ns = 0, 0, start_ns + TICK_NS
        count = len(times)
        while (now := time.monotonic_ns()) < end_ns:
            until_ns = due_ns
            if i < count:
                at_ns = start_ns + int(times[i] * 1e9)
                sends = 0
                while at_ns <= now:
                    self._send(order[i % len(order)], at_ns, i // len(order))
                    i += 1
                    sends += 1
                    if i == count:
                        at_ns = end_ns
                        break
                    at_ns = start_ns + int(times[i] * 1e9)
                    if sends == SENDS_A_TURN:
                        break
                    if sends & 15 == 0:
                        now = time.monotonic_ns()
                until_ns = min(until_ns, at_ns)
            self.pool.turn(until_ns)
            if time.monotonic_ns() >= due_ns:
                self._tell(second)
                second += 1
                due_ns += TICK_NS
                if self._stopped():
                    break
        self._end(second, due_ns)

    def _send(self, player: LoadPlayer, at_ns: int, wave: int) -> None:
        now = time.monotonic_ns()
        late = self.pool.loop.tally.histograms["late"]
        where = bucket((now - at_ns) // 1000)
        late[where] = late.get(where, 0) + 1
        if self.plan.race:
            player.special({"op": "claim", "hunt": player.hunt, "treasure": treasure(wave)}, at_ns, now)
        else:
            player.ask(at_ns, now)

    def _begin_closed(self) -> None:
        now = time.monotonic_ns()
        for player in self.players if not self.plan.announcers else self.hosts:
            player.wanted = self.plan.outstanding
            for _ in range(self.plan.outstanding):
                player.ask(now, now)

    def _times(self, length_s: float) -> array[float]:
        plan = self.plan
        if plan.closed:
            return array("d")
        if plan.arrivals == "bursts":
            return schedule.bursts(plan.burst_s, length_s, len(self.players), after_s=plan.warm_s)
        if plan.arrivals == "even":
            return schedule.even(plan.rate, length_s, part=self.part, parts=plan.workers)
        return schedule.poisson(plan.rate, length_s, part=self.part, parts=plan.workers, seed=plan.seed)

    def _order(self) -> list[LoadPlayer]:
        order = list(self.players)
        random.Random(f"{self.plan.seed} {self.part}").shuffle(order)
        return order

    def _occasions(self, start_ns: int, length_s: float) -> None:
        """Lay out what happens beside the schedule."""
        plan, later = self.plan, self.pool.loop.later
        draw = random.Random(f"{plan.seed} occasions {self.part}")
        if plan.storm_s:
            for at_s in schedule.pulses(plan.storm_s, length_s):
                gone = draw.sample(self.players, max(1, int(len(self.players) * plan.storm_share)))
                later(start_ns + int(at_s * 1e9), self._storm, gone)
        if plan.slow_share:
            for i, at_s in enumerate(schedule.pulses(plan.burst_s, length_s)):
                later(start_ns + int(at_s * 1e9), self._stall, i % 2 == 0)
        if plan.announce_per_s:
            for at_s in schedule.even(plan.announce_per_s, length_s):
                for host in self.hosts:
                    later(start_ns + int(at_s * 1e9), self._announce, host)

    def _storm(self, players: list[LoadPlayer]) -> None:
        for player in players:
            player.drop()

    def _stall(self, on: bool) -> None:
        for player in self.players:
            if player.is_slow:
                player.stall(on)

    def _announce(self, host: LoadPlayer) -> None:
        if not self.pool.ending:
            now = time.monotonic_ns()
            host.ask(now, now)

    def _end(self, second: int, due_ns: int) -> None:
        """Wait for the last answers, write down what has none, and say so."""
        for player in self.players:
            player.wanted = 0
            player.stall(False)
        deadline_ns = time.monotonic_ns() + int(LINGER_S * 1e9)
        while any(p.queued or p.waiting() for p in self.players) and time.monotonic_ns() < deadline_ns:
            self.pool.turn(time.monotonic_ns() + 10_000_000)
            if time.monotonic_ns() >= due_ns:
                self._tell(second)
                second += 1
                due_ns += TICK_NS
        self.pool.ending = True
        self._tell(second)
        unanswered = unsent = 0
        for player in self.players:
            waiting = player.waiting()
            unanswered += len(waiting)
            unsent += len(player.queued or ())
            if player.recorder is not None:
                for n in waiting:
                    player.recorder.answered(n, 0, None)
        for player in [*self.players, *self.hosts]:
            player.leave()
        if self.pool.history is not None:
            self.pool.history.close()
        self._pipe.send(WorkerDone(unanswered, unsent))

    # ---- telling

    def _tell(self, second: int) -> None:
        now = time.monotonic_ns()
        used = time.process_time()
        cpu = (used - self._cpu_s) / max(1e-9, (now - self._told_ns) / 1e9)
        self._cpu_s, self._told_ns = used, now
        tally = self.pool.loop.fresh()
        tally.players = self.pool.playing
        self._pipe.send(Second(second, tally.values(), cpu))

    def _stopped(self) -> bool:
        return self._pipe.poll() and self._pipe.recv() == "stop"


def raise_files(needed: int) -> None:
    """Raise the limit of open files as far as is allowed. Raises ValueError when that is not enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed += SPARE_FILES
    if soft < needed:
        wanted = hard if hard != resource.RLIM_INFINITY else max(needed, soft)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft < needed:
        raise ValueError(
            f"{needed} open files are needed in one process, {soft} are allowed; more --processes or ulimit -n {needed}"
        )


def work(plan: LoadPlan, part: int, pipe: Connection) -> None:
    """Be a worker: connect, say so, run from the time that is given, end."""
    try:
        if plan.cores:
            os.sched_setaffinity(0, set(plan.cores))
        raise_files(len(range(part, plan.players, plan.workers)) + plan.announcers)
        worker = Worker(plan, part, pipe)
        if not worker.connect():
            return
        while not pipe.poll():
            worker.idle()  # the sockets are served while others connect
        told = pipe.recv()
        if isinstance(told, int):
            worker.run(told)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return  # the conductor is gone
    except (ValueError, OSError) as error:
        pipe.send(WorkerFault(f"{error}"))
    finally:
        pipe.close()


__all__ = ["Second", "Worker", "WorkerDone", "WorkerFault", "WorkerReady", "work"]
