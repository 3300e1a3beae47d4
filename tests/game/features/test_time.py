"""Second thoughts about time: starts that move, ends that are undone, time that is given or does not count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entity import Context, Decision
from huntserver.game.features import placing, reopening
from huntserver.game.features.amending import Accept
from huntserver.game.features.auditing import Audit, AuditQuery
from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.extra_time import ExtraTime, RemoveInterval
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.page import PageQuery
from huntserver.game.features.placing import Placed
from huntserver.game.features.reopening import Reopen, Withdrawn
from huntserver.game.features.rescheduling import Reschedule, Unstart
from huntserver.game.features.schedule import End, Extend, Pause, Start, Unpause
from huntserver.game.features.unofficial import Unofficial
from huntserver.game.player.commands import CloseHunt
from huntserver.game.player.entity import PlayerType
from huntserver.game.state import Phase
from huntserver.game.unusual import HuntMore
from lab.rigs.game import HUNT, SMALL, START_MS, Table, code, digest

PLAYER = PlayerType()
TWO_OPEN = """
title = "Two"
[schedule]
duration_s = 3600
[[clues]]
id = "a"
title = "A"
answers = ["a"]
hints = [{ id = "h", text = "It is the first.", after_s = 500 }]
attempts = { free = 0, cool_down_s = 300 }
[[clues]]
id = "b"
title = "B"
answers = ["b"]
"""


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def bare(table: Table) -> str:
    """Return the digest of a hunt without the trail of who did what and the channels' places in the log."""
    state = table.replay()
    state.hunt_seq = state.host_seq = 0
    state.more.audit = []
    for team in state.teams.values():
        team.seq = 0
    return digest(state)


def profile(table: Table, player: str) -> dict[str, Any]:
    """Return a player's profile from all that the hunt told."""
    state = PLAYER.create(player)
    ctx = Context()
    ctx.by = "entity:hunt/h1"
    for seq, reaction in enumerate((r for r in table.reactions if r.id == player), 1):
        decision = PLAYER.decide(state, reaction.command, ctx)
        assert isinstance(decision, Decision)
        for event in decision.events:
            PLAYER.apply(state, event, seq, 1)
    assert state.set_aside == 0
    hunts = {hunt: msgspec.structs.asdict(joining) for hunt, joining in state.hunts.items()}
    return {"hunts": hunts, "solves": state.solves, "firsts": state.firsts, "wins": state.wins}


# ---- a start that moves


def test_a_scheduled_start_is_moved_and_the_hunt_starts_by_itself_at_the_new_time_alone() -> None:
    table = Table(SMALL.replace("duration_s = 3600", f"starts_at = {at(START_MS + 60_000)}\nduration_s = 3600"))
    table.published()
    assert table.host(Extend(120)) == {"starts_ms": START_MS + 180_000, "ends_ms": 0}
    assert table.ask(PageQuery()).starts_ms == START_MS + 180_000
    table.tick(179.9)
    assert table.state.phase is Phase.PUBLISHED
    table.tick(0.2)
    assert (table.state.phase, table.state.started_ms) == (Phase.RUNNING, START_MS + 180_000)
    assert table.state.ends_ms == START_MS + 180_000 + 3_600_000


def test_extending_before_play_moves_start_and_end_alike_and_rescheduling_each_for_itself() -> None:
    starts, ends = START_MS + 60_000, START_MS + 660_000
    table = Table(TWO_OPEN.replace("duration_s = 3600", f"starts_at = {at(starts)}\nends_at = {at(ends)}")).published()
    assert table.host(Extend(-30)) == {"starts_ms": starts - 30_000, "ends_ms": ends - 30_000}
    assert table.host(Reschedule(starts_at=at(starts))) == {"starts_ms": starts, "ends_ms": ends - 30_000}
    assert code(table.host(Reschedule(ends_at=at(starts)))) == "bad_field"
    assert code(table.host(Extend(-61))) == "bad_field"
    assert table.host(Reschedule(starts_at="", ends_at="")) == {"starts_ms": 0, "ends_ms": 0}
    assert code(table.host(Extend(60))) == "wrong_phase"
    table.tick(3600)
    assert table.state.phase is Phase.PUBLISHED


