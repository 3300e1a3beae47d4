"""How a definition looks to a team before anybody plays it, and how it plays, on the hunt's own rules. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision
from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.amending import AwardSolve
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.beginning import Begin
from huntserver.game.features.guessing import Guess
from huntserver.game.features.joining import Join
from huntserver.game.features.page import Page, page_of
from huntserver.game.features.schedule import Published, Start
from huntserver.game.hunt import HuntType
from huntserver.game.state import Hunt, Phase, Team

NAME: Final = "Preview"
HOST: Final = "h:rehearsal"
PLAYER: Final = "p:rehearsal"


class Tried(msgspec.Struct, frozen=True):
    """What became of a guess in a rehearsal, and the page after it. `answer`: as players are answered, or a refusal."""

    page: Page
    answer: Any = None


def rehearsed(definition: Definition, now_ms: int) -> Page:
    """Return the page of a team to which every clue and treasure is open, as if play had just begun."""
    state = Hunt("preview")
    state.define(source(definition), "")
    state.phase = Phase.RUNNING
    state.started_ms = state.zero_ms = now_ms
    duration_s = definition.schedule.duration_s
    state.ends_ms = now_ms + duration_s * 1000 if duration_s is not None else 0
    team = Team("t1", 1, NAME, bracket=state.plan.bracket, invite="" if state.plan.solo else "ABC234")
    team.members, team.names = ("p:preview",), (NAME,)
    state.enlist(team)
    state.standings.add(team)
    state.members["p:preview"] = team
    team.unlocked = (1 << len(state.plan.opens)) - 1
    return page_of(state, team, now_ms)


def tried(definition: Definition, now_ms: int, *, solved: Sequence[str] = (), clue: str = "", text: str = "") -> Tried:
    """Return the page of a team that has solved these clues, in this order, and then tries `text` at `clue`.

    Clues that are not there, or not open by then, are left out: the text may have changed since they were solved.
    """
    play = _Rehearsal(definition, now_ms)
    for id in solved:
        play.send(AwardSolve("t1", id), HOST, "host")
    answer = play.send(Guess(clue, text), PLAYER, "player") if clue else None
    return Tried(page_of(play.state, play.state.teams["t1"], now_ms), answer)


class _Rehearsal:
    """A hunt that has begun, with one team in it."""

    def __init__(self, definition: Definition, now_ms: int) -> None:
        self.rules = HuntType()
        self.state: Hunt = self.rules.create("preview")
        self.seq, self.now_ms = 0, now_ms
        schedule = msgspec.structs.replace(definition.schedule, opens_at=None, starts_at=None, ends_at=None)
        for command in (Create(), Define(source(msgspec.structs.replace(definition, schedule=schedule)))):
            self.send(command, HOST, "host")
        self.write((Published(),))  # also while it lacks media: its texts name them, as in `rehearsed`
        self.send(Join(team=NAME), PLAYER, "player")
        if self.state.phase is Phase.PUBLISHED:
            self.send(Start(), HOST, "host")
        if self.state.plan.own_start:
            self.send(Begin(), PLAYER, "player")

    def send(self, command: Any, by: str, role: str) -> Any:
        """Return the answer, or the refusal."""
        ctx = Context()
        ctx.by, ctx.role, ctx.name, ctx.now_ms, ctx.seq = by, role, NAME, self.now_ms, self.seq + 1
        ctx.roll = lambda: 1 << 40
        decision = self.rules.decide(self.state, command, ctx)
        if not isinstance(decision, Decision):
            return decision
        self.write(decision.events)
        return decision.answer

    def write(self, events: Sequence[Any]) -> None:
        """Let a record happen."""
        self.seq += 1
        for event in events:
            self.rules.apply(self.state, event, self.seq, self.now_ms)
        self.rules.pushes(self.state, events, self.seq, self.now_ms)
