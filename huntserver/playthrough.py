"""A hunt played through by generated teams on its own rules: who is stuck where. The same seed, the same play.

Teams differ in how fast they are. Each works at the open clue that comes first for it, walks there if it has a place,
and has solved it after a while; what opens, when, and what time is left is the hunt's own doing.
"""

from __future__ import annotations

import random
from statistics import median
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.bits import bits
from huntserver.game.definition.oddities import WALK_M_PER_S
from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.amending import AwardSolve
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.beginning import Begin
from huntserver.game.features.joining import Join
from huntserver.game.features.media import AddMedium
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.features.treasures import Claim
from huntserver.game.geo import distance_m
from huntserver.game.hunt import HuntType
from huntserver.game.media import references, type_of
from huntserver.game.state import Hunt, Phase, Team

HOST: Final = "h:rehearsal"
MINUTE_MS: Final = 60_000
WORK_S: Final = 480.0
"""How long an average team works at a clue: half of them take less than 5.5 minutes."""
LONGEST_MS: Final = 24 * 60 * MINUTE_MS
"""Play that is looked at where a hunt has no end."""


class ClueReport(msgspec.Struct, frozen=True):
    """How a clue fared: teams that saw it, that solved it, that had it open at the end; half took `minutes` or less."""

    clue: str
    title: str
    opened: int
    solved: int
    stuck: int
    minutes: float


class TeamReport(msgspec.Struct, frozen=True):
    """Where a team stood at the end: `stuck` at these clues; nothing was open to it for `idle_minutes`."""

    team: str
    score: int
    solved: int
    stuck: list[str]
    idle_minutes: int


class Playthrough(msgspec.Struct, frozen=True):
    """What was seen: `minutes` of play, clues in the order of the file, teams by place."""

    minutes: int
    clues: list[ClueReport]
    teams: list[TeamReport]


def play_through(d: Definition, teams: int = 20, seed: int = 1) -> Playthrough:
    """Play a hunt that can be played."""
    return _Play(d, teams, seed).through()


