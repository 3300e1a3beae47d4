"""Nodes of a cluster in one process, with a router that knows every node: for tests on a real log and a real group."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from actors.checker.history import OK, REFUSED, VIEWED, Call, Violation
from actors.checker.log_judge import LogJudge
from actors.clock import SystemClock
from actors.cluster.keeper import Keeper, News
from actors.cluster.member import Member
from actors.cluster.membership import GroupMember
from actors.entity import EntityType, Rejected
from actors.limits import Limits
from actors.log.kafka.log import KafkaLog
from actors.log.port import ShardId, shard_of
from actors.passivation.passivation import MemorySpill
from actors.shard.actor import Caller
from actors.shard.reactions import ReactionBatch
from actors.shard.refusals import MOVED
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from huntserver.errors import RESENT_WITH_SAME_KEY
from lab.sim import toy
from lab.sim.toy_invariants import ToyInvariants
from tests.actors.rig import Shown, Told

WAIT_S = 60
KINDS: Sequence[tuple[EntityType[Any], int]] = [(toy.ChestType(), 8), (toy.PurseType(), 8)]
SHARDS = {kind.topic: count for kind, count in KINDS}
ALL = [ShardId(topic, index) for topic, count in SHARDS.items() for index in range(count)]


async def until(met: Callable[[], bool]) -> None:
    """Wait for what the world does."""
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.01)


class KafkaNode:
    """A node: a log, a system, a keeper, a member of the group."""

    def __init__(self, cluster: KafkaCluster, number: int, folder: Path) -> None:
        self.cluster = cluster
        self.me = Member(f"node{number}:7000", f"run{number}", tuple(SHARDS))
        self.told = Told()
        self.log = KafkaLog(cluster.address, shards=SHARDS, prefix=cluster.prefix)
        self.keeper = Keeper(self.me, SHARDS, self.told)
        clock = SystemClock(folder / f"clock{number}")
        outside = Outside(self.log, self.log.snapshots, MemorySpill(), clock, random.Random(number), Shown(), self.told)
        run = NodeRun(self.me.node, self.me.run)
        self.system = ActorSystem(KINDS, outside, run, Limits(marker_records=200), succession=self.keeper)
        self.system.forward = self.forward
        self.keeper.announce = self.announce
        self.group = GroupMember(
            cluster.address,
            cluster.prefix,
            shards=SHARDS,
            report=self.keeper.report,
            changed=self.keeper.generation,
            reporter=self.told,
        )
        self.alive = True

    async def start(self) -> None:
        await self.log.open()
        await self.system.start()
        self.system.background.run("membership", self.group.run)
        self.keeper.start(self.system, self.group)

    async def stop(self) -> None:
        """Leave in order."""
        await self.keeper.leave()
        await self._end()

    async def kill(self) -> None:
        """End without a word to the log or to the group; its peers find that its port refuses."""
        self.alive = False
        self.group._options["group_id"] = None
        if self.group._consumer is not None:
            self.group._consumer._coordinator.reset_generation()  # so that nothing tells the group
        for node in self.cluster.running():  # what it still writes until it has ended does not count
            node.keeper.link_reset(self.me, refused=True, majority=True)
        await self._end()

    async def _end(self) -> None:
        self.alive = False
        await self.system.close()
        await self.group.leave()
        await self.log.close()

    def announce(self, news: News) -> None:
        for node in self.cluster.running():
            if node is not self:
                node.keeper.told(*news)

    def forward(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        node = self.cluster.owner(kind, id, self)
        if node is None:
            sink.refused(0, MOVED, -1)
        else:
            node.system.deliver(kind, id, batch, sink)

    def serves(self) -> set[ShardId]:
        return {shard for shard in ALL if self.system.nonce(shard)} if self.alive else set()


class KafkaCluster:
    """The nodes over one broker, and clients that ask any of them."""

    def __init__(self, address: str, prefix: str, folder: Path) -> None:
        self.address = address
        self.prefix = prefix
        self.folder = folder
        self.nodes: list[KafkaNode] = []
        self.calls: list[Call] = []
        self.plays: list[asyncio.Future[None]] = []

    async def add(self) -> KafkaNode:
        node = KafkaNode(self, len(self.nodes) + 1, self.folder)
        self.nodes.append(node)
        await node.start()
        return node

    def running(self) -> list[KafkaNode]:
        return [node for node in self.nodes if node.alive]

    def owner(self, kind: str, id: str, at: KafkaNode) -> KafkaNode | None:
        """Return where a node sends what is for an entity."""
        shard = at.system.regions[kind].shard(id).id
        member = at.keeper.owner(shard)
        return next((node for node in self.running() if node.me == member), None)

    def settled(self) -> bool:
        """Tell whether every shard has exactly one owner among the nodes that run, and none is on its way."""
        served = [shard for node in self.running() for shard in node.serves()]
        wanted = [shard for node in self.running() for shard in node.system.owned()]
        return sorted(served) == sorted(ALL) == sorted(wanted)

    async def command(self, by: str, key: tuple[str, int] | None, kind: str, id: str, command: Any) -> Call:
        """Send until it is answered, as a client and a router do."""
        loop = asyncio.get_running_loop()
        caller = Caller(f"p:{by}", "player", by)
        began = loop.time()
        draw = random.Random(f"{by}{key}{id}")
        async with asyncio.timeout(WAIT_S):
            while True:
                node = self.owner(kind, id, draw.choice(self.running()))
                answer: Any = MOVED
                if node is not None:
                    asked = asyncio.ensure_future(
                        node.system.view(kind, id, command, caller)
                        if key is None
                        else node.system.ask(kind, id, command, caller, key)
                    )
                    await asyncio.wait({asked}, timeout=2.0)  # a killed node answers nothing
                    answer = asked.result() if asked.done() else MOVED
                    asked.cancel()
                if not isinstance(answer, Rejected):
                    outcome, code, pos, body = (OK if key else VIEWED), "", answer[1], answer[0]
                    break
                if answer.code not in RESENT_WITH_SAME_KEY | {"moved"}:
                    outcome, code, pos, body = REFUSED, answer.code, -1, None
                    break
                await asyncio.sleep(0.01)
        text = f"{key[0]}:{key[1]}" if key else ""
        call = Call(
            by, caller.by, "player", f"{kind}/{id}", text, command, began, loop.time(), outcome, code, pos, body
        )
        self.calls.append(call)
        return call

    async def judge(self) -> LogJudge:
        """Hold every call against the log, read by a fresh reader."""
        log = KafkaLog(self.address, shards=SHARDS, prefix=self.prefix)
        await log.open()
        judge = LogJudge([kind for kind, _ in KINDS], ToyInvariants())
        for call in self.calls:
            if call.outcome == OK:
                judge.call(call)
        for shard in ALL:
            end = (await log.bounds(shard)).end
            at = 0
            source: Any = log.read(shard, 0)
            while at < end:
                for offset, body in await anext(source):
                    judge.record(shard, offset, body, 0.0)
                    at = offset + 1
            await source.aclose()
        await log.close()
        return judge

    async def close(self) -> None:
        for node in self.running():
            await node._end()


def violations(judge: LogJudge) -> list[Violation]:
    """Return what is broken."""
    return list(judge.verdict(settled=True))


def chest(shard: int) -> str:
    """Return a chest of a shard."""
    return next(f"c{i}" for i in range(1000) if shard_of(f"c{i}", 8) == shard)
