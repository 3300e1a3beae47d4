"""The verdict on a run: the checker's, over the server's log and what the players were told.

Reads the log beside the server or after it, and the history files; writes neither. What could not be judged is named:
a run without a log was judged by its histories alone.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.checker.history import Call
from actors.checker.log_judge import MOST, LogJudge, Rules
from actors.log.port import Entry, EventLog, ShardId
from huntserver.config import Config
from huntserver.game.invariants import GameInvariants
from huntserver.load.history import files, for_checker
from huntserver.logs import kinds, open_log, reading_kinds, shards_of

QUIET_S: Final = 1.0
QUIET_MAX_S: Final = 15.0
TIMED: Final = frozenset({"not_running", "rate_limited", "too_late"})
"""Codes of refusals that depend on the time of the question, so that the rules are not asked for them again."""

JUDGED: Final = {
    "I1": "every acknowledged command has exactly one effect",
    "I2": "no key has two effects",
    "I3": "nothing was shown that the log does not hold",
    "I4": "every push once, in order, or the player was told",
    "I5": "every record follows the one before it",
    "I7": "log order respects real time; refusals are what the rules give",
    "I8": "no treasure oversold, one first finder, nothing after the end",
    "I9": "no answer in any byte that came",
    "I11": "every award arrived at its player once",
}
WITHOUT_LOG: Final = {
    "I1": "in part: no two commands at one pos",
    "I7": "in part: order of real time among the answers",
}
NEEDS_LOG: Final = frozenset({"I2", "I3", "I5", "I8", "I11"})
NEEDS_HISTORY: Final = frozenset({"I1", "I3", "I4"})


class RunVerdict(msgspec.Struct, kw_only=True):
    """What was judged and what is wrong. `invariants`: held, BROKEN, or not judged and why."""

    log: str
    violations: list[str]
    invariants: dict[str, str]
    totals: dict[str, int]
    seconds: float
    notes: list[str]

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.violations


class RunJudge:
    """Gives histories and log to the checker and sums up what it found. `say` gets lines for people."""

    def __init__(self, *, leaks: int = 0, say: Callable[[str], None] = lambda text: None) -> None:
        self._leaks = leaks
        self._say = say
        self._game = GameInvariants()
        self._rules = Rules(timed=TIMED)
        self._notes: list[str] = []
        self._lines = 0

    async def judge(self, history: Path | None, config: Config | None) -> RunVerdict:
        """Judge a run by the histories in a folder and the log of a configuration; either may be missing.

        Raises ValueError (no history there), `ConfigError` and `Fault` (the log cannot be read).
        """
        began = time.monotonic()
        gc_was_on = gc.isenabled()
        gc.disable()  # a million small values that all stay: collecting would only look at them
        try:
            made = await self._judge(history, config)
        finally:
            if gc_was_on:
                gc.enable()
        made.seconds = time.monotonic() - began
        return made

    async def _judge(self, history: Path | None, config: Config | None) -> RunVerdict:
        kinds_of = [kind for kind, _ in (reading_kinds(config) if config is not None else kinds(Config()))]
        checker = LogJudge(kinds_of, self._game, self._rules)
        if history is not None:
            self._histories(checker, history)
        settled = True
        if config is None:
            found = checker.verdict_without_log()
        else:
            settled = await self._log(checker, config)
            found = checker.verdict(settled=settled)
        violations = [str(v) for v in found]
        counts = dict(checker.found)
        if sum(counts.values()) > MOST:
            told = ", ".join(f"{count:,} of {name}" for name, count in counts.items())
            self._notes.append(f"only the first {MOST} violations are kept of {told}")
        if self._leaks:
            counts["I9"] = self._leaks
            violations.append(f"I9: the text of an answer that nobody gave came in {self._leaks} reads")
        totals: dict[str, int] = checker.totals()._asdict()
        totals |= {"claims": self._game.claims, "first_finders": self._game.firsts, "lines": self._lines}
        return RunVerdict(
            log=config.log.url if config is not None else "",
            violations=violations,
            invariants=self._invariants(set(counts), history is not None, config is not None, settled),
            totals=totals,
            seconds=0.0,
            notes=self._notes,
        )

    def _histories(self, checker: LogJudge, history: Path) -> None:
        for path in files(history):
            for seen in for_checker(path):
                self._lines += 1
                if isinstance(seen, Call):
                    checker.call(seen)
                else:
                    checker.seen(seen)

    async def _log(self, checker: LogJudge, config: Config) -> bool:
        """Give the checker the log; return whether the server had come to rest."""
        log, _ = open_log(config, read_only=True)
        await log.open()
        try:
            shards = shards_of(log, config)
            ends, settled = await _at_rest(log, shards)
            if not settled:
                self._notes.append(f"the log still grew after {QUIET_MAX_S:.0f} s: others play, I11 is not judged")
            self._say(f"judging {sum(ends.values()):,} records of {config.log.url}")
            await _feed(checker, log, {}, ends)
            deadline = time.monotonic() + QUIET_MAX_S
            while settled and checker.is_owed_reactions() and time.monotonic() < deadline:
                await asyncio.sleep(QUIET_S)  # their target may be on its way to another node
                known, ends = ends, {shard: (await log.bounds(shard)).end for shard in shards}
                await _feed(checker, log, known, ends)
        finally:
            await log.close()
        return settled

    def _invariants(self, broken: set[str], history: bool, log: bool, settled: bool) -> dict[str, str]:
        found = {}
        for name in JUDGED:
            if name in broken:
                found[name] = "BROKEN"
            elif not log and name in NEEDS_LOG:
                found[name] = "not judged: there was no log to read, give --log"
            elif not history and name in NEEDS_HISTORY:
                found[name] = "not judged: no player kept a history, give --witnesses"
            elif name == "I11" and not settled:
                found[name] = "not judged: the log still grew"
            elif not log and name in WITHOUT_LOG:
                found[name] = f"held, {WITHOUT_LOG[name]}"
            else:
                found[name] = "held"
        if "log" in broken:
            found["log"] = "BROKEN"
        return found


async def _at_rest(log: EventLog, shards: list[ShardId]) -> tuple[dict[ShardId, int], bool]:
    """Wait until nothing is written for a while; return the ends and whether that came to be."""
    deadline = time.monotonic() + QUIET_MAX_S
    ends = {shard: (await log.bounds(shard)).end for shard in shards}
    while True:
        await asyncio.sleep(QUIET_S)
        now = {shard: (await log.bounds(shard)).end for shard in shards}
        if now == ends:
            return ends, True
        ends = now
        if time.monotonic() > deadline:
            return ends, False


async def _feed(checker: LogJudge, log: EventLog, known: Mapping[ShardId, int], ends: Mapping[ShardId, int]) -> None:
    """Give the checker the records of each shard before its end, from where it is known on."""
    for shard, end in ends.items():
        async for entry in records(log, shard, end, known.get(shard, 0)):
            checker.record(shard, entry.offset, entry.body)


async def records(log: EventLog, shard: ShardId, end: int, known: int = 0) -> AsyncIterator[Entry]:
    """Yield the records of a shard before `end`, those before `known` left out."""
    start = max((await log.bounds(shard)).start, known)
    if end <= start:
        return
    async for chunk in log.read(shard, start):
        for entry in chunk:
            if entry.offset < end:
                yield entry
        if chunk[-1].offset >= end - 1:
            return


def as_values(verdict: RunVerdict) -> dict[str, Any]:
    """Return a verdict as it stands in a report."""
    made: dict[str, Any] = msgspec.to_builtins(verdict)
    return made | {"holds": verdict.holds}
