"""What runs by itself at the gateway goes on whatever one of its connections does, and says so."""

from __future__ import annotations

import asyncio

import pytest

from huntserver.gateway.connections import TICK_S
from huntserver.gateway.turns import Turns
from lab.rigs.gateway import Rig, turn


async def test_a_tick_that_raises_is_told_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    gateway = rig.gateway
    sweep, swept = gateway.sweep, [0]

    def broken(now_s: float) -> None:
        swept[0] += 1
        if swept[0] < 4:
            raise OSError("stderr is gone")
        sweep(now_s)

    monkeypatch.setattr(gateway, "sweep", broken)
    gateway.background.every("gateway tick", TICK_S, gateway._tick)
    while swept[0] < 2:
        await asyncio.sleep(TICK_S)
    assert "background_failed" in rig.faults
    assert gateway.background.ready()[0] is False
    before = gateway.clock.now_s
    while swept[0] < 6:
        await asyncio.sleep(TICK_S)
    assert gateway.clock.now_s != before
    assert gateway.background.ready()[0] is True
    await gateway.close()


async def test_a_connection_that_cannot_be_swept_goes_and_the_others_are_swept() -> None:
    rig = Rig()
    ada, bob = await rig.playing("ada"), await rig.playing("bob")

    def broken(_: float) -> str:
        raise KeyError("a bug")

    class Broken(type(ada.connection)):  # type: ignore[misc]
        __slots__ = ()
        overdue = staticmethod(broken)

    ada.connection.__class__ = Broken
    rig.gateway.sweep(rig.gateway.clock.now_s + rig.limits.ping_s + 1)
    await bob.heard()
    assert ada.wire.aborted
    assert rig.faults == ["background_contained"]
    assert bob.connection.pinged_s == rig.gateway.clock.now_s


async def test_a_socket_that_cannot_be_written_to_does_not_stop_the_writing() -> None:
    faults: list[Exception] = []
    written: list[int] = []

    class One:
        def __init__(self, number: int) -> None:
            self.number = number

        def flush(self) -> None:
            if self.number % 2:
                raise RuntimeError("the transport is closed")
            written.append(self.number)

    turns = Turns(2, faults.append)
    for i in range(4):
        turns.reply(One(i))
        turns.broadcast(One(10 + i))
    await turn()
    assert written == [0, 2, 10, 12]
    assert len(faults) == 4
    turns.reply(One(4))
    await turn()
    assert written[-1] == 4
