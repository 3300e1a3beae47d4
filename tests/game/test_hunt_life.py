"""The life of a hunt: draft, published, running, paused, ended; by hosts and by the clock."""

from __future__ import annotations

import pytest

from actors.entity import Rejected
from huntserver.game.command import Command
from huntserver.game.definition.shape import source
from huntserver.game.features.announcing import Announce
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.guessing import Guess
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.placing import PLACES_A_RECORD
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Extend, Pause, Publish, Start, Unpause
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.features.treasures import Claim
from huntserver.game.player.commands import CloseHunt
from huntserver.game.state import Phase
from lab.rigs.game import HUNT, SMALL, START_MS, Table, code, definition

DAY = "2030-03-17T"  # START_MS is 17:46:40 UTC on this day


def scheduled(schedule: str) -> Table:
    return Table(SMALL.replace("duration_s = 3600", schedule))


def test_only_hosts_create_and_only_once() -> None:
    table = Table()
    assert code(table.send(Create())) == "not_allowed"
    assert code(table.host(Create())) == ""
    assert code(table.host(Create())) == "hunt_exists"


@pytest.mark.parametrize(
    "command",
    [Define("{}"), Publish(), Start(), Pause(), Unpause(), End(), Extend(60), Announce("x"),
     Adjust("t1", 1, "x"), Disqualify("t1", "x")],
)  # fmt: skip
def test_a_host_rules_only_what_is_theirs(command: Command) -> None:
    table = Table().running()
    assert code(table.send(command, "p:ann", "player")) == "not_allowed"
    assert code(table.send(command, "h:other", "host")) == "not_allowed"
    assert code(table.send(command, "h:admin", "admin")) != "not_allowed"


@pytest.mark.parametrize(
    ("command", "phases"),
    [
        (Define("{}"), {"draft", "published", "running", "paused"}),
        (Publish(), {"draft"}),
        (Start(), {"published"}),
        (Pause(), {"running"}),
        (Unpause(), {"paused"}),
        (Extend(60), {"running", "paused", "ended"}),
        (End(), {"published", "running", "paused"}),
    ],
)
def test_a_command_of_a_host_belongs_to_its_phases(command: Command, phases: set[str]) -> None:
    steps = (("published", Publish()), ("running", Start()), ("paused", Pause()), ("ended", End()))
    for phase in ("draft", "published", "running", "paused", "ended"):
        table = Table().draft()
        for name, step in steps:
            if table.state.phase.name.lower() == phase:
                break
            if not (phase == "ended" and name == "paused"):
                table.host(step)
        assert table.state.phase.name.lower() == phase
        assert (code(table.host(command)) == "wrong_phase") == (phase not in phases), phase


def test_a_hunt_without_a_definition_is_not_published() -> None:
    table = Table()
    table.host(Create())
    assert code(table.host(Publish())) == "no_definition"


def test_a_bad_definition_is_refused_with_all_its_faults() -> None:
    table = Table()
    table.host(Create())
    refused = table.host(Define('{"title": "", "clues": [{"id": "A", "title": "T", "answers": ["x"]}]}'))
    assert code(refused) == "bad_definition"
    assert [w.partition(":")[0] for w in refused.why] == ["title", "clues[0].id"]
    assert refused.msg == refused.why[0]


def test_a_draft_may_be_defined_again_and_a_published_hunt_until_it_has_ended() -> None:
    table = Table().draft()
    assert code(table.host(Define(source(definition(SMALL.replace("Small", "Other")))))) == ""
    assert table.state.definition.title == "Other"
    table.host(Publish())
    assert code(table.host(Define(source(definition(SMALL))))) == ""
    table.host(End())
    assert code(table.host(Define(source(definition(SMALL))))) == "wrong_phase"


def test_a_draft_is_not_there_for_players() -> None:
    table = Table().draft()
    for command in (Join(), Guess("c1", "one"), Claim("coin")):
        assert code(table.send(command)) == "no_such_hunt"
    for query in (PageQuery(), MembershipQuery(), BoardQuery()):
        assert code(table.ask(query)) == "no_such_hunt"


def test_doors_open_start_and_end_come_by_the_clock() -> None:
    table = scheduled(f"opens_at = {DAY}18:00:00Z\nstarts_at = {DAY}19:00:00Z\nends_at = {DAY}20:00:00Z").published()
    early = table.join("ann")
    assert code(early) == "not_running"
    assert early.after_ms == 800_000
    table.tick(800)
    assert code(table.join("ann")) == ""
    assert code(table.guess("one")) == "not_running"
    table.tick(3600)
    assert table.state.phase is Phase.RUNNING
    assert table.guess("one").verdict == "correct"
    table.tick(3599)
    assert table.state.phase is Phase.RUNNING
    table.tick(1)
    assert table.state.phase is Phase.ENDED
    assert code(table.guess("two")) == "too_late"
    assert [r.at_ms - START_MS for r in table.log if type(r.events[0]).__name__ in ("Started", "Ended")] == [
        4_400_000,
        8_000_000,
    ]


def test_no_guess_slips_in_at_the_moment_of_the_end() -> None:
    table = Table().running()
    table.now_ms += 3_600_000
    assert code(table.guess("one")) == "too_late"


