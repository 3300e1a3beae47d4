"""Pages, memberships, boards, overviews."""

from __future__ import annotations

from huntserver.game.features.announcing import Announce
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.schedule import Pause, Unpause
from lab.rigs.game import SMALL, START_MS, Table, code


def test_before_joining_a_page_says_what_the_hunt_is_and_nothing_of_its_clues() -> None:
    table = Table().running()
    page = table.ask(PageQuery(), "p:zoe")
    assert (page.title, page.phase, page.mode, page.clues_total, page.players) == ("Small", "running", "solo", 3, 2)
    assert (page.clues, page.treasures, page.team, page.channels) == ([], [], None, {})


def test_a_page_shows_what_the_team_may_see() -> None:
    table = Table().running()
    table.guess("wrong")
    table.send(TakeHint("c1", "free"))
    page = table.ask(PageQuery())
    (clue,) = page.clues
    assert (clue.id, clue.number, clue.points, clue.solved, clue.wrong) == ("c1", 1, 10, False, 1)
    assert clue.hints[0].text == "It is less than two."
    table.guess("one")
    page = table.ask(PageQuery())
    assert [v.id for v in page.clues] == ["c1", "c2"]
    assert (page.clues[0].solved, page.clues[0].solved_text) == (True, "It was a number.")
    assert page.clues[1].hints[0].text is None
    assert (page.team.score, page.team.place, page.team.finished) == (15, 1, False)


def test_times_on_a_page_are_wall_times_and_move_with_pauses() -> None:
    table = Table().running()
    for text in ("a", "b", "c"):
        table.guess(text)
    table.guess("one", "bob")
    table.tick(5)
    table.host(Pause())
    assert table.ask(PageQuery()).paused_ms == START_MS + 5_000
    table.tick(100)
    table.host(Unpause())
    page = table.ask(PageQuery())
    assert page.paused_ms == 0
    assert page.ends_ms == START_MS + 3_600_000 + 100_000
    assert page.clues[0].wait_until_ms == START_MS + 110_000
    assert table.ask(PageQuery(), "p:bob").clues[1].hints[0].offered_ms == START_MS + 160_000


def test_solving_the_final_clue_finishes_the_hunt() -> None:
    table = Table().running()
    table.guess("one")
    table.tick(600)
    table.send(CheckIn(48.8584, 2.2945))
    assert table.ask(PageQuery()).team.finished
    assert table.ask(BoardQuery()).rows[0].finished


def test_a_membership_names_the_channels_and_their_last_seqs() -> None:
    table = Table().running()
    table.guess("wrong")
    seq = table.seq
    assert table.ask(MembershipQuery()).channels == {"hunt": seq - 1, "team:t1": seq}
    assert table.ask(MembershipQuery(), "h:owner", "host").channels == {"hunt": seq - 1, "host": seq - 1}
    assert code(table.ask(MembershipQuery(), "p:zoe")) == "not_joined"
    assert code(table.ask(MembershipQuery(), "h:other", "host")) == "not_joined"
    page = table.ask(PageQuery())
    assert page.channels == table.ask(MembershipQuery()).channels


def test_a_board_has_the_first_rows_and_the_askers_own() -> None:
    table = Table().running("ann", "bob", "cid")
    table.tick(1)
    table.guess("one", "cid")
    table.guess("one", "bob")
    board = table.ask(BoardQuery(top=1))
    assert (board.teams, [(r.place, r.name, r.score) for r in board.rows]) == (3, [(1, "Cid", 15)])
    assert (board.mine.place, board.mine.score) == (3, 0)
    for top in (0, 501):
        assert code(table.ask(BoardQuery(top=top))) == "bad_field"
    assert code(table.ask(BoardQuery(bracket="none"))) == "no_such_bracket"


def test_an_overview_is_for_hosts_and_shows_how_clues_fare() -> None:
    table = Table().running()
    table.guess("wrong")
    table.guess("one")
    assert code(table.ask(OverviewQuery())) == "not_allowed"
    assert code(table.ask(OverviewQuery(), "h:other", "host")) == "not_allowed"
    view = table.ask(OverviewQuery(), "h:owner", "host")
    assert [(f.id, f.solves, f.wrong) for f in view.clues] == [("c1", 1, 1), ("c2", 0, 0), ("c3", 0, 0)]
    assert [g.personal.text for _, g in view.guesses] == ["wrong"]
    assert view.treasures == {"coin": 2}


def test_announcements_stay_on_the_pages_of_those_whom_they_are_for() -> None:
    table = Table('brackets = ["young", "old"]\n' + SMALL).published()
    table.join("ann")
    table.join("bob", bracket="old")
    for announcement in (Announce("all"), Announce("only t1", team="t1"), Announce("the old", bracket="old")):
        table.host(announcement)
    shown = {by: [a.text for a in table.ask(PageQuery(), by).announcements] for by in ("p:ann", "p:bob", "p:zoe")}
    assert shown == {"p:ann": ["all", "only t1"], "p:bob": ["all", "the old"], "p:zoe": ["all"]}


def test_a_host_sees_the_page_of_a_draft() -> None:
    table = Table().draft()
    page = table.ask(PageQuery(), "h:owner", "host")
    assert (page.phase, page.host, set(page.channels)) == ("draft", True, {"hunt", "host"})