class _Play:
    def __init__(self, d: Definition, teams: int, seed: int) -> None:
        self.draw = random.Random(seed)
        self.rules = HuntType()
        self.state: Hunt = self.rules.create("rehearsal")
        self.seq = 0
        begin = d.schedule.starts_at or d.schedule.opens_at
        self.now_ms = int(begin.timestamp() * 1000) if begin is not None else 2_000_000_000_000
        self.pace = {f"t{n}": self.draw.lognormvariate(0.0, 0.5) for n in range(1, teams + 1)}
        self.at: dict[str, tuple[float, float]] = {}
        self.busy: dict[str, tuple[int, int]] = {}  # team -> (clue, done at)
        self.opened_ms: dict[tuple[str, int], int] = {}
        self.took_ms: dict[int, list[int]] = {}
        self.idle: dict[str, int] = {}
        schedule = msgspec.structs.replace(d.schedule, opens_at=None)
        self.host(Create())
        self.host(Define(source(msgspec.structs.replace(d, schedule=schedule))))
        for name in references(d):  # what lies in them plays no part
            self.host(AddMedium(name, "", 0, type_of(name), ""))
        self.host(Publish())
        for n in range(1, teams + 1):
            self.send(Join(team=f"Team {n}"), f"p:{n}", "player")
        self.tick()
        if self.state.phase is Phase.PUBLISHED:
            self.host(Start())
        for n in range(1, teams + 1) if self.state.plan.own_start else ():
            self.send(Begin(), f"p:{n}", "player")

    def host(self, command: Any) -> None:
        self.send(command, HOST, "host")

    def send(self, command: Any, by: str, role: str) -> None:
        decision = self.rules.decide(self.state, command, self.context(by, role))
        if isinstance(decision, Rejected):
            raise ValueError(f"{decision.code}: {decision.msg}")
        assert isinstance(decision, Decision)
        self.write(decision.events)

    def context(self, by: str, role: str) -> Context:
        ctx = Context()
        ctx.by, ctx.role, ctx.name, ctx.now_ms, ctx.seq = by, role, by[2:], self.now_ms, self.seq + 1
        ctx.roll = lambda: self.draw.getrandbits(53)
        return ctx

    def write(self, events: Any) -> None:
        self.seq += 1
        for event in events:
            self.rules.apply(self.state, event, self.seq, self.now_ms)
        self.rules.pushes(self.state, events, self.seq, self.now_ms)

    def tick(self) -> None:
        """Fire what is due by now."""
        while (due := self.rules.due(self.state)) is not None and due.due_ms <= self.now_ms:
            self.write(self.rules.fire(self.state, due.id, self.context("timer", "system")))

    def through(self) -> Playthrough:
        began_ms = self.now_ms
        while self.state.phase is Phase.RUNNING and self.now_ms - began_ms < LONGEST_MS:
            for team in list(self.state.teams.values()):
                self.works(team)
            if not self.busy and self.rules.due(self.state) is None:
                break  # all that can be solved is
            self.now_ms += MINUTE_MS
            self.tick()
        return self.report((self.now_ms - began_ms) // MINUTE_MS)

    def works(self, team: Team) -> None:
        for clue in bits(team.unlocked & self.state.plan.clue_bits):
            self.opened_ms.setdefault((team.id, clue), self.now_ms)
        self.takes(team)
        doing = self.busy.get(team.id)
        if doing is not None and doing[1] <= self.now_ms:
            self.solves(team, doing[0])
            doing = None
        if doing is None:
            open_ = bits(team.unlocked & ~team.solved & self.state.plan.clue_bits)
            if open_:
                self.busy[team.id] = (open_[0], self.now_ms + self.needs_ms(team, open_[0]))
            elif team.solved != self.state.plan.clue_bits:
                self.idle[team.id] = self.idle.get(team.id, 0) + 1

    def takes(self, team: Team) -> None:
        """Claim whatever is on offer: items may open clues."""
        first = len(self.state.plan.clues)
        for i in bits(team.unlocked >> first & ~team.treasures):
            claim = Claim(self.state.plan.treasures[i].id)
            decision = self.rules.decide(self.state, claim, self.context(team.members[0], "player"))
            if isinstance(decision, Decision):
                self.write(decision.events)

    def solves(self, team: Team, clue: int) -> None:
        del self.busy[team.id]
        plan = self.state.plan
        parts = plan.parts.of.get(clue, [])[: plan.parts.needed.get(clue, 0)]
        for part in parts:
            self.host(AwardSolve(team.id, part.clue, part.id))
        if not parts:
            self.host(AwardSolve(team.id, plan.clues[clue].id))
        self.took_ms.setdefault(clue, []).append(self.now_ms - self.opened_ms[team.id, clue])

    def needs_ms(self, team: Team, clue: int) -> int:
        """Draw how long a team needs: thinking by its pace, walking by the distance from where it was last; of a clue
        that is made of parts, for as many of the first ones as solve it."""
        parts = self.state.plan.parts
        places = [dict(self.state.plan.places).get(clue)]
        if clue in parts.of:
            places = [part.spot for part in parts.of[clue][: parts.needed[clue]]]
        seconds = 0.0
        for place in places:
            seconds += self.draw.expovariate(1 / WORK_S) * self.pace[team.id]
            if place is not None:
                here = (place.lat, place.lon)
                seconds += distance_m(*self.at.get(team.id, here), *here) / WALK_M_PER_S
                self.at[team.id] = here
        return int(seconds * 1000)

    def report(self, minutes: int) -> Playthrough:
        plan, teams = self.state.plan, self.state.teams
        clues = [
            ClueReport(
                clue.id,
                clue.title,
                sum(t.unlocked >> i & 1 for t in teams.values()),
                self.state.solves[i],
                sum((t.unlocked & ~t.solved) >> i & 1 for t in teams.values()),
                median(self.took_ms[i]) / MINUTE_MS if i in self.took_ms else 0.0,
            )
            for i, clue in enumerate(plan.clues)
        ]
        rows = [
            TeamReport(
                t.name,
                t.score,
                t.solved.bit_count(),
                [plan.clues[i].id for i in bits(t.unlocked & ~t.solved & plan.clue_bits)],
                self.idle.get(t.id, 0),
            )
            for t in self.state.standings.top(len(teams))
        ]
        return Playthrough(minutes, clues, rows)
