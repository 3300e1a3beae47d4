"""Hunts that move while somebody enters them: what is missed in silence is found."""

from __future__ import annotations

from lab.sim.moving_hunt import MovingHunt


def test_who_enters_a_hunt_that_moves_hears_all_of_it() -> None:
    assert [(seed, violation) for seed in range(200) for violation in MovingHunt(seed).run()] == []


def test_a_seed_is_the_same_run_each_time() -> None:
    def played(seed: int) -> tuple[int, float, float]:
        world = MovingHunt(seed)
        world.run()
        return world.loop.turns, world.loop.time(), world.draw.random()

    assert played(5) == played(5) != played(6)
