"""The menu of faults. Each hurts the world, heals it again, and returns the moment of healing (ns, monotonic clock).

Owns no state: what is hurt and who is random stand in the world. Every fault has a kind by which it is chosen and
counted, what it needs, and the time within which everything must answer after it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeAlias

from huntserver.load.server_process import NotServing
from lab.chaos.world import SOON_S, World
from lab.machines.servers import CampaignServer

BROKER_S: Final = 10.0
Change: TypeAlias = Callable[[CampaignServer], None]


async def kill(world: World) -> int:
    """`kill -9` of the server; started again after up to half a second."""
    await world.active.killed()
    await asyncio.sleep(world.rng.random() * 0.5)
    world.active.launch()
    return time.monotonic_ns()


async def drain(world: World) -> int:
    """SIGTERM: it must end in order, exit code 0; then a start that replays nothing."""
    await world.end(world.active, gently=True)
    world.active.launch()
    return time.monotonic_ns()


async def _pause(world: World, least_s: float, most_s: float) -> int:
    server = world.active
    server.signal(signal.SIGSTOP)
    await asyncio.sleep(world.rng.uniform(least_s, most_s))
    server.signal(signal.SIGCONT)
    return time.monotonic_ns()


async def pause(world: World) -> int:
    """SIGSTOP of the server for less than a batch may take."""
    return await _pause(world, 0.05, world.late_s)


async def pause_late(world: World) -> int:
    """SIGSTOP of the server for longer than a batch may take: it hears the answers late when it wakes."""
    return await _pause(world, world.late_s + 0.5, world.give_up_s - 0.5)


async def pause_long(world: World) -> int:
    """SIGSTOP of the server for longer than a batch is waited for: it must hear what was answered, or give it up."""
    return await _pause(world, world.give_up_s + 0.5, world.give_up_s + 3.0)


# ---- two servers


async def _take_over(world: World, hurt: Change, heal: Change) -> int:
    """Let the other server take the shards while the old one is hurt; the old one wakes as a zombie and is ended."""
    old, new = world.active, world.spare
    try:
        await old.ready()
    except NotServing as why:
        world.violation("I10", f"the first server is not ready before a take-over: {why}")
    hurt(old)
    try:
        await asyncio.sleep(world.rng.random() * 0.5)
        try:
            await new.started()
        except NotServing as why:
            world.violation("I10", f"the second server could not take the shards over: {why}")
            await new.killed()
            return time.monotonic_ns()
        world.swap()
        await asyncio.sleep(world.rng.random())
    finally:
        heal(old)
    healed_ns = time.monotonic_ns()
    await asyncio.sleep(0.5 + world.rng.random())  # the zombie decides what it has in its mailboxes, and must be fenced
    await world.end(old, gently=world.rng.random() < 0.5)
    return healed_ns


async def take_over(world: World) -> int:
    """A second server takes the shards of one that is alive and at work."""
    return await _take_over(world, lambda _: None, lambda _: None)


async def take_over_paused(world: World) -> int:
    """A second server takes the shards of a paused one, which wakes up and still has commands to decide."""
    return await _take_over(world, lambda s: s.signal(signal.SIGSTOP), lambda s: s.signal(signal.SIGCONT))


async def take_over_cut(world: World) -> int:
    """A second server takes the shards of one that is cut off from the log; its batches arrive when the link heals."""

    def cut(server: CampaignServer) -> None:
        assert server.namespace is not None
        server.namespace.cut("l")

    def heal(server: CampaignServer) -> None:
        assert server.namespace is not None
        server.namespace.heal("l")

    return await _take_over(world, cut, heal)


async def second(world: World) -> int:
    """A second server on the same SQLite file, beside the first at work or paused: it must refuse to start."""
    try:
        await world.is_up()  # one that is starting after the last fault does not hold the file yet
    except NotServing as why:
        world.violation("I10", f"before a second server: {why}")
    paused = world.rng.random() < 0.5
    if paused:
        world.active.signal(signal.SIGSTOP)
    try:
        world.spare.launch()
        for _ in range(300):
            if not world.spare.runs:
                break
            await asyncio.sleep(0.1)
    finally:
        world.active.signal(signal.SIGCONT)
    if world.spare.runs or world.spare.exit_code == 0:
        world.violation("fence", f"a second server opened the file that {world.active.name} holds")
        await world.spare.killed()
    return time.monotonic_ns()


LOOK: Final = """
import sqlite3, sys
log = sqlite3.connect(sys.argv[1], timeout=60)
log.execute("SELECT count(*) FROM batches").fetchone()
log.close()
"""


async def shell(world: World) -> int:
    """Somebody looks at the SQLite file with a program of his own and closes it; a while later the server is killed."""
    path = (world.disk.path if world.disk else world.folder) / "hunts.db"
    looking = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOK, str(path))
    if await looking.wait():
        world.violation("I10", f"another program could not read {path}")
    await asyncio.sleep(world.rng.uniform(0.5, 1.5))  # what is acknowledged now must be where the next start looks
    return await kill(world)


# ---- links


async def _cut(world: World, what: str, least_s: float, most_s: float) -> int:
    namespace = world.active.namespace
    assert namespace is not None
    namespace.cut(what)
    await asyncio.sleep(world.rng.uniform(least_s, most_s))
    namespace.heal(what)
    return time.monotonic_ns()


async def cut_log(world: World) -> int:
    """The server's link to the brokers drops everything, for longer than a batch may take or is waited for."""
    return await _cut(world, "l", 0.2, world.give_up_s + 2.0)


