"""What a second worker adds is counted in CPU time a command, and the busier worker is the limit."""

from __future__ import annotations

import pytest

from lab.bench.workers import WorkerCost, scaling
from lab.machines.cluster import uneven


def test_the_busier_of_two_workers_is_the_limit_and_the_broker_is_told_apart() -> None:
    one = WorkerCost.of({"server 1": 1.0, "broker": 2.0}, {"server 1": 1.3, "broker": 2.1}, 10_000)
    assert one == pytest.approx((30.0, 30.0, 10.0))
    two = WorkerCost.of(
        {"server 2": 0.0, "server 3": 0.0, "server 4": 1.0},
        {"server 2": 0.2, "server 3": 0.16, "server 4": 1.0},
        10_000,
    )
    assert two == pytest.approx((36.0, 20.0, 0.0))
    assert scaling(one, two) == pytest.approx(1.5)


def test_a_member_that_has_not_its_share_yet_is_named() -> None:
    members = [{"node": name, "roles": ["hunts"]} for name in "ab"] + [{"node": "gate", "roles": ["gateway"]}]
    rows = [{"shard": f"hunts-{n}", "given": "a"} for n in range(4)]
    assert "hunts are given out as {'a': 4, 'b': 0}" in uneven({"members": members, "shards": rows})
    rows[2]["given"] = rows[3]["given"] = "b"
    assert uneven({"members": members, "shards": rows}) == ""
