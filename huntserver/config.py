"""Configuration: `config.toml`, then the command line. Wrong keys and values are named with what is allowed.

Owns the shape of the file and its checks. Reads a file once; no defaults are hidden elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

import actors.limits
from actors.log.security import Security, problem
from huntserver.limits import Limits, override
from huntserver.projections.address import shown_address
from huntserver.projections.webhook import Webhook
from huntserver.settings_tree import settings
from huntserver.suggestion import did_you_mean

LOG_SCHEMES = ("sqlite", "kafka")
ROLES = ("gateway", "hunts", "players", "projections")
MEDIA_SCHEMES = ("folder", "s3")
PROJECTION_SCHEMES = ("sqlite", "postgresql", "postgres")


class ConfigError(Exception):
    """The configuration cannot be used; the text has a line for every fault: key, value seen, what is allowed."""


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where players connect.

    `origins` are the Origin headers accepted from browsers; empty: same host only. `trusted_proxies` are addresses or
    networks whose `proxy_header` is believed. `path_prefix` is the path below which a proxy puts the site, where it
    passes that on. `tls_certificate` and `tls_key` are PEM files; both or none.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    origins: list[str] = []
    tls_certificate: str = ""
    tls_key: str = ""
    trusted_proxies: list[str] = []
    proxy_header: Literal["auto", "x-forwarded-for", "forwarded"] = "auto"
    path_prefix: str = ""


class LogChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which event log. `url` is `sqlite:PATH` or `kafka:HOST:PORT[,HOST:PORT]`; shard counts are for life.

    `replication` is the number of copies of every Kafka partition; 0: three, or as many as there are brokers. `skip`:
    bad records that are passed over, as `huntserver skip-record` prints them; kept for as long as the log is.
    """

    url: str = "sqlite:data/hunts.db"
    hunt_shards: int = 64
    player_shards: int = 64
    topic_prefix: str = "huntserver"
    replication: int = 0
    producers: int = 2
    skip: list[str] = []
    security: Security = Security()


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data folder: token key, spill file, guests. `memory_mb` bounds the live entities of this node."""

    dir: str = "data"
    memory_mb: int = 256


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[auth.issuers]]` of the configuration.

    `jwks` is a path or an `https://` address (`http://` for this machine only). Without `role_claim` everybody is a
    player; with it, `roles` maps the claim's values (a list's too, dots reach into objects) to `player`, `host` or
    `admin`, and a token without any of them is a player's.
    """

    issuer: str
    jwks: str
    audience: str = ""
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    subject_claim: str = "sub"
    name_claim: str = "name"
    role_claim: str = ""
    roles: dict[str, str] = {}


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens. `key_file` holds the HS256 key (made in the data folder if empty); `guests` lets anybody play; `issuers`
    are others whose tokens count."""

    key_file: str = ""
    guests: bool = True
    issuers: list[Issuer] = []


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is personal is sealed under a key per person, which `huntserver erase` destroys.

    `key_file` holds their ring; empty: it is made in the data folder, and nodes of a cluster, which need a copy each,
    seal nothing. `seal`: what is written now is sealed, which older servers cannot read; off: it is still opened.
    """

    key_file: str = ""
    seal: bool = False


class MediaChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where pictures, sound, video and files lie. `store`: `folder:PATH`, `s3:BUCKET` or `s3:BUCKET/PREFIX`; empty: the
    folder `media` in the data folder.

    For S3: `endpoint` is the store's address where it is not Amazon's, `region` its name there. Keys come from the
    usual places of AWS' own tools (environment, profile, the machine's role).

    `orphans_days`: what no record of the log names is removed once it is so old (0: never); looked for once a day.
    """

    store: str = ""
    endpoint: str = ""
    region: str = ""
    orphans_days: float = 30.0


class Projections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read models. `store`: `sqlite:PATH`, libpq's `postgresql://USER@HOST:PORT/DATABASE`, or empty, for none.

    `feed`: the topic `PREFIX.feed` is written, cleaned records for others' tools; for a log in Kafka.
    """

    store: str = "sqlite:data/projections.db"
    feed: bool = False


class Cluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This process as one node of many on a log in Kafka; with an empty `listen` it serves everything by itself.

    `listen` is HOST:PORT for the links of other nodes, `advertise` the same as they reach it (empty: as `listen`).
    `secret_file` holds the secret that all nodes share (or the variable HUNTSERVER_CLUSTER_SECRET). `group` names the
    cluster where several share a broker (empty: the log's topic prefix). `session_s`: after this long without a
    heartbeat the group takes a node for lost. `standby`: follow the logs of the shards that this node would take over
    first, so that it has nothing to replay then (more memory: `limits.standby_bytes`). `tls_certificate`, `tls_key` and
    `tls_ca` are PEM files, all three or none: links then speak TLS, and each end shows a certificate signed by `tls_ca`
    for the host of its `advertise`.
    """

    listen: str = ""
    advertise: str = ""
    secret_file: str = ""
    group: str = ""
    roles: tuple[str, ...] = ROLES
    session_s: float = 6.0
    standby: bool = False
    tls_certificate: str = ""
    tls_key: str = ""
    tls_ca: str = ""


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs: `format` auto is readable on a terminal and JSON elsewhere.

    `traces` is the base URL of an OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`; empty: no
    traces. `traces_ratio` of all commands are traced.
    """

    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
    traces: str = ""
    traces_ratio: float = 0.01


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    server: Server = Server()
    log: LogChoice = LogChoice()
    data: Data = Data()
    auth: Auth = Auth()
    privacy: Privacy = Privacy()
    media: MediaChoice = MediaChoice()
    projections: Projections = Projections()
    webhooks: list[Webhook] = []
    cluster: Cluster = Cluster()
    telemetry: Telemetry = Telemetry()
    limits: dict[str, int | float] = {}
    """Overrides of the limits table by name; `huntserver limits` prints it."""


def load(path: Path | None) -> Config:
    """Read a configuration file, or the defaults for None. Raises `ConfigError`."""
    if path is None:
        return Config()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give a file that exists with --config"
        ) from error
    return parse(data, str(path))


def parse(data: bytes, name: str) -> Config:
    """Check a configuration given as TOML bytes; `name` is for messages. Raises `ConfigError` with every fault."""
    try:
        tree = msgspec.toml.decode(data)
    except (ValueError, RecursionError) as error:  # ValueError: also bytes that are no UTF-8, and endless numbers
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    config, faults = settings(tree, Config)
    told = [*faults, *(fault for fault in _faults(config) if not _of_default(fault, faults))] if config else faults
    if config is None or told:
        raise ConfigError("\n".join(f"{name}: {fault}" for fault in told))
    return config


def _of_default(fault: str, faults: list[str]) -> bool:
    """Tell whether a fault is of a default that stands in for what is told already."""
    key, _, _ = fault.partition(" ")
    return any(other.startswith(f"{key} ") for other in faults)


_ORIGIN: Final = re.compile(r"null|[a-z][a-z0-9+.-]*://[^/\s?#]+", re.IGNORECASE)


def check(name: str, config: Config) -> None:
    """Raise `ConfigError` for values that are out of range; `name` says where they were given."""
    if told := [f"{name}: {fault}" for fault in _faults(config)]:
        raise ConfigError("\n".join(told))


def _faults(config: Config) -> Iterator[str]:
    """Yield every value that is out of range or does not fit the others."""
    if not 0 <= config.server.port <= 65535:
        yield f"server.port is {config.server.port}, allowed is 0 to 65535"
    if bool(config.server.tls_certificate) != bool(config.server.tls_key):
        missing = "tls_key" if config.server.tls_certificate else "tls_certificate"
        yield f"server.{missing} is empty, TLS needs both tls_certificate and tls_key"
    for key in ("hunt_shards", "player_shards"):
        count = getattr(config.log, key)
        if not 1 <= count <= 1024:
            yield f"log.{key} is {count}, allowed is 1 to 1024"
    if not 1 <= config.log.producers <= 16:
        yield f"log.producers is {config.log.producers}, allowed is 1 to 16"
    if not 0 <= config.log.replication <= 16:
        yield f"log.replication is {config.log.replication}, allowed is 0 (as the brokers) to 16"
    wrong = problem(config.log.security)
    if wrong:
        yield f"log.security.{wrong}"
    if config.data.memory_mb < 16:
        yield f"data.memory_mb is {config.data.memory_mb}, allowed is 16 and more"
    if not 0 <= config.media.orphans_days <= 3650:
        yield f"media.orphans_days is {config.media.orphans_days}, allowed is 0 (never) to 3650"
    scheme, _, rest = config.media.store.partition(":")
    if config.media.store and (scheme not in MEDIA_SCHEMES or not rest):
        allowed = "folder:PATH, s3:BUCKET and s3:BUCKET/PREFIX"
        yield f"media.store is {config.media.store!r}, allowed are {allowed}"
    scheme, _, rest = config.projections.store.partition(":")
    if config.projections.store and (scheme not in PROJECTION_SCHEMES or not rest):
        yield (
            f"projections.store {shown_address(config.projections.store)!r} is not known, allowed are "
            "sqlite:PATH, postgresql://USER@HOST:PORT/DATABASE, and nothing"
        )
    if config.telemetry.traces and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", config.telemetry.traces):
        yield f"telemetry.traces is {config.telemetry.traces!r}, allowed is a URL like http://127.0.0.1:4318"
    ratio = config.telemetry.traces_ratio
    if not 0 < ratio <= 1:
        yield f"telemetry.traces_ratio is {ratio}, allowed is over 0 and up to 1"
    if config.server.path_prefix and not re.fullmatch(r"(/[\w.~-]+)+/?", config.server.path_prefix, re.ASCII):
        yield f"server.path_prefix is {config.server.path_prefix!r}, allowed is a path like /hunt"
    yield from _of_addresses(config)
    for text in config.server.trusted_proxies:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield f"server.trusted_proxies has {text!r}, allowed are addresses and networks like 10.0.0.0/8"
    yield from _of_cluster(config)
    yield from _of_webhooks(config.webhooks)
    yield from _of_log(config.log.url)
    yield from _of_limits(config.limits)
    scheme = config.log.url.partition(":")[0]
    if config.projections.feed and scheme != "kafka":
        yield f"projections.feed is true and the log is {config.log.url}; it needs a log in Kafka"


