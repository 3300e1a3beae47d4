"""The composition root: the only file that names concrete adapters and ties the parts to one server.

Owns the order of start and stop, the preloaded hunts, and what is printed when the server is ready.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import random
import secrets
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry

import actors.limits
from actors.clock import SystemClock
from actors.entity import EntityType, Rejected
from actors.faults import Fault
from actors.log.kafka.log import KafkaLog
from actors.log.port import EventLog, ShardId, SnapshotStore
from actors.log.sqlite.log import SqliteLog
from actors.log.sqlite.reader import SqliteReader
from actors.passivation.spill_sqlite import SqliteSpill
from actors.shard.actor import Caller
from actors.snapshots.recovery import Tenant
from actors.system import ActorSystem, Outside, shard_of
from huntserver import __version__, telemetry
from huntserver.auth import Issuers, KeySet, Tokens, load_key
from huntserver.config import Config, ConfigError, log_url
from huntserver.game.commands import Create, Define, OverviewQuery, Publish, Start
from huntserver.game.definition import Definition, source
from huntserver.game.hunt import HuntType
from huntserver.game.player import PlayerType
from huntserver.game.solvability import check_definition
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.sampling import Traced
from huntserver.gateway.server import Gateway
from huntserver.limits import Limits, override
from huntserver.telemetry import metrics
from huntserver.wire.asyncapi import encoded

HOST = Caller("h:host", "host", "Host")
"""Owns the preloaded hunts."""


def kinds(config: Config) -> list[tuple[EntityType[Any], int]]:
    """Return the kinds of entities with their shard counts; sources of reactions before their targets."""
    return [(HuntType(), config.log.hunt_shards), (PlayerType(), config.log.player_shards)]


class PortInUse(Exception):
    """Another process listens on the port; the text names it and the cure."""


def make_folder(path: Path, what: str) -> None:
    """Make a folder. Raises `ConfigError` naming it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror}); it is {what}") from error


def open_log(config: Config, *, read_only: bool = False) -> tuple[EventLog, SnapshotStore]:
    """Return the log that the configuration names, not opened yet, and its snapshot store.

    `read_only`: for tools, also beside a running server; no shard counts are asked for.
    """
    scheme, rest = log_url(config.log.url)
    shards = {kind.topic: count for kind, count in kinds(config)}
    if scheme == "sqlite":
        path = Path(rest)
        if read_only:
            reader = SqliteReader(path)
            return reader, reader.snapshots
        make_folder(path.parent, "the log's folder; give another one with --log")
        log = SqliteLog(path, shards=shards)
        return log, log.snapshots
    kafka = KafkaLog(
        rest,
        shards=shards,
        prefix=config.log.topic_prefix,
        producers=config.log.producers,
        replication=config.log.replication,
    )
    return kafka, kafka.snapshots


def shards_of(log: EventLog, config: Config) -> list[ShardId]:
    """Return the shards of a log that is open: their count as a file says it, else as the configuration does."""
    held = log.shards() if isinstance(log, SqliteReader) else {}
    return [ShardId(kind.topic, i) for kind, count in kinds(config) for i in range(held.get(kind.topic, count))]


def key_path(config: Config) -> Path:
    """Return where the token key lies."""
    return Path(config.auth.key_file) if config.auth.key_file else Path(config.data.dir) / "token.key"


def tokens(config: Config, *, make: bool, issuers: Issuers | None = None) -> Tokens:
    """Return the token mint. Raises `auth.KeyFileError`."""
    return Tokens(load_key(key_path(config), make=make), issuers)


async def read_issuers(config: Config, reporter: telemetry.LogReporter) -> Issuers:
    """Return the issuers that the configuration trusts, with their keys; they are read again off the loop when due.

    One that cannot be read now is told of and tried again. Raises `IssuerError` for one that is configured wrongly.
    """
    loop = asyncio.get_running_loop()

    async def read(keys: KeySet) -> None:
        if not await loop.run_in_executor(None, keys.load, time.monotonic()):
            reporter.warn("issuer_keys_unreadable", issuer=keys.source, why=keys.problem)

    reading: dict[str, asyncio.Task[None]] = {}

    def wanted(keys: KeySet) -> None:
        if keys.source not in reading or reading[keys.source].done():
            reading[keys.source] = loop.create_task(read(keys), name=f"keys of {keys.source}")

    issuers = Issuers(config.auth.issuers, wanted)
    await asyncio.gather(*(read(keys) for keys in issuers.key_sets()))
    return issuers