@pytest.mark.parametrize("text", ["tomorrow", "2030-05-01", "2030-05-01T10:00:00", "2029-01-01T00:00:00Z", "9" * 400])
def test_a_time_that_is_none_or_lies_in_the_past_is_refused_with_how_to_write_it(text: str) -> None:
    refused = Table(SMALL).published().host(Reschedule(starts_at=text))
    assert code(refused) == "bad_field"
    assert "2030-05-01T10:00:00+02:00" in refused.msg or "past" in refused.msg


def test_a_start_is_undone_as_if_it_had_never_been() -> None:
    table, never = Table(TWO_OPEN).published(), Table(TWO_OPEN).published()
    for t in (table, never):
        t.join("ann")
    table.host(Start())
    table.guess("x", clue="a")
    table.host(Pause())
    assert table.host(Unstart()) == {"phase": "published"}
    assert table.ask(PageQuery()).clues == []
    assert code(table.guess("a", clue="a")) == "not_running"
    for state in (table.state, never.state):
        state.more = HuntMore()  # "by a host", as in the file; and who did it
        state.host_seq = state.hunt_seq = state.teams["t1"].seq = 0
    assert digest(table.state) == digest(never.state)


def test_a_start_is_not_undone_once_somebody_has_solved_something() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.guess("b", clue="b")
    assert code(table.host(Unstart())) == "wrong_phase"
    assert table.state.phase is Phase.RUNNING


def test_nor_once_a_team_has_that_does_not_count() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.host(Unofficial("t1"))
    table.guess("b", clue="b")
    assert table.state.solves == [0] * len(table.state.solves)
    assert code(table.host(Unstart())) == "wrong_phase"


# ---- an end that is undone


@given(players=st.integers(0, 7), written=st.integers(0, 9), again=st.booleans())
def test_reopening_at_once_leaves_players_and_hunt_as_if_there_had_been_no_end(
    players: int, written: int, again: bool
) -> None:
    patch = pytest.MonkeyPatch()
    with patch.context() as small:
        for module in (placing, reopening):
            small.setattr(module, "PLACES_A_RECORD", 2)
        table, never = Table(TWO_OPEN), Table(TWO_OPEN)
        for t in (table, never):
            t.running(*[f"p{i}" for i in range(players)] or ["p0"])
            t.guess("b", player="p0", clue="b")
        table.host(End())
        table.tick(0.02 * written)
        never.tick(0.02 * written)
        gap_ms = 20 * written
        table.host(Reopen())
        assert table.state.ends_ms == never.state.ends_ms + gap_ms
        if again:  # ended again before the places were withdrawn
            table.host(End())
        table.tick(10)
        never.tick(10)
        if again:
            never.host(End())
            never.tick(10)
        else:
            assert (table.state.placed, table.state.more.withdrawing) == (0, 0)
        for i in range(max(players, 1)):
            assert profile(table, f"p{i}") == profile(never, f"p{i}")
        assert digest(table.replay()) == digest(table.state)


def test_what_rests_on_a_guess_that_was_judged_anew_after_the_end_opens_when_the_hunt_goes_on() -> None:
    table = Table(TWO_OPEN + 'unlock = "a"\n').running("ann", "bob")
    for player in ("ann", "bob"):
        table.guess("alpha", player=player, clue="a")
    table.host(Accept("a", "alpha"))  # of some teams in one turn
    table.host(End())
    table.tick(1)
    assert [clue.id for clue in table.ask(PageQuery(), "p:bob").clues if clue.solved] == ["a"]
    before = len(table.pushes("team:t2"))
    table.host(Reopen(600))
    assert [clue.id for clue in table.ask(PageQuery(), "p:bob").clues] == ["a", "b"]
    assert [e.type for push in table.pushes("team:t2")[before:] for e in push.events] == ["opened"]
    assert table.guess("b", player="bob", clue="b").verdict == "correct"
    assert digest(table.replay()) == digest(table.state)


