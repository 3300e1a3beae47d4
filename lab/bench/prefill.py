"""Fills a log with the history of a hunt that was played: teams, members, guesses; by the product's own runtime.

    python -m lab.bench.prefill --config config.toml --hunt large.toml --teams 3000 --guesses 1000000

A process of its own, which ends in order (snapshots, marker) or, with `--kill`, as `kill -9` would end it. What is
measured afterwards is a server on that log. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from actors.entity import Rejected
from actors.shard.actor import Caller
from actors.system import ActorSystem
from huntserver import app
from huntserver.config import Projections, load
from huntserver.game.features.guessing import Guess
from huntserver.game.features.joining import Join
from lab.hunts import LARGE_TEAM_SIZE, SMALL_CLUES, right

OUTSTANDING: Final = 512
"""Commands at a time: enough for full batches, far from a full mailbox."""

SOLO: Final = 100
"""Players of the other hunt."""

RIGHT_EVERY: Final = 10
"""Every tenth clue is solved, by each team that reaches it."""


class Filler:
    """The sink of all that is sent: keeps some commands outstanding and the answers that are asked for."""

    def __init__(self, system: ActorSystem, hunt: str) -> None:
        self.refusals: list[Rejected] = []
        self.invites: dict[int, str] = {}
        self._system = system
        self._hunt = hunt
        self._todo: Iterator[tuple[int, str, Any]] = iter(())
        self._under_way = 0
        self._keys: dict[str, int] = {}
        self._done = asyncio.Event()

    async def send(self, todo: Iterator[tuple[int, str, Any]]) -> None:
        """Send (number, player, command) one after the other, and return when all are answered."""
        self._todo = todo
        self._done.clear()
        for _ in range(OUTSTANDING):
            self._next()
        await self._done.wait()

    def _next(self) -> None:
        step = next(self._todo, None)
        if step is None:
            if not self._under_way:
                self._done.set()
            return
        number, player, command = step
        self._under_way += 1
        n = self._keys[player] = self._keys.get(player, 0) + 1
        caller = Caller(f"p:{player}", "player", player)
        self._system.submit("hunt", self._hunt, command, self, number, caller, ("fill", n))

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """Keep the invite of a new team."""
        if request >= 0:
            self.invites[request] = msgspec.json.decode(answer)["invite"]
        self._answered()

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Note a refusal: it is told at the end."""
        self.refusals.append(rejected)
        self._answered()

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""

    def _answered(self) -> None:
        self._under_way -= 1
        asyncio.get_running_loop().call_soon(self._next)


def captain(team: int) -> str:
    """Return the player who made a team."""
    return f"t{team}m0"


def guesses(teams: int, count: int, clues: int, *, members: int = LARGE_TEAM_SIZE) -> Iterator[tuple[int, str, Any]]:
    """Yield `count` guesses, round-robin over teams and members, each team on another clue every time.

    Every tenth clue is solved once, at every tenth turn; all other guesses are wrong, at the other clues.
    """
    wrong = [clue for clue in range(1, clues + 1) if clue % RIGHT_EVERY]
    for g in range(count):
        team, turn = g % teams, g // teams
        solves = turn + 1 <= clues and (turn + 1) % RIGHT_EVERY == 0
        clue = turn + 1 if solves else wrong[(turn + team) % len(wrong)]
        yield -1, f"t{team}m{turn % members}", Guess(f"c{clue}", right(clue) if solves else f"wrong {g}")


async def fill(asked: argparse.Namespace) -> dict[str, Any]:
    """Start the product on the log, play, and end as asked."""
    config = msgspec.structs.replace(load(asked.config), projections=Projections(store=""))
    server = await app.start(config, [asked.hunt, *([asked.other] if asked.other else [])])
    filler = Filler(server.system, asked.hunt.stem)
    began = time.monotonic()
    await filler.send((team, captain(team), Join(team=f"Team {team}")) for team in range(asked.teams))
    members = (
        (-1, f"t{team}m{member}", Join(invite=filler.invites[team]))
        for member in range(1, LARGE_TEAM_SIZE)
        for team in range(asked.teams)
    )
    await filler.send(members)
    if asked.teams:
        await filler.send(guesses(asked.teams, asked.guesses, asked.clues))
    if asked.other:
        elsewhere = Filler(server.system, asked.other.stem)
        await elsewhere.send((-1, captain(team), Join()) for team in range(SOLO))
        await elsewhere.send(guesses(SOLO, asked.elsewhere, SMALL_CLUES, members=1))
        filler.refusals += elsewhere.refusals
    took_s = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    made = {"took_s": took_s, "refused": [r.code for r in filler.refusals[:5]], "rss_kib": used.ru_maxrss}
    print(json.dumps(made), flush=True)
    if asked.kill:
        os._exit(9)
    await app.stop(server)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--hunt", type=Path, required=True)
    parser.add_argument("--teams", type=int, default=0)
    parser.add_argument("--guesses", type=int, default=0)
    parser.add_argument("--clues", type=int, default=1)
    parser.add_argument("--other", type=Path, help="another hunt, the small one, whose guesses only lengthen the log")
    parser.add_argument("--elsewhere", type=int, default=0, help="guesses there")
    parser.add_argument("--kill", action="store_true")
    uvloop.run(fill(parser.parse_args()))
