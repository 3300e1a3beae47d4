"""The game's rules in the simulation: what they judge is found when it is there, and the play reaches all of it."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.checker.history import OK, VIEWED, Call, ReceivedPush
from huntserver.game.event import Author
from huntserver.game.features.authoring import Create
from huntserver.game.features.guessing import Guess
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.joining import Joined
from huntserver.game.features.page import PageQuery
from huntserver.game.features.scanning import Scan
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claim
from lab.sim.game_workload import SECRETS, GameRules, GameWorkload
from lab.sim.simulation import Simulation

ANN = Author(by="p:ann")


def solved(clue: str, team: str, rank: int) -> Solved:
    return Solved(team, clue, 10, rank, "guess", ["p:ann"], ANN)


def judged() -> GameRules:
    rules = GameRules()
    assert list(rules.record("hunt/h", 4, "p:ann", [Joined("t1", "Hunt", ANN)], 0)) == []
    assert list(rules.record("hunt/h", 7, "p:ann", [solved("c1", "t1", 1)], 0)) == []
    return rules


def test_an_answer_let_out_before_its_clue_is_solved_is_found() -> None:
    rules = judged()
    secret = SECRETS["c1"]

    def shown(channel: str, seq: int) -> list[str]:
        return list(rules.leaks([], [ReceivedPush("n1", "hunt/h", channel, seq, 0, f'["{secret}"]'.encode())]))

    def told(who: str, pos: int, outcome: str = VIEWED) -> list[str]:
        answer = f'"{secret}"'.encode() if outcome == OK else [secret]
        return list(rules.leaks([Call("s", who, "player", "hunt/h", "", None, 0, 0, outcome, "", pos, answer)], []))

    assert shown("hunt", 9) != []
    assert shown("team:t2", 9) != []
    assert shown("team:t1", 6) != []
    assert told("p:bob", 9) != []
    assert told("p:ann", 6) != []
    assert told("p:ann", 6, OK) != []
    assert shown("team:t1", 7) + told("p:ann", 7) + shown("host", 1) == []


def test_the_seeds_find_a_treasure_that_is_oversold(monkeypatch: pytest.MonkeyPatch) -> None:
    class OneOfEach(dict[tuple[str, str], int]):
        def __setitem__(self, which: tuple[str, str], quantity: int) -> None:
            super().__setitem__(which, 1)

    def rules(workload: GameWorkload) -> GameRules:
        made = GameRules()
        made._quantity = OneOfEach()  # judged by one piece, played with two
        return made

    monkeypatch.setattr(GameWorkload, "game", rules)
    for seed in range(50):
        if any(v.invariant == "I8" for v in Simulation(seed, make=GameWorkload).run().violations):
            return
    pytest.fail("nobody noticed")


def test_the_play_reaches_every_part_of_the_game() -> None:
    done: Counter[type] = Counter()
    for seed in range(30):
        sim = Simulation(seed, make=GameWorkload)
        assert sim.run().violations == []
        done.update(type(call.command) for call in sim.calls if call.outcome in (OK, VIEWED))
    assert all(done[kind] > 0 for kind in (Create, Guess, Scan, Claim, TakeHint, PageQuery)), done