def test_places_are_withdrawn_from_everybody_who_was_told_one_and_given_anew_at_the_next_end() -> None:
    table = Table(TWO_OPEN).running(*[f"p{i}" for i in range(450)])
    table.guess("b", player="p7", clue="b")
    table.host(End())
    table.tick(1)
    assert profile(table, "p7")["wins"] == 1
    table.host(Reopen(600))
    table.tick(1)
    withdrawn = [by for r in table.log for e in r.events if isinstance(e, Withdrawn) for by in e.players]
    assert sorted(withdrawn) == sorted(table.state.members)
    assert profile(table, "p7")["wins"] == 0
    table.guess("b", player="p8", clue="b")
    table.guess("a", player="p8", clue="a")
    table.tick(600)
    table.tick(1)
    assert table.state.phase is Phase.ENDED
    assert (profile(table, "p7")["wins"], profile(table, "p8")["wins"]) == (0, 1)
    told = [r.command for r in table.reactions if r.id == "p7" and isinstance(r.command, CloseHunt)]
    assert [c.place for c in told] == [1, 2]


def test_a_hunt_whose_time_is_over_is_reopened_for_a_time_that_is_said() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.tick(3700)
    assert table.state.phase is Phase.ENDED
    assert code(table.host(Reopen())) == "bad_field"
    assert table.host(Reopen(60))["ends_ms"] == table.now_ms + 60_000
    assert table.state.play_ms(table.now_ms) == 3_600_000
    table.tick(61)
    assert table.state.phase is Phase.ENDED


def test_extending_after_the_end_goes_on_as_if_the_end_had_been_later() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.tick(3700)
    assert "41 s" in table.host(Extend(60)).msg
    assert table.host(Extend(200)) == {"ends_ms": START_MS + 3_800_000}
    assert table.state.play_ms(table.now_ms) == 3_700_000
    table.tick(100)
    assert table.state.phase is Phase.ENDED


def test_a_hunt_that_ended_before_it_began_is_published_again() -> None:
    table = Table(SMALL.replace("duration_s = 3600", f"starts_at = {at(START_MS + 60_000)}\nduration_s = 3600"))
    table.published().join("ann")
    table.host(End())
    table.tick(120)
    assert table.host(Reopen()) == {"phase": "published"}
    table.tick(3600)
    assert table.state.phase is Phase.PUBLISHED, "a start that was missed does not happen by itself"
    assert table.host(Start()) == {"phase": "running"}


# ---- time that is given, and time that does not count


@given(before=st.integers(0, 400), length=st.integers(1, 900), after=st.integers(0, 400))
def test_an_interval_in_which_nothing_happened_is_removed_as_if_the_hunt_had_been_paused(
    before: int, length: int, after: int
) -> None:
    paused, removed = Table(TWO_OPEN).running("ann"), Table(TWO_OPEN).running("ann")
    for t in (paused, removed):
        t.guess("x", clue="a")
        t.tick(before)
    paused.host(Pause())
    paused.tick(length)
    paused.host(Unpause())
    removed.tick(length)
    until = at(removed.now_ms)
    for t in (paused, removed):
        t.tick(after)
    removed.host(RemoveInterval(length, until))
    for t in (paused, removed):
        page = t.ask(PageQuery())
        t.seen = (page.ends_ms, page.clues[0].wait_until_ms, page.clues[0].hints)  # type: ignore[attr-defined]
        t.answers = [code(t.guess("y", clue="a")), code(t.send(TakeHint("a", "h")))]  # type: ignore[attr-defined]
    assert removed.answers == paused.answers  # type: ignore[attr-defined]
    assert removed.seen[0] == paused.seen[0]  # type: ignore[attr-defined]
    assert removed.seen[2] == paused.seen[2]  # type: ignore[attr-defined]


def test_more_than_was_played_cannot_be_removed() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.tick(60)
    assert code(table.host(RemoveInterval(61))) == "bad_field"
    assert code(table.host(RemoveInterval(10, at(START_MS - 1)))) == "bad_field"
    assert code(table.host(RemoveInterval(60))) == ""
    assert table.state.play_ms(table.now_ms) == 0