async def cut_players(world: World) -> int:
    """The server's link to all its players drops everything."""
    return await _cut(world, "p", 0.2, 4.0)


# ---- brokers


async def _meanwhile(world: World) -> None:
    """While a broker is away: wait, and now and then kill the server on top."""
    await asyncio.sleep(world.rng.uniform(0.5, 4.0))
    if world.rng.random() < 0.3:
        world.counts["kill"] += 1
        await kill(world)


async def broker_kill(world: World) -> int:
    """`kill -9` of one broker, and its return."""
    assert world.brokers is not None
    await asyncio.to_thread(world.brokers.kill, world.rng.choice(world.brokers.nodes))
    await _meanwhile(world)
    await asyncio.to_thread(world.brokers.start)
    return time.monotonic_ns()


async def broker_pause(world: World) -> int:
    """SIGSTOP of one broker for up to twice the time after which the others think it gone."""
    assert world.brokers is not None
    node = world.rng.choice(world.brokers.nodes)
    world.brokers.signal(node, signal.SIGSTOP)
    try:
        await _meanwhile(world)
        await asyncio.sleep(world.rng.random() * 3.0)
    finally:
        world.brokers.signal(node, signal.SIGCONT)
    return time.monotonic_ns()


async def broker_roll(world: World) -> int:
    """A rolling restart: each broker ends in order and comes back, and all copies are in step before the next."""
    assert world.brokers is not None
    for node in world.rng.sample(world.brokers.nodes, world.brokers.count):
        await asyncio.to_thread(world.brokers.end, node)
        await asyncio.to_thread(world.brokers.start)
        try:
            await world.brokers.whole()
        except TimeoutError:
            world.violation("brokers", "the copies were not in step 60 s after a broker's return")
    return time.monotonic_ns()


# ---- disks


async def full(world: World) -> int:
    """The disk of the SQLite log is filled to the last byte, and freed; sometimes the server is killed meanwhile."""
    assert world.disk is not None
    await asyncio.to_thread(world.disk.fill)
    try:
        await asyncio.sleep(world.rng.uniform(0.2, world.late_s + 1.5))
        killed = world.rng.random() < 0.3
        if killed:
            world.counts["kill"] += 1
            await world.active.killed()
    finally:
        world.disk.free()
    if killed:
        world.active.launch()
    return time.monotonic_ns()


async def power(world: World) -> int:
    """Power cut at any moment, also within a commit: disk and server stop at once; mounted again, started again."""
    assert world.disk is not None
    # The server first: an fsync that is under way when the ioctl comes is told that it succeeded although its data is
    # gone (measured on Linux 6.18: 11 of 150). After a power cut nobody lives to hear that.
    world.active.signal(signal.SIGSTOP)
    world.disk.cut_power()
    await world.active.killed()
    return await _mounted_anew(world)


async def disk_fails(world: World) -> int:
    """The SQLite disk fails while the server runs on: nothing may be acknowledged from then on; then as above."""
    assert world.disk is not None
    world.active.signal(signal.SIGSTOP)
    await world.active.at_rest()  # an fsync under way ends first, for the same reason
    world.disk.cut_power()
    world.active.signal(signal.SIGCONT)
    await asyncio.sleep(0.1 + world.rng.random() * 1.5)
    await world.active.killed()
    return await _mounted_anew(world)


async def _mounted_anew(world: World) -> int:
    assert world.disk is not None
    await asyncio.to_thread(world.disk.unmount)
    await asyncio.to_thread(world.disk.mount)
    world.active.launch()
    return time.monotonic_ns()


# ---- what a server writes its log to


