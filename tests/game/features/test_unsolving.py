"""What a host gave is taken back, and the team stands as if it had never been given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entity import Decision
from huntserver.game.features.amending import Accept, AwardSolve
from huntserver.game.features.auditing import AuditQuery
from huntserver.game.features.enrolling import Enroll, Unenroll
from huntserver.game.features.errata import Erratum, Unerratum
from huntserver.game.features.extra_time import ExtraTime
from huntserver.game.features.freezing import Freeze, Unfreeze
from huntserver.game.features.guessing import Guess
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import PageQuery
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from huntserver.game.features.unsolving import Unsolve
from huntserver.game.player.entity import PlayerType
from lab.rigs.game import HUNT, OWNER, Table, code, digest, hand_in

GIVEN = """
title = "Given"
[scoring]
ranking = ["score", "last_solve", "first_solve", "final", "solves"]
streak = { after = 2, bonus = 3 }
[[clues]]
id = "c1"
title = "1"
answers = ["one"]
first_bonus = [5, 2]
[[clues]]
id = "c2"
title = "2"
answers = ["two"]
points = 100
decay_solves = 4
final = true
[[clues]]
id = "c3"
title = "3"
kind = "photo"
points = 20
[[clues]]
id = "c4"
title = "4"
kind = "compound"
points = 30
parts = [{ id = "a", kind = "manual" }, { id = "b", answers = ["b"] }]
"""


def stands(table: Table) -> Any:
    """What others see of teams, and what decides ties."""
    teams = table.state.teams.values()
    order = [t.id for t in table.state.standings.top(10)]
    return order, table.state.solves, [(t.id, t.score, t.score_at, t.solved, t.rank) for t in teams]


def totals(table: Table, player: str) -> tuple[int, int, int]:
    """A player's totals, from all that hunts told it."""
    kind = PlayerType()
    state = kind.create(player)
    for n, reaction in enumerate(r for r in table.reactions if r.id == player):
        ctx = table.context("entity:hunt/h1", "entity", "")
        made = kind.decide(state, reaction.command, ctx)
        assert isinstance(made, Decision)
        for event in made.events:
            kind.apply(state, event, n, 0)
    assert not state.set_aside
    return state.solves, state.firsts, sum(joining.points for joining in state.hunts.values())


def moves() -> Any:
    return st.lists(
        st.sampled_from([("ann", "c1", "one"), ("bob", "c1", "one"), ("bob", "c2", "two"), ("ann", "c4", "b")]),
        max_size=3,
        unique=True,
    )


@given(moves(), moves(), st.sampled_from(["c1", "c2", "c4"]), st.booleans())
def test_an_award_that_is_taken_back_leaves_standings_and_totals_as_if_it_had_never_been(
    before: list[Any], between: list[Any], clue: str, frozen: bool
) -> None:
    tables = [Table(GIVEN).running("ann", "bob", "cid") for _ in range(2)]
    for n, table in enumerate(tables):
        for steps in (before, between):
            for who, of, text in steps:
                table.tick(3)
                table.send(Guess(of, text, "b" if of == "c4" else ""), f"p:{who}")
            if steps is before and frozen:
                table.host(Freeze())
            table.tick(1)
            if n and steps is before:
                part = "a" if clue == "c4" else ""
                assert code(table.host(AwardSolve("t3", clue, part))) == ""
                assert code(table.host(Unsolve("t3", clue, part))) == ""
        if frozen:
            table.host(Unfreeze())
        table.tick(1)
    never, undone = tables
    assert stands(never) == stands(undone)
    assert [totals(never, p) for p in ("ann", "bob", "cid")] == [totals(undone, p) for p in ("ann", "bob", "cid")]
    assert digest(undone.replay()) == digest(undone.state)
    assert digest(HUNT.decode("h1", list(HUNT.encode(undone.state)))) == digest(undone.state)


def test_an_award_before_the_standings_froze_is_taken_back_in_secret_and_from_the_players_totals() -> None:
    table = Table(GIVEN).running("ann", "bob")
    table.host(AwardSolve("t1", "c1"))
    table.host(Freeze())
    table.host(AwardSolve("t1", "c2"))
    assert totals(table, "ann") == (1, 1, 15)
    table.host(Unsolve("t1", "c2"))
    table.host(Unsolve("t1", "c1"))
    table.host(Unfreeze())
    table.tick(1)
    assert totals(table, "ann") == (0, 0, 0)


