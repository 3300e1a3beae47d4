"""The composition root: ties the parts to one server. Concrete adapters are named here and in `logs` alone.

Owns the order of start and stop. Composes and does nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry

from actors.clock import SystemClock
from actors.log.kafka.security import connecting
from actors.log.port import EventLog, ShardId, SnapshotStore, shard_of
from actors.passivation.spill_sqlite import SqliteSpill
from actors.reachable import nobody_listens
from actors.snapshots.losses import open_with_claims
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from actors.way_in import WayIn
from huntserver import __version__, telemetry
from huntserver.auth import SignIn, Tokens, load_key
from huntserver.cluster.node import ClusterNode
from huntserver.cluster.told_time import ToldTime
from huntserver.config import Config, runtime_limits, server_limits
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.descriptors import raise_limit
from huntserver.gateway.pages import pages
from huntserver.gateway.proxies import Proxies, parse_network
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.server import Gateway
from huntserver.gateway.worker import WorkerThread
from huntserver.issuer_keys import read_issuers
from huntserver.limits import Limits
from huntserver.listening import ALONE, Shared, disks, listen, server_certificate
from huntserver.logs import kinds, make_folder, open_log
from huntserver.media.store import MediaStore
from huntserver.media.stores import media_store
from huntserver.preload import load_hunt, read_hunt
from huntserver.privacy.keeper import KeyKeeper, keeper_of
from huntserver.read_models import ReadModels
from huntserver.readiness import Readiness
from huntserver.sweeping import MediaSweeper
from huntserver.telemetry import metrics
from huntserver.telemetry.metrics_page import MetricsPage
from huntserver.telemetry.traced import Coats, coats
from huntserver.tls import ServerCertificate
from huntserver.token_key import key_path, tokens
from huntserver.wire.asyncapi import encoded

TICK_LATE_S: Final = 2.0
"""A gateway whose clock is older than this has lost its ticker."""


def node_name(config: Config) -> str:
    """Return how tenures and traces call this node: in a cluster, where others reach it."""
    return config.cluster.advertise or config.cluster.listen or f"{socket.gethostname()}:{config.server.port}"


class RunningServer(NamedTuple):
    """A running server's parts."""

    system: ActorSystem
    gateway: Gateway
    rooms: Rooms
    log: EventLog
    spill: SqliteSpill
    lag: telemetry.LoopLag
    reporter: telemetry.LogReporter
    readiness: Readiness
    read_models: ReadModels
    coat: Coats
    certificate: ServerCertificate | None
    port: int
    node: ClusterNode | None = None


