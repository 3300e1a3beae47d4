"""The game's own invariants: what is fair passes, and each kind of unfairness is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from huntserver.game.event import Author
from huntserver.game.features.authoring import Defined
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.reopening import Reopened
from huntserver.game.features.schedule import Ended
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claimed
from huntserver.game.invariants import GameInvariants

ADA = Author("p:ada")
DEFINED = Defined("d", '{"title":"X","treasures":[{"id":"t","title":"T","quantity":2}]}')


def claimed(team: str, rank: int) -> Claimed:
    return Claimed(team, "t", "T", rank, 5, ADA)


def solved(team: str, rank: int) -> Solved:
    return Solved(team, "c", 10, rank, "guess", ["p:ada"], ADA)


def judged(*events: Any, entity: str = "hunt/h") -> list[str]:
    invariants = GameInvariants()
    found: list[str] = []
    for pos, event in enumerate((DEFINED, *events), 1):
        found += invariants.record(entity, pos, "p:ada", event if isinstance(event, Sequence) else (event,), 0)
    return found


def test_ranks_in_order_within_the_quantity_are_fair() -> None:
    guess = Guessed("a", "c", "incorrect", 1, ADA)
    assert judged(claimed("a", 1), guess, solved("a", 1), claimed("b", 2), solved("b", 2), Ended()) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((claimed("a", 1), claimed("b", 2), claimed("c", 3)), "claim 3 of 2"),
        ((claimed("a", 1), claimed("b", 1)), "claim 2 has rank 1"),
        ((claimed("a", 2),), "claim 1 has rank 2"),
        ((claimed("a", 1), claimed("a", 2)), "a has it twice"),
        ((solved("a", 1), solved("b", 1)), "solve 2 has rank 1"),
        ((solved("a", 2),), "solve 1 has rank 2"),
        ((solved("a", 1), solved("a", 2)), "a solved it twice"),
        ((Ended(), claimed("a", 1)), "claimed by a after the end"),
        ((Ended(), Guessed("a", "c", "incorrect", 1, ADA)), "guessed by a after the end"),
    ],
)
def test_what_is_unfair_is_found(events: Sequence[Any], said: str) -> None:
    assert any(said in text for text in judged(*events))


def test_each_hunt_has_its_own_first_finder() -> None:
    invariants = GameInvariants()
    for hunt in ("hunt/a", "hunt/b"):
        assert list(invariants.record(hunt, 1, "p:ada", (solved("t", 1),), 0)) == []
    assert invariants.firsts == 2


def test_records_of_players_are_none_of_its_business() -> None:
    assert judged(claimed("a", 7), entity="player/ada") == []


def test_a_treasure_without_a_quantity_is_one() -> None:
    one = Defined("d", '{"title":"X","treasures":[{"id":"t","title":"T"}]}')
    assert judged(one, claimed("a", 1)) == []
    assert any("claim 2 of 1" in text for text in judged(one, claimed("a", 1), claimed("b", 2)))


def test_a_hunt_that_is_open_again_may_be_played() -> None:
    again = Reopened(2_000)
    assert judged(Ended(), again, claimed("a", 1)) == []
    assert any("after the end" in text for text in judged(Ended(), again, Ended(), claimed("a", 1)))
