"""Coming into a hunt: alone, with a team, by invite."""

from __future__ import annotations

from huntserver.game.features.joining import INVITE_LETTERS, Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import End
from huntserver.game.features.standing import Disqualify
from huntserver.game.names import NAME_MAX
from lab.rigs.game import HUNT, SMALL, TEAMS, Table, code

BRACKETS = 'brackets = ["young", "old"]\n' + SMALL


def test_a_solo_player_is_a_team_of_their_own_under_their_own_name() -> None:
    table = Table().published()
    answer = table.join("ann", team="ignored")
    assert (answer.team, answer.invite) == ("t1", "")
    assert table.state.teams["t1"].name == "Ann"
    assert table.state.members["p:ann"] is table.state.teams["t1"]


def test_joining_twice_is_answered_with_a_code_that_lets_the_session_go_on() -> None:
    table = Table().published()
    table.join("ann")
    assert code(table.join("ann")) == "already_joined"


def test_a_team_is_made_by_its_captain_and_joined_by_invite() -> None:
    table = Table(TEAMS).published()
    made = table.join("ann", team="The Owls")
    assert len(made.invite) == 6
    assert set(made.invite) <= set(INVITE_LETTERS)
    assert table.join("bob", invite=f" {made.invite.lower()} ").team == "t1"
    assert code(table.join("cid", invite=made.invite)) == "team_full"
    assert code(table.join("cid", invite="WRONG1")) == "no_such_team"
    page = table.ask(PageQuery(), "p:bob")
    assert page.team.members == ("Ann", "Bob")
    assert page.team.invite == made.invite


def test_team_names_are_single_whatever_their_case_and_can_be_shown() -> None:
    table = Table(TEAMS).published()
    table.join("ann", team="Owls")
    assert code(table.join("bob", team=" OWLS ")) == "team_name_taken"
    assert code(table.join("bob", team="x" * (NAME_MAX + 1))) == "bad_text"
    assert code(table.join("bob", team="a\u3164"[1:])) == "bad_text"
    assert code(table.join("bob", team="Bats")) == ""


def test_a_name_from_a_token_is_made_fit_to_be_shown() -> None:
    table = Table().published()
    table.send(Join(), "p:ann", name="A\u202enn\n" + "x" * 60)
    table.send(Join(), "p:bob", name="\n\t")
    assert [t.name for t in table.state.teams.values()] == ["Ann " + "x" * (NAME_MAX - 4), "bob"]


def test_invite_codes_are_single_even_when_the_roll_is_the_same() -> None:
    table = Table(TEAMS.replace("players_max = 5", "players_max = 500")).published()
    codes = set()
    for i in range(50):
        ctx = table.context(f"p:q{i}", "player", f"Q{i}")
        ctx.roll = lambda: 12345
        decision = HUNT.decide(table.state, Join(), ctx)
        codes.add(decision.answer.invite)
        table.record(tuple(decision.events))
    assert len(codes) == 50


def test_a_hunt_takes_as_many_players_as_it_allows() -> None:
    table = Table(TEAMS).published()
    for i in range(5):
        assert code(table.join(f"q{i}", team=f"T{i}")) == ""
    assert code(table.join("late", team="Late")) == "hunt_full"


def test_brackets_are_chosen_or_the_first_and_have_standings_of_their_own() -> None:
    table = Table(BRACKETS).published()
    table.join("ann")
    table.join("bob", bracket="old")
    assert code(table.join("cid", bracket="none")) == "no_such_bracket"
    assert [t.bracket for t in table.state.teams.values()] == ["young", "old"]
    board = table.ask(BoardQuery(bracket="old"))
    assert [r.team for r in board.rows] == ["t2"]
    assert board.mine is None


def test_who_joins_late_sees_what_is_open_by_then() -> None:
    table = Table(SMALL + '[[clues]]\nid = "c4"\ntitle = "T"\nanswers = ["x"]\nunlock = "after 0:05"\n').running()
    table.tick(400)
    table.join("zoe")
    assert [v.id for v in table.ask(PageQuery(), "p:zoe").clues] == ["c1", "c4"]


def test_nobody_joins_what_is_over_and_hosts_do_not_join() -> None:
    table = Table().running()
    assert code(table.send(Join(), "h:owner", "host")) == "not_allowed"
    table.host(End())
    assert code(table.join("zoe")) == "too_late"


def test_nobody_joins_a_disqualified_team() -> None:
    table = Table(TEAMS).published()
    invite = table.join("ann", team="Owls").invite
    table.host(Disqualify("t1", "x"))
    assert code(table.join("bob", invite=invite)) == "disqualified"
