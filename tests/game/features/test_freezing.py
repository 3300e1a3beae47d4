"""Frozen standings: who sees what, and what is told afterwards."""

from __future__ import annotations

import msgspec
import pytest

from huntserver.game.features.freezing import Freeze, Reveal, Unfreeze
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.merging import Merge
from huntserver.game.features.naming import Rename
from huntserver.game.features.page import PageQuery
from huntserver.game.features.roles import Grant, TakeRole
from huntserver.game.features.schedule import End, Extend, Pause, Start, Unpause
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.features.treasures import Claim
from huntserver.game.features.unofficial import Unofficial
from huntserver.game.invariants import GameInvariants
from huntserver.game.player.commands import CloseHunt, CreditSolve
from lab.rigs.game import HUNT, OWNER, SMALL, Table, code, digest

EARLY = SMALL.replace("[schedule]", "[scoring]\nfreeze_s = 600\n[schedule]")


def rows(table: Table, by: str = "p:ann", role: str = "player") -> list[tuple[int, str, int]]:
    return [(row.place, row.name, row.score) for row in table.ask(BoardQuery(), by, role).rows]


def frozen() -> Table:
    """Return a hunt whose standings froze when Ann had 15 points."""
    table = Table(SMALL).running("ann", "bob", "cid")
    table.guess("one")
    table.host(Freeze())
    table.shown.clear()
    table.reactions.clear()
    return table


def test_what_is_scored_behind_the_curtain_is_seen_by_hosts_and_the_own_team_alone() -> None:
    table = frozen()
    table.guess("one", "bob")
    table.send(Claim("coin"), "p:bob")
    before = [(1, "Ann", 15), (2, "Bob", 0), (3, "Cid", 0)]
    assert rows(table) == rows(table, "system", "system") == before
    assert [row[1:] for row in rows(table, OWNER, "host")] == [("Bob", 22), ("Ann", 15), ("Cid", 0)]
    own = table.ask(BoardQuery(), "p:bob")
    assert (own.mine.place, own.mine.score, own.frozen_ms) == (2, 22, table.now_ms)
    page = table.ask(PageQuery(), "p:bob")
    assert (page.team.place, page.team.score, page.frozen_ms) == (2, 22, table.now_ms)
    told = msgspec.json.encode([p.events for _, p in table.shown if p.channel == "hunt"]).decode()
    assert "Bob" not in told
    assert '"left":1' in told
    assert not [p for _, p in table.shown if p.state], "that something was scored is told to nobody"


def test_a_spectator_sees_what_players_see_and_a_reviewer_what_hosts_see() -> None:
    table = frozen()
    table.guess("one", "bob")
    for role in ("spectator", "reviewer"):
        offer = table.host(Grant(role))
        assert code(table.send(TakeRole(offer["code"]), f"h:{role}", "host")) == ""
    assert rows(table, "h:spectator", "host")[0] == (1, "Ann", 15)
    assert rows(table, "h:reviewer", "host")[1] == (2, "Bob", 12)


def test_standings_freeze_by_themselves_before_the_end_wherever_it_is_moved() -> None:
    table = Table(EARLY).running("ann")
    table.host(Extend(600))
    table.tick(2000)
    table.host(Pause())
    table.tick(5000)
    table.host(Unpause())
    table.tick(1599)
    assert table.state.rest.curtain is None
    table.tick(1)
    assert table.state.rest.curtain is not None
    table.host(Unfreeze())
    table.tick(500)
    assert table.state.rest.curtain is None, "what a host let go on does not freeze by itself again"


