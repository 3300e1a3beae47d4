"""A node that owns a part of its shards: taken, followed, released, and what comes for the others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

from actors.cluster.succession import Newest, Ruling, Say
from actors.limits import Limits
from actors.log.memory import MemoryStore
from actors.log.port import Entry, ShardId, shard_of
from actors.shard.fence import Mode
from actors.shard.reactions import ReactionBatch, ReactionItem
from tests.actors.rig import Heard, Node
from tests.actors.toy import Add, Send, Total

SHARDS = 4
ONE, OTHER = ShardId("tallies", 0), ShardId("tallies", 1)
WAIT_S = 60


class Rules:
    """What a test rules: open at once, unless it says otherwise."""

    def __init__(self) -> None:
        self.say: Callable[[Newest | None], Ruling] = lambda newest: Ruling(Say.OPEN, 0.0, "", 7)
        self.newest: dict[ShardId, Newest | None] = {}
        self.back: list[ShardId] = []
        self.followed: list[ShardId] = []
        self.mine: dict[ShardId, Newest] = {}
        self.event = asyncio.Event()

    def saw(self, shard: ShardId, newest: Newest | None) -> None:
        self.newest[shard] = newest

    def ruling(self, shard: ShardId) -> Ruling:
        return self.say(self.newest[shard])

    def following(self, shard: ShardId) -> None:
        self.followed.append(shard)

    def opened(self, shard: ShardId, newest: Newest) -> None:
        self.mine[shard] = newest

    def dropped(self, shard: ShardId, why: str, *, released: bool) -> None:
        if not released:
            self.back.append(shard)

    async def changed(self) -> None:
        await self.event.wait()

    def change(self, say: Callable[[Newest | None], Ruling]) -> None:
        self.say = say
        self.event.set()
        self.event = asyncio.Event()


def entity(shard: ShardId) -> str:
    """Return an entity that lives in a shard."""
    return next(f"e{i}" for i in range(1000) if shard_of(f"e{i}", SHARDS) == shard.index)


def kinds_of(store: MemoryStore, shard: ShardId) -> list[str]:
    """Return what kinds of records a shard holds."""
    return [body.split(b'"', 4)[3].decode() for body in store.records(shard)]


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.002)


async def node_of(store: MemoryStore, **options: Any) -> tuple[Node, Rules]:
    rules = Rules()
    node = Node(store, shards=SHARDS, succession=rules, **options)
    await asyncio.wait_for(node.system.start(), WAIT_S)
    return node, rules


async def owner_and_other(**options: Any) -> tuple[MemoryStore, Node, Node, Rules]:
    """Return a store, the node that serves its shard ONE, and another one with its rules; `options` are the other's."""
    store = MemoryStore()
    old, _ = await node_of(store)
    new, rules = await node_of(store, **options)
    old.system.take(ONE)
    await until(lambda: bool(old.system.nonce(ONE)))
    return store, old, new, rules


async def test_a_shard_that_was_not_taken_is_idle_writes_nothing_and_refuses_with_moved() -> None:
    store = MemoryStore()
    node, _ = await node_of(store)
    assert node.system.owned() == []
    assert node.system.ready() == (True, "ok")
    heard = Heard()
    node.send(Add(1), sink=heard, to=entity(ONE), key=("e", 1))
    assert [(what, code) for what, _, code, _ in heard.said] == [("err", "moved")]
    node.system.take(OTHER)
    await until(lambda: bool(node.system.nonce(OTHER)))
    assert (await node.ask(Add(1), to=entity(OTHER), key=("e", 1)))[1] == 1
    assert store.records(ONE) == []
    shard = node.system.shards()[0]
    assert (shard.weight(), shard.ownership.mode) == (0, Mode.IDLE)
    assert node.system.owned() == [OTHER]
    assert node.system.ready() == (True, "ok")
    await node.system.close()


