"""Teams: who comes in, who goes, who leads, and what becomes of what was won."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entity import Rejected
from huntserver.game.features.admitting import Admit
from huntserver.game.features.auditing import AuditQuery
from huntserver.game.features.captaincy import Approval, HandOver, NewInvite
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.leaving import Kick, LeaveTeam
from huntserver.game.features.merging import Merge
from huntserver.game.features.moving import MovePlayer
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Start
from huntserver.game.features.standing import Disqualify
from huntserver.game.features.treasures import Claim
from huntserver.game.invariants import GameInvariants
from huntserver.game.player.commands import ChangeTeam, EnterHunt, LeaveHunt
from lab.rigs.game import HUNT, OWNER, SMALL, TEAMS, Table, code, digest

WIDE = TEAMS.replace("size_max = 2\nplayers_max = 5", "size_max = 3\nplayers_max = 50")


def owls_and_bats(start: bool = False) -> Table:
    """Ann (captain) and Bob are Owls, Cid is a Bat."""
    table = Table(WIDE).published()
    table.join("bob", invite=table.join("ann", team="Owls").invite)
    table.join("cid", team="Bats")
    if start:
        table.host(Start())
    return table


def members(table: Table) -> dict[str, tuple[str, ...]]:
    return {t.name: t.members for t in table.state.teams.values() if not t.is_dissolved}


def by(table: Table, who: str, command: Any) -> Any:
    return table.send(command, f"p:{who}")


def test_an_invite_of_another_team_is_answered_truthfully() -> None:
    table = owls_and_bats()
    owls, bats = (table.state.teams[t].invite for t in ("t1", "t2"))
    refused = table.join("ann", invite=bats)
    assert code(refused) == "in_other_team"
    assert "Owls" in refused.msg
    assert code(table.join("ann", invite=owls)) == "already_joined"
    assert code(table.join("ann", invite="NONE22")) == "no_such_team"
    assert members(table)["Bats"] == ("p:cid",)


def test_who_goes_leaves_all_to_the_team_and_the_next_one_leads_it() -> None:
    table = owls_and_bats(start=True)
    table.guess("one", "ann")
    score = table.state.teams["t1"].score
    assert by(table, "ann", LeaveTeam()) == {"team": "t1"}
    assert members(table)["Owls"] == ("p:bob",)
    assert table.state.teams["t1"].score == score > 0
    assert code(table.guess("x", "ann")) == "not_joined"
    assert code(table.ask(MembershipQuery(), "p:ann")) == "not_joined"
    page = table.ask(PageQuery(), "p:ann")
    assert (page.team, page.clues, page.channels) == (None, [], {})
    assert table.reactions[-1] == table.reactions[-1]._replace(id="ann", command=LeaveHunt("h1", "t1"))
    told = table.pushes("team:t1")[-1].events[0]
    assert (told.type, told.by, told.name) == ("left", "p:ann", "Ann")


def test_a_team_that_nobody_is_left_in_is_dissolved_if_it_did_nothing_and_stays_if_it_played() -> None:
    table = owls_and_bats()
    by(table, "cid", LeaveTeam())
    assert [row.name for row in table.ask(BoardQuery()).rows] == ["Owls"]
    assert table.join("cid", team="Bats").team == "t3"
    table.host(Start())
    table.guess("x", "cid")
    by(table, "cid", LeaveTeam())
    assert "Bats" in members(table), "else a team begins again without its cool-downs"
    assert [row.name for row in table.ask(BoardQuery()).rows] == ["Owls", "Bats"]
    assert table.join("cid", invite=table.state.teams["t3"].invite).team == "t3"


def test_nobody_changes_teams_during_play_without_a_host() -> None:
    table = owls_and_bats(start=True)
    bats = table.state.teams["t2"].invite
    by(table, "bob", LeaveTeam())
    assert code(table.join("bob", team="Newts")) == "in_other_team"
    assert code(table.join("bob", invite=bats)) == "in_other_team"
    assert table.host(MovePlayer("bob", "Bats")) == {"team": "t2"}
    assert members(table)["Bats"] == ("p:cid", "p:bob")


def test_who_plays_alone_comes_back_to_the_same_cool_downs() -> None:
    table = Table(SMALL).running()
    for text in ("x", "y", "z"):
        table.guess(text)
    by(table, "ann", LeaveTeam())
    assert table.join("ann").team == "t1"
    assert code(table.guess("w")) == "cool_down"


def test_who_was_taken_out_does_not_come_back_by_the_code_that_everybody_knew() -> None:
    table = owls_and_bats()
    old = table.state.teams["t1"].invite
    assert code(by(table, "bob", Kick("Ann"))) == "not_allowed"
    assert code(by(table, "cid", Kick("bob"))) == "no_such_player"
    assert code(by(table, "ann", Kick("ann"))) == "bad_field"
    answer = by(table, "ann", Kick("Bob"))
    assert answer["invite"] == table.state.teams["t1"].invite != old
    told = table.pushes("team:t1")[-1].events[0]
    assert (told.type, told.how, told.text) == ("left", "kicked", answer["invite"]), "who stays hears the new code"
    assert code(table.join("bob", invite=old)) == "no_such_team"
    assert table.reactions[-1].command == LeaveHunt("h1", "t1", kicked=True)


def test_a_host_takes_out_and_the_trail_names_the_host_but_no_captain() -> None:
    table = owls_and_bats()
    by(table, "ann", Kick("bob"))
    table.host(Kick("cid", reason="shouted"))
    lines = [(line.what, line.by, line.reason) for line in table.ask(AuditQuery(), OWNER, "host").lines]
    assert [line for line in lines if line[0] == "left"] == [("left", OWNER, "shouted")]
    assert members(table) == {"Owls": ("p:ann",)}


def test_two_players_of_one_name_are_told_apart_by_their_ids() -> None:
    table = owls_and_bats()
    table.send(owls_join(table), "p:bob2", name="Bob")
    refused = table.host(Kick("bob"))
    assert refused == {"team": "t1", "invite": refused["invite"]}, "an id comes before a name"
    table.send(owls_join(table), "p:bob3", name="Bob")
    assert "p:bob2, p:bob3" in table.host(MovePlayer("Bob", "Bats")).msg


def owls_join(table: Table) -> Join:
    return Join(invite=table.state.teams["t1"].invite)


def test_a_captain_hands_over_and_the_new_one_leads() -> None:
    table = owls_and_bats()
    assert code(by(table, "bob", HandOver("bob"))) == "not_allowed"
    assert code(by(table, "ann", HandOver("ann"))) == "wrong_phase"
    by(table, "ann", HandOver("Bob"))
    assert table.ask(PageQuery(), "p:ann").team.ids == ("p:bob", "p:ann")
    assert code(by(table, "ann", NewInvite())) == "not_allowed"
    assert by(table, "bob", NewInvite())["invite"] == table.state.teams["t1"].invite
    assert table.host(HandOver("ann", team="Owls")) == {"team": "t1"}
    assert code(table.host(NewInvite())) == "bad_field"
    assert code(by(table, "cid", NewInvite("Owls"))) == "not_allowed"


def test_a_team_that_asks_first_lets_in_whom_its_captain_admits() -> None:
    table = owls_and_bats()
    invite = table.state.teams["t1"].invite
    assert code(by(table, "ann", Approval("maybe"))) == "bad_field"
    by(table, "ann", Approval("ask"))
    answer = table.join("dan", invite=invite)
    assert (answer.team, answer.waiting, answer.invite) == ("t1", True, "")
    assert code(table.guess("x", "dan")) == "not_joined"
    assert table.ask(PageQuery(), "p:dan").asking == "Owls"
    assert table.ask(PageQuery()).team.asking == [("p:dan", "Dan")]
    assert code(table.join("dan", invite=invite)) == "waiting"
    assert by(table, "ann", Admit("Dan")) == {"team": "t1"}
    assert members(table)["Owls"] == ("p:ann", "p:bob", "p:dan")
    assert table.reactions[-1].command == EnterHunt("h1", "Small", "t1", admitted=True)
    assert table.state.more.asking == {}
    assert table.join("eve", invite=invite).code == "team_full"


def test_who_is_not_admitted_or_founds_a_team_meanwhile_asks_no_more() -> None:
    table = owls_and_bats()
    by(table, "ann", Approval("ask"))
    invite = table.state.teams["t1"].invite
    for who in ("dan", "eve"):
        table.join(who, invite=invite)
    by(table, "ann", Admit("p:dan", refuse=True))
    table.join("eve", team="Newts")
    assert table.state.more.asking == {}
    assert code(by(table, "ann", Admit("Eve"))) == "no_such_player"
    assert table.join("dan", invite=invite).waiting


def test_who_has_left_is_not_moved_back_into_a_hunt_that_is_full() -> None:
    table = Table(WIDE.replace("players_max = 50", "players_max = 3")).published()
    table.join("bob", invite=table.join("ann", team="Owls").invite)
    table.host(Start())
    table.send(LeaveTeam(), "p:bob")
    table.join("cid", team="Bats")
    table.join("dan", team="Newts")
    full = table.host(MovePlayer("p:bob", "t1"))
    assert isinstance(full, Rejected)
    assert full.code == "hunt_full"
    assert "3 players" in full.msg
    table.send(LeaveTeam(), "p:dan")
    assert table.host(MovePlayer("p:bob", "t1")) == {"team": "t1"}


def test_who_is_moved_gains_and_loses_nothing_and_begins_anew_with_the_new_teams_page() -> None:
    table = owls_and_bats(start=True)
    table.guess("one", "ann")
    before = {t.id: t.score for t in table.state.teams.values()}
    assert table.host(MovePlayer("Bob", "Bats", reason="sat there")) == {"team": "t2", "out_of": "t1"}
    assert {t.id: t.score for t in table.state.teams.values()} == before
    page = table.ask(PageQuery(), "p:bob")
    assert (page.team.name, page.team.members) == ("Bats", ("Cid", "Bob"))
    assert table.ask(MembershipQuery(), "p:bob").since == table.seq
    assert table.reactions[-1].command == ChangeTeam("h1", "t2", "Small")
    assert table.ask(AuditQuery(), OWNER, "host").lines[-1].undo == "move p:bob t1"
    assert code(table.host(MovePlayer("bob", "Bats"))) == "already_joined"
    assert code(by(table, "ann", MovePlayer("ann", "Bats"))) == "not_allowed"


def test_a_record_takes_the_player_out_of_the_channel_before_it_shows_anything() -> None:
    table = owls_and_bats()
    for command in (Kick("bob", team="Owls"), MovePlayer("cid", "Owls"), Merge("Owls", "t1")):
        table.host(command)
        pushes = [p for seq, p in table.shown if seq == table.seq]
        parted = [i for i, p in enumerate(pushes) if p.parted]
        assert parted == list(range(len(parted)))
    table.join("dan", team="Newts")
    table.host(Merge("Newts", "Owls"))
    pushes = [p for seq, p in table.shown if seq == table.seq]
    assert {(p.channel, p.parted) for p in pushes if p.parted} == {
        ("team:t1", "p:ann"),
        ("team:t1", "p:cid"),
        ("team:t3", "p:dan"),
    }


def test_teams_stay_as_they_are_after_the_end_and_while_places_are_withdrawn() -> None:
    table = owls_and_bats(start=True)
    table.host(End())
    for command in (MovePlayer("bob", "Bats"), Merge("Owls", "Bats"), Kick("bob"), HandOver("bob", team="Owls")):
        assert code(table.host(command)) == "too_late"
    assert code(by(table, "bob", LeaveTeam())) == "too_late"
    table.tick(1)
    table.host(Reopen())
    at_once = HUNT.decide(table.state, LeaveTeam(), table.context("p:bob", "player", "Bob"))
    assert code(at_once) == "wrong_phase", "the places of the old teams are not withdrawn yet"
    assert code(by(table, "bob", LeaveTeam())) == ""
    table.host(End())
    table.tick(1)
    assert table.state.placed == len(table.state.members) == 2


def test_merged_teams_have_what_either_had_once() -> None:
    table = owls_and_bats(start=True)
    table.guess("one", "ann")
    table.guess("one", "cid")
    by(table, "cid", Claim("coin"))
    before = table.state.teams["t1"].score
    for text in ("x", "y"):
        by(table, "bob", Scan(text))
    answer = table.host(Merge("Owls", "Bats"))
    owls, bats = table.state.teams["t1"], table.state.teams["t2"]
    assert answer == {"team": "t1", "points": 7, "members": 3}
    assert (owls.score, owls.treasures, owls.members) == (before + 7, 1, ("p:ann", "p:bob", "p:cid"))
    assert bats.is_dissolved
    assert table.state.claims == [1]
    assert table.state.solves[0] == 2
    assert code(by(table, "ann", Claim("coin"))) == "treasure_taken"
    assert table.join("dan", team="Bats").team == "t3"
    table.host(Disqualify("t3", "x"))
    assert code(table.host(Merge("Owls", "Bats"))) == "disqualified"
    assert code(table.host(Merge("Owls", "t2"))) == "no_such_team"


COMMANDS = st.lists(
    st.one_of(
        st.builds(lambda who: (who, LeaveTeam()), st.sampled_from("abcd")),
        st.builds(lambda who, whom: (who, Kick(f"p:{whom}")), st.sampled_from("abcdH"), st.sampled_from("abcd")),
        st.builds(
            lambda whom, to: ("H", MovePlayer(f"p:{whom}", to)), st.sampled_from("abcd"), st.sampled_from(["t1", "t2"])
        ),
        st.builds(lambda a, b: ("H", Merge(a, b)), st.sampled_from(["t1", "t2"]), st.sampled_from(["t1", "t2", "t3"])),
        st.builds(lambda who, whom: (who, HandOver(f"p:{whom}")), st.sampled_from("abcd"), st.sampled_from("abcd")),
        st.builds(lambda who, mode: (who, Approval(mode)), st.sampled_from("abcd"), st.sampled_from(["ask", "open"])),
        st.builds(lambda who, whom: (who, Admit(f"p:{whom}")), st.sampled_from("abcd"), st.sampled_from("abcd")),
        st.builds(lambda who, text: (who, text), st.sampled_from("abcd"), st.sampled_from(["one", "no", "nope"])),
        st.builds(lambda who, team: (who, int(team)), st.sampled_from("abcd"), st.sampled_from("012")),
        st.just(("H", Start())),
    ),
    max_size=25,
)


@given(COMMANDS)
def test_however_teams_change_every_player_is_in_one_and_nothing_is_won_or_lost_by_it(steps: list[Any]) -> None:
    table = Table(WIDE).published()
    rules = GameInvariants()
    for who, step in steps:
        if isinstance(step, str):
            table.guess(step, who)
        elif isinstance(step, int):
            invites = [None, *table.state.invites]
            table.join(who, invite=invites[step % len(invites)], team=f"Team {who}" if step == 0 else None)
        else:
            solved = sum(table.state.solves)
            answer = table.host(step) if who == "H" else by(table, who, step)
            assert sum(table.state.solves) == solved or isinstance(answer, Rejected)
        state = table.state
        there = [t for t in state.teams.values() if not t.is_dissolved]
        assert {p: t.id for t in there for p in t.members} == {p: t.id for p, t in state.members.items()}
        assert all(len(t.members) == len(t.names) for t in there)
        assert state.names == {t.name.casefold(): t for t in there}
        assert state.invites == {t.invite: t for t in there}
        assert state.standings.size() == len(there)
        assert not state.members.keys() & (state.more.asking.keys() | state.more.left.keys())
        assert state.attempts == sum(len(t.attempts or ()) for t in state.teams.values())
    for record in table.log:
        assert rules.record("hunt/h1", record.seq, "", record.events, record.at_ms) in ((), [])
    assert rules.teams == {("hunt/h1", p): t.id for p, t in table.state.members.items()}
    assert digest(table.replay()) == digest(table.state)
    assert digest(HUNT.decode("h1", list(HUNT.encode(table.state)))) == digest(table.state)


@pytest.mark.parametrize("command", [LeaveTeam(), Kick("x"), HandOver("x"), NewInvite(), Approval("ask"), Admit("x")])
def test_a_hunt_that_nobody_knows_of_has_no_teams(command: Any) -> None:
    assert code(Table(WIDE).draft().send(command)) == "no_such_hunt"
