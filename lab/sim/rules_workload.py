"""The full game's rules in the simulation: freezes, rounds, draws, loot, rows, teams with a start of their own.

Owns what is played, and what a frozen board may show: nothing that came after, whoever asks among the players, on
whichever node, before and after a crash. A workload beside `game`, whose seeds stay what they were.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, Final

from actors.checker.history import VIEWED, Call, ReceivedPush
from huntserver.game.definition.shape import (
    Attempts,
    Clue,
    Definition,
    Hint,
    Loot,
    Rotation,
    Round,
    Schedule,
    Scoring,
    Streak,
    Treasure,
    source,
)
from huntserver.game.features.beginning import Begin
from huntserver.game.features.freezing import BoardFrozen, BoardRevealed, BoardThawed, Freeze, Reveal, Unfreeze
from huntserver.game.features.guessing import Guess
from huntserver.game.features.leaderboard import Board
from huntserver.game.features.rescheduling import Unstarted
from huntserver.game.features.standing import Adjust
from huntserver.game.features.unofficial import CountingChanged, Unofficial
from lab.sim.game_workload import SECRETS, GameRules, GameWorkload
from lab.sim.workload import Move

RANKINGS: Final = (["score", "reached"], ["solves", "wrong", "last_solve"], ["score", "hints", "first_solve"])


def definition(draw: random.Random) -> str:
    """Return a hunt in which the rules of the full game meet; teams begin together or each for itself."""
    own = draw.random() < 0.4
    unlocks = ("", "", "c1 and draw 1 of 2 or points >= 12", "round east or has lamp", "not c2 and after 0:00 or c3")
    clues = []
    for i, unlock in enumerate(unlocks, 1):
        clues.append(
            Clue(
                id=f"c{i}",
                title=f"Clue {i}",
                kind="code" if i == 3 else "text",
                answers=[] if i == 3 else [SECRETS[f"c{i}"]],
                codes=[SECRETS[f"c{i}"]] if i == 3 else [],
                points=10 * i,
                first_bonus=[] if own else [5, 3],
                decay_s=20 if i == 4 else 0,
                decay_solves=0 if i == 4 else 3,
                decay_shape="log" if i == 2 else "curve",
                unlock=unlock,
                round="east" if i in (1, 2) else "",
                hints=[Hint(id="h", text=f"Think of {i}.", price=2)],
                attempts=Attempts(cool_down_s=0.2, free=2, max_s=1.0),
            )
        )
    clues.append(Clue(id="meta", title="The meta", answers=["all of it"], points=50, meta_of=["east"], meta_needs=1))
    clues += [Clue(id=f"stop{n}", title="A stop", answers=[f"stop {n}"], points=3) for n in range(3)]
    loot = [Loot(id="lamp", title="Lamp"), Loot(id="rope", title="Rope", points=4, weight=2)]
    coin = Treasure(id="coin", title="Coin", quantity=2, points=5, loot=loot, until_s=3000)
    made = Definition(
        title="Rules",
        schedule=Schedule(duration_s=3600, start="own" if own else "common", limit_s=1800 if own else None),
        clues=clues,
        treasures=[coin, Treasure(id="crown", title="Crown", points=5)],
        rounds=[Round(id="east", title="East")],
        rotations=[Rotation(stops=[f"stop{n}" for n in range(3)])],
        scoring=Scoring(
            ranking=list(draw.choice(RANKINGS)),  # type: ignore[arg-type]
            streak=Streak(after=2, bonus=2) if draw.random() < 0.5 else None,
            freeze_s=draw.choice((0, 3599)),
        ),
    )
    return source(made)


class FrozenRules(GameRules):
    """What the game promises, and that a frozen board tells nothing of what came after it froze."""

    def __init__(self) -> None:
        super().__init__(SECRETS)
        self._spans: dict[str, list[list[int]]] = {}
        self._changed: dict[str, list[int]] = {}

    def record(self, entity: str, pos: int, by: str, events: Sequence[Any], at_ms: int) -> Iterable[str]:
        """Note when standings freeze and go on."""
        for event in events:
            spans = self._spans.setdefault(entity, [])
            if isinstance(event, BoardFrozen):
                spans.append([pos, 1 << 62])
            elif isinstance(event, BoardThawed | BoardRevealed | Unstarted):
                for span in spans:
                    span[1] = min(span[1], pos)
            elif isinstance(event, CountingChanged):
                self._changed.setdefault(entity, []).append(pos)
        return super().record(entity, pos, by, events, at_ms)

    def leaks(self, calls: Iterable[Call], seen: Iterable[ReceivedPush]) -> Iterable[str]:
        """Yield what was let out too early: answers, and what happened behind the curtain."""
        calls, seen = list(calls), list(seen)
        yield from super().leaks(calls, seen)
        for push in seen:
            hidden = push.channel == "hunt" and self._span(push.entity, push.seq) is not None
            if hidden and push.events is not None and (b"first_finder" in push.events or b'"rank"' in push.events):
                yield f"{push.entity}:{push.seq} tells who found something while the standings are frozen"
        shown: dict[tuple[str, int], list[tuple[str, int, int]]] = {}
        for call in calls:
            if call.outcome != VIEWED or call.role == "host" or not isinstance(call.answer, Board):
                continue
            span = self._span(call.entity, call.pos)
            if span is None or any(span[0] < at < span[1] for at in self._changed.get(call.entity, ())):
                continue
            rows = [(row.team, row.score, row.solved) for row in call.answer.rows]
            if shown.setdefault((call.entity, span[0]), rows) != rows:
                yield f"{call.session} saw frozen standings change at {call.entity}:{call.pos}"

    def _span(self, entity: str, pos: int) -> list[int] | None:
        return next((span for span in self._spans.get(entity, ()) if span[0] <= pos < span[1]), None)


class RulesWorkload(GameWorkload):
    """`game` with a hunt of all rules, and hosts who freeze, reveal and let teams not count."""

    roomy = True

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self._definition = definition(draw)
        self._apart = '"start":"own"' in self._definition

    def _run(self, draw: random.Random, hunt: str) -> Move:
        if draw.random() < 0.6:
            return super()._run(draw, hunt)
        team = f"t{draw.randrange(1, 4)}"
        choices = (Freeze(), Freeze(), Unfreeze(), Reveal(), Reveal(1), Unofficial(team), Unofficial(team, True))
        return Move(
            "hunt", hunt, draw.choice((*choices, *(Adjust(team, points, "x") for points in (-5, 1, 2, 3, 4, 5))))
        )

    def _play(self, draw: random.Random, hunt: str, caller: Any) -> Move:
        roll = draw.random()
        if roll < 0.2 and self._apart:
            return Move("hunt", hunt, Begin())
        if roll > 0.5:
            stop = draw.randrange(5)
            text = f"stop {stop}" if roll > 0.6 else f"wrong {draw.randrange(50)}"
            guess = Guess("meta", "all of it") if stop == 3 else Guess(f"stop{stop}" if stop < 3 else "c2", text)
            return Move("hunt", hunt, guess)
        return super()._play(draw, hunt, caller)

    def game(self) -> FrozenRules:
        """The game's own promises."""
        return FrozenRules()
