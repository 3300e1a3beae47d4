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


def test_listeners_of_what_is_broken_take_up_and_of_what_is_gone_begin_anew() -> None:
    rooms, ear = ClusterRooms(Limits()), Ear()
    rooms.enter("h", ["hunt"], ear)
    show(rooms, 1)
    rooms.broken("hunt", "h", 1, {ear: {"team:t1": 2}, Ear(): {"team:t2": 2}})
    assert ear.told == ["push", ("take up", "h", 1, {"team:t1": 2})]
    show(rooms, 2)  # it is out of the room
    assert len(ear.told) == 2
    rooms.enter("h", ["hunt"], ear)
    rooms.rewind("hunt", lambda hunt: 1)
    assert ear.told[2:] == [("restart", "h")]
    assert rooms.heard("hunt", "h") == 1


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