def _of_addresses(config: Config) -> Iterator[str]:
    if not config.server.host.strip():
        yield "server.host is empty; write 0.0.0.0 to be reached from other machines"
    for text in config.server.origins:
        if not _ORIGIN.fullmatch(text):
            yield f"server.origins has {text!r}, allowed is what browsers send: https://HOST[:PORT]"
    if config.media.endpoint and not re.fullmatch(r"https?://[^/\s]+/?.*", config.media.endpoint):
        yield f"media.endpoint is {config.media.endpoint!r}, allowed is http[s]://HOST[:PORT]"


def _of_cluster(config: Config) -> Iterator[str]:
    chosen = config.cluster
    unknown = [role for role in chosen.roles if role not in ROLES]
    if unknown or not chosen.roles:
        seen = f"has {unknown[0]!r}" if unknown else "is empty"
        yield f"cluster.roles {seen}, allowed are {', '.join(ROLES)}"
    if not 3.0 <= chosen.session_s <= 300.0:
        yield f"cluster.session_s is {chosen.session_s:g}, allowed is 3 to 300"
    tls = {key: getattr(chosen, key) for key in ("tls_certificate", "tls_key", "tls_ca")}
    if any(tls.values()) and not all(tls.values()):
        missing = next(key for key, path in tls.items() if not path)
        yield f"cluster.{missing} is empty; TLS of links needs all of {', '.join(tls)}"
    if not chosen.listen:
        if set(chosen.roles) != set(ROLES) and not unknown:
            yield "cluster.roles are given without cluster.listen; a process by itself has them all"
        return
    for key in ("listen", "advertise"):
        host, _, port = getattr(chosen, key).rpartition(":")
        if getattr(chosen, key) and (not host or not port.isdigit() or not 0 < int(port) < 65536):
            yield f"cluster.{key} is {getattr(chosen, key)!r}, allowed is HOST:PORT"
    if not chosen.advertise and chosen.listen.rpartition(":")[0] in ("0.0.0.0", "[::]", "::"):
        yield (
            f"cluster.listen is {chosen.listen!r}, every address of this machine: say with cluster.advertise "
            "by which of them other nodes reach it"
        )
    if not config.log.url.startswith("kafka:"):
        yield f"cluster.listen is given and the log is {config.log.url}; a cluster needs one in Kafka"
    if not config.auth.key_file:
        yield (
            "auth.key_file is empty; the nodes of a cluster share one token key: make it once "
            "with `openssl rand -hex 32`, give every node a copy"
        )


def _of_webhooks(hooks: list[Webhook]) -> Iterator[str]:
    named: set[str] = set()
    for i, hook in enumerate(hooks):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", hook.name):
            yield f"webhooks[{i}].name is {hook.name!r}, allowed are small letters, digits and dashes, 40 at most"
        if hook.name in named:
            yield f"webhooks[{i}].name is {hook.name!r}, which another one has; give each its own"
        named.add(hook.name)
        if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", hook.url):
            yield f"webhooks[{i}].url is {hook.url!r}, allowed is a URL like https://example.org/hunts"


def log_url(url: str, name: str = "--log") -> tuple[str, str]:
    """Split a log's address into scheme and rest. Raises `ConfigError` naming what is allowed."""
    for fault in _of_log(url):
        raise ConfigError(f"{name}: {fault}")
    scheme, _, rest = url.partition(":")
    return scheme, rest


def _of_log(url: str) -> Iterator[str]:
    scheme, _, rest = url.partition(":")
    if scheme not in LOG_SCHEMES or not rest:
        yield f"log {url!r} is not known, allowed are sqlite:PATH and kafka:HOST:PORT"
    elif scheme == "kafka":
        for server in rest.split(","):
            host, _, port = server.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                yield f"Kafka address {server!r} is not HOST:PORT"


def runtime_limits(config: Config) -> actors.limits.Limits:
    """Return the runtime's limits with the configuration's overrides."""
    base = actors.limits.Limits(memory_bytes=config.data.memory_mb * 1024 * 1024)
    limits: actors.limits.Limits = override(base, config.limits)
    return limits


def server_limits(config: Config) -> Limits:
    """Return the gateway's limits with the configuration's overrides. Raises `ConfigError` for unknown names."""
    if told := list(_of_limits(config.limits)):
        raise ConfigError("\n".join(told))
    limits: Limits = override(Limits(), config.limits)
    return limits


def _of_limits(given: Mapping[str, float]) -> Iterator[str]:
    known = {*Limits.__struct_fields__, *actors.limits.Limits.__struct_fields__}
    for name in sorted(set(given) - known):
        cure = did_you_mean(name, known) or "`huntserver limits` prints the table"
        yield f"limits: unknown limit {name!r}, {cure}"
