"""The due heap by itself, on virtual time."""

from __future__ import annotations

from actors.shard.timers import Timers
from lab.sim.loop import SimLoop


def raised(error: BaseException) -> None:
    raise error


def test_a_timer_is_a_second_late_at_most_when_the_clock_was_set_forward_meanwhile() -> None:
    """It slept for as long as the wrong clock had said: an hour's end came an hour's correction late."""
    loop = SimLoop()  # type: ignore[abstract]  # as in `Simulation`
    ahead_ms = 0
    fired: list[str] = []
    timers = Timers(
        lambda: ahead_ms + int(loop.time() * 1000), lambda id, due_ms: fired.append(f"{id} {due_ms}"), raised
    )
    loop.post(loop.world, 0.0, timers.set, 60_000, "hunt")
    assert not loop.run(lambda: bool(fired), 5.0)
    ahead_ms = 60_000
    assert loop.run(lambda: bool(fired), 1.1)
    assert fired == ["hunt 60000"]
    loop.close()
