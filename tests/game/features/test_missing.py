"""Wrong codes and check-ins cost something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.clues.code import code_key
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.enrolling import Enroll
from huntserver.game.features.extra_time import RemoveInterval
from huntserver.game.features.joining import Join
from huntserver.game.features.missing import TriedInVain, TriesSpent
from huntserver.game.features.page import PageQuery
from huntserver.game.features.scanning import CODE_MAX, Scan
from huntserver.game.features.schedule import Start
from huntserver.game.pool import FIRST
from huntserver.game.state import Team
from lab.rigs.game import HUNT, START_MS, Table, code, digest

CODES_ALONE = """
title = "Codes"
[[clues]]
id = "a"
title = "A"
kind = "code"
codes = ["7319"]
[[clues]]
id = "b"
title = "B"
kind = "code"
codes = ["LATER-1"]
unlock = "a"
[[clues]]
id = "c"
title = "C"
kind = "location"
location = { lat = 10.0, lon = 20.0, radius_m = 50 }
"""


def scanned(table: Table, text: str, player: str = "ann") -> object:
    return table.send(Scan(text), f"p:{player}")


def test_who_tries_all_codes_is_stopped_by_a_cool_down_that_grows() -> None:
    table = Table(CODES_ALONE).running("ann")
    stopped = 0
    for n in range(300):
        stopped += code(scanned(table, f"{n:04}")) == "cool_down"
        table.tick(0.05)
    assert stopped > 290
    assert table.ask(PageQuery()).team.codes_wait_until_ms > table.now_ms


def test_a_code_of_a_clue_that_is_not_open_looks_like_a_wrong_one_and_counts_like_one() -> None:
    table = Table(CODES_ALONE).running("ann", "bob")
    assert scanned(table, "LATER-1") == scanned(table, "NONSENSE-1", "bob")
    teams = list(table.state.teams.values())
    assert [t.attempts[-1].wrong for t in teams if t.attempts] == [1, 1]


def test_the_same_wrong_code_again_is_free_and_a_right_one_ends_the_count() -> None:
    table = Table(CODES_ALONE).running("ann", "bob")
    for text in ("1111", "11-11", " 1 1 1 1"):
        scanned(table, text)
    assert len([e for r in table.log for e in r.events if isinstance(e, TriedInVain)]) == 1
    scanned(table, "2222")
    scanned(table, "3333")
    assert scanned(table, "7319").verdict == "correct"  # type: ignore[attr-defined]
    assert table.state.teams["t1"].attempts == {}
    assert table.state.attempts == 0
    assert code(scanned(table, "7319")) == "already_solved"


@pytest.mark.parametrize(
    "text",
    ["oak-1723", "OAK 1723", " oak1723 ", "o a k – 1 7 2 3", "ＯＡＫ－１７２３", "oak_1723",
     "https://hunt.example/?hunt=park&code=OAK-1723", "http://x/?code=oak%201723&hunt=p"],
)  # fmt: skip
def test_codes_are_compared_as_people_type_them(text: str) -> None:
    assert code_key(text) == "OAK1723"


def test_a_code_that_is_empty_or_endless_is_refused_and_costs_nothing() -> None:
    table = Table(CODES_ALONE).running("ann")
    assert code(scanned(table, " - ")) == "bad_text"
    assert code(scanned(table, "x" * (CODE_MAX + 1))) == "guess_too_long"
    assert table.state.attempts == 0


def test_a_position_that_is_not_known_well_proves_nothing_and_costs_nothing() -> None:
    table = Table(CODES_ALONE).running("ann")
    for accuracy_m in (3000, 101, 1e9):
        assert code(table.send(CheckIn(10.0, 20.0, accuracy_m=accuracy_m))) == "inaccurate"
    assert table.state.attempts == 0
    assert table.send(CheckIn(10.0, 20.0, accuracy_m=99)).verdict == "correct"


def test_check_ins_from_the_sofa_meet_a_cool_down() -> None:
    table = Table(CODES_ALONE).running("ann")
    answers = [table.send(CheckIn(11.0, 20.0 + n / 1000)) for n in range(14)]
    assert [code(a) for a in answers[:11]] == [""] * 11
    assert {code(a) for a in answers[11:]} == {"cool_down"}
    assert all("m to go" not in a.reply for a in answers[:11])
    table.tick(61)
    assert code(table.send(CheckIn(10.0, 20.0))) == ""


@given(st.lists(st.one_of(st.sampled_from(["1", "2", "3", "4", "7319"]), st.integers(1, 40)), max_size=20))
def test_cool_downs_of_codes_are_stored_and_never_block_what_is_no_code(steps: list[str | int]) -> None:
    table = Table(CODES_ALONE).running("ann")
    for step in steps:
        if isinstance(step, int):
            table.tick(step)
        else:
            scanned(table, step * 4 if len(step) == 1 else step)
    assert code(table.send(CheckIn(0.0, 0.0))) == ""
    back = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert digest(back) == digest(table.state) == digest(table.replay())
    team: Team = back.teams["t1"]
    assert back.attempts == len(team.attempts or {})


def test_a_removed_interval_moves_the_cool_down_of_codes_as_a_pause_does() -> None:
    table = Table(CODES_ALONE).running("ann")
    for n in range(4):
        scanned(table, f"{n}{n}{n}{n}")
    table.tick(4)
    table.host(RemoveInterval(4))
    assert table.ask(PageQuery()).team.codes_wait_until_ms == START_MS + 4_000 + 5_000


TRIED_BY_MANY = CODES_ALONE + "[tries.codes_together]\nfree = 10\nper_min = 1\n"


def attacked(table: Table, guests: list[str], minutes: int) -> int:
    """Let every guest try another code each minute; return how many tries were looked at."""
    before = len(table.log)
    for minute in range(minutes):
        for n, guest in enumerate(guests):
            scanned(table, f"{n:02}{minute:02}", guest)
        table.tick(60)
    tried = [e for r in table.log[before:] for e in r.events if isinstance(e, TriedInVain)]
    return len(tried)


def test_many_guests_that_try_a_few_codes_each_have_no_more_tries_than_the_pool_and_honest_teams_go_on() -> None:
    guests = [f"eve{n}" for n in range(60)]
    table = Table(TRIED_BY_MANY).running("ann", "bob", "fred", *guests)
    assert scanned(table, "7319", "bob").verdict == "correct"  # type: ignore[attr-defined]
    assert attacked(table, guests, 30) <= FIRST * 10 + 10 + 2 * 30
    for n in range(3):  # one that has found something may mistype as ever
        assert scanned(table, f"X{n}-1", "bob").verdict == "incorrect"  # type: ignore[attr-defined]
    late = [f"late{n}" for n in range(30)]
    for guest in late:
        table.send(Join(), f"p:{guest}")
    assert attacked(table, late, 20) <= 20 + 1
    table.send(Join(), "p:dan")
    assert scanned(table, "1234", "dan").verdict == "incorrect"  # type: ignore[attr-defined]
    refused = scanned(table, "7319", "late7")
    assert (code(refused), refused.after_ms) == ("cool_down", 60_000)  # type: ignore[attr-defined]
    assert digest(table.replay()) == digest(table.state)
    assert [e.teams for r in table.log for e in r.events if isinstance(e, TriesSpent)] == [63]
    table.host(ClearCoolDown("late7"))
    assert scanned(table, "7319", "late7").verdict == "correct"  # type: ignore[attr-defined]


def test_a_team_without_a_slip_scans_its_code_while_others_try_and_waits_no_longer_than_it_is_told() -> None:
    guests = [f"eve{n}" for n in range(15)]
    table = Table(TRIED_BY_MANY).running("ann", "fred", *guests)
    attacked(table, guests, 4)
    table.send(Join(), "p:zoe")
    assert scanned(table, "1234", "zoe").verdict == "incorrect"  # type: ignore[attr-defined]
    assert scanned(table, "1111", "fred").verdict == "incorrect"  # type: ignore[attr-defined]
    assert scanned(table, "2222", "fred").verdict == "incorrect"  # type: ignore[attr-defined]
    refused = scanned(table, "7319", "fred")
    assert code(refused) == "cool_down"
    table.tick(refused.after_ms / 1000)  # type: ignore[attr-defined]
    assert scanned(table, "7319", "fred").verdict == "correct"  # type: ignore[attr-defined]
    assert scanned(table, "7319", "ann").verdict == "correct"  # type: ignore[attr-defined]


TRIES = st.tuples(st.sampled_from(["ann", "bob", "eve"]), st.sampled_from(["1", "2", "7319", "LATER-1"]))


@given(st.lists(TRIES, max_size=12))
def test_right_codes_give_back_what_wrong_ones_took_and_the_pool_is_stored(steps: list[tuple[str, str]]) -> None:
    table = Table(CODES_ALONE.replace('"7319"', '"7319", "7777"')).running("ann", "bob", "eve")
    for n, (who, text) in enumerate(steps):
        scanned(table, text if len(text) > 1 else f"{text}{n:03}", who)
        table.tick(7)
    back = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert digest(back) == digest(table.state) == digest(table.replay())
    in_vain = sum(isinstance(e, TriedInVain) for r in table.log for e in r.events)
    most_ms = max([pool.full_ms - table.now_ms for pool in table.state.rest.pools.values()], default=0)
    assert most_ms <= in_vain * 60_000


def test_teams_of_a_roster_are_held_up_by_nobody_and_a_pool_can_be_left_out() -> None:
    table = Table(TRIED_BY_MANY.replace("[[clues]]", '[teams]\nmode = "teams"\n[[clues]]', 1))
    table.published()
    invite = table.host(Enroll("Owls"))["invite"]
    guests = [f"eve{n}" for n in range(12)]
    for guest in guests:
        table.send(Join(f"Team {guest}"), f"p:{guest}")
    table.host(Start())
    attacked(table, guests, 6)
    table.send(Join(invite=invite), "p:olga")
    for text in ("1111", "2222", "3333", "7319"):
        assert code(scanned(table, text, "olga")) == ""
    open_ = Table(TRIED_BY_MANY.replace("per_min = 1", "per_min = 0")).running(*guests)
    assert attacked(open_, guests, 4) == 12 * 3 + 12
    assert open_.state.rest.pools == {}