def runtime_limits(config: Config) -> actors.limits.Limits:
    """Return the runtime's limits with the configuration's overrides."""
    base = actors.limits.Limits(memory_bytes=config.data.memory_mb * 1024 * 1024)
    limits: actors.limits.Limits = override(base, config.limits)
    return limits


def server_limits(config: Config) -> Limits:
    """Return the gateway's limits with the configuration's overrides. Raises `ConfigError` for unknown names."""
    known = set(Limits.__struct_fields__) | set(actors.limits.Limits.__struct_fields__)
    for name in config.limits:
        if name not in known:
            raise ConfigError(f"limits: unknown limit {name!r}, `huntserver limits` prints the table")
    limits: Limits = override(Limits(), config.limits)
    return limits


class Server(NamedTuple):
    """A running server's parts."""

    system: ActorSystem
    gateway: Gateway
    rooms: Rooms
    log: EventLog
    spill: SqliteSpill
    lag: telemetry.LoopLag
    reporter: telemetry.LogReporter
    port: int


async def start(
    config: Config, preload: Sequence[Path] = (), *, run: str = "", sink: telemetry.Sink | None = None
) -> Server:
    """Open the log, recover every shard, load the hunts given, and listen.

    `run` names this run of the process in log lines and tenures (random if empty); `sink` is where its lines go.
    Raises `Fault` (log), `ConfigError`, `IssuerError`, `KeyFileError`, `LimitError`, `PortInUse`.
    """
    limits, runtime = server_limits(config), runtime_limits(config)
    make_folder(Path(config.data.dir), "the data folder; give another one with --data")
    definitions = [(path.stem, read_hunt(path)) for path in preload]
    run = run or secrets.token_hex(4)
    reporter = telemetry.LogReporter(run=run)
    mint = tokens(config, make=True, issuers=await read_issuers(config, reporter))
    log, snapshots = open_log(config)
    await log.open()
    spill = SqliteSpill(Path(config.data.dir) / f"dormant-{config.server.port}.db")
    rooms = Rooms(limits)
    rolls = random.Random(secrets.randbits(256))  # not SystemRandom: that is a system call for every command
    outside = Outside(log, snapshots, spill, SystemClock(), rolls, rooms, reporter)
    tenant = Tenant(f"{socket.gethostname()}:{config.server.port}", run)
    system = ActorSystem(kinds(config), outside, tenant, runtime)
    rooms.attach(system)
    lag = telemetry.LoopLag(each=sink.flush if sink is not None else None)
    lag.start(asyncio.get_running_loop())
    try:
        await system.start()
        made = telemetry.registry(system, reporter, lag, sink)
        gateway = Gateway(
            system,
            rooms,
            mint,
            limits,
            reporter,
            origins=config.server.origins,
            guests=config.auth.guests,
            metrics=lambda: prometheus_client.generate_latest(made),
            protocol_document=lambda: encoded(__version__),
        )
        _watch_gateway(made, gateway, rooms, log)
        gateway.shard_of = lambda hunt: str(ShardId("hunts", shard_of(hunt, config.log.hunt_shards)))
        if config.telemetry.level == "debug":
            gateway.connection_type, gateway.trace = Traced, reporter.trace
        for id, definition in definitions:
            await _load(system, id, definition, reporter)
            gateway.listed.append(id)
        port = await _listen(gateway, config.server.host, config.server.port)
    except BaseException:
        lag.stop()
        await system.close()
        await log.close()
        spill.close()
        raise
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)  # what lives long here is not tracked; a young pass takes about a millisecond
    reporter.note("serving", host=config.server.host, port=port, log=config.log.url, version=__version__)
    return Server(system, gateway, rooms, log, spill, lag, reporter, port)


async def _listen(gateway: Gateway, host: str, port: int) -> int:
    try:
        return await gateway.start(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} of {host} is in use; stop the other server or give another port with --port"
            ) from error
        why = error.strerror or error
        raise ConfigError(f"cannot listen on {host}:{port} ({why}); give an address of this machine") from error


