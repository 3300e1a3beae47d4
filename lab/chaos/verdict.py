"""The verdict on a campaign: the checker of simulation and load harness, over the log and what players heard.

Judges I1, I2, I3, I4, I5, I7, I8 and I11 of the promises. Reads the log offline, after the server was stopped in order
(so that its snapshots are its last states); never writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any, Final, NamedTuple

from actors.checker.history import NONE, OK, REFUSED, Call, LiveDigest
from actors.checker.log_judge import LogJudge, Rules, Totals
from actors.log.port import EventLog, ShardId
from actors.snapshots.format import decode_header, split_digest
from huntserver.config import Config
from huntserver.game.invariants import GameInvariants
from huntserver.logs import kinds, open_log, reading_kinds
from huntserver.wire.messages import decode_json
from lab.chaos.players import Crowd
from lab.chaos.talk import Asked, Talk

SHORT: Final = 126
"""A payload from this length on has two bytes more of length before it."""


class Judged(NamedTuple):
    """What was found, and how much was looked at."""

    violations: list[str]
    totals: Totals
    acknowledged: int
    refused: int
    unanswered: int
    copies: int
    states: int
    tenures_most: int
    latest_ms: int


def told(commands: int, judged: Judged, violations: Sequence[str]) -> str:
    """Return a campaign's verdict as it is printed: what was judged, the first violations, and how many there are."""
    totals = judged.totals
    sums = (
        f"{commands:,} commands ({judged.acknowledged:,} accepted, {judged.refused:,} refused, "
        f"{judged.unanswered} unanswered, {judged.copies:,} further copies); log: {totals.records:,} records, "
        f"{totals.void} void, {totals.tenures} tenures ({judged.tenures_most} of one shard); {totals.pushes:,} "
        f"pushes, {totals.reactions:,} reactions, {judged.states} live states compared"
    )
    found = [f"VIOLATION {violation}" for violation in violations[:20]]
    return "\n".join([sums, *found, f"verdict: {len(violations)} violations"])


def call(player: Talk, asked: Asked) -> Call:
    """Return one command in the checker's words. What was accepted needs no command: the log has it."""
    command = None
    if asked.code and asked.frame is not None:
        command = decode_json(asked.frame[8 if asked.frame[1] & 127 == SHORT else 6 :])
    return Call(
        session=player.by,
        by=player.by,
        role="player",
        entity=f"hunt/{player.hunt}",
        key=f"{player.epoch}:{asked.n}",
        command=command,
        sent_s=asked.sent_ns / 1e9,
        answered_s=asked.answered_ns / 1e9 if asked.answered_ns else inf,
        outcome=REFUSED if asked.code else OK if asked.answered_ns else NONE,
        code=asked.code,
        pos=asked.pos,
        answer=asked.answer,
        floor=asked.floor,
    )


async def judge(config: Config, crowd: Crowd) -> Judged:
    """Read the whole log and compare. Raises `Fault` if it cannot be read."""
    checker = LogJudge([kind for kind, _ in reading_kinds(config)], GameInvariants(), Rules())
    outcomes: Counter[str] = Counter()
    copies = 0
    for player, asked in crowd.asked():
        made = call(player, asked)
        outcomes[made.outcome] += 1
        copies += asked.copies - 1
        checker.call(made)
    for player in crowd.everyone:
        for seen in player.seen:
            checker.seen(seen)
    log, snapshots = open_log(config, read_only=True)
    await log.open()
    try:
        lives = [live async for live in _lives(config, snapshots)]
        for live in lives:
            checker.live(live)
        for kind, count in kinds(config):
            for index in range(count):
                await _read(checker, log, ShardId(kind.topic, index))
    finally:
        await log.close()
    ends = checker.digests()
    states = sum(1 for live in lives if ends.get(live.entity, (0, ""))[0] == live.seq)
    violations = [str(violation) for violation in checker.verdict()]
    most = max(checker.tenures().values(), default=0)
    return Judged(
        violations, checker.totals(), outcomes[OK], outcomes[REFUSED], outcomes[NONE], copies, states, most,
        checker.latest_ms(),
    )  # fmt: skip


async def _read(checker: LogJudge, log: EventLog, shard: ShardId) -> None:
    bounds = await log.bounds(shard)
    if bounds.end <= bounds.start:
        return
    async for chunk in log.read(shard, bounds.start):
        for offset, body in chunk:
            if offset < bounds.end:
                checker.record(shard, offset, body)
        if chunk[-1].offset >= bounds.end - 1:
            return


async def _lives(config: Config, snapshots: Any) -> Any:
    """Yield what the snapshots say of live states: the digest at a seq."""
    for kind, count in kinds(config):
        for index in range(count):
            async for chunk in snapshots.read(ShardId(kind.topic, index)):
                for key, value in chunk:
                    parts = key.split("|", 4)
                    if parts[0] == "s" and parts[3] == "h":
                        header = decode_header(value)
                        yield LiveDigest(
                            parts[2], f"{kind.kind}/{parts[4]}", header.seq, split_digest(header.digest)[0], last=False
                        )