async def test_a_released_shard_is_written_out_given_up_and_forgotten_and_taken_by_another_as_it_was() -> None:
    store, old, new, rules = await owner_and_other()
    assert (await old.ask(Add(3), to=entity(ONE), key=("e", 1)))[1] == 1
    await asyncio.wait_for(old.system.release(ONE), WAIT_S)
    shard = old.system.shards()[0]
    assert kinds_of(store, ONE)[-1] == "released"
    assert any(key.startswith("m|") for key in store.kept[ONE])
    assert (shard.weight(), shard.ownership.mode, old.system.owned()) == (0, Mode.IDLE, [])
    assert (await old.ask(Add(1), to=entity(ONE), key=("e", 2))).code == "moved"
    new.system.take(ONE)
    await until(lambda: bool(new.system.nonce(ONE)))
    newest = rules.newest[ONE]
    assert newest is not None
    assert (newest.node, newest.run, newest.released) == (old.run.node, old.run.start, True)
    assert new.system.shards()[0].replayed == 0  # the snapshot holds it all
    assert (await new.ask(Add(1), to=entity(ONE), key=("e", 2)))[1] == 2
    assert (await new.view(Total(), to=entity(ONE)))[0].total == 4
    assert b'"table":7' in store.records(ONE)[0]
    await old.system.close()
    await new.system.close()


async def test_a_node_follows_a_shard_until_it_may_open_a_tenure_and_then_replays_nothing() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, 60.0, "not yet")
    new.system.take(ONE)
    await until(lambda: "shard_followed" in new.told.names())
    heard = Heard()
    new.send(Add(1), sink=heard, to=entity(ONE), key=("f", 1))  # it waits for the tenure
    for n in range(20):
        await old.ask(Add(1), to=entity(ONE), key=("e", n + 1))
    shard = new.system.shards()[0]
    await until(lambda: entity(ONE) in shard.actors and shard.actors[entity(ONE)].seq == 20)
    assert kinds_of(store, ONE).count("tenure") == 1
    assert new.system.ready() == (True, "ok")  # another serves it
    rules.change(lambda newest: Ruling(Say.OPEN, 0.0, ""))
    await until(lambda: bool(new.system.nonce(ONE)))
    assert kinds_of(store, ONE)[-2:] == ["cmd", "tenure"] or kinds_of(store, ONE)[-3:] == ["cmd", "tenure", "cmd"]
    await until(lambda: bool(heard.said))
    assert (heard.said[0][0], heard.said[0][3]) == ("ok", 21)
    await old.system.close()
    await new.system.close()


async def test_an_owner_that_finds_a_newer_tenure_asks_the_rules_and_stands_back_for_good() -> None:
    store = MemoryStore()
    old, old_rules = await node_of(store)
    new, _ = await node_of(store)
    old.system.take(ONE)
    await until(lambda: bool(old.system.nonce(ONE)))
    await old.ask(Add(1), to=entity(ONE), key=("e", 1))
    new.system.take(ONE)
    await until(lambda: bool(new.system.nonce(ONE)))
    old_rules.say = lambda newest: (
        Ruling(Say.STAND_BACK, math.inf, "another's")
        if newest is not None and newest.run == new.run.start
        else Ruling(Say.OPEN, 0.0, "")
    )
    assert (await old.ask(Add(1), to=entity(ONE), key=("e", 2))).code == "unknown"
    await until(lambda: old_rules.back == [ONE])
    assert (await old.ask(Add(1), to=entity(ONE), key=("e", 2))).code == "moved"
    assert (old.system.owned(), old.system.shards()[0].weight()) == ([], 0)
    assert (await new.ask(Add(1), to=entity(ONE), key=("e", 2)))[1] == 2
    assert kinds_of(store, ONE).count("tenure") == 2
    old_rules.change(lambda newest: Ruling(Say.OPEN, 0.0, ""))  # the table gives it back, the other is gone
    await new.system.close()
    old.system.take(ONE)
    await until(lambda: bool(old.system.nonce(ONE)))
    assert (await old.ask(Add(1), to=entity(ONE), key=("e", 3)))[1] == 3
    await old.system.close()


