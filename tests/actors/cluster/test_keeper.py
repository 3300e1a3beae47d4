"""A node asks for shards when it reaches the others, and gives one up when its next owner has replayed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.cluster.keeper import FOLLOWS, Keeper, News
from actors.cluster.member import Member
from actors.cluster.succession import Newest
from actors.cluster.table import ShardTable
from actors.log.port import ShardId
from actors.reporter import Silent

A, B, C = (Member(f"{name}:1", name, ("hunts",)) for name in "abc")
S = ShardId("hunts", 0)
WAIT_S = 60


class Group:
    def __init__(self) -> None:
        self.asked = 0

    def rejoin(self) -> None:
        self.asked += 1

    async def leave(self) -> None:
        pass


class Background:
    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        self.why: Callable[[], str] = str

    def run(self, name: str, work: Any) -> None:
        self.tasks.add(asyncio.create_task(work()))

    def once(self, name: str, work: Any) -> None:
        self.tasks.add(asyncio.create_task(work))

    def watch(self, name: str, why: Callable[[], str]) -> None:
        self.why = why

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()


class System:
    """Serves what it was told to, and notes how it gave shards up."""

    def __init__(self, *served: ShardId) -> None:
        self.background = Background()
        self.serves = set(served)
        self.given: list[tuple[ShardId, bool]] = []

    def owned(self) -> list[ShardId]:
        return list(self.serves)

    def followed(self) -> list[ShardId]:
        return []

    def nonce(self, shard: ShardId) -> str:
        return "n@1" if shard in self.serves else ""

    def take(self, shard: ShardId) -> None:
        self.serves.add(shard)

    async def release(self, shard: ShardId, *, followed: bool = False) -> None:
        self.serves.discard(shard)
        self.given.append((shard, followed))


def table(version: int, owner: Member, *members: Member) -> ShardTable:
    return ShardTable(version, members, {"hunts": (members.index(owner),)})


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.002)


async def test_a_node_that_joins_asks_for_no_shards_before_it_reaches_all_others() -> None:
    reached = 1
    keeper, group, system = Keeper(C, {"hunts": 1}, Silent(), reaches=lambda: reached), Group(), System()
    assert keeper.report().leaving
    keeper.start(system, group)  # type: ignore[arg-type]
    keeper.generation(table(1, A, A, B, C))
    await asyncio.sleep(0.5)
    assert (group.asked, keeper.report().leaving) == (0, True)
    reached = 2
    await until(lambda: group.asked == 1)
    assert not keeper.report().leaving
    keeper.generation(table(2, C, A, B, C))
    await until(lambda: system.serves == {S})
    assert group.asked == 1
    system.background.close()


@pytest.mark.parametrize(("reached", "asks"), [(1, 1), (0, 0)])
async def test_a_node_that_reaches_most_others_is_not_held_up_by_the_rest_and_one_that_does_not_is_given_nothing(
    reached: int, asks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a wrong address it was given shards after five seconds, and nobody reached them."""
    monkeypatch.setattr("actors.cluster.keeper.JOINED_S", 0.05)
    keeper, group, system = Keeper(C, {"hunts": 1}, Silent(), reaches=lambda: reached), Group(), System()
    keeper.start(system, group)  # type: ignore[arg-type]
    keeper.generation(table(1, A, A, B, C))
    await until(lambda: group.asked == asks and bool(system.background.why()) != bool(asks))
    assert keeper.report().leaving is not bool(asks)
    assert asks or system.background.why() == (
        "reaches 0 of 2 other nodes, and is given no shards: do they reach it at c:1?"
    )
    system.background.close()


async def test_a_shard_that_moves_is_served_until_its_next_owner_says_that_it_has_replayed_it() -> None:
    keeper, system = Keeper(A, {"hunts": 1}, Silent()), System(S)
    keeper.rules.opened(S, Newest(A.node, A.run, "n@1", 1))
    keeper.start(system, Group())  # type: ignore[arg-type]
    keeper.generation(table(1, A, A, B, C))
    keeper.generation(table(2, B, A, B, C))
    keeper.told(*News(S, C, "", FOLLOWS))  # stands by, and is not who it is given to
    await asyncio.sleep(0.3)
    assert system.given == []
    keeper.told(*News(S, B, "", FOLLOWS))
    await until(lambda: bool(system.given))
    assert system.given == [(S, True)]
    system.background.close()


async def test_who_followed_a_shard_before_the_present_tenure_is_not_believed_to_follow_it_now() -> None:
    """It was handed over at once to a node that had still to replay it: its commands waited for that."""
    keeper, system = Keeper(A, {"hunts": 1}, Silent()), System()
    keeper.start(system, Group())  # type: ignore[arg-type]
    keeper.generation(table(1, B, A, B))
    keeper.told(*News(S, B, "", FOLLOWS))
    keeper.told(*News(S, B, "n@3", 3))  # it took the shard, and lost it
    system.serves.add(S)
    keeper.opened(S, Newest(A.node, A.run, "n@7", 7))
    keeper.generation(table(2, A, A, B))
    keeper.generation(table(3, B, A, B))
    await asyncio.sleep(0.3)
    assert system.given == []
    keeper.told(*News(S, B, "", FOLLOWS))
    await until(lambda: bool(system.given))
    assert system.given == [(S, True)]
    system.background.close()


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_next_owner_that_says_nothing_is_not_waited_for_for_ever_and_one_out_of_reach_not_at_all(
    is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.cluster.keeper.FOLLOWED_S", 3600.0 if is_lost else 0.2)
    keeper, system = Keeper(A, {"hunts": 1}, Silent()), System(S)
    keeper.rules.opened(S, Newest(A.node, A.run, "n@1", 1))
    keeper.start(system, Group())  # type: ignore[arg-type]
    keeper.generation(table(1, A, A, B))
    keeper.generation(table(2, B, A, B))
    if is_lost:
        keeper.link_reset(B, refused=False, majority=False)
    await until(lambda: bool(system.given))
    assert system.given == [(S, False)]
    system.background.close()


async def test_a_node_tells_that_it_follows_only_of_shards_whose_tenure_is_known() -> None:
    keeper, told = Keeper(B, {"hunts": 1}, Silent()), list[News]()
    keeper.announce = told.append
    keeper.following(S)
    keeper.generation(table(1, A, A, B))
    keeper.told(S, A, "n@1", 1)
    keeper.following(S)
    assert told == [News(S, B, "", FOLLOWS)]
    old = Keeper(C, {"hunts": 1}, Silent())  # how a peer of an earlier version takes it: as a tenure of long ago
    old.rules.saw(S, Newest(A.node, A.run, "n@1", 1))
    old.rules.saw(S, Newest(B.node, B.run, "", FOLLOWS))
    newest = old.newest(S)
    assert newest is not None
    assert newest.node == A.node


async def test_a_command_goes_to_who_serves_its_shard_although_no_table_has_that_node() -> None:
    """A node that had stood still took the shards of one that was killed; the group had lost it, and commands went to
    the dead one until the next table, six seconds later."""
    links = dict[tuple[str, str], Member]()
    keeper = Keeper(B, {"hunts": 1}, Silent(), linked=lambda node, run: links.get((node, run)))
    keeper.generation(table(1, A, A, B))
    keeper.told(S, Member(C.node, C.run), "n@1", 1)
    assert keeper.owner(S) == A  # nobody reaches C
    links[C.node, C.run] = C
    assert keeper.owner(S) == C
    keeper.told(S, Member(C.node, C.run), "n@1", 1, released=True)
    assert keeper.owner(S) == A