def _watch_gateway(made: CollectorRegistry, gateway: Gateway, rooms: Rooms, log: Any) -> None:
    """Put the statistics of gateway, rooms and log on the metrics page."""
    sources: list[tuple[str, Callable[[], Any]]] = [
        ("gateway", gateway.statistics),
        ("rooms", rooms.statistics),
    ]
    if hasattr(log, "statistics"):
        sources.append(("log", log.statistics))
    made.register(metrics.PartCollector(sources))
    made.register(metrics.LatencyCollector(gateway.sampler.latency))


def read_hunt(path: Path) -> Definition:
    """Read a hunt file. Raises `ConfigError` with its first problem."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    checked = check_definition(data, "json" if path.suffix == ".json" else "toml")
    if isinstance(checked, list):
        raise ConfigError(f"{path}: {checked[0]} ({len(checked)} problems in all: huntserver check {path})")
    return checked


async def _load(system: ActorSystem, id: str, definition: Definition, reporter: telemetry.LogReporter) -> None:
    """Create, publish and start a hunt unless it is there already; one whose shard is closed does not stop the rest."""
    seen = await system.view("hunt", id, OverviewQuery(), HOST)
    if not isinstance(seen, Rejected):
        return
    if seen.code != "no_such_hunt":
        reporter.warn("hunt_unreachable", hunt=id, code=seen.code, why=system.ready()[1])
        return
    steps: list[Any] = [Create(), Define(source(definition)), Publish()]
    if definition.schedule.starts_at is None:
        steps.append(Start())
    for step in steps:
        done = await system.ask("hunt", id, step, HOST)
        if isinstance(done, Rejected):
            raise ConfigError(f"hunt {id}: {type(step).__name__.lower()} was refused: {done.msg or done.code}")
    reporter.note("hunt_loaded", hunt=id)


async def stop(server: Server) -> None:
    """Drain in order: clients told, everything durable, snapshots written, tenures released."""
    server.reporter.note("draining")
    await server.gateway.drain()
    await server.system.drain()
    await server.gateway.close()
    await server.system.close()
    await server.log.close()
    server.spill.close()
    server.lag.stop()
    server.reporter.note("stopped")


async def serve(config: Config, *, preload: Sequence[Path], announce: Callable[[str], None]) -> None:
    """Run a server until SIGTERM or SIGINT, then drain. See `start` for what it raises."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    run = secrets.token_hex(4)
    sink = telemetry.configure(config.telemetry.format, config.telemetry.level, run)
    server = await _unless_asked(asked, asyncio.ensure_future(start(config, preload, run=run, sink=sink)))
    if server is None:
        telemetry.LogReporter(run=run).note("stopped", why="asked to end before it served")
        return
    announce(_welcome(config, server, [path.stem for path in preload]))
    await asked.wait()
    await stop(server)


async def _unless_asked(asked: asyncio.Event, starting: asyncio.Future[Server]) -> Server | None:
    """Return the server once it has started, or None when it was asked to end before that: then all is undone."""
    ending = asyncio.ensure_future(asked.wait())
    either: list[asyncio.Future[Any]] = [starting, ending]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    return None if starting.cancelled() else starting.result()


def _welcome(config: Config, server: Server, hunts: list[str]) -> str:
    """Return what to type next."""
    url = f"ws://{config.server.host}:{server.port}/ws"
    mint = tokens(config, make=False)
    lines = [f"Serving {url}, log {config.log.url}. Stop with Ctrl-C."]
    if hunts:
        _, guest = mint.guest("Guest")
        host = mint.mint("host", "host", "Host")
        lines += [
            "",
            "Play in another terminal:",
            *(f"  .venv/bin/huntserver play --url {url} --guest YOURNAME --hunt {hunt}" for hunt in hunts),
            "Watch as the host:",
            f"  .venv/bin/huntserver host overview --url {url} --hunt {hunts[0]} --token HOST_TOKEN",
            "",
            f"HOST_TOKEN  {host}",
            f"GUEST_TOKEN {guest}",
        ]
    return "\n".join(lines)


__all__ = ["Fault", "Server", "key_path", "kinds", "open_log", "serve", "start", "stop", "tokens"]
