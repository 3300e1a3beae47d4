"""News for many wait for each other, a moment at most, and nothing is out of order or missing for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from actors.entity import Push
from huntserver.gateway.rooms import NEWS_BYTES_MAX, Rooms
from huntserver.limits import Limits
from lab.rigs.gateway import frames_in
from lab.sim.loop import SimLoop

SOON = Limits(news_ms=100, news_listeners=2)
NEVER = Limits(news_ms=3_600_000, news_listeners=2)


class Ear:
    """A listener; `writes` is what it was given at once, each a list of seqs."""

    packed = False
    by = "p:ada"

    def __init__(self, *, packed: bool = False) -> None:
        self.packed = packed
        self.writes: list[list[int]] = []
        self.behind: list[tuple[str, int, dict[str, int]]] = []
        self.takes = True

    def push(self, data: bytes, *, soon: bool) -> bool:
        """Take it, if it takes anything."""
        decode: Any = msgspec.msgpack.decode if self.packed else msgspec.json.decode
        self.writes.append([decode(payload)["seq"] for _, payload in frames_in(data)])
        return self.takes

    def fell_behind(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """Note how far it was given everything."""
        self.behind.append((hunt, seq, dict(channels)))

    def restart(self, hunt: str) -> None:
        """What it saw is gone."""
        self.behind.append((hunt, -1, {}))

    def take_up(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """It goes on from there."""
        self.behind.append((hunt, seq, dict(channels)))


def room(limits: Limits, *, size: int = 3) -> tuple[Rooms, list[Ear]]:
    rooms, ears = Rooms(limits), [Ear(packed=i == 1) for i in range(size)]
    for ear in ears:
        rooms.enter("h", {"hunt": 0}, ear)
    return rooms, ears


def show(rooms: Rooms, seq: int, *, can_wait: bool = True, text: str = "") -> None:
    push = Push("hunt", seq - 1, ({"n": seq, "text": text},), can_wait=can_wait)
    rooms.publish("hunt", "h", seq, seq * 10, (push,), None)


def at_times(*steps: tuple[float, Callable[[], None]], seconds: float = 1.0) -> None:
    """Call each at its time, in s, on a loop whose time is nobody's."""
    loop = SimLoop()  # type: ignore[abstract]
    for at_s, step in steps:
        loop.call_at(at_s, step)
    loop.run(lambda: False, seconds)
    assert loop.errors == []
    loop.close()


def test_news_for_many_wait_for_each_other_and_go_in_one_write() -> None:
    rooms, ears = room(SOON)
    counted: list[int] = []
    at_times(
        (0.00, lambda: show(rooms, 1)),
        (0.01, lambda: show(rooms, 2)),
        (0.09, lambda: show(rooms, 3)),
        (0.095, lambda: counted.append(len(ears[0].writes))),
        (0.105, lambda: counted.append(len(ears[0].writes))),
        (0.15, lambda: show(rooms, 4)),
        (0.7, lambda: show(rooms, 5)),
    )
    # Nobody heard anything lately: then nothing is won by waiting.
    assert [ear.writes for ear in ears] == [[[1], [2, 3], [4], [5]]] * 3
    assert counted == [1, 2]
    assert rooms.statistics().delivered == 15


async def test_a_few_listeners_are_told_each_thing_as_it_happens() -> None:
    rooms, ears = room(NEVER, size=2)
    for seq in (1, 2, 3):
        show(rooms, seq)
    assert [ear.writes for ear in ears] == [[[1], [2], [3]]] * 2


async def test_what_is_urgent_takes_along_what_waited_in_order() -> None:
    rooms, ears = room(NEVER)
    for seq in (1, 2, 3):
        show(rooms, seq)
    show(rooms, 4, can_wait=False)
    assert [ear.writes for ear in ears] == [[[1], [2, 3], [4]]] * 3


async def test_who_enters_meanwhile_is_given_the_rest_alone() -> None:
    rooms, ears = room(NEVER)
    for seq in (1, 2, 3):
        show(rooms, seq)
    late = Ear()
    tail = rooms.tail("h", {"hunt": 2}, {"hunt": 3}, False)
    assert [msgspec.json.decode(payload)["seq"] for _, payload in frames_in(b"".join(tail or []))] == [3]
    rooms.enter("h", {"hunt": 3}, late)
    show(rooms, 4)
    show(rooms, 5, can_wait=False)
    assert [ear.writes for ear in ears] == [[[1], [2, 3, 4], [5]]] * 3
    assert late.writes == [[4], [5]]


async def test_one_that_takes_no_news_has_missed_all_that_waited() -> None:
    rooms, ears = room(NEVER)
    for seq in (1, 2, 3):
        show(rooms, seq)
    ears[0].takes = False
    show(rooms, 4, can_wait=False)
    assert ears[0].writes == [[1], [2, 3]]
    assert ears[0].behind == [("h", 1, {"hunt": 1})]
    assert ears[2].writes == [[1], [2, 3], [4]]


def test_news_that_are_gone_from_the_log_are_given_to_nobody() -> None:
    rooms, ears = room(SOON)
    shows = [(seq / 100, partial(show, rooms, seq)) for seq in (1, 2, 3)]
    at_times(*shows, (0.05, lambda: rooms.rewind("hunt", lambda id: 1)))
    assert [ear.writes for ear in ears] == [[[1]]] * 3
    assert [ear.behind for ear in ears] == [[("h", -1, {})]] * 3


async def test_news_that_weigh_much_do_not_wait() -> None:
    rooms, ears = room(NEVER)
    show(rooms, 1)
    show(rooms, 2, text="x" * (NEWS_BYTES_MAX // 2))
    assert ears[0].writes == [[1]]
    show(rooms, 3, text="x" * (NEWS_BYTES_MAX // 2))
    assert ears[0].writes == [[1], [2, 3]]


@pytest.mark.parametrize("limits", [NEVER, Limits(news_ms=3_600_000, news_listeners=2, ring_bytes_max=0)])
async def test_the_rings_are_weighed_right_whatever_waits(limits: Limits) -> None:
    rooms, _ = room(limits)
    for seq in range(1, 50):
        show(rooms, seq, can_wait=seq % 7 > 0)
    held = rooms._rooms["h"].ring
    held.shrink(0)
    assert held.bytes == 0
