"""The verdict on a campaign: the log, folded from zero, against what the players were told.

Checks I1, I2, I3 (what was told is in the log), I5, I8 and I11 of the promises. Pure but for reading the log.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from actors.codec import Done
from actors.log.port import ShardId
from actors.snapshots import decode_header
from campaigns.players import Asked
from huntserver.app import kinds, open_log
from huntserver.config import Config
from huntserver.game.hunt_events import Claimed, Solved
from huntserver.game.workflow import reactions
from huntserver.offline import Folded, fold


@dataclass
class Verdict:
    """What was found: violations by invariant, and how much was looked at."""

    violations: list[str] = field(default_factory=list)
    records: int = 0
    void: int = 0
    acknowledged: int = 0
    entities_compared: int = 0
    reactions: int = 0

    def wrong(self, invariant: str, text: str) -> None:
        """Note a violation."""
        self.violations.append(f"{invariant}: {text}")


class Reading:
    """Collects from the log's counting records what the invariants speak of."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str, str], list[tuple[int, bytes]]] = {}
        self.expected: Counter[tuple[str, str, str]] = Counter()
        self.delivered: Counter[tuple[str, str, str]] = Counter()
        self.claims: dict[tuple[str, str], list[int]] = {}
        self.firsts: Counter[tuple[str, str]] = Counter()

    def seen(self, shard: ShardId, offset: int, record: Any, counts: bool) -> None:
        """Take one record."""
        if not counts or not isinstance(record, Done):
            return
        if record.by.startswith(("p:", "h:")) and record.key:
            key = (record.entity, record.by, record.key)
            self.by_key.setdefault(key, []).append((record.pos, bytes(record.answer)))
        if record.entity.startswith("hunt/"):
            self._hunt(record)
        elif record.by.startswith("entity:"):
            self.delivered[(record.by[7:], record.key, record.entity)] += 1

    def _hunt(self, record: Done) -> None:
        hunt = record.entity[5:]
        for n, reaction in enumerate(reactions(record.events, hunt)):
            self.expected[(record.entity, f"{record.pos}.{n}", f"{reaction.kind}/{reaction.id}")] += 1
        for event in record.events:
            if isinstance(event, Claimed):
                self.claims.setdefault((hunt, event.treasure), []).append(event.rank)
            elif isinstance(event, Solved) and event.rank == 1:
                self.firsts[(hunt, event.clue)] += 1


async def judge(config: Config, history: list[Asked], quantities: dict[str, int]) -> Verdict:
    """Fold the log and compare. The server was stopped in order, so its snapshots are its last states."""
    verdict = Verdict()
    reading = Reading()
    log, snapshots = open_log(config, read_only=True)
    await log.open()
    try:
        folded = await fold(log, snapshots, kinds(config), seen=reading.seen)
        await _compare_states(verdict, config, snapshots, folded)
    finally:
        await log.close()
    verdict.records, verdict.void = folded.records, folded.void
    for name, why in folded.damaged.items():
        verdict.wrong("I5", f"{name} cannot be folded: {why}")
    _acknowledged(verdict, reading, history)
    _reactions(verdict, reading)
    for (hunt, treasure), ranks in reading.claims.items():
        if len(ranks) > quantities[treasure] or sorted(ranks) != list(range(1, len(ranks) + 1)):
            verdict.wrong("I8", f"{hunt}/{treasure}: ranks {sorted(ranks)} of {quantities[treasure]}")
    for where, count in reading.firsts.items():
        if count != 1:
            verdict.wrong("I8", f"{where} has {count} first finders")
    return verdict


def _acknowledged(verdict: Verdict, reading: Reading, history: list[Asked]) -> None:
    for key, effects in reading.by_key.items():
        if len(effects) != 1:
            verdict.wrong("I2", f"{key} has {len(effects)} effects at {[pos for pos, _ in effects]}")
    for asked in history:
        effects = reading.by_key.get((f"hunt/{asked.hunt}", asked.by, asked.key), [])
        if asked.ok is not None and not asked.ok.get("again"):
            verdict.acknowledged += 1
            if not effects:
                verdict.wrong("I1", f"{asked.by} {asked.key} was acknowledged at {asked.pos} and is not in the log")
            elif effects[0][0] != asked.pos or msgspec.json.decode(effects[0][1]) != asked.ok:
                verdict.wrong("I1", f"{asked.by} {asked.key}: told {asked.ok} at {asked.pos}, the log has {effects[0]}")
        elif asked.code and asked.code != "already_joined" and effects:
            verdict.wrong("I2", f"{asked.by} {asked.key} was refused with {asked.code} and executed at {effects[0][0]}")


def _reactions(verdict: Verdict, reading: Reading) -> None:
    verdict.reactions = sum(reading.expected.values())
    for key, count in reading.expected.items():
        if reading.delivered[key] != count:
            verdict.wrong("I11", f"reaction {key} arrived {reading.delivered[key]} times")
    for key in reading.delivered.keys() - reading.expected.keys():
        verdict.wrong("I11", f"reaction {key} has no cause")


async def _compare_states(verdict: Verdict, config: Config, snapshots: Any, folded: Folded) -> None:
    for kind, count in kinds(config):
        for index in range(count):
            async for chunk in snapshots.read(ShardId(kind.topic, index)):
                for key, value in chunk:
                    if not key.startswith("s|") or key.split("|", 4)[3] != "h":
                        continue
                    name = f"{kind.kind}/{key.split('|', 4)[4]}"
                    header = decode_header(value)
                    if header.seq == folded.seqs.get(name):
                        verdict.entities_compared += 1
                        if header.digest != folded.digests[name]:
                            verdict.wrong("I5", f"{name} at {header.seq}: the live state is not the fold from zero")
