"""The log that a configuration names, and how it is read: for the server, and for tools that only look.

Names the adapters: with `app`, the only one that does. Opens nothing by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.entity import EntityType
from actors.log.kafka.derived import DerivedTopic, Message, WriterFenced
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.security import connecting
from actors.log.kafka.topics import lacking_copies, topics_of
from actors.log.port import EventLog, ShardId, SnapshotStore
from actors.log.skipping import SkippingLog
from actors.log.sqlite.log import SqliteLog
from actors.log.sqlite.reader import SqliteReader
from actors.reporter import Reporter
from huntserver.auth import load_key
from huntserver.config import Config, ConfigError, log_url
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.privacy.ring import KeyRing
from huntserver.privacy.ring_file import ring_of
from huntserver.projections.cleaning import Cleaner
from huntserver.projections.feed import Feed
from huntserver.token_key import key_path


def kinds(config: Config, ring: KeyRing | None = None) -> list[tuple[EntityType[Any], int]]:
    """Return the kinds of entities with their shard counts; sources of reactions first. `ring`: to read records."""
    hunts = HuntType(ring, seals=config.privacy.seal)
    return [(hunts, config.log.hunt_shards), (PlayerType(), config.log.player_shards)]


def reading_kinds(config: Config) -> list[tuple[EntityType[Any], int]]:
    """Return the kinds as those read a log who only look: what is sealed in it is opened, where its keys are here."""
    return kinds(config, ring_of(config))


def make_folder(path: Path, what: str) -> None:
    """Make a folder. Raises `ConfigError` naming it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror}); it is {what}") from error


def open_log(
    config: Config, *, read_only: bool = False, report: Reporter | None = None, anew: bool = False
) -> tuple[EventLog, SnapshotStore]:
    """Return the log that the configuration names, not opened yet, and its snapshot store.

    `read_only`: for tools, also beside a running server; no shard counts are asked for. `anew`: a file that is gone
    with its records is made again. Raises `LogMisconfigured` for `log.skip`, or a secret that cannot be read.
    """
    log, snapshots = _log_of(config, read_only, report, anew)
    if not config.log.skip:
        return log, snapshots
    if report is not None:
        report.warn("records_skipped", places=config.log.skip)
    return SkippingLog.of(log, config.log.skip, [kind for kind, _ in kinds(config)]), snapshots


def _log_of(config: Config, read_only: bool, report: Reporter | None, anew: bool) -> tuple[EventLog, SnapshotStore]:
    scheme, rest = log_url(config.log.url)
    shards = {kind.topic: count for kind, count in kinds(config)}
    if scheme == "sqlite":
        path = Path(rest)
        if read_only:
            reader = SqliteReader(path)
            return reader, reader.snapshots
        make_folder(path.parent, "the log's folder; give another one with --log")
        log = SqliteLog(path, shards=shards, signs=_signs(config, path), anew=anew)
        return log, log.snapshots
    kafka = KafkaLog(
        rest,
        shards=shards,
        prefix=config.log.topic_prefix,
        producers=config.log.producers,
        replication=config.log.replication or None,
        connect=connecting(config.log.security),
        report=report,
    )
    return kafka, kafka.snapshots


def _signs(config: Config, log: Path) -> list[Path]:
    """Return what only a server that ran here leaves beside its log in the data folder; it makes none before it has
    opened that. Of a log in another place nothing says whether it is a new one."""
    data = Path(config.data.dir)
    return [data / "projections.db", data / "media", data / "clock"] if log == data / "hunts.db" else []


def open_feed(config: Config) -> DerivedTopic:
    """Return the feed's topic, not opened yet, of a log in Kafka."""
    return DerivedTopic(
        log_url(config.log.url)[1],
        "feed",
        shards={kind.topic: count for kind, count in kinds(config)},
        prefix=config.log.topic_prefix,
        replication=config.log.replication or None,
        connect=connecting(config.log.security),
    )


def feed(config: Config, report: Reporter) -> Feed:
    """Return what writes the feed. Raises `auth.KeyFileError`: its pseudonyms rest on the token key."""
    secret = load_key(key_path(config), make=False)
    return Feed(lambda: open_feed(config), Message, kinds(config), Cleaner(secret), WriterFenced, report)


async def lacking(config: Config) -> str:
    """Return the reassignment that gives every partition in Kafka its copies. Raises `ConfigError`, `Fault`."""
    scheme, rest = log_url(config.log.url)
    if scheme != "kafka":
        raise ConfigError(f"log {config.log.url}: only a log in Kafka has copies")
    topics = topics_of(config.log.topic_prefix, {kind.topic: count for kind, count in kinds(config)})
    replication, connect = config.log.replication or None, connecting(config.log.security)
    return await lacking_copies(rest, topics, replication=replication, connect=connect, within_s=15.0)


def shards_of(log: EventLog, config: Config) -> list[ShardId]:
    """Return the shards of a log that is open: their count as a file says it, else as the configuration does."""
    inner = log.inner if isinstance(log, SkippingLog) else log
    held = inner.shards() if isinstance(inner, SqliteReader) else {}
    return [ShardId(kind.topic, i) for kind, count in kinds(config) for i in range(held.get(kind.topic, count))]