def test_a_schedule_that_is_over_is_not_published_or_started() -> None:
    table = scheduled(f"ends_at = {DAY}17:50:00Z").draft()
    table.now_ms += 3_600_000
    assert code(table.host(Publish())) == "bad_definition"
    table = scheduled(f"ends_at = {DAY}17:50:00Z").published()
    table.now_ms += 3_600_000
    assert code(table.host(Start())) == "too_late"


def test_a_pause_stops_the_time() -> None:
    table = Table().running()
    table.tick(3000)
    table.guess("a")
    table.guess("b")
    assert table.guess("c").wait_ms == 10_000
    table.tick(4)
    table.host(Pause())
    assert code(table.guess("one")) == "paused"
    assert table.state.timer is None
    table.tick(50_000)
    table.host(Unpause())
    refused = table.guess("one")
    assert (refused.code, refused.after_ms) == ("cool_down", 6_000)
    table.tick(6)
    assert table.guess("one").verdict == "correct"
    table.tick(590 - 1)
    assert table.state.phase is Phase.RUNNING
    table.tick(1)
    assert table.state.phase is Phase.ENDED
    assert table.state.ended_ms - table.state.started_ms == 3_600_000 + 50_000_000


def test_a_timed_unlock_moves_with_a_pause() -> None:
    table = Table().running()
    table.guess("one")
    table.tick(300)
    table.host(Pause())
    table.tick(10_000)
    table.host(Unpause())
    table.tick(299)
    assert not table.state.teams["t1"].unlocked & 0b100
    table.tick(1)
    assert table.state.teams["t1"].unlocked & 0b100


def test_the_end_can_be_moved_but_not_into_the_past() -> None:
    table = Table().running()
    assert table.host(Extend(600)) == {"ends_ms": START_MS + 4_200_000}
    assert code(table.host(Extend(-4200))) == "bad_field"
    assert code(table.host(Extend(0))) == "bad_field"
    assert table.host(Extend(-4000)) == {"ends_ms": START_MS + 200_000}
    table.tick(200)
    assert table.state.phase is Phase.ENDED


def test_a_hunt_without_end_has_none_to_move_and_runs_until_a_host_ends_it() -> None:
    table = scheduled("").running()
    table.tick(10 * 86_400)
    assert table.state.phase is Phase.RUNNING
    assert code(table.host(Extend(60))) == "wrong_phase"
    table.host(End())
    assert table.state.phase is Phase.ENDED


def test_ending_in_a_pause_ends_at_its_beginning() -> None:
    table = Table().running()
    table.tick(100)
    table.host(Pause())
    table.tick(100)
    table.host(End())
    assert table.state.ended_ms == START_MS + 100_000


def test_final_places_are_written_in_parts_for_every_player_in_the_order_of_joining() -> None:
    players = [f"q{i}" for i in range(PLACES_A_RECORD + 5)]
    table = Table().running(*players)
    table.guess("one", "q7")
    table.host(Disqualify("t3", "cheated"))
    table.host(End())
    assert code(table.host(Adjust("t1", 5, "late"))) == "wrong_phase"
    table.tick(1)
    results = [r for record in table.log for e in record.events if type(e).__name__ == "Placed" for r in e.results]
    assert [by for by, _, _ in results] == [f"p:{p}" for p in players]
    assert results[7] == ("p:q7", 1, 15)
    assert results[2][1] == 0
    assert results[0][1] == 2
    assert HUNT.due(table.state) is None
    closing = [r for r in table.reactions if isinstance(r.command, CloseHunt)]
    assert [r.id for r in closing] == players
    assert code(table.host(Adjust("t1", 5, "late"))) == ""


def test_a_hunt_that_ends_before_it_starts_places_its_players_too() -> None:
    table = Table().published()
    table.join("ann")
    table.host(End())
    table.tick(1)
    assert [r.command.place for r in table.reactions if isinstance(r.command, CloseHunt)] == [1]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (Announce("x", team="t9"), "no_such_team"),
        (Announce("x", bracket="none"), "no_such_bracket"),
        (Announce("x", team="t1", bracket="none"), "bad_field"),
        (Announce("  "), "bad_text"),
        (Announce("x" * 501), "bad_text"),
        (Adjust("t9", 1, "x"), "no_such_team"),
        (Adjust("t1", 0, "x"), "bad_field"),
        (Adjust("t1", 1_000_001, "x"), "bad_field"),
        (Adjust("t1", 1, ""), "bad_text"),
        (Disqualify("t9", "x"), "no_such_team"),
        (Disqualify("t1", "x", back=True), "wrong_phase"),
        (Disqualify("t1", "x" * 501), "bad_text"),
    ],
)
def test_what_a_host_gets_wrong_is_refused(command: Command, refusal: str) -> None:
    assert code(Table().running().host(command)) == refusal


def test_a_disqualified_team_stands_nowhere_and_plays_no_more_until_it_is_let_back() -> None:
    table = Table().running()
    table.guess("one")
    table.host(Disqualify("t1", "cheated"))
    assert code(table.guess("x", clue="c2")) == "disqualified"
    assert [r.team for r in table.ask(BoardQuery()).rows] == ["t2"]
    table.host(Disqualify("t1", "was a mistake", back=True))
    assert [r.team for r in table.ask(BoardQuery()).rows] == ["t1", "t2"]
    assert not isinstance(table.send(Scan("tree-4711")), Rejected)
