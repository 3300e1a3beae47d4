"""Playing: guesses, codes, places, hints, treasures."""

from __future__ import annotations

import pytest

from actors.entity import Context
from huntserver.game.answers import GUESS_MAX
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.guessing import Guess
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.scanning import Scan
from huntserver.game.features.standing import Adjust
from huntserver.game.features.treasures import Claim
from huntserver.game.state import TRIED_MAX, Attempt
from lab.rigs.game import HUNT, SMALL, Table, code

TOWER = CheckIn(48.8584, 2.2945)


def test_a_right_guess_gives_points_by_rank_and_opens_what_waits_for_it() -> None:
    table = Table().running("ann", "bob", "cid")
    first, second, third = (table.guess("ONE!", p) for p in ("ann", "bob", "cid"))
    assert [(a.verdict, a.points, a.rank, a.score) for a in (first, second, third)] == [
        ("correct", 15, 1, 15),
        ("correct", 12, 2, 12),
        ("correct", 10, 3, 10),
    ]
    assert table.state.teams["t1"].unlocked == 0b1011  # c1, c2, and the coin; c3 waits for its time


def test_points_decay_with_solves_down_to_their_least() -> None:
    table = Table(SMALL.replace("points = 10\nfirst_bonus = [5, 2]", "points = 10\ndecay = 4\npoints_min = 3"))
    table.running("ann", "bob", "cid", "dan")
    assert [table.guess("one", p).points for p in ("ann", "bob", "cid", "dan")] == [10, 6, 3, 3]


def test_a_solved_clue_is_not_solved_again() -> None:
    table = Table().running()
    table.guess("one")
    assert code(table.guess("one")) == "already_solved"


def test_wrong_guesses_are_free_at_first_and_then_wait_longer_and_longer() -> None:
    table = Table().running()
    waits = []
    for i in range(6):
        waits.append(table.guess(f"wrong {i}").wait_ms)
        refused = table.guess("another") if waits[-1] else None
        assert refused is None or (refused.code, refused.after_ms) == ("cool_down", waits[-1])
        table.tick(waits[-1] / 1000)
    assert waits == [0, 0, 10_000, 20_000, 30_000, 30_000]


def test_a_cool_down_is_a_clues_own_and_a_teams_own() -> None:
    table = Table(SMALL + '[[clues]]\nid = "c4"\ntitle = "T"\nanswers = ["four"]\n').running()
    for text in ("a", "b", "c"):
        table.guess(text)
    assert code(table.guess("d")) == "cool_down"
    assert table.guess("d", clue="c4").verdict == "incorrect"
    assert table.guess("d", "bob").verdict == "incorrect"


def test_a_duplicate_is_free_even_in_a_cool_down_and_however_it_is_written() -> None:
    table = Table().running()
    for text in ("Wrong one", "b", "c"):
        table.guess(text)
    assert code(table.guess("  WRONG-ONE ")) == "duplicate"
    assert table.state.teams["t1"].attempts[0].wrong == 3


def test_only_the_youngest_guesses_are_remembered() -> None:
    table = Table(SMALL.replace("cool_down_s = 10", "cool_down_s = 0")).running()
    for i in range(TRIED_MAX + 1):
        assert table.guess(f"w{i}").verdict == "incorrect"
    assert code(table.guess("w1")) == "duplicate"
    assert table.guess("w0").verdict == "incorrect"
    assert len(table.state.teams["t1"].attempts[0].tried) == 4 * TRIED_MAX


def test_a_mark_across_two_others_is_no_mark() -> None:
    attempt = Attempt(tried=bytes([0, 1, 2, 3, 4, 5, 6, 7]))
    assert attempt.has_tried(bytes([0, 1, 2, 3]))
    assert attempt.has_tried(bytes([4, 5, 6, 7]))
    assert not attempt.has_tried(bytes([1, 2, 3, 4]))
    assert Attempt(tried=bytes([9, 1, 2, 3, 4, 9, 9, 9, 1, 2, 3, 4])).has_tried(bytes([1, 2, 3, 4]))


def test_a_right_guess_whose_mark_a_wrong_one_shares_is_still_right() -> None:
    table = Table().running()
    table.guess("wrong")
    judge = table.state.plan.judges[0]
    assert judge is not None
    table.state.teams["t1"].attempts[0].tried = judge.mark("one", "one").to_bytes(4, "big")
    assert table.guess("one").verdict == "correct"


def test_a_partial_answer_is_told_and_costs_nothing() -> None:
    table = Table().running()
    answer = table.guess("On")
    assert (answer.verdict, answer.reply, answer.wait_ms) == ("partial", "one letter more", 0)
    assert table.state.teams["t1"].attempts[0].wrong == 0


@pytest.mark.parametrize(
    ("clue", "text", "refusal"),
    [
        ("c9", "x", "locked"),
        ("c2", "x", "locked"),
        ("c1", "x" * (GUESS_MAX + 1), "guess_too_long"),
        ("c1", "?!", "bad_text"),
    ],
)
def test_a_guess_that_cannot_be_judged_is_refused(clue: str, text: str, refusal: str) -> None:
    assert code(Table().running().guess(text, clue=clue)) == refusal


def test_a_locked_clue_and_one_that_does_not_exist_look_alike() -> None:
    table = Table().running()
    assert table.guess("x", clue="c2") == table.guess("x", clue="nowhere")


