"""One seed: nodes over one store, players behind a network, faults, and at the end the checker's verdict.

Owns the run's phases (play under faults, heal, settle, audit) and the operator that starts nodes. The same seed gives
the same time line in any process. Three streams of random numbers: schedule, faults, workload.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from actors.checker.history import LiveDigest, Violation
from actors.checker.log_judge import LogJudge, Totals
from lab.sim import truncation
from lab.sim.faults import EPOCH_MS, SPILL_MENU, SeedFaults
from lab.sim.node import SimNode
from lab.sim.player import ScriptedPlayer
from lab.sim.stage import Stage
from lab.sim.workload import ToyWorkload, Workload

OPERATE_S: Final = 0.1
PLAY_S: Final = 6.0
SETTLE_S: Final = 5.0
NODES_MAX: Final = 3
TENURES: Final = 3
STOPPING: Final = ("pause", "pause_sent", "jump")
"""Faults of processes, which concern each of their shards."""
TIMERS_S: Final = 3.0
LATE_TIMER_S: Final = 0.1

MakeWorkload = Callable[[random.Random], Workload]


class Outcome(NamedTuple):
    """What a seed gave. `digest` is of its time line; `faults` says how often each struck."""

    seed: int
    violations: list[Violation]
    digest: str
    totals: Totals
    faults: dict[str, int]
    virtual_s: float
    timeline: list[tuple[Any, ...]]


class Simulation(Stage[SimNode]):
    """The run of one seed: its phases, the operator that starts nodes, and the judgement at the end."""

    settle_s = SETTLE_S
    play_s = PLAY_S
    proofs = 1
    """What a refusal or a view may miss, in times of `proof_s`: of the owner's proof, and of the way over a link."""

    def __init__(
        self,
        seed: int,
        *,
        make: MakeWorkload = ToyWorkload,
        off: Sequence[str] = (),
        on: Sequence[str] = (),
    ) -> None:
        draw = random.Random(f"{seed}/workload")
        super().__init__(seed, make(draw), SeedFaults(seed, off=off, on=on))
        self._started = 0
        player = self.door.player if self.door else ScriptedPlayer
        self.players = [player(self, i, who, count) for i, (who, count) in enumerate(self.workload.players(draw))]

    # ---- nodes

    def make_node(self, number: int) -> SimNode:
        """Return a process that is not started yet."""
        return SimNode(self, number)

    def start_node(self, after_s: float) -> SimNode:
        """Start a process."""
        self._started += 1
        node = self.make_node(self._started)
        self.nodes.append(node)
        node.boot(after_s)
        self.note("start", node.name)
        return node

    # ---- the operator and the faults of processes

    def _operate(self) -> None:
        for node in self.alive():
            untold = node.untold()
            if untold:
                self.broken("I10", untold, node.name)
            if heaped := node.heaped():
                self.broken("BOUND", heaped, node.name)
        if self.plan.healed:
            return
        draw, at = self.plan.random, self.plan.at
        running = [n for n in self.alive() if n.booted and not n.draining]
        for name in ("pause", "crash", "takeover", "drain", "jump"):
            rate = at.get(name)
            if rate is not None and running and draw.random() < rate * OPERATE_S:
                self.plan.struck[name] += 1
                self._strike(name, draw.choice(running))
        if not [n for n in self.alive() if not n.draining and not n.place.stopped] and len(self.nodes) < NODES_MAX:
            self.start_node(draw.random() * 0.2)
        else:
            self._replace_superseded()
        self.loop.post(self.loop.world, OPERATE_S, self._operate)

    def _strike(self, name: str, node: SimNode) -> None:
        draw = self.plan.random
        self.note(name, node.name)
        if name == "pause":
            if not node.place.stopped:
                self.loop.stop_place(node.place)
                self.loop.post(self.loop.world, self.plan.within(0.05, 3.0), self.loop.resume_place, node.place)
        elif name == "crash":
            node.kill()
        elif name == "takeover":
            if len(self.alive()) < NODES_MAX:
                self.start_node(0.0)
        elif name == "drain":
            node.drain()
            if draw.random() < 0.5:
                self.start_node(draw.random() * 0.3)
        else:
            far = 10_000 if draw.random() < 0.2 else 1_500
            node.clock.offset_ms = self.plan.wrong_ms(far)

    def _replace_superseded(self) -> None:
        """When the youngest node lost a shard to a tenure of a process that is gone, only a fresh one goes on."""
        nodes = self.alive()
        if nodes and nodes[-1].booted and nodes[-1].lost_one() and self.loop.time() - nodes[-1].born_s > 0.3:
            if len(nodes) >= NODES_MAX:
                nodes[0].kill()
            self.start_node(0.05)

    def _heal(self) -> None:
        """Nothing goes wrong from here on: one process lives, its clock is right."""
        self.plan.heal()
        self.note("heal")
        nodes = self.alive()
        for node in nodes[:-1]:
            node.kill()
        if nodes:
            self.loop.resume_place(nodes[-1].place)
            nodes[-1].clock.set_right()
            if nodes[-1].draining:
                nodes[-1].kill()
        if not self.alive():
            self.start_node(0.0)

    # ---- the phases

    def run(self) -> Outcome:
        """Play the seed to its end and judge it."""
        loop = self.loop
        try:
            self.start_node(0.0)
            loop.post(loop.world, OPERATE_S, self._operate)
            for player in self.players:
                player.start()
            loop.run(self._is_over, self.play_s)
            for player in self.players:
                player.left = 0
            self._heal()
            settled = self._settle()
            if settled and self.door:
                self.door.check(self)
            live = self._audit() if settled else []
            if settled and "truncate" in self.plan.at:
                truncation.judge_running(self)
                truncation.judge(self, self.start_node)
        finally:
            virtual_s = loop.time()
            self._end()
        totals = self._judge(settled, live)
        line = hashlib.blake2b(repr(self.timeline).encode(), digest_size=16).hexdigest()
        return Outcome(self.seed, self.violations, line, totals, dict(self.plan.struck), virtual_s, self.timeline)

    def _is_over(self) -> bool:
        return all(not p.left for p in self.players)

    def _at_rest(self) -> bool:
        nodes = self.alive()
        return all(p.done() for p in self.players) and bool(nodes) and nodes[-1].owns_all() and nodes[-1].quiet()

    def _settle(self) -> bool:
        """I10: some seconds after the last fault everything is answered and every shard is served."""
        loop, plan = self.loop, self.plan
        plan.last_s = max(plan.last_s, loop.time())
        while True:
            left_s = plan.last_s + self.settle_s - loop.time()
            if left_s <= 0:
                break
            loop.run(self._at_rest, min(left_s, 0.25))
            if loop.time() > plan.last_s and self._at_rest():
                return True
            if loop.time() <= plan.last_s:
                loop.run(lambda: False, plan.last_s - loop.time() + 0.001)
            self._replace_superseded()
        waiting = [f"{p.name}:{c.key or '?'} {c.entity}" for p in self.players for c in p.unanswered()]
        nodes = [(n.name, n.system.ready(), n.owns_all(), n.quiet()) for n in self.alive()]
        self.broken(
            "I10", f"not at rest {self.settle_s} s after the last fault; unanswered: {waiting[:8]}; nodes: {nodes}"
        )
        return False

    def _audit(self) -> list[LiveDigest]:
        """Ask every entity once more, note the live states, start a fresh process on the same store, note again."""
        self._wait_for_timers()
        self._probe()
        node = self.alive()[-1]
        live = [at._replace(last=False) for at in node.live()]  # a timer may still fire at the auditor
        if self.schedule.random() < 0.3:
            node.drain()
            if not self.loop.run(lambda: node.place.dead, 12.0):
                self.broken("I10", f"{node.name} could not be drained")
        return self._started_afresh(live)

    def _started_afresh(self, live: list[LiveDigest]) -> list[LiveDigest]:
        """Kill every node and start a fresh process on the same store; return the live states given and its own."""
        for node in self.alive():
            node.kill()
        auditor = self.start_node(0.0)
        if not self.loop.run(lambda: auditor.booted and auditor.owns_all() and auditor.quiet(), self.settle_s):
            self.broken("I10", f"a fresh process does not come up: {auditor.system.ready()}")
            return live
        self._probe()
        return live + auditor.live()

    def _late_s(self) -> float:
        """Return how late a timer may be: a clock that was set right when the faults ended is not believed before the
        log bears it out, and the time that a node goes by until then may be as far off as two clocks may."""
        wrong = "skew" in self.plan.at or "jump" in self.plan.at
        return LATE_TIMER_S + (self.plan.limits.clock_skew_ms / 1000 if wrong else 0.0)

    def _wait_for_timers(self) -> None:
        """I10: timers fire although nobody asks."""
        node = self.alive()[-1]
        last_ms, late_s = max(node.timers().values(), default=0), self._late_s()
        wait_s = max(min((last_ms - node.clock.wall_ms()) / 1000, TIMERS_S), 0.0) + late_s + 0.1
        if self.loop.run(lambda: node.lost_one() or not node.owns_all(), wait_s):
            return  # it was superseded by what was still under way
        for entity, due_ms in node.timers().items():
            if due_ms < node.clock.wall_ms() - int(late_s * 1000):
                self.broken("I10", f"the timer of {entity} was due at {due_ms} and has not fired")

    def _probe(self) -> None:
        prober = ScriptedPlayer(self, 99, self.players[0].caller, 0)
        self.players.append(prober)
        prober.name = f"probe{len(self.players)}"
        for number, move in enumerate(self.workload.probes()):
            prober.ask(number, move)
        until_s = self.loop.time() + self.settle_s
        while not self.loop.run(self._at_rest, 0.25):
            self._replace_superseded()
            if self.loop.time() > until_s:
                waiting = [c.entity for c in prober.unanswered()]
                self.broken("I10", f"not at rest {self.settle_s} s after it was; unanswered: {waiting}")
                return

    def _end(self) -> None:
        for node in self.alive():
            node.kill()
        self.loop.kill_place(self.loop.world)
        self.loop.close()
        for where, error in self.loop.errors:
            self.broken("I10", f"nobody caught {error!r}", where)

    # ---- the verdict

    def _judge(self, settled: bool, live: list[LiveDigest]) -> Totals:
        limits = self.plan.limits
        rules = self.workload.rules._replace(
            proof_s=limits.proof_s * self.proofs, clock_skew_ms=limits.clock_skew_ms, epoch_ms=EPOCH_MS
        )
        game = self.workload.game()
        checker = LogJudge([kind for kind, _ in self.workload.kinds], game, rules)
        for call in self.calls:
            checker.call(call)
        for player in self.players:
            for call in player.unanswered():
                checker.call(call)
        for item in self.shown:
            checker.shown(item)
        for seen in self.seen:
            checker.seen(seen)
        for state in live:
            checker.live(state)
        for entity in self.closed:
            checker.closed(entity)
        for shard in sorted(self.store.shards):
            landed = self.store.landed_s.get(shard, [])
            for offset, body in enumerate(self.store.shards[shard]):
                checker.record(shard, offset, body, landed[offset])
        self.violations += checker.verdict(settled=settled)
        for text in game.leaks(self.calls, self.seen):
            self.broken("I9", text)
        self._check_complete(checker, live)
        self._check_tenures(checker)
        return checker.totals()

    def _check_tenures(self, checker: LogJudge) -> None:
        """I10: no shard saw more than three tenures for one fault of a process or of its log."""
        struck = self._started + sum(self.plan.struck[name] for name in (*STOPPING, *SPILL_MENU))
        for shard, count in checker.tenures().items():
            faults = struck + self.plan.struck_at[shard]
            if count > TENURES * faults:
                self.broken("I10", f"{count} tenures for {faults} faults", str(shard))

    def _check_complete(self, checker: LogJudge, live: list[LiveDigest]) -> None:
        held = {(at.node, at.entity) for at in live}
        entities = set(checker.digests())
        for node in {at.node for at in live}:
            for entity in sorted(entities - self.closed):
                if (node, entity) not in held:
                    self.broken("I5", f"{node} does not hold {entity}")
