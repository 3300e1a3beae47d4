"""What each of several workers is configured with: pure, from the one configuration that they share.

Owns which ports and folders are a worker's own. A worker is a node of a cluster like any other.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from huntserver.config import ROLES, Config, ConfigError

WORKERS_MAX = 64
LINKS_AFTER = 100
"""Without `cluster.listen` the first worker's link port is the server's port and so many."""


class WorkerOrder(msgspec.Struct, frozen=True):
    """What a worker reads from its stdin, one line. `fd`: the listening socket that all share; `links`: the folder of
    used sign-in codes, shared as well."""

    config: Config
    hunts: tuple[str, ...]
    fd: int
    links: str


class WorkerState(msgspec.Struct, frozen=True):
    """What a worker says on its stdout whenever it changes, a line each."""

    ready: bool
    why: str


def planned(config: Config, count: int, key_file: Path) -> list[Config]:
    """Return the configuration of each worker. Raises `ConfigError`.

    Worker I listens for probes and operators on the port after the shared one, I further on, and for links on
    `cluster.listen`'s port, I further on. Read models are projected by the first alone.
    """
    server, cluster = config.server, config.cluster
    if not 2 <= count <= WORKERS_MAX:
        raise ConfigError(f"--workers is {count}, allowed is 2 to {WORKERS_MAX}; one process needs no --workers")
    if not config.log.url.startswith("kafka:"):
        raise ConfigError(
            f"--workers is {count} and the log is {config.log.url}: an SQLite log has one writer; workers need a log "
            "in Kafka (--log kafka:HOST:PORT)"
        )
    if server.port == 0:
        raise ConfigError(f"server.port is 0: {count} workers need ports of their own after the shared one; name it")
    listen = cluster.listen or f"127.0.0.1:{server.port + LINKS_AFTER}"
    highest = max(
        server.port + count, *(int(a.rpartition(":")[2]) + count - 1 for a in (listen, cluster.advertise) if a)
    )
    if highest > 65535:
        raise ConfigError(f"{count} workers would need ports up to {highest}; give lower ones")
    found = []
    for number in range(count):
        roles = tuple(role for role in cluster.roles if number == 0 or role != ROLES[3]) or cluster.roles
        node = msgspec.structs.replace(
            cluster, listen=_moved(listen, number), advertise=_moved(cluster.advertise, number), roles=roles
        )
        found.append(
            msgspec.structs.replace(
                config,
                server=msgspec.structs.replace(server, port=server.port + 1 + number),
                data=msgspec.structs.replace(config.data, dir=str(Path(config.data.dir) / f"worker-{number}")),
                auth=msgspec.structs.replace(config.auth, key_file=str(key_file)),
                cluster=node,
            )
        )
    return found


def _moved(address: str, by: int) -> str:
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + by}" if address else ""