async def test_what_comes_for_a_shard_that_another_serves_for_long_does_not_wait() -> None:
    _, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, math.inf, "another serves it")
    heard = Heard()
    new.system.take(ONE)
    new.send(Add(1), sink=heard, to=entity(ONE), key=("f", 1))
    await until(lambda: "shard_followed" in new.told.names())
    assert [code for _, _, code, _ in heard.said] == ["moved"]
    assert (await new.ask(Add(1), to=entity(ONE), key=("f", 1))).code == "moved"
    rules.change(lambda newest: Ruling(Say.OPEN, 0.0, ""))
    await until(lambda: bool(new.system.nonce(ONE)))
    assert (await new.ask(Add(1), to=entity(ONE), key=("f", 1)))[1] == 1
    await old.system.close()
    await new.system.close()


async def test_a_shard_is_handed_over_without_waiting_for_its_reactions_and_the_next_owner_sends_them() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(
        Say.OPEN if newest is not None and newest.released else Say.WAIT, 60.0, "it is to be given up"
    )
    asked: list[tuple[str, str]] = []
    for node in (old, new):  # the target lives on a third node, which answers nobody

        def forward(kind: str, id: str, batch: Any, sink: Any, run: str = node.run.start) -> None:
            asked.append((run, id))

        node.system.forward = forward
    new.system.take(ONE)
    await until(lambda: "shard_followed" in new.told.names())
    source, target = entity(ONE), entity(OTHER)
    assert (await old.ask(Send((target,), 1), to=source, key=("e", 1)))[1] == 1
    await until(lambda: bool(asked))
    await asyncio.wait_for(old.system.release(ONE, followed=True), WAIT_S)
    assert "drain_cut_short" not in old.told.names()
    await until(lambda: len(asked) == 2)
    assert asked == [(old.run.start, target), (new.run.start, target)]
    assert kinds_of(store, ONE) == ["tenure", "cmd", "released", "tenure"]
    await old.system.close()
    await new.system.close()


async def test_a_shard_that_is_given_up_takes_no_reactions_in_so_that_it_comes_to_an_end() -> None:
    store, old, new, _ = await owner_and_other()
    heard = Heard()
    releasing = asyncio.ensure_future(old.system.release(ONE, followed=True))
    await asyncio.sleep(0)
    assert old.system.shards()[0].ownership.mode is Mode.OWNER
    old.system.deliver("tally", entity(ONE), ReactionBatch("tally/x", [ReactionItem(1, 0, Add(1))]), heard)
    assert [code for _, _, code, _ in heard.said] == ["moved"]
    await asyncio.wait_for(releasing, WAIT_S)
    assert kinds_of(store, ONE) == ["tenure", "released"]
    await old.system.close()
    await new.system.close()


async def test_what_lands_before_the_tenure_of_who_followed_comes_on_the_way_by_which_it_followed() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, 60.0, "not yet")
    reads: list[int] = []
    read, held = new.log.read, asyncio.Event()

    async def slow(shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        reads.append(start)
        async for chunk in read(shard, start):
            if chunk[-1].offset > 1:
                await held.wait()
            yield chunk

    new.log.read = slow  # type: ignore[method-assign]
    new.system.take(ONE)
    await until(lambda: "shard_followed" in new.told.names())
    begun = len(reads)
    for n in range(3):
        await old.ask(Add(1), to=entity(ONE), key=("e", n + 1))
    rules.change(lambda newest: Ruling(Say.OPEN, 0.0, "told over a link that it was given up"))
    await until(lambda: kinds_of(store, ONE)[-1] == "tenure")
    held.set()
    await until(lambda: bool(new.system.nonce(ONE)))
    assert len(reads) == begun
    assert (await new.view(Total(), to=entity(ONE)))[0].total == 3
    await old.system.close()
    await new.system.close()


async def test_a_shard_that_is_released_while_it_is_followed_is_let_go_at_once() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, math.inf, "not yet")
    new.system.take(ONE)
    await until(lambda: "shard_followed" in new.told.names())
    heard = Heard()
    new.send(Add(1), sink=heard, to=entity(ONE), key=("f", 1))
    rules.change(lambda newest: Ruling(Say.STAND_BACK, math.inf, "given to another"))
    await asyncio.wait_for(new.system.release(ONE), WAIT_S)
    assert [code for _, _, code, _ in heard.said] == ["moved"]
    assert kinds_of(store, ONE).count("tenure") == 1
    await old.system.close()
    await new.system.close()


