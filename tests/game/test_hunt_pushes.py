"""What a record shows, to whom, and what it must not show."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from huntserver.game.command import Command
from huntserver.game.features.announcing import Announce
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import Extend, Pause, Start
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.features.treasures import Claim
from lab.rigs.game import SMALL, TEAMS, Table


def only(table: Table, channel: str) -> Any:
    """Return the one event of a channel's last push."""
    (event,) = table.pushes(channel)[-1].events
    return event


def test_a_wrong_guess_is_one_push_that_its_answer_stands_for() -> None:
    table = Table().running()
    before = len(table.shown)
    table.guess("wrong")
    ((_, push),) = table.shown[before:]
    assert (push.channel, push.told) == ("team:t1", True)
    assert isinstance(push.events[0], Guessed)


def test_a_partial_answer_is_shown_to_the_team_with_its_reply() -> None:
    table = Table().running()
    table.guess("On")
    shown = only(table, "team:t1")
    assert (shown.type, shown.verdict, shown.reply, shown.personal.text) == (
        "guessed",
        "partial",
        "one letter more",
        "On",
    )


def test_a_solve_shows_the_team_what_it_opened() -> None:
    table = Table().running()
    table.guess("one")
    shown = only(table, "team:t1")
    assert (shown.type, shown.by, shown.points, shown.rank, shown.score) == ("solved", "p:ann", 15, 1, 15)
    assert shown.text == "It was a number."
    assert [v.id for v in shown.clues] == ["c2"]
    assert [(t.id, t.left) for t in shown.treasures] == [("coin", 2)]
    assert not table.pushes("team:t1")[-1].told


def test_the_first_finder_is_shown_to_all_without_the_clues_id_and_later_ones_are_not() -> None:
    table = Table().running()
    table.guess("one", "ann")
    table.guess("one", "bob")
    shown = [e for p in table.pushes("hunt") for e in p.events if e.type == "first_finder"]
    assert [(e.team, e.name, e.clue_number, e.clue, e.title) for e in shown] == [("t1", "Ann", 1, "", "")]


def test_the_start_is_one_push_to_all_with_the_first_clues() -> None:
    table = Table().running("ann", "bob", "cid")
    started = only(table, "hunt")
    assert started.type == "started"
    assert [v.id for v in started.clues] == ["c1"]
    assert table.pushes("team:t1") == []


def test_what_time_opens_to_everybody_is_one_push_to_all() -> None:
    table = Table(SMALL + '[[clues]]\nid = "c4"\ntitle = "T"\nanswers = ["x"]\nunlock = "after 0:05"\n').running()
    table.tick(300)
    assert (only(table, "hunt").type, [v.id for v in only(table, "hunt").clues]) == ("opened", ["c4"])


def test_a_claim_is_shown_to_all_with_what_is_left() -> None:
    table = Table().running()
    table.guess("one")
    table.send(Claim("coin"))
    assert (only(table, "hunt").type, only(table, "hunt").left, only(table, "hunt").score) == ("claimed", 1, None)
    assert (only(table, "team:t1").score, only(table, "team:t1").points) == (25, 10)


def test_a_hints_text_goes_to_its_team_alone() -> None:
    table = Table().running()
    table.send(TakeHint("c1", "free"))
    assert only(table, "team:t1").text == "It is less than two."
    assert all("less than two" not in msgspec.json.encode(p.events).decode() for p in table.pushes("host"))
    assert all(p.channel in ("team:t1", "host") for seq, p in table.shown if seq == table.seq)


def test_the_board_is_told_to_have_changed_when_points_or_teams_change_and_only_then() -> None:
    table = Table().running()

    def board() -> bool:
        return any(p.state == "board" and seq == table.seq for seq, p in table.shown)

    table.guess("wrong")
    assert not board()
    table.send(TakeHint("c1", "free"))
    assert not board()
    table.guess("one")
    assert board()
    table.join("zoe")
    assert board()
    table.host(Adjust("t1", 1, "kind"))
    assert board()
    table.host(Announce("hello"))
    assert not board()


def test_a_team_hears_of_a_new_member() -> None:
    table = Table(TEAMS).published()
    invite = table.join("ann", team="Owls").invite
    table.join("bob", invite=invite)
    assert (only(table, "team:t1").type, only(table, "team:t1").name) == ("joined", "Bob")
    assert invite not in table.json_of_shown()


@pytest.mark.parametrize(
    ("command", "channels"),
    [
        (Announce("all"), {"hunt", "host"}),
        (Announce("one", team="t2"), {"team:t2", "host"}),
        (Announce("some", bracket="old"), {"team:t2", "host"}),
        (Pause(), {"hunt", "host"}),
        (Extend(60), {"hunt", "host"}),
        (Adjust("t1", 3, "kind"), {"team:t1", "host", "board"}),
        (Disqualify("t1", "cheated"), {"team:t1", "host", "board"}),
    ],
)
def test_what_a_host_does_reaches_those_whom_it_is_about(command: Command, channels: set[str]) -> None:
    table = Table('brackets = ["young", "old"]\n' + SMALL).published()
    table.join("ann")
    table.join("bob", bracket="old")
    table.host(Start())
    table.host(command)
    assert {p.state or p.channel for seq, p in table.shown if seq == table.seq} == channels


def test_shown_events_do_not_change_when_the_hunt_goes_on() -> None:
    table = Table().running()
    table.guess("wrong")
    table.guess("one")
    before = table.json_of_shown()
    kept = len(table.shown)
    table.send(Claim("coin"))
    table.tick(700)
    table.send(CheckIn(48.8584, 2.2945))
    later = msgspec.json.encode([(p.channel, p.events) for _, p in table.shown[:kept]]).decode()
    assert later == before


def test_no_answer_code_or_hint_is_shown_or_refused_before_its_time() -> None:
    toml = SMALL.replace('"one"', '"sesame77"').replace("TREE-4711", "OPENUP99")
    table = Table(toml).running("ann", "bob")
    refusals = [table.guess("wrong", "ann"), table.guess("x", "ann", "c2"), table.send(Scan("nothing"))]
    table.guess("sesame77", "bob")
    refusals.append(table.guess("sesame78", "ann"))
    table.tick(700)
    views = [table.ask(q, by) for by in ("p:ann", "p:bob") for q in (PageQuery(), BoardQuery())]
    views.append(table.ask(OverviewQuery(), "h:owner", "host"))
    text = (msgspec.json.encode([refusals, views]).decode() + table.json_of_shown()).lower()
    for secret in ("sesame77", "openup99", "it has leaves"):
        assert secret not in text
    assert "it was a number" not in msgspec.json.encode(views[0]).decode().lower()
