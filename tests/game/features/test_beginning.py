"""A start of its own for every team."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.beginning import Begin, TeamReleased, Unbegin
from huntserver.game.features.extra_time import ExtraTime, RemoveInterval
from huntserver.game.features.freezing import Freeze, Unfreeze
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import Extend, Pause, Start, Unpause
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claim
from huntserver.game.features.unofficial import Unofficial
from huntserver.game.invariants import GameInvariants
from huntserver.game.player.commands import CreditSolve
from lab.rigs.game import HUNT, Table, code, digest

OWN = """
title = "Own"
[schedule]
start = "own"
limit_s = 1000
duration_s = 5000
[[clues]]
id = "a"
title = "A"
answers = ["a"]
hints = [{ id = "h", text = "!", after_s = 50 }]
[[clues]]
id = "b"
title = "B"
answers = ["b"]
unlock = "after 0:05"
[[treasures]]
id = "t"
title = "T"
quantity = 9
from_s = 100
"""
TEAMS = OWN.replace("[schedule]", '[teams]\nmode = "teams"\n[schedule]')


def began(table: Table, *players: str) -> Table:
    for player in players:
        assert code(table.send(Begin(), f"p:{player}")) == ""
    return table


def firsts(table: Table) -> list[str]:
    return [e.name for p in table.pushes("hunt") for e in p.events if e.type == "first_finder"]


def test_first_finder_is_who_needed_the_least_own_time_and_nobody_is_credited_for_it() -> None:
    table = began(Table(OWN).running("ann", "bob", "cid"), "ann")
    table.tick(100)
    table.guess("a", "ann", "a")
    began(table, "bob", "cid")
    table.tick(150)
    table.guess("a", "bob", "a")
    assert firsts(table) == ["Ann"]
    assert table.state.rest.fastest == {"a": (100_000, "t1")}
    table.host(Unofficial("Cid"))
    table.guess("a", "cid", "a")
    assert firsts(table) == ["Ann"]
    other = began(Table(OWN).running("ann", "bob"), "ann")
    other.tick(100)
    other.guess("a", "ann", "a")
    began(other, "bob")
    other.tick(50)
    other.guess("a", "bob", "a")
    assert firsts(other) == ["Ann", "Bob"]
    assert other.state.rest.fastest == {"a": (50_000, "t2")}
    credits = [r.command for r in other.reactions if isinstance(r.command, CreditSolve)]
    assert [c.first for c in credits] == [False, False]
    solves = [e for r in other.log for e in r.events if isinstance(e, Solved)]
    assert [(e.rank, e.used_ms) for e in solves] == [(1, 100_000), (2, 50_000)]
    rows = other.ask(BoardQuery()).rows
    assert [(row.name, row.used_ms) for row in rows] == [("Bob", 50_000), ("Ann", 100_000)]


def test_who_is_fastest_behind_the_curtain_is_not_told() -> None:
    table = began(Table(OWN).running("ann"), "ann")
    table.host(Freeze())
    table.tick(5)
    table.guess("a", "ann", "a")
    assert firsts(table) == []
    table.host(Unfreeze())
    table.tick(1)
    assert [c.first for r in table.reactions if isinstance(c := r.command, CreditSolve)] == [False]


def test_a_page_tells_a_teams_own_times() -> None:
    table = Table(OWN).running("ann", "bob")
    page = table.ask(PageQuery())
    assert (page.own_start, page.began_ms, page.limit_s, page.clues) == (True, 0, 1000, [])
    table.tick(300)
    began(table, "ann")
    start = table.now_ms
    page = table.ask(PageQuery())
    assert (page.began_ms, page.ends_ms) == (start, start + 1_000_000)
    assert [c.id for c in page.clues] == ["a"]
    assert page.clues[0].hints[0].offered_ms == start + 50_000
    assert page.treasures[0].from_ms == start + 100_000
    assert code(table.send(Claim("t"))) == "locked"
    table.tick(300)
    assert [c.id for c in table.ask(PageQuery()).clues] == ["a", "b"]
    assert table.ask(PageQuery(), "p:bob").clues == []
    opened = [e for p in table.pushes("team:t1") for e in p.events if e.type == "opened"]
    assert [[c.id for c in e.clues] for e in opened] == [["b"]]


def test_the_hunts_end_and_the_limit_both_end_a_teams_time_and_extra_time_moves_both() -> None:
    table = began(Table(OWN).running("ann", "bob"), "ann")
    table.tick(4500)
    began(table, "bob")
    assert table.ask(PageQuery(), "p:bob").ends_ms == table.state.ends_ms
    assert code(table.guess("a", "ann", "a")) == "too_late"
    table.host(ExtraTime("Ann", 4000))
    assert table.ask(PageQuery()).ends_ms == table.state.zero_ms + 5_000_000
    table.host(Extend(-100))
    table.tick(450)
    assert code(table.guess("a", "bob", "a")) == "too_late"
    assert table.guess("a", "ann", "a").verdict == "correct"


def test_a_merged_team_began_when_the_earlier_one_did() -> None:
    table = Table(TEAMS).published()
    table.join("ann", team="Owls")
    table.join("bob", team="Bats")
    table.host(Start())
    began(table, "bob")
    table.tick(400)
    table.host(Merge("Owls", "Bats"))
    page = table.ask(PageQuery(), "p:ann")
    assert (page.began_ms, [c.id for c in page.clues]) == (table.state.zero_ms, ["a", "b"])
    assert digest(table.replay()) == digest(table.state)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('start = "own"', "", "schedule.limit_s"),
        ('start = "own"\nlimit_s = 1000', "stagger_s = 60", "schedule.stagger_s"),
        ('answers = ["a"]', 'answers = ["a"]\nfirst_bonus = [3]', "clues[0].first_bonus"),
        ("from_s = 100", "from_s = 1000", "treasures[0].from_s"),
        ("limit_s = 1000", "limit_s = 300", "clues[1].unlock"),
        ('start = "own"', 'start = "mine"', "schedule.start"),
    ],
)
def test_what_does_not_fit_a_way_to_start_is_said(old: str, new: str, path: str) -> None:
    found = check_definition(OWN.replace(old, new).encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found if p.path == path] == [path]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ["begin", "guess", "pause", "unpause", "unbegin", "interval", "extra", "store", "wait", "wait"]
        ),
        st.integers(0, 2),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(MOVES)
def test_a_team_plays_from_its_beginning_to_its_end_and_all_opens_at_its_own_time(moves: list[tuple[str, int]]) -> None:
    """An oracle counts each team's own play apart from the game: what passed while the hunt ran, since it began."""
    table = Table(OWN.replace("limit_s = 1000", "limit_s = 600")).running("a", "b", "c")
    judge, own, extra = GameInvariants(), dict.fromkeys("abc", -1.0), dict.fromkeys("abc", 0)
    running, passed = True, 0.0
    for what, n in moves:
        who = "abc"[n]
        if what == "begin":
            answer = table.send(Begin(), f"p:{who}")
            assert (code(answer) == "") == (running and own[who] < 0), answer
            own[who] = max(own[who], 0.0) if not code(answer) else own[who]
        elif what == "guess":
            answer = table.guess(f"wrong {table.seq}", who, "a")
            plays = running and 0 <= own[who] < 600 + extra[who]
            assert (code(answer) in ("", "cool_down")) == plays, (answer, own)
        elif what in ("pause", "unpause"):
            if not code(table.host(Pause() if what == "pause" else Unpause())):
                running = what == "unpause"
        elif what == "unbegin" and not code(table.host(Unbegin(who.title()))):
            own[who] = -1.0
        elif what == "interval" and not code(table.host(RemoveInterval(60))):
            passed -= 60
            own = {k: max(0.0, v - 60) if v >= 0 else v for k, v in own.items()}
        elif what == "extra" and not code(table.host(ExtraTime(who.title(), 30))):
            extra[who] += 30
        elif what == "store":
            parts = list(HUNT.encode(table.state))
            table.state = HUNT.decode("h1", parts)
            assert list(HUNT.encode(table.state)) == parts
        elif what == "wait":
            table.tick(100 * n + 20)
            if running:
                passed += 100 * n + 20
                own = {k: v + 100 * n + 20 if v >= 0 else v for k, v in own.items()}
        for team in table.state.teams.values():
            mine = own[team.name.lower()]
            assert team.has_begun == (mine >= 0)
            if mine < 0:
                assert not team.unlocked
            elif mine >= 300 and running:
                assert team.unlocked & 0b11 == 0b11
    found = [e for r in table.log for e in judge.record("hunt/h1", r.seq, "", r.events, r.at_ms)]
    assert found == []
    assert digest(table.replay()) == digest(table.state)


def test_teams_begin_in_turn_and_whoever_joins_late_at_once() -> None:
    toml = OWN.replace("limit_s = 1000", "limit_s = 1000\nstagger_s = 60")
    table = Table(toml).running("ann", "bob")
    table.tick(59)
    assert [t.has_begun for t in table.state.teams.values()] == [True, False]
    table.host(Unbegin("Ann"))
    table.tick(300)
    assert [t.has_begun for t in table.state.teams.values()] == [False, True], "what a host took back stays so"
    table.join("cid")
    table.tick(0)
    assert table.state.teams["t3"].has_begun
    events: list[Any] = [e for r in table.log for e in r.events]
    assert not [e for e in events if isinstance(e, TeamReleased) and e.team == "t1"]
