"""Who lives: a node's membership in the cluster's consumer group, and the shard table that each generation brings.

Owns one aiokafka consumer on a topic of its own that nothing is ever read from, and the assignor that carries reports
up and the table down as `user_data`. Shards run on through a rebalance: only the tables differ. It must never decide
who owns a shard; it commits no offsets. A consumer that stands still is thrown away and made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError

from actors.cluster.table import Report, ShardTable, assign
from actors.faults import Fault, LogUnavailable
from actors.log.kafka.clients import Clients, stop_surely
from actors.log.kafka.hedged_client import hedged
from actors.log.kafka.topics import Topic, prepare_topics
from actors.reporter import Reporter

PROTOCOL: Final = "actors-shards-1"
"""Name of the assignor; the group's members share it, so a table of another layout needs another name."""
POLL_MS: Final = 1_000
QUIET_POLLS: Final = 15
"""Polls without a heartbeat or a table in between, after which the consumer is made anew; a suspended process polls not
either, so that its pause counts for nothing."""
START_S: Final = 15.0
STOP_S: Final = 3.0
FOREVER_MS: Final = 24 * 3600 * 1000


class MembershipStuck(Fault):
    """The group's coordinator was not heard of for long: the consumer is made anew."""

    code = "membership_stuck"
    retriable = True


class Assignor:
    """aiokafka's assignor, as an object: `report` is asked for this node's, `changed` is given each table."""

    name = PROTOCOL

    def __init__(
        self,
        shards: Mapping[str, int],
        report: Callable[[], Report],
        changed: Callable[[ShardTable], None],
        reporter: Reporter,
    ) -> None:
        self._shards = dict(shards)
        self._report = report
        self._changed = changed
        self._reporter = reporter
        self._made = 0

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Return what this member tells the leader."""
        return ConsumerProtocolMemberMetadata(0, sorted(topics), msgspec.json.encode(self._report()))

    def assign(
        self, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """As the leader: make the next table out of all reports. A report that cannot be read counts for nothing."""
        reports = []
        for id, metadata in members.items():
            try:
                report = msgspec.json.decode(metadata.user_data, type=Report)
            except msgspec.DecodeError as why:
                self._reporter.warn("member_not_understood", member=id, why=str(why))
                continue
            if report.shards != self._shards:
                self._reporter.warn(
                    "member_shards_differ", node=report.member.node, shards=str(report.shards), here=str(self._shards)
                )
                report = msgspec.structs.replace(report, leaving=True, held=())
            reports.append(report)
        made = assign(reports, self._shards)
        if made.version <= self._made:  # nobody has the last one yet, not even this node
            made = msgspec.structs.replace(made, version=self._made + 1)
        self._made = made.version
        table = msgspec.json.encode(made)
        return {id: ConsumerProtocolMemberAssignment(0, [], table) for id in members}

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Take the table of a new generation; aiokafka would end its coordination by what this raises."""
        try:
            self._changed(msgspec.json.decode(assignment.user_data, type=ShardTable))
        except Exception as error:  # a bug, or a leader of another version: told; the next generation may be better
            self._reporter.fault("table_not_taken", error)


