"""What strangers can make a shard remember: bounded, weighed, and at nobody else's cost."""

from __future__ import annotations

from actors.entity import Rejected
from actors.limits import Limits
from actors.log.memory import MemoryStore
from actors.shard.refusals import EPOCH_BYTES, EPOCHS_A_SENDER, REFUSAL_BYTES, SENDER_BYTES, Refusals
from actors.shard.timers import STALE_MAX, Timers
from tests.actors.rig import BOB, Heard, running
from tests.actors.test_withstands import count, until
from tests.actors.toy import Add, SetAlarm, TallyType, Total

TOO_MUCH = Add(TallyType.limit + 1)


async def test_what_entities_that_do_not_exist_refuse_is_bounded_and_puts_no_other_to_sleep() -> None:
    limits = Limits(ghosts_max=20, memory_bytes=200_000)
    async with running(limits=limits) as node:
        await node.ask(Add(1), to="real", key=("e", 1))
        heard = Heard()
        for i in range(2_000):
            node.send(TOO_MUCH, sink=heard, request=i, key=("e", i + 1), to=f"none-{i}")
            if i % 100 == 99:
                await node.turns(5)
        await until(lambda: len(heard.said) == 2_000)
        assert set(node.shard.actors) == {"real"}
        assert node.shard.weight() < 30_000
        assert (await node.ask(TOO_MUCH, key=("e", 2_000), to="none-1999")).code == "too_much"
        assert (await node.ask(Add(1), key=("e", 2_000), to="none-1999")).code == "too_much"  # remembered, not executed


def test_refusals_of_strangers_are_bounded_and_weighed_and_the_oldest_keep_their_numbers() -> None:
    refusals = Refusals(100, 300)
    for stranger in range(1_000):
        for n in (1, 2):
            refusals.add(f"p:{stranger}", ("e", n), Rejected("no"), 5)
    assert refusals.weight() <= 100 * REFUSAL_BYTES + 300 * (SENDER_BYTES + EPOCH_BYTES)
    assert refusals.find("p:999", ("e", 2), 9) == (Rejected("no"), 5)
    forgotten = refusals.find("p:800", ("e", 2), 9)
    assert forgotten is not None
    assert (forgotten[0].code, forgotten[1]) == ("key_too_old", 9)
    assert refusals.find("p:1", ("e", 2), 9) is None


def test_devices_that_a_stranger_makes_up_are_bounded_and_weighed() -> None:
    """Each epoch of a sender is remembered with its highest number: they counted for nothing."""
    refusals = Refusals(100, 50)
    for stranger in range(20):
        for epoch in range(200):
            refusals.add(f"p:{stranger}", (f"e{epoch}", 1), Rejected("no"), 5)
    assert refusals.epochs <= 50 * EPOCHS_A_SENDER
    assert refusals.epochs == sum(len(mine) for mine in (*refusals.senders.values(), *refusals._shrunk.values()))
    assert refusals.weight() >= refusals.epochs * EPOCH_BYTES
    assert refusals.find("p:19", ("e199", 1), 9) == (Rejected("no"), 5)


async def test_a_stranger_who_guesses_at_ids_pushes_out_nothing_that_others_were_refused() -> None:
    """What was refused was remembered by entity, of so many entities: two guesses of a stranger pushed out what a host
    was refused before the hunt was made, and a straggling copy of it was executed."""
    limits = Limits(ghosts_max=20)
    async with running(limits=limits) as node:
        assert (await node.ask(TOO_MUCH, to="new", key=("e", 1))).code == "too_much"
        heard = Heard()
        for i in range(500):
            node.send(TOO_MUCH, sink=heard, request=i, caller=BOB, key=("f", i + 1), to=f"none-{i}")
            if i % 100 == 99:
                await node.turns(5)
        await until(lambda: len(heard.said) == 500)
        assert (await node.ask(Add(1), to="new", key=("e", 2)))[1] == 1
        assert (await node.ask(Add(1), to="new", key=("e", 1))).code in ("too_much", "key_too_old")
        assert (await node.view(Total(), to="new"))[0].adds == 1


async def test_refusals_that_must_miss_nothing_share_a_probe() -> None:
    """Each guess after the end wrote a record."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms), key=("e", 1))
        assert (await node.ask(Add(1), key=("e", 2))).code == "too_late"
        before = count(store, b'"type":"probe"')
        heard = Heard()
        for n in range(40):
            node.send(Add(1), sink=heard, key=("f", n + 1))
            await node.turns(3)
        await until(lambda: len(heard.said) == 40)
        assert count(store, b'"type":"probe"') - before <= 2


def test_due_times_that_change_all_the_time_do_not_fill_memory() -> None:
    timers = Timers(lambda: 0, lambda id, due_ms: None, lambda error: None)
    timers.clear()  # collects only
    for due_ms in range(10_000):
        timers.set(due_ms, "one")
    assert len(timers) <= STALE_MAX + 2