def test_a_photo_that_was_accepted_by_mistake_waits_again_and_its_clue_is_not_solved() -> None:
    table = Table(GIVEN).running("ann", "bob")
    table.send(hand_in("c3", "cat"))
    assert table.host(AcceptPhoto("p1"))["points"] == 20
    assert table.host(Unsolve("t1", "c3"))["points"] == -20
    assert code(table.host(RejectPhoto("p1", "That is a dog."))) == ""
    page = table.ask(PageQuery())
    assert page.photos[0].why == "That is a dog."
    assert not next(c for c in page.clues if c.id == "c3").solved
    assert table.host(AcceptPhoto("p1"))["rank"] == 1
    assert table.state.teams["t1"].score == 20
    table.host(Unsolve("t1", "c3"))
    assert table.state.teams["t1"].score == 0
    lines = {line.what: line.undo for line in table.ask(AuditQuery(), OWNER, "host").lines}
    assert lines["photo_judged"] == "unsolve t1 c3"


def test_solves_of_an_answer_that_was_accepted_by_mistake_are_taken_back_one_by_one() -> None:
    table = Table(GIVEN).running("ann", "bob")
    table.guess("uno", "ann")
    table.guess("uno", "bob")
    table.host(Accept("c1", "uno"))
    table.tick(2)
    assert [t.score for t in table.state.teams.values()] == [15, 12]
    assert code(table.host(Unsolve("t2", "c1"))) == ""
    assert code(table.host(Unsolve("t1", "c1"))) == ""
    assert table.state.solves[0] == 0
    assert table.guess("one", "bob").rank == 1


@pytest.mark.parametrize("last", ["award", "guess"])
def test_a_part_that_was_awarded_is_taken_back_alone_or_with_the_clue_that_it_completed(last: str) -> None:
    table = Table(GIVEN).running("ann", "bob")
    if last == "award":
        table.send(Guess("c4", "b", "b"))
        table.host(AwardSolve("t1", "c4", "a"))
        assert table.state.teams["t1"].score == 30
        assert code(table.host(Unsolve("t1", "c4", "b"))) == "wrong_phase"
        assert code(table.host(Unsolve("t1", "c4"))) == ""
        assert table.state.teams["t1"].score == 0
        assert table.state.teams["t1"].more.parts == {"c4": ["b"]}  # type: ignore[union-attr]
    else:
        table.host(AwardSolve("t1", "c4", "a"))
        assert code(table.host(Unsolve("t1", "c4", "b"))) == "wrong_phase"
        assert code(table.host(Unsolve("t1", "c4", "a"))) == ""
        table.host(AwardSolve("t1", "c4", "a"))
        table.send(Guess("c4", "b", "b"))
        assert code(table.host(Unsolve("t1", "c4"))) == "wrong_phase", "it was solved by a guess of the team's own"
    assert digest(table.replay()) == digest(table.state)


def test_what_was_given_to_a_team_that_is_merged_into_another_is_not_taken_back_any_more() -> None:
    table = Table(GIVEN.replace('title = "Given"', 'title = "Given"\n[teams]\nmode = "teams"')).running("ann", "bob")
    table.host(AwardSolve("t2", "c1"))
    table.host(Merge("t1", "t2"))
    assert code(table.host(Unsolve("t1", "c1"))) == "wrong_phase"
    assert digest(table.replay()) == digest(table.state)


def test_the_trail_names_what_undoes_what_and_the_undo_works() -> None:
    table = Table(
        GIVEN.replace('title = "Given"', 'title = "Given"\n[schedule]\nduration_s = 600\n[teams]\nmode = "teams"')
    )
    table.published()
    table.host(Enroll("Owls"))
    table.join("ann", team="Bats")
    table.host(ExtraTime("t2", 60))
    table.host(ExtraTime("t2", 30))
    table.host(Erratum("c1", "It is one."))
    lines = {line.what: line.undo for line in table.ask(AuditQuery(), OWNER, "host").lines}
    assert lines == {
        "published": "", "enrolled": "unenroll t1", "extra_time_given": "extra_time t2 -30",
        "erratum_given": "unerratum c1",
    } | {what: undo for what, undo in lines.items() if what in ("created", "defined")}  # fmt: skip
    assert table.host(ExtraTime("t2", -30)) == {"extra_s": 60}
    assert table.host(Unerratum("c1")) == {"left": 0}
    assert table.state.more.errata == {}
    assert table.host(Unenroll("t1")) == {"team": "t1"}
    assert code(table.host(Unenroll("t2"))) == "wrong_phase"
    assert code(table.join("bob", team="Owls")) == ""