async def start(
    config: Config,
    preload: Sequence[Path] = (),
    *,
    run: str = "",
    sink: telemetry.LineSink | None = None,
    shared: Shared = ALONE,
) -> RunningServer:
    """Open the log, recover every shard, load the hunts given, and listen.

    `run` names this run of the process in log lines and tenures (random if empty); `sink` is where its lines go.
    Raises `Fault` (log), `ConfigError`, `IssuerError`, `KeyFileError`, `LimitError`, `PortInUse`.
    """
    limits = server_limits(config)
    make_folder(Path(config.data.dir), "the data folder; give another one with --data")
    definitions, store = [(path.stem, *read_hunt(path)) for path in preload], media_store(config)
    run = run or secrets.token_hex(4)
    reporter = telemetry.LogReporter(run=run)
    certificate = server_certificate(config, reporter)
    sockets_max = _sockets(limits, reporter)
    keys = keeper_of(config)
    mint = tokens(config, make=not config.cluster.listen, issuers=await read_issuers(config, reporter), keys=keys)
    name, told = node_name(config), config.telemetry
    coat = coats(told.traces, told.traces_ratio, node=name, run=run, version=__version__, report=reporter)
    log, snapshots = open_log(config, report=reporter)
    await open_with_claims(log, snapshots)
    system, rooms, way_in, node, spill = core = _core(config, run, log, snapshots, reporter, coat, keys)
    mint.go_by(system.time, has_read=lambda: system.ready()[0])
    lag = telemetry.LoopLag(each=sink.flush if sink is not None else None)
    lag.start(asyncio.get_running_loop())
    try:
        await system.start()
        if node is not None:
            await node.join(system, connecting(config.log.security), system.background)
        made = telemetry.registry(system, reporter, lag, sink)
        read_models = ReadModels(config, mint, reporter)
        beside = _Beside(log, sockets_max, read_models, coat, shared, store, keys)
        gateway, readiness = _gateway(config, core, mint, made, reporter, beside)
        for id, definition, held in definitions:
            await load_hunt(way_in, id, definition, held, store, reporter)
            gateway.site.listed.append(id)
        port = await listen(gateway, config.server, certificate, shared.listening)
    except BaseException:
        lag.stop()
        if node is not None:
            await node.close()
        await system.close()
        await log.close()
        spill.close()
        raise
    readiness.start(system.background)
    read_models.start(system.background)
    if certificate is not None:
        certificate.start(system.background)
    _settle_memory()
    reporter.note("serving", host=config.server.host, port=port, log=config.log.url, version=__version__)
    return RunningServer(
        system, gateway, rooms, log, spill, lag, reporter, readiness, read_models, coat, certificate, port, node
    )


def _sockets(limits: Limits, reporter: telemetry.LogReporter) -> int:
    """Return how many sockets this process may have; say if these are too few."""
    most = raise_limit()
    if most < limits.connections_max:
        reporter.warn("few_file_descriptors", sockets=most, wanted=limits.connections_max)
    return most


def _settle_memory() -> None:
    """Keep the collector away from what lives as long as the server."""
    pages()  # read and packed now: later it would hold up the loop
    gc.collect()
    gc.freeze()
    # What lives long here is hardly tracked. A pass costs 0.1 to 0.4 us an object: the young one looks at 5,000, the
    # middle one at 20,000; the one over all takes longer than a turn may, and is rare.
    gc.set_threshold(5_000, 3, 3_000)


class _Core(NamedTuple):
    """The runtime, and what belongs to it. `way_in`: the actors of this node, or of the cluster."""

    system: ActorSystem
    rooms: Rooms
    way_in: WayIn
    node: ClusterNode | None
    spill: SqliteSpill


def _core(
    config: Config,
    run: str,
    log: EventLog,
    snapshots: SnapshotStore,
    reporter: telemetry.LogReporter,
    coat: Coats,
    keys: KeyKeeper | None,
) -> _Core:
    """Return the runtime, not started yet. Raises `ConfigError`, `LimitError`."""
    limits, folder = server_limits(config), Path(config.data.dir)
    node = None
    if config.cluster.listen:
        node = ClusterNode(config, run, {kind.topic: count for kind, count in kinds(config)}, limits, reporter)
    rooms = node.rooms if node is not None else Rooms(limits)
    spill = SqliteSpill(folder / f"dormant-{config.server.port}.db")
    rolls = random.Random(secrets.randbits(256))  # not SystemRandom: that is a system call for every command
    publisher = coat.publisher(node.audience if node is not None else rooms)
    clock = SystemClock(folder / "clock")
    outside = Outside(coat.log(log), snapshots, spill, clock, rolls, publisher, reporter, nobody_listens)
    succession, tenant = node.keeper if node is not None else None, NodeRun(node_name(config), run)
    all_kinds = coat.kinds(kinds(config, keys.ring if keys else None))
    system = ActorSystem(all_kinds, outside, tenant, runtime_limits(config), succession=succession)
    way_in: WayIn = node.route(system, coat.publisher(rooms)) if node is not None else system
    rooms.attach(way_in)
    return _Core(system, rooms, way_in, node, spill)