async def stderr_closed(world: World) -> int:
    """The log shipper dies: nobody reads the server's log, and every write to it fails. Players must not notice."""
    shipper = world.active.shipper
    assert shipper is not None
    await asyncio.to_thread(shipper.kill)
    await world.played(time.monotonic_ns(), "stderr-closed")
    await asyncio.sleep(world.rng.random() * 2.0)
    shipper.start()
    return time.monotonic_ns()


async def stderr_blocked(world: World) -> int:
    """The log shipper reads nothing: the pipe fills up, and a write to it would wait. Players must not notice."""
    shipper = world.active.shipper
    assert shipper is not None
    shipper.stop()
    await asyncio.sleep(world.rng.uniform(0.5, 3.0))  # the pipe is full by then
    await world.played(time.monotonic_ns(), "stderr-blocked")
    shipper.go_on()
    return time.monotonic_ns()


async def stderr_full(world: World) -> int:
    """The server starts while the disk of its log is full, and plays; then it is killed, and starts as before."""
    await world.active.killed()
    world.active.stderr_full = True
    try:
        world.active.launch()
        await world.answers(time.monotonic_ns(), SOON_S * world.patience, "stderr-full")
        await asyncio.sleep(world.rng.random())
    finally:
        world.active.stderr_full = False
    return await kill(world)


# ---- clocks


def _wrong_ms(world: World) -> int:
    return world.rng.choice((-1, 1)) * world.rng.choice((2_000, 60_000, 3 * 3_600_000, 86_400_000))


async def clock_jumps(world: World) -> int:
    """The server's wall clock jumps, by seconds to a day, and is set right some seconds later. Play goes on."""
    server = world.active
    # One that was never served with a right clock has no time to go on by.
    await world.answers(time.monotonic_ns(), BROKER_S * world.patience, "what came before a jump")
    server.clock.write_text(str(_wrong_ms(world)))
    try:
        await asyncio.sleep(world.rng.uniform(0.2, 2.0))
        await world.played(time.monotonic_ns(), "clock-jumps")
    finally:
        server.clock.unlink()
    return time.monotonic_ns()


async def clock_wrong_at_start(world: World) -> int:
    """The server is killed and starts with a wall clock that is wrong; some seconds later that is set right."""
    server = world.active
    await server.killed()
    server.clock.write_text(str(_wrong_ms(world)))
    try:
        server.launch()
        await asyncio.sleep(world.rng.uniform(1.0, 5.0))
    finally:
        server.clock.unlink()
    return time.monotonic_ns()


class Injection(NamedTuple):
    """One line of the menu. `needs`: "", kafka, sqlite, brokers, links, disk, ext4, stderr or clock; `weight`: its
    share."""

    strike: Callable[[World], Awaitable[int]]
    needs: str
    within_s: float
    weight: int


MENU: Final[dict[str, Injection]] = {
    "kill": Injection(kill, "", SOON_S, 6),
    "drain": Injection(drain, "", SOON_S, 2),
    "pause": Injection(pause, "", SOON_S, 4),
    "pause-late": Injection(pause_late, "", SOON_S, 2),
    "pause-long": Injection(pause_long, "", SOON_S, 1),
    "take-over": Injection(take_over, "kafka", SOON_S, 2),
    "take-over-paused": Injection(take_over_paused, "kafka", SOON_S, 4),
    "take-over-cut": Injection(take_over_cut, "links", SOON_S, 2),
    "cut-log": Injection(cut_log, "links", SOON_S, 3),
    "cut-players": Injection(cut_players, "links", SOON_S, 2),
    "broker-kill": Injection(broker_kill, "brokers", BROKER_S, 3),
    "broker-pause": Injection(broker_pause, "brokers", BROKER_S, 3),
    "broker-roll": Injection(broker_roll, "brokers", BROKER_S, 1),
    "second": Injection(second, "sqlite", SOON_S, 2),
    "shell": Injection(shell, "sqlite", SOON_S, 2),
    "full": Injection(full, "disk", SOON_S, 6),
    "power": Injection(power, "ext4", SOON_S, 6),
    "disk-fails": Injection(disk_fails, "ext4", SOON_S, 3),
    "stderr-closed": Injection(stderr_closed, "stderr", SOON_S, 2),
    "stderr-blocked": Injection(stderr_blocked, "stderr", SOON_S, 2),
    "stderr-full": Injection(stderr_full, "stderr", SOON_S, 1),
    "clock-jumps": Injection(clock_jumps, "clock", SOON_S, 2),
    "clock-wrong-at-start": Injection(clock_wrong_at_start, "clock", SOON_S, 1),
}
