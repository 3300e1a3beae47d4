"""The rules of succession, one by one; their interplay is in `tests/models`."""

from __future__ import annotations

import math

from actors.cluster.member import Member
from actors.cluster.placement import MOVE_S, NEXT_S, PlacementRules
from actors.cluster.succession import Newest, Ruling, Say
from actors.cluster.table import ShardTable, rendezvous
from actors.log.port import ShardId

ROLES = ("hunts",)
A, B, C = (Member(f"{name}:1", name, ROLES) for name in "abc")
S = ShardId("hunts", 0)


def rules_of(
    me: Member,
    owner: Member,
    members: tuple[Member, ...] = (A, B, C),
    version: int = 5,
    *,
    standby: bool = False,
) -> PlacementRules:
    rules = PlacementRules(me, {"hunts": 1}, standby=standby)
    rules.generation(table(owner, members, version), 0.0)
    return rules


def table(owner: Member, members: tuple[Member, ...] = (A, B, C), version: int = 6) -> ShardTable:
    return ShardTable(version, members, {"hunts": (members.index(owner),)})


def tenure(by: Member, offset: int, *, at: int = 1, released: bool = False) -> Newest:
    return Newest(by.node, by.run, f"x@{offset}", offset, at, released)


def say(ruling: Ruling) -> tuple[Say, float]:
    return ruling.say, ruling.again_s


def test_an_empty_log_is_opened_by_whom_the_table_names_alone() -> None:
    assert rules_of(A, A).ruling(S, 0.0).say is Say.OPEN
    assert rules_of(B, A).ruling(S, 0.0).say is Say.STAND_BACK


def test_a_tenure_of_a_node_that_is_no_member_is_opened_over_by_whom_the_table_names_whenever_it_is_read() -> None:
    rules = rules_of(B, B, (B, C))
    rules.saw(S, tenure(A, 10))
    assert rules.ruling(S, 99.0).say is Say.OPEN
    rules.opened(S, tenure(B, 11, at=5))
    rules.saw(S, tenure(A, 12))  # its abandoned record landed late
    rules.dropped(S)
    assert rules.wanted(S, 99.0)
    assert rules.ruling(S, 99.0).say is Say.OPEN
    assert rules_of(C, B, (B, C)).ruling(S, 99.0).say is Say.STAND_BACK


def test_a_strangers_tenure_under_a_table_that_is_not_here_is_waited_for_and_asks_for_a_later_table() -> None:
    rules = rules_of(B, B, (B, C), version=5)
    rules.saw(S, tenure(A, 10, at=5))
    assert rules.ruling(S, 99.0).say is Say.WAIT
    assert rules.behind()
    rules.generation(table(B, (B, C), 6), 100.0)
    assert not rules.behind()
    assert rules.ruling(S, 100.0).say is Say.OPEN


def test_a_shard_that_the_table_moves_here_is_opened_when_it_was_given_up_or_after_two_seconds() -> None:
    rules = rules_of(B, A)
    rules.saw(S, tenure(A, 10))
    assert rules.ruling(S, 50.0).say is Say.STAND_BACK
    assert not rules.wanted(S, 50.0)
    rules.generation(table(B), 50.0)
    assert rules.wanted(S, 50.0)
    assert say(rules.ruling(S, 50.5)) == (Say.WAIT, MOVE_S - 0.5)
    rules.generation(table(B, version=7), 51.0)  # another generation does not begin the wait anew
    assert say(rules.ruling(S, 51.5)) == (Say.WAIT, MOVE_S - 1.5)
    assert rules.ruling(S, 52.0).say is Say.OPEN
    rules.saw(S, tenure(A, 10, released=True))
    assert rules.ruling(S, 51.5).say is Say.OPEN


def test_a_holder_has_its_time_from_when_the_next_owner_has_replayed() -> None:
    rules = rules_of(B, A)
    rules.saw(S, tenure(A, 10))
    rules.generation(table(B), 50.0)
    rules.follows(S, 55.0)  # a long log, or a machine that does other work
    assert say(rules.ruling(S, 55.0)) == (Say.WAIT, MOVE_S)
    rules.follows(S, 56.0)  # it says so again: the holder has heard it
    assert say(rules.ruling(S, 56.0)) == (Say.WAIT, MOVE_S - 1.0)
    assert rules.ruling(S, 57.0).say is Say.OPEN


def test_a_shard_that_another_took_is_not_taken_back() -> None:
    rules = rules_of(B, A)
    rules.generation(table(B), 0.0)
    rules.saw(S, tenure(C, 11, at=6))  # C took it from A, under the same table
    assert say(rules.ruling(S, 99.0)) == (Say.WAIT, math.inf)
    rules = rules_of(A, A)
    rules.opened(S, tenure(A, 10, at=5))
    rules.saw(S, tenure(B, 11, at=5))
    rules.dropped(S)
    assert say(rules.ruling(S, 99.0)) == (Say.WAIT, math.inf)  # the table has it here: it reads on
    assert rules.behind()  # and another is asked for
    assert rules.owner(S) == B
    assert rules.ruling(S, 99.0).why == "b:1 serves it"
    rules.generation(table(A), 100.0)  # the group gives it back
    assert say(rules.ruling(S, 100.0)) == (Say.WAIT, MOVE_S)