def test_a_clue_of_another_kind_is_not_guessed() -> None:
    table = Table().running()
    table.guess("one")
    assert code(table.guess("TREE-4711", clue="c2")) == "wrong_kind"


def test_strangers_do_not_play() -> None:
    table = Table().running()
    for command in (Guess("c1", "one"), Scan("x"), TOWER, TakeHint("c1", "free"), Claim("coin")):
        assert code(table.send(command, "p:zoe")) == "not_joined"


def test_a_code_solves_its_clue_once_the_clue_is_open() -> None:
    table = Table().running()
    assert table.send(Scan("TREE-4711")).verdict == "incorrect"
    table.guess("one")
    answer = table.send(Scan(" tree-4711 "))
    assert (answer.verdict, answer.points) == ("correct", 10)
    assert code(table.send(Scan("TREE-4711"))) == "already_solved"
    assert table.send(Scan("nonsense")).verdict == "incorrect"


def at_c3() -> Table:
    table = Table().running()
    table.guess("one")
    table.tick(600)
    return table


def test_a_place_is_solved_by_being_there() -> None:
    table = at_c3()
    assert table.send(CheckIn(48.85, 2.29)).verdict == "incorrect"
    answer = table.send(TOWER)
    assert (answer.verdict, answer.rank) == ("correct", 1)
    assert table.log[-1].events[0].personal.lat == 48.8584
    assert code(table.send(TOWER)) == "wrong_kind"
    assert code(table.send(CheckIn(48.8584, 2.2945, "c3"))) == "already_solved"


def test_half_of_a_positions_error_counts_but_never_more_than_fifty_metres() -> None:
    off = 48.85837 + 0.0012  # 133 m from the centre, 33 m out of reach
    assert at_c3().send(CheckIn(off, 2.294481, accuracy_m=60)).verdict == "incorrect"
    assert code(at_c3().send(CheckIn(off, 2.294481, accuracy_m=70))) == ""
    assert code(at_c3().send(CheckIn(off + 0.0002, 2.294481, accuracy_m=1e9))) == "inaccurate"
    assert at_c3().send(CheckIn(off, 2.294481, accuracy_m=float("nan"))).verdict == "incorrect"
    assert code(at_c3().send(CheckIn(off, 2.294481, accuracy_m=float("inf")))) == "inaccurate"


def test_what_is_no_place_and_what_is_not_open_is_refused() -> None:
    assert code(at_c3().send(CheckIn(91.0, 0.0))) == "bad_position"
    assert code(at_c3().send(CheckIn(float("nan"), 0.0))) == "bad_position"
    assert code(Table().running().send(TOWER)) == "wrong_kind"
    assert code(Table().running().send(CheckIn(48.8584, 2.2945, "c3"))) == "locked"


def test_a_timed_clue_opens_only_to_those_who_meet_its_other_conditions() -> None:
    table = Table().running("ann", "bob")
    table.guess("one", "ann")
    table.tick(600)
    assert [bool(table.state.teams[t].unlocked & 0b100) for t in ("t1", "t2")] == [True, False]
    table.guess("one", "bob")
    assert table.state.teams["t2"].unlocked & 0b100
    assert [p.events[0].type for p in table.pushes("team:t1")] == ["solved", "opened"]


def test_hints_are_taken_once_when_they_are_on_offer_and_can_be_paid() -> None:
    table = Table().running()
    assert table.send(TakeHint("c1", "free")).score == 0
    assert code(table.send(TakeHint("c1", "free"))) == "hint_taken"
    assert code(table.send(TakeHint("c1", "none"))) == "no_such_hint"
    assert code(table.send(TakeHint("c2", "late"))) == "locked"
    table.tick(30)
    table.guess("one")
    refused = table.send(TakeHint("c2", "late"))
    assert (refused.code, refused.after_ms) == ("hint_locked", 60_000)
    table.tick(60)
    answer = table.send(TakeHint("c2", "late"))
    assert (answer.points, answer.score) == (-4, 11)


def test_a_hint_that_a_team_cannot_pay_is_refused() -> None:
    table = Table().running()
    table.guess("one")
    table.host(Adjust("t1", -12, "too loud"))
    table.tick(60)
    assert code(table.send(TakeHint("c2", "late"))) == "too_expensive"


def test_a_treasure_is_never_given_more_often_than_there_are_pieces() -> None:
    table = Table().running("ann", "bob", "cid")
    assert code(table.send(Claim("coin"))) == "no_such_treasure"
    for player in ("ann", "bob", "cid"):
        table.guess("one", player)
    first, second = (table.send(Claim("coin"), f"p:{p}") for p in ("ann", "bob"))
    assert [(a.points, a.rank) for a in (first, second)] == [(10, 1), (7, 2)]
    assert code(table.send(Claim("coin"), "p:cid")) == "lost"
    assert code(table.send(Claim("coin"), "p:ann")) == "treasure_taken"
    assert code(table.send(Claim("none"), "p:ann")) == "no_such_treasure"


def test_the_wires_own_commands_are_judged_as_the_games() -> None:
    class Framed(Guess, tag="guess", frozen=True):
        id: int = 0

    table = Table().running()
    ctx: Context = table.context("p:ann", "player", "Ann")
    decision = HUNT.decide(table.state, Framed("c1", "one"), ctx)
    assert decision.answer.verdict == "correct"
