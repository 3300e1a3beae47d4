"""Looking at single connections: command latency by samples, and lines that join up."""

from __future__ import annotations

from typing import Any

from huntserver.gateway.connection import Connection
from huntserver.gateway.sampling import BOUNDS_MS, Latency, Sampled, Traced
from lab.rigs.gateway import Peer, Rig


def test_a_latency_is_counted_in_its_bucket() -> None:
    latency = Latency()
    for took_s in (0.0001, 0.00025, 0.004, 9.0):
        latency.observe(took_s)
    assert latency.buckets[0] == 2
    assert latency.buckets[BOUNDS_MS.index(5)] == 1
    assert latency.buckets[-1] == 1
    assert sum(latency.buckets) == 4


async def test_one_command_of_a_connection_is_timed_from_decoding_until_its_answer_is_durable() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    sampler = rig.gateway.sampler
    sampler.offer(ada.connection, 1000.0)
    assert type(ada.connection) is Sampled
    await ada.ask("ping")
    rig.system.held = []
    ada.send("board", hunt="h1")
    rig.system.release()
    assert sum(sampler.latency.buckets) == 0  # no commands
    ada.send("guess", hunt="h1", clue="c1", text="x")
    ada.send("guess", hunt="h1", clue="c1", text="y")
    assert sum(sampler.latency.buckets) == 0
    rig.system.release()
    assert sum(sampler.latency.buckets) == 1
    assert sampler.latency.sum_s > 0
    assert type(ada.connection) is Connection


async def test_a_refusal_by_a_hunt_is_an_answer_too() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.gateway.sampler.offer(ada.connection, 1000.0)
    rig.system.held = []
    ada.send("guess", hunt="h1", clue="c9", text="x")
    rig.system.release()
    assert sum(rig.gateway.sampler.latency.buckets) == 1


async def test_who_sends_nothing_is_let_go_for_another() -> None:
    rig = Rig()
    ada, bob = await rig.playing("ada"), await rig.playing("bob")
    sampler = rig.gateway.sampler
    sampler.offer(ada.connection, 1000.0)
    sampler.offer(bob.connection, 1000.5)
    assert (type(ada.connection), type(bob.connection)) == (Sampled, Connection)
    sampler.offer(bob.connection, 1001.1)
    assert (type(ada.connection), type(bob.connection)) == (Connection, Sampled)
    bob.lost()
    sampler.offer(ada.connection, 1001.2)
    assert type(ada.connection) is Sampled


async def test_nobody_is_looked_at_before_hello_and_a_sweep_looks_at_somebody() -> None:
    rig = Rig()
    peer = Peer(rig)
    rig.gateway.sampler.offer(peer.connection, 1000.0)
    assert type(peer.connection) is Connection
    await peer.hello("ada")
    rig.gateway.sweep(rig.gateway.clock.now_s + 0.05)
    assert type(peer.connection) is Sampled


async def test_a_traced_connection_tells_of_every_answer_in_ids_alone() -> None:
    rig = Rig()
    said: list[tuple[str, dict[str, Any]]] = []
    rig.gateway.connection_type = Traced
    rig.gateway.services.trace = lambda event, **fields: said.append((event, fields))
    rig.gateway.services.shard_of = lambda hunt: f"hunts-of-{hunt}"
    ada = await rig.playing("ada", epoch="phone")
    session = said[0][1]["session"]
    await ada.ask("guess", hunt="h1", clue="c1", text="secret words", key=7)
    await ada.ask("guess", hunt="h1", clue="c9", text="secret words", key=8)
    await ada.ask("board", hunt="h1")
    ada.lost()
    lines = {(event, fields.get("op"), fields.get("code")): fields for event, fields in said}
    guess = lines["answered", "guess", "ok"]
    assert guess["session"] == session == "s1"
    assert (guess["by"], guess["hunt"], guess["shard"], guess["key"]) == ("p:ada", "h1", "hunts-of-h1", "phone:7")
    assert guess["pos"] > 0
    assert lines["answered", "guess", "locked"]["key"] == "phone:8"
    assert ("answered", "board", "ok") in lines
    assert ("session_ended", None, None) in lines
    assert "secret words" not in repr(said)


async def test_the_statistics_of_the_outbox_are_those_of_the_last_look() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    ada.send("guess", hunt="h1", clue="c1", text="x")
    ada.connection.pause_writing()
    for _ in range(2):
        rig.gateway.sweep(rig.gateway.clock.now_s + 0.05)
    seen = rig.gateway.statistics()
    assert (seen.unanswered, seen.behind, seen.in_line) == (1, 1, 0)