async def test_reactions_to_a_shard_of_another_node_are_forwarded() -> None:
    store = MemoryStore()
    node, _ = await node_of(store)
    sent = []
    node.system.forward = lambda kind, id, batch, sink: sent.append((kind, id))
    node.system._deliver("tally", entity(ONE), None, None)  # type: ignore[arg-type]
    assert sent == [("tally", entity(ONE))]
    await node.system.close()


def entities(shard: ShardId, count: int) -> list[str]:
    """Return entities that live in a shard."""
    found = (f"e{i}" for i in range(100 * count))
    return [id for id in found if shard_of(id, SHARDS) == shard.index][:count]


async def test_a_standby_takes_nothing_in_and_takes_over_with_a_tenure_and_no_replay() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, math.inf, "stands by")
    new.system.follow(ONE)
    assert (new.system.owned(), new.system.followed(), new.system.ready()) == ([], [ONE], (True, "ok"))
    assert (await new.ask(Add(1), to=entity(ONE), key=("f", 1))).code == "moved"  # at once, also while it replays
    for n in range(20):
        await old.ask(Add(1), to=entity(ONE), key=("e", n + 1))
    shard = new.system.shards()[0]
    await until(lambda: entity(ONE) in shard.actors and shard.actors[entity(ONE)].seq == 20)
    assert (await new.ask(Add(1), to=entity(ONE), key=("f", 1))).code == "moved"
    assert "shard_followed" not in new.told.names()
    reads: list[int] = []
    read = new.log.read
    new.log.read = lambda shard, start: reads.append(start) or read(shard, start)  # type: ignore[method-assign, func-returns-value]
    await old.system.close()
    rules.change(lambda newest: Ruling(Say.OPEN, 0.0, "its owner is gone"))
    await until(lambda: bool(new.system.nonce(ONE)))
    assert kinds_of(store, ONE)[-1] == "tenure"
    assert reads == []
    assert (new.system.owned(), new.system.followed()) == ([ONE], [])
    assert (await new.ask(Add(1), to=entity(ONE), key=("f", 1)))[1] == 21
    assert (await new.ask(Add(1), to=entity(ONE), key=("e", 20)))[1] == 20  # the answer that the old owner gave
    await new.system.close()


async def test_a_standby_holds_no_more_than_it_may_and_misses_nothing() -> None:
    store, old, new, rules = await owner_and_other(limits=Limits(standby_bytes=100_000))
    rules.say = lambda newest: Ruling(Say.WAIT, math.inf, "stands by")
    new.system.follow(ONE)
    many = entities(ONE, 200)
    for turn in range(8):
        for id in many:
            await old.ask(Add(1), to=id, key=("e", turn + 1))
    shard = new.system.shards()[0]
    await until(lambda: many[-1] in shard.actors and shard.actors[many[-1]].seq == 8)
    assert shard.passive.activated > 0  # some were put away, and taken out again
    end = len(store.records(ONE))
    await old.system.close()
    rules.change(lambda newest: Ruling(Say.OPEN, 0.0, ""))
    await until(lambda: bool(new.system.nonce(ONE)))
    assert len(store.records(ONE)) == end + 1
    assert [(await new.view(Total(), to=id))[0].total for id in many] == [8] * len(many)
    await new.system.close()


async def test_a_standby_that_is_not_wanted_any_more_lets_go() -> None:
    store, old, new, rules = await owner_and_other()
    rules.say = lambda newest: Ruling(Say.WAIT, math.inf, "stands by")
    new.system.follow(ONE)
    await old.ask(Add(1), to=entity(ONE), key=("e", 1))
    shard = new.system.shards()[0]
    await until(lambda: entity(ONE) in shard.actors)
    rules.change(lambda newest: Ruling(Say.STAND_BACK, math.inf, "another stands by"))
    await asyncio.wait_for(new.system.release(ONE), WAIT_S)
    assert (new.system.followed(), shard.weight()) == ([], 0)
    assert kinds_of(store, ONE).count("tenure") == 1
    await old.system.close()
    await new.system.close()
