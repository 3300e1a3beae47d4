"""What opens by rounds, metas, points, items, draws and loops: nothing late, nothing that no rule opens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.game.definition.shape import Clue, Definition, Loot, Rotation, Round, Streak, Treasure, source
from huntserver.game.definition.shape import Scoring as ScoringKeys
from huntserver.game.definition.solvability import check
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.guessing import Guess
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.features.standing import Adjust
from huntserver.game.features.treasures import Claim, Claimed
from huntserver.game.state import Phase
from huntserver.playthrough import play_through
from lab.rigs.game import HUNT, OWNER, Table, code, digest

IDS = [f"c{n}" for n in range(8)]
ATOMS = st.one_of(
    st.sampled_from(IDS[:4]),
    st.sampled_from(["after 0:01", "after 0:03", "points >= 15", "points >= 30", "has coin", "has lamp", "round east"]),
    st.sampled_from(["draw 1 of 2", "draw a 2 of 2", "1 of round east", "2 of (c0, c1, c2)"]),
)
RULES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner), st.builds("not {}".format, inner)
    ),
    max_leaves=4,
)


def hunt(rules: list[str], round_rule: str, coin: str) -> Definition:
    clues = [
        Clue(
            id=id,
            title="T",
            answers=[f"a{id}"],
            unlock=rule,
            round="east" if i in (4, 5) else "",
            meta_of=["east"] if i == 6 else [],
            meta_needs=1 if i == 6 else 0,
        )
        for i, (id, rule) in enumerate(zip(IDS, rules, strict=True))
    ]
    loot = [Loot(id="lamp", title="Lamp"), Loot(id="rope", title="Rope", points=7)]
    return Definition(
        title="R",
        clues=clues,
        treasures=[Treasure(id="coin", title="Coin", points=5, unlock=coin, loot=loot)],
        rounds=[Round(id="east", title="East", unlock=round_rule)],
        rotations=[Rotation(stops=["c1", "c2", "c3"])],
        scoring=ScoringKeys(streak=Streak(after=2, bonus=3)),
    )


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]), st.sampled_from(["guess", "claim", "wait", "adjust"]), st.integers(0, 7)
    ),
    max_size=25,
)


def table_of(definition: Definition, *players: str) -> Table:
    table = Table("")
    for command in (Create(), Define(source(definition)), Publish()):
        assert code(table.host(command)) == ""
    for player in players:
        table.join(player)
    table.host(Start())
    return table


class Ever:
    """What each team's rules have allowed so far, looked at after every record."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.met: dict[str, int] = {}
        record = table.record

        def look(events: tuple[Any, ...]) -> None:
            record(events)
            self.look()

        table.record = look  # type: ignore[method-assign]
        self.look()

    def look(self) -> None:
        state = self.table.state
        if state.phase is not Phase.RUNNING:
            return
        for team in state.teams.values():
            own = state.own(team)
            now = sum(1 << i for i, o in enumerate(state.plan.opens) if o(team.solved, state.released_s, own))
            self.met[team.id] = self.met.get(team.id, 0) | now
            assert team.unlocked == self.met[team.id], "open is what was allowed at some time, at once"


@settings(max_examples=150, deadline=None)
@given(st.lists(RULES | st.just(""), min_size=8, max_size=8), RULES | st.just(""), RULES | st.just(""), MOVES)
def test_all_that_a_rule_has_opened_is_open_at_once_and_nothing_else(
    rules: list[str], round_rule: str, coin: str, moves: list[tuple[str, str, int]]
) -> None:
    table = Table("")
    for command in (Create(), Define(source(hunt(["", *rules[1:]], round_rule, coin))), Publish()):
        if code(table.host(command)):
            return  # something in it can never be opened
    table.join("ann")
    table.join("bob")
    table.host(Start())
    ever = Ever(table)
    for who, what, n in moves:
        if what == "guess":
            table.send(Guess(IDS[n], f"a{IDS[n]}"), f"p:{who}")
        elif what == "claim":
            table.send(Claim("coin"), f"p:{who}")
        elif what == "wait":
            table.tick(30 * n)
        else:
            table.host(Adjust(who.title(), 4 * n - 10, "x")) if n != 7 else None
    ever.look()
    assert digest(table.replay()) == digest(table.state)
    back = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert digest(back) == digest(table.state)
    told = [e for p in table.pushes("team:t1") for e in p.events]
    shown = {c.id for e in told for c in getattr(e, "clues", [])} | {
        c.id for p in table.pushes("hunt") for e in p.events for c in getattr(e, "clues", [])
    }
    assert shown == {c.id for c in table.ask(PageQuery()).clues}, "whatever opens is told"