def test_an_owner_from_which_the_table_moves_a_shard_gives_it_up_and_is_done() -> None:
    rules = rules_of(A, A)
    rules.opened(S, tenure(A, 10, at=5))
    rules.generation(table(B), 0.0)
    assert not rules.wanted(S, 0.0)
    assert rules.owner(S) == A  # until it has given it up
    rules.dropped(S, released=True)
    assert not rules.wanted(S, 0.0)
    assert rules.owner(S) == B


def test_an_own_late_tenure_is_opened_anew_although_the_shard_has_moved() -> None:
    rules = rules_of(A, A)
    rules.opened(S, tenure(A, 10, at=5))
    rules.generation(table(B), 0.0)
    rules.dropped(S)
    assert not rules.wanted(S, 0.0)  # it did not get to giving it up: the other takes it after two seconds
    rules.saw(S, tenure(A, 12, at=5))
    assert rules.wanted(S, 0.0)
    assert rules.ruling(S, 0.0).say is Say.OPEN
    rules.opened(S, tenure(A, 13, at=6))
    assert not rules.wanted(S, 0.0)


def test_a_broken_link_lets_the_first_in_line_open_one_tenure_and_the_next_follow() -> None:
    first, second = rendezvous(S, (B, C))
    for who, wait_s in ((first, 0.0), (second, NEXT_S)):
        rules = rules_of(who, A)
        rules.saw(S, tenure(A, 10))
        rules.link_reset(A, 20.0, refused=False, majority=False)
        assert rules.ruling(S, 99.0).say is Say.STAND_BACK  # it waits for the group
        rules.link_reset(A, 21.0, refused=False, majority=True)
        if wait_s:
            assert say(rules.ruling(S, 21.0)) == (Say.WAIT, wait_s)
        assert rules.ruling(S, 21.0 + wait_s).say is Say.OPEN
        assert rules.wanted(S, 21.0 + wait_s)
        rules.opened(S, tenure(who, 11, at=5))
        rules.saw(S, tenure(A, 12))  # A had a reset, too, and took it
        rules.dropped(S)
        assert rules.ruling(S, 99.0).say is Say.STAND_BACK
        rules.link_up(A)
        rules.link_reset(A, 30.0, refused=True, majority=False)
        assert rules.ruling(S, 30.0 + NEXT_S).say is Say.OPEN


def test_a_node_without_the_role_takes_nothing_from_a_peer_that_is_out_of_reach() -> None:
    gateway = Member("g:1", "g", ("gateway",))
    rules = rules_of(gateway, A, (A, gateway))
    rules.saw(S, tenure(A, 10))
    rules.link_reset(A, 0.0, refused=True, majority=True)
    assert rules.ruling(S, 99.0).say is Say.STAND_BACK


def test_a_command_goes_to_the_newest_tenure_of_a_member_else_to_whom_the_table_names() -> None:
    rules = rules_of(C, A)
    assert rules.owner(S) == A
    rules.saw(S, tenure(B, 11))
    assert rules.owner(S) == B
    rules.saw(S, tenure(A, 10))  # old news
    assert rules.owner(S) == B
    rules.saw(S, tenure(Member("x:1", "x"), 12))
    assert rules.owner(S) == A
    assert [m.node for m in rules.members()] == ["a:1", "b:1"]


def test_who_still_holds_a_shard_that_another_has_taken_sends_its_commands_there() -> None:
    rules = rules_of(A, A)
    rules.opened(S, tenure(A, 10, at=5))
    assert rules.owner(S) == A
    rules.saw(S, tenure(B, 11, at=5))  # its last batch is under way, and what it holds is not dropped before that ends
    assert rules.owner(S) == B
    rules.saw(S, tenure(A, 12, at=5))  # its own, given up and landed late: opened anew here
    assert rules.owner(S) == A


def test_who_would_take_a_shard_over_first_stands_by_for_it_if_asked_to_and_nobody_else() -> None:
    first, second = rendezvous(S, [B, C])
    for me, standby, stands_by in ((first, True, True), (first, False, False), (second, True, False), (A, True, False)):
        rules = rules_of(me, A, standby=standby)
        rules.saw(S, tenure(A, 10))
        assert rules.stands_by(S) is stands_by, me
        if me != A:
            assert say(rules.ruling(S, 50.0)) == (Say.WAIT if stands_by else Say.STAND_BACK, math.inf)
            assert not rules.wanted(S, 50.0)  # it takes nothing in, and is no candidate for a table
            assert rules.held() == ()


def test_who_stands_by_opens_a_tenure_when_the_owner_is_gone_and_follows_on_when_another_was_quicker() -> None:
    first, second = rendezvous(S, [B, C])
    rules = rules_of(first, A, standby=True)
    rules.saw(S, tenure(A, 10))
    rules.link_reset(A, 50.0, refused=True, majority=True)
    assert rules.ruling(S, 50.0).say is Say.OPEN
    rules.saw(S, tenure(second, 11, at=5))
    line = rendezvous(S, [member for member in (A, first) if member != second])
    assert rules.stands_by(S) is (line[0] == first)