class _Beside(NamedTuple):
    """What the gateway is given beside the runtime."""

    log: EventLog
    sockets_max: int
    read_models: ReadModels
    coat: Coats
    shared: Shared
    store: MediaStore
    keys: KeyKeeper | None


def _gateway(
    config: Config,
    core: _Core,
    mint: Tokens,
    made: CollectorRegistry,
    reporter: telemetry.LogReporter,
    beside: _Beside,
) -> tuple[Gateway, Readiness]:
    """Return the gateway, not listening yet, and what tells whether the server serves."""
    (system, rooms, way_in, node, _), document = core, encoded(__version__)
    coat, read_models = beside.coat, beside.read_models
    links = beside.shared.links or Path(config.data.dir) / "links"
    clock = LoopClock(told_ms=system.time.now_ms)
    living = {"gateway": lambda: time.monotonic() - clock.now_s < TICK_LATE_S}
    further = {"cluster": node.check} if node is not None else {}
    readiness = Readiness(system, beside.log, disks(config), reporter, living, read_models.beside(), further=further)
    gateway = Gateway(
        coat.system(way_in),
        rooms,
        mint,
        server_limits(config),
        reporter,
        clock=clock,
        origins=config.server.origins,
        proxies=Proxies(
            [parse_network(text) for text in config.server.trusted_proxies],
            config.server.proxy_header,
            config.server.path_prefix,
        ),
        sockets_max=beside.sockets_max,
        worker=WorkerThread(reporter),
        media=beside.store,
        guests=config.auth.guests,
        readiness=readiness.state,
        metrics=MetricsPage(lambda: prometheus_client.generate_latest(made)),
        protocol_document=lambda: document,
        api=read_models.answer if node is None else node.page(system, mint, read_models.answer),
        sign_in=SignIn(load_key(key_path(config), make=False), links, mint),
        keys=beside.keys,
        trace=reporter.trace if config.telemetry.level == "debug" else None,
        shard_of=lambda hunt: str(ShardId("hunts", shard_of(hunt, config.log.hunt_shards))),
    )
    coat.gateway(gateway)
    made.register(metrics.ReadinessCollector(readiness.state))
    _watch_gateway(made, gateway, rooms, beside.log, read_models)
    MediaSweeper(config, reporter).start(system.background, made)
    if node is not None:
        gateway.door.is_gateway = "gateway" in node.me.roles
        told_time = ToldTime(system.time)
        node.share("time", told_time)
        told_time.begin(system.background)
        node.share("trials", gateway.trials)
        node.share("presence", gateway.attendance)
        assert gateway.signing_in is not None
        node.share("sign-in codes", gateway.signing_in)
        node.share("erased", gateway.erasing)
        made.register(metrics.PartCollector(node.sources()))
    return gateway, readiness


def _watch_gateway(made: CollectorRegistry, gateway: Gateway, rooms: Rooms, log: Any, read_models: ReadModels) -> None:
    """Put the statistics of gateway, rooms, log and projector on the metrics page."""
    sources: list[tuple[str, Callable[[], Any]]] = [("gateway", gateway.statistics), ("rooms", rooms.statistics)]
    if hasattr(log, "statistics"):
        sources.append(("log", log.statistics))
    if read_models.statistics is not None:
        sources.append(("projector", read_models.statistics))
    made.register(metrics.PartCollector(sources))
    made.register(metrics.LatencyCollector(gateway.sampler.latency))


async def stop(server: RunningServer) -> None:
    """Drain in order: clients told, everything durable, snapshots written, tenures released."""
    server.reporter.note("draining")
    server.readiness.stop()
    await server.read_models.stop()
    await server.gateway.drain()
    if server.node is not None:
        await server.node.leave()
    else:
        await server.system.drain()
    await server.gateway.close()
    if server.node is not None:
        await server.node.close()
    await server.system.close()
    await server.log.close()
    server.spill.close()
    server.lag.stop()
    await asyncio.to_thread(server.coat.close)
    server.reporter.note("stopped")