def test_places_are_written_and_solves_credited_once_after_the_reveal() -> None:
    table = frozen()
    table.guess("one", "bob")
    table.host(End())
    table.tick(60)
    assert not table.reactions
    table.host(Adjust("Cid", 40, "for patience"))
    table.host(Reveal(2))
    table.tick(60)
    assert rows(table) == [(3, "Bob", 12)]
    assert table.ask(BoardQuery()).hidden == 2
    assert not table.reactions
    table.host(Reveal())
    table.tick(60)
    commands = [(r.id, r.command) for r in table.reactions]
    assert commands[0] == ("bob", CreditSolve("h1", "c1", 12, False))
    assert [(who, c.place) for who, c in commands if isinstance(c, CloseHunt)] == [("ann", 2), ("bob", 3), ("cid", 1)]
    assert len(commands) == 4
    assert digest(table.replay()) == digest(table.state)
    judge = GameInvariants()
    assert not [e for r in table.log for e in judge.record("hunt/h1", r.seq, "", r.events, r.at_ms)]


def test_a_freeze_that_is_taken_back_leaves_the_standings_as_if_it_had_never_been() -> None:
    def play(table: Table) -> list[tuple[int, str, int]]:
        table.tick(5)
        table.guess("one", "bob")
        table.tick(5)
        table.guess("one", "cid")
        table.host(Adjust("Ann", -9, "x"))
        return rows(table)

    table = frozen()
    play(table)
    table.host(Unfreeze())
    other = Table(SMALL).running("ann", "bob", "cid")
    other.guess("one")
    assert rows(table) == play(other)


def test_a_frozen_row_follows_its_team_in_what_is_to_be_seen_alone() -> None:
    table = frozen()
    table.host(Rename("Cid", "Zed"))
    table.host(Disqualify("Bob", "x"))
    assert [row[1] for row in rows(table)] == ["Ann", "Bob", "Zed"]
    table.host(Unofficial("Ann"))
    assert rows(table) == [(1, "Bob", 0), (2, "Zed", 0)]
    table.join("eve")
    assert len(rows(table)) == 2
    back = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert digest(back) == digest(table.state)
    assert back.timer == table.state.timer


def test_held_solves_go_over_when_teams_are_merged() -> None:
    toml = SMALL.replace("[schedule]", '[teams]\nmode = "teams"\n[schedule]')
    table = Table(toml).published()
    table.join("ann", team="Owls")
    table.join("bob", team="Bats")
    table.host(Start())
    table.host(Freeze())
    table.guess("one", "bob")
    table.host(Merge("Owls", "Bats"))
    table.reactions.clear()
    table.host(Unfreeze())
    table.tick(1)
    assert [(r.id, type(r.command)) for r in table.reactions] == [("ann", CreditSolve), ("bob", CreditSolve)]


@pytest.mark.parametrize(
    ("command", "says"),
    [(Reveal(), "wrong_phase"), (Unfreeze(), "wrong_phase"), (Freeze(), "")],
)
def test_what_is_not_frozen_is_not_revealed(command: object, says: str) -> None:
    assert code(Table(SMALL).running("ann").host(command)) == says


def test_a_team_that_does_not_count_takes_nothing_from_others() -> None:
    table = Table(SMALL).running("ann", "bob")
    table.host(Unofficial("Bob"))
    table.shown.clear()
    table.reactions.clear()
    assert table.guess("one", "bob").points == 10
    table.send(TakeHint("c1", "free"), "p:bob")
    table.send(Claim("coin"), "p:bob")
    assert (table.state.solves[0], table.state.claims[0]) == (0, 0)
    assert "Bob" not in msgspec.json.encode([p.events for p in table.pushes("hunt")]).decode()
    assert not table.reactions, "nor do its players' totals"
    assert rows(table) == [(1, "Ann", 0)]
    assert table.ask(BoardQuery(), "p:bob").mine is None
    page = table.ask(PageQuery(), "p:bob")
    assert (page.team.place, page.team.unofficial) == (0, True)
    assert table.guess("one").rank == 1
    table.host(End())
    table.tick(60)
    assert {r.id: r.command.place for r in table.reactions if isinstance(r.command, CloseHunt)} == {"ann": 1, "bob": 0}