class GroupMember:
    """One node's place in the group. `run` is a background job; `leave` ends it in order."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        *,
        shards: Mapping[str, int],
        report: Callable[[], Report],
        changed: Callable[[ShardTable], None],
        reporter: Reporter,
        connect: Mapping[str, Any] | None = None,
        replication: int | None = None,
        session_s: float = 6.0,
        heartbeat_s: float = 0.4,
    ) -> None:
        self.topic = f"{group}.members"
        self.generations = self.rebuilds = 0
        self._bootstrap = bootstrap
        self._connect = dict(connect or {})
        self._replication = replication
        self._changed = changed
        self._reporter = reporter
        self._assignor = Assignor(shards, report, self._take, reporter)
        self._options = {
            "bootstrap_servers": bootstrap,
            "group_id": f"{group}.members",
            "partition_assignment_strategy": (self._assignor,),
            "enable_auto_commit": False,
            "auto_offset_reset": "latest",
            "session_timeout_ms": int(session_s * 1000),
            "rebalance_timeout_ms": int(session_s * 1000),  # who stands still holds the others up no longer than that
            "heartbeat_interval_ms": int(heartbeat_s * 1000),
            "max_poll_interval_ms": FOREVER_MS,
            "retry_backoff_ms": 50,
            **self._connect,
        }
        self._clients = Clients(bootstrap)
        self._consumer: AIOKafkaConsumer | None = None
        self._left = asyncio.Event()
        self._heard = True
        self._rejoin_due = False
        self._stopped: AIOKafkaConsumer | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Be a member until `leave`. Raises `Fault` when the group cannot be reached: call it again, with backoff."""
        topic = Topic(self.topic, 1, compacted=False)
        await prepare_topics(
            self._bootstrap, [topic], replication=self._replication, connect=self._connect, within_s=START_S
        )
        while not self._left.is_set():
            consumer = AIOKafkaConsumer(self.topic, **self._options)
            hedged(consumer._client)
            await self._clients.start(
                consumer.start, partial(stop_surely, consumer.stop, consumer._client), within_s=START_S
            )
            self._consumer = consumer
            self._watch_heartbeats(consumer)
            try:
                await self._poll(consumer)
            except KafkaError as why:
                raise LogUnavailable(f"the group {self.topic} at {self._bootstrap}: {why!r}") from why
            finally:
                self._consumer = None
                await self._stop(consumer)
        await asyncio.get_running_loop().create_future()  # a job does not end by itself

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        """Keep a poll pending, so that the group takes this member for alive, until `leave`."""
        quiet = 0
        leaving = asyncio.ensure_future(self._left.wait())
        try:
            while not leaving.done():
                polling = asyncio.ensure_future(consumer.getmany(timeout_ms=POLL_MS))
                await asyncio.wait({polling, leaving}, timeout=QUIET_POLLS, return_when=asyncio.FIRST_COMPLETED)
                if polling.done():
                    polling.result()
                else:
                    polling.cancel()
                    await asyncio.wait({polling})
                self._ask_anew(consumer)
                quiet = 0 if self._heard else quiet + 1
                self._heard = False
                if quiet >= QUIET_POLLS:
                    self.rebuilds += 1
                    raise MembershipStuck(f"the group {self.topic} was not heard of for {quiet} polls")
        finally:
            leaving.cancel()

    def rejoin(self) -> None:
        """Ask the group for another generation: what this node reports has changed in a way that cannot wait."""
        self._rejoin_due = True
        if self._consumer is not None:
            self._ask_anew(self._consumer)

    def _ask_anew(self, consumer: AIOKafkaConsumer) -> None:
        if self._rejoin_due:
            self._rejoin_due = False
            consumer._coordinator.request_rejoin()  # private: pinned by a test

    async def leave(self) -> None:
        """Leave at once, so that the others need not wait for the session time-out; within a few seconds."""
        self._left.set()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await self._stop(consumer)
        await self._clients.settle(within_s=STOP_S)

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        """Stop a consumer, once: a second stop closes the connection before the group was told that it leaves."""
        if self._stopped is not consumer or self._stopping is None:
            self._stopped = consumer
            self._stopping = self._clients.spawn(stop_surely(consumer.stop, consumer._client), "stop the member")
        await asyncio.wait({self._stopping}, timeout=STOP_S)

    def _take(self, table: ShardTable) -> None:
        self._heard = True
        self.generations += 1
        self._changed(table)

    def _watch_heartbeats(self, consumer: AIOKafkaConsumer) -> None:
        """Note each heartbeat that the coordinator answered (private: pinned by a test)."""
        self._heard = True
        coordinator = consumer._coordinator
        beat = coordinator._do_heartbeat

        async def noted() -> bool:
            answered = bool(await beat())
            self._heard = self._heard or answered
            return answered

        coordinator._do_heartbeat = noted
