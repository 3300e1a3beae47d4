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
from huntserver.game.features.treasures import Claim, Claimed
from lab.sim import game_workload as sim_game
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


def test_a_second_first_finder_and_a_treasure_oversold_are_found() -> None:
    rules = judged()
    assert "2 times, the last has rank 1" in next(iter(rules.record("hunt/h", 8, "p:bob", [solved("c1", "t2", 1)], 0)))
    for rank, team in ((1, "t1"), (2, "t2")):
        found = list(rules.record("hunt/h", 9, "p:bob", [Claimed(team, "crown", "Crown", rank, 5, ANN)], 0))
        assert found == ([] if rank == 1 else ["2 of 1 crown claimed"])
    assert "twice" in list(rules.record("hunt/h", 10, "p:ann", [solved("c1", "t1", 3)], 0))[-1]


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
    def rules() -> GameRules:
        monkeypatch.setitem(sim_game.QUANTITIES, "coin", 1)  # judged by one piece, played with two
        return GameRules()

    for seed in range(50):
        monkeypatch.setitem(sim_game.QUANTITIES, "coin", 2)
        monkeypatch.setattr(GameWorkload, "game", lambda self: rules())
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