def test_a_team_with_extra_time_plays_on_alone_and_the_hunt_ends_when_it_is_through() -> None:
    table = Table(TWO_OPEN).running("ann", "bob")
    table.host(ExtraTime("Bob", 60))
    assert table.ask(PageQuery(), "p:bob").ends_ms == START_MS + 3_660_000
    assert table.ask(PageQuery(), "p:ann").ends_ms == START_MS + 3_600_000
    table.tick(3600)
    assert code(table.guess("b", player="ann", clue="b")) == "too_late"
    assert table.guess("b", player="bob", clue="b").verdict == "correct"
    table.tick(60)
    assert table.state.phase is Phase.ENDED
    table.tick(1)
    assert any(isinstance(e, Placed) for r in table.log for e in r.events)


@given(st.lists(st.sampled_from([30, 60, -30, -60]), max_size=6))
def test_extra_time_that_is_taken_back_was_never_given(steps: list[int]) -> None:
    table, never = Table(TWO_OPEN).running("ann", "bob"), Table(TWO_OPEN).running("ann", "bob")
    for seconds in steps:
        table.host(ExtraTime("Bob", seconds))
        assert table.state.overtime_ms == (table.state.teams["t2"].more.extra_ms if table.state.teams["t2"].more else 0)
    left = table.state.overtime_ms // 1000
    if left:
        table.host(ExtraTime("Bob", -left))
    assert bare(table) == bare(never)
    assert table.state.timer == never.state.timer


def test_a_cleared_cool_down_lets_a_team_guess_at_once_and_its_wrong_guesses_stay_counted() -> None:
    table = Table(TWO_OPEN).running("ann", "bob")
    assert table.guess("x", clue="a").wait_ms == 300_000
    assert code(table.host(ClearCoolDown("Bob"))) == "wrong_phase"
    assert code(table.host(ClearCoolDown("Ann", "zz"))) == "no_such_clue"
    assert table.host(ClearCoolDown("Ann")) == {"team": "t1"}
    assert table.guess("y", clue="a").wait_ms == 300_000  # at most max_s


# ---- the audit trail


def test_what_hosts_did_is_kept_with_who_when_why_and_how_to_undo_it() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.host(Pause(reason="fire alarm"))
    table.tick(10)
    table.host(Unpause())
    table.host(ExtraTime("Ann", 60, reason="flat tyre"))
    table.host(End())
    found = table.ask(AuditQuery(), "h:owner", "host")
    assert isinstance(found, Audit)
    lines = {line.what: line for line in found.lines}
    assert list(lines) == ["published", "started", "paused", "unpaused", "extra_time_given", "ended"]
    assert (lines["paused"].by, lines["paused"].reason, lines["paused"].undo) == ("h:owner", "fire alarm", "unpause")
    assert lines["unpaused"].at_ms == START_MS + 10_000
    assert msgspec.json.decode(lines["extra_time_given"].detail) == {"team": "t1", "extra_ms": 60_000}
    assert lines["ended"].undo == "reopen"
    assert code(table.ask(AuditQuery())) == "not_allowed"


def test_what_the_clock_did_is_no_hosts_doing() -> None:
    table = Table(TWO_OPEN).running("ann")
    table.tick(3700)
    assert [line.what for line in table.ask(AuditQuery(), "h:owner", "host").lines] == ["published", "started"]


def test_an_end_that_is_undone_and_comes_again_in_the_same_ms_has_timers_of_its_own() -> None:
    table = Table(SMALL).running("ann", "bob")
    names = []
    for _ in range(2):
        table.host(End())
        timer = HUNT.due(table.state)
        assert timer is not None
        names.append(timer)
        table.host(Reopen(for_s=60))
        withdrawing = HUNT.due(table.state)
        assert withdrawing is not None
        names.append(withdrawing)
    assert len({(timer.id, timer.due_ms) for timer in names}) == len(names)