PLAIN = Definition(
    title="P",
    clues=[
        Clue(id="gate", title="G", answers=["a"], points=20),
        Clue(id="left", title="L", answers=["b"], unlock="gate and draw 1 of 2"),
        Clue(id="right", title="R", answers=["c"], unlock="gate and draw 2 of 2"),
        Clue(id="cave", title="C", answers=["d"], unlock="has lamp"),
    ],
    treasures=[
        Treasure(
            id="box", title="Box", quantity=50, loot=[Loot(id="lamp", title="L", weight=3), Loot(id="x", title="X")]
        )
    ],
)


def test_draws_come_from_a_seed_in_the_log_and_are_spread() -> None:
    table = table_of(PLAIN, *(f"q{n}" for n in range(40)))
    for n in range(40):
        table.send(Guess("gate", "a"), f"p:q{n}")
    left = sum(team.unlocked >> 1 & 1 for team in table.state.teams.values())
    assert 8 < left < 32
    assert all((t.unlocked >> 1 & 1) + (t.unlocked >> 2 & 1) == 1 for t in table.state.teams.values())
    assert table.state.rest.seed == next(e.seed for r in table.log for e in r.events if hasattr(e, "seed"))
    assert [t.unlocked for t in table.replay().teams.values()] == [t.unlocked for t in table.state.teams.values()]


def test_loot_is_what_the_roll_in_the_event_says() -> None:
    table = table_of(PLAIN, *(f"q{n}" for n in range(40)))
    for n in range(40):
        assert code(table.send(Claim("box"), f"p:q{n}")) == ""
    claims = [e for r in table.log for e in r.events if isinstance(e, Claimed)]
    assert all(e.loot == ("lamp" if e.roll < 3 else "x") and 0 <= e.roll < 4 for e in claims)
    lamps = sum(e.loot == "lamp" for e in claims)
    assert 20 < lamps < 40
    assert sum(t.unlocked >> 3 & 1 for t in table.state.teams.values()) == lamps


def test_merged_teams_have_the_items_of_both_and_what_they_open() -> None:
    toml = """
title = "M"
teams = { mode = "teams" }
clues = [
    { id = "a", title = "A", answers = ["a"] },
    { id = "b", title = "B", answers = ["b"], unlock = "has x and has y" },
]
treasures = [
    { id = "t", title = "T", loot = [{ id = "x", title = "X" }] },
    { id = "u", title = "U", loot = [{ id = "y", title = "Y" }] },
]
"""
    table = Table(toml).published()
    table.join("ann", team="Owls")
    table.join("bob", team="Bats")
    table.host(Start())
    table.send(Claim("t"), "p:ann")
    table.send(Claim("u"), "p:bob")
    assert code(table.guess("b", "ann", "b")) == "locked"
    table.host(Merge("Owls", "Bats"))
    assert table.guess("b", "bob", "b").verdict == "correct"
    assert digest(table.replay()) == digest(table.state)


def test_a_page_says_of_a_meta_what_feeds_it_and_of_clues_their_round() -> None:
    definition = hunt(["", "", "", "", "", "", "", ""], "", "")
    table = table_of(definition, "ann")
    table.guess("ac5", "ann", "c5")
    page = table.ask(PageQuery())
    meta = next(clue for clue in page.clues if clue.id == "c6")
    assert meta.fed_by == [5, 6]
    assert [(r.id, r.title) for r in page.rounds] == [("east", "East")]
    assert {clue.id for clue in page.clues if clue.round == "east"} == {"c4", "c5"}


def test_generated_teams_take_what_opens_clues() -> None:
    assert check(PLAIN) == []
    seen = {report.clue: report for report in play_through(PLAIN, teams=30).clues}
    assert 0 < seen["cave"].solved < 30
    assert seen["left"].solved + seen["right"].solved == 30


@pytest.mark.parametrize("clues", [500])
def test_a_cascade_looks_at_what_a_solve_can_open_alone(clues: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [Clue(id=f"c{n}", title="T", answers=["a"], unlock=f"c{n - 1}" if n else "") for n in range(clues)]
    table = table_of(Definition(title="Chain", clues=chain), "ann")
    looked = [0]

    def counted(rule: Any) -> Any:
        def look(*given: Any) -> bool:
            looked[0] += 1
            return bool(rule(*given))

        return look

    monkeypatch.setattr(table.state.plan, "opens", [counted(rule) for rule in table.state.plan.opens])
    for n in range(40):
        assert table.guess("a", "ann", f"c{n}").verdict == "correct"
    assert looked[0] == 40
    assert table.ask(PageQuery(), OWNER, "host").role
