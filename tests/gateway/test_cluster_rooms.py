"""Rooms of hunts that live elsewhere: what a node can tell is whole, and what becomes of listeners when it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.entity import Push
from huntserver.gateway.cluster_rooms import ClusterRooms
from huntserver.limits import Limits


class Ear:
    """A listener; `told` is what it heard of its room."""

    packed = False
    by = "p:ada"
    takes: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.told: list[Any] = []

    def push(self, data: bytes, *, soon: bool) -> bool:
        self.told.append("push")
        return True

    def fell_behind(self, hunt: str, seq: int, channels: Any) -> None:
        self.told.append(("behind", hunt, seq))

    def parted(self, hunt: str) -> None:
        self.told.append(("parted", hunt))

    def restart(self, hunt: str) -> None:
        self.told.append(("restart", hunt))

    def take_up(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        self.told.append(("take up", hunt, seq, dict(channels)))


def show(rooms: ClusterRooms, seq: int, channel: str = "hunt", **more: Any) -> None:
    rooms.publish("hunt", "h", seq, seq * 10, (Push(channel, seq - 1, ({"n": seq},), **more),), None)


def test_what_was_shown_since_is_told_only_if_it_is_known_to_be_all() -> None:
    rooms = ClusterRooms(Limits())
    assert rooms.since("hunt", "h", 3) is None
    for seq in (5, 6, 7):
        show(rooms, seq)
    found = rooms.since("hunt", "h", 5)
    assert found is not None
    assert [(seq, at_ms, msgspec.json.encode(pushes[0].events)) for seq, at_ms, pushes in found] == [
        (6, 60, b'[{"n":6}]'),
        (7, 70, b'[{"n":7}]'),
    ]
    assert rooms.since("hunt", "h", 4) is not None
    assert rooms.since("hunt", "h", 3) is None  # of record 4 nothing is known here
    assert rooms.since("player", "ada", 0) is None


def test_who_left_a_channel_meanwhile_makes_everybody_ask() -> None:
    rooms = ClusterRooms(Limits())
    for seq in (1, 2):
        show(rooms, seq)
    rooms.publish("hunt", "h", 3, 30, (Push("team:t", 2, parted="p:bo"),), None)
    assert rooms.since("hunt", "h", 2) is None
    assert rooms.since("hunt", "h", 3) == []


def test_listeners_of_what_is_broken_take_up_where_they_stand_and_of_what_is_gone_begin_anew() -> None:
    rooms, ear = ClusterRooms(Limits()), Ear()
    rooms.enter("h", {"hunt": 0, "team:t1": 0}, ear)
    show(rooms, 1)
    assert rooms.tell("hunt", "h", 2, ear, "team:t1", 0)
    rooms.broken("hunt", "h")
    assert ear.told == ["push", ("take up", "h", 1, {"hunt": 1, "team:t1": 2})]
    show(rooms, 2)  # it is out of the room
    assert len(ear.told) == 2
    rooms.enter("h", {"hunt": 2}, ear)
    rooms.rewind("hunt", lambda hunt: 1)
    assert ear.told[2:] == [("restart", "h")]
    assert rooms.heard("hunt", "h") == 1


def test_an_answer_says_what_a_record_shows_only_to_who_stands_before_it_and_then_it_is_not_shown_to_it_again() -> None:
    rooms, ear, other = ClusterRooms(Limits()), Ear(), Ear()
    assert not rooms.tell("hunt", "h", 4, ear, "team:t1", 3)  # it does not listen
    for one in (ear, other):
        rooms.enter("h", {"team:t1": 3}, one, 3)
    assert not rooms.tell("hunt", "h", 6, ear, "team:t1", 5)  # of 5 it has not heard
    assert rooms.tell("hunt", "h", 4, ear, "team:t1", 3)
    assert not rooms.tell("hunt", "h", 4, ear, "team:t1", 3)  # a late answer of the owner before
    show(rooms, 4, "team:t1")
    show(rooms, 5, "team:t1")
    assert (ear.told, other.told) == (["push"], ["push", "push"])
    assert not rooms.tell("hunt", "h", 5, other, "team:t1", 4)  # it was shown to it


def test_what_an_owner_shows_again_after_a_recovery_is_not_shown_to_who_entered_further_on() -> None:
    rooms, ear = ClusterRooms(Limits()), Ear()
    rooms.is_here = lambda kind, id: False
    rooms.enter("h", {"hunt": 6}, ear, 6)
    for seq in (5, 6, 7):
        show(rooms, seq)
    assert ear.told == ["push"]


def test_who_was_not_given_what_another_owner_showed_takes_up_where_it_stands() -> None:
    rooms, ear, ahead = ClusterRooms(Limits()), Ear(), Ear()
    rooms.enter("h", {"hunt": 3, "host": 2}, ear, 3)
    rooms.enter("h", {"hunt": 7}, ahead, 7)
    show(rooms, 8)  # follows 7
    assert (ear.told, ahead.told) == ([("take up", "h", 7, {"hunt": 3, "host": 2})], ["push"])
    show(rooms, 9)
    assert (len(ear.told), len(ahead.told)) == (1, 2)


def test_a_shard_that_is_served_here_again_goes_on_for_who_has_heard_all_and_lets_go_of_who_has_not() -> None:
    rooms, ear = ClusterRooms(Limits()), Ear()
    rooms.enter("h", {"hunt": 3}, ear, 3)
    rooms.regained("hunt", lambda id: 3)
    show(rooms, 4)
    rooms.regained("hunt", lambda id: None)
    assert ear.told == ["push"]
    rooms.regained("hunt", lambda id: 6)
    assert ear.told[1:] == [("take up", "h", 4, {"hunt": 4})]
    assert rooms.since("hunt", "h", 4) is None
    assert rooms.heard("hunt", "h") == 6


async def test_an_expected_hunt_is_watched_before_anybody_is_in_its_room() -> None:
    rooms = ClusterRooms(Limits())
    watched: list[tuple[str, str]] = []
    rooms.watch = lambda kind, id: watched.append((kind, id))
    rooms.expect("h")
    rooms.enter_player("ada", Ear(), 0.0)
    assert watched == [("hunt", "h"), ("player", "ada")]
    assert rooms.listened("hunt", "h")
    assert not rooms.listened("hunt", "other")
    rooms.forget("hunt", lambda hunt: True)
    assert rooms.listened("hunt", "h")
