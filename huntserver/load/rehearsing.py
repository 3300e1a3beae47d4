"""A recorded hunt played again by its people on a real server, over WebSockets, at another speed, many times at once.

Acts of one hunt go out in their recorded order, each not before its time and not before the one before it is answered,
so that the same hunt comes of it; copies run side by side. Owns its clients. Measures from when an act was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from huntserver.auth import Tokens
from huntserver.client import Client, Refused
from huntserver.client.http import http, http_base
from huntserver.load.histogram import Counts, bucket, summary
from huntserver.load.recorded import HOST, RecordedAct, Recording, Standing

REJUDGED_S: Final = 1.0
"""After a definition by which guesses are judged anew: that is done by timers, some teams a step."""
TOLD_MAX: Final = 10


class Rehearsed(msgspec.Struct):
    """What came of it: acts that were answered, seconds, latency (ms), how late the latest act was, what was refused
    by operation and code, what of the log was left out, and how the copies' standings differ from the recorded ones."""

    hunt: str
    copies: int
    speed: float
    acts: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_ms: float
    refused: dict[str, int]
    left_out: dict[str, int]
    differ: list[str]

    @property
    def same(self) -> bool:
        """Whether every copy came to the recorded standings."""
        return not self.differ


class Rehearsal:
    """One rehearsal. `mint` makes tokens that the server takes; `run` is part of all ids: none is used twice."""

    def __init__(
        self, recording: Recording, url: str, mint: Tokens, *, speed: float, copies: int, run: str,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.recording = recording
        self.url, self.mint, self.speed, self.copies, self.run = url, mint, speed, copies, run
        self.say = say
        self.latency: Counts = {}
        self.refused: Counter[str] = Counter()
        self.late_s = 0.0
        self.answered = 0

    async def perform(self) -> Rehearsed:
        """Play all copies. Raises `Refused` where the hunt cannot be set up, `Unreachable`."""
        began = time.monotonic()
        copies = [_Copy(self, number) for number in range(1, self.copies + 1)]
        async with contextlib.AsyncExitStack() as stack:
            for copy in copies:
                stack.push_async_callback(copy.close)
                await copy.set_up()
            self.say(f"{len(copies)} copies are set up, {len(self.recording.acts)} acts each")
            async with asyncio.TaskGroup() as group:
                played = [group.create_task(copy.play(), name=f"copy {copy.number}") for copy in copies]
        differ = [line for task in played for line in task.result()]
        seen = summary(self.latency)
        return Rehearsed(
            self.recording.hunt, self.copies, self.speed, self.answered, round(time.monotonic() - began, 1),
            seen.get("p50_ms", 0.0), seen.get("p99_ms", 0.0), seen.get("max_ms", 0.0), round(self.late_s * 1000, 1),
            dict(self.refused), dict(self.recording.left_out), differ,
        )  # fmt: skip


class _Copy:
    """One playing of the recording."""

    def __init__(self, of: Rehearsal, number: int) -> None:
        self.of = of
        self.number = number
        self.hunt = f"rehearsal-{of.run}-{number}"
        self.token = of.mint.mint("host", f"{self.hunt}-host", "Rehearsal")
        self.clients: dict[str, Client] = {}
        self.teams: dict[str, str] = {}  # ids as recorded -> here
        self.invites: dict[str, str] = {}  # by id here

    async def close(self) -> None:
        """Let go of all clients."""
        await asyncio.gather(*(client.close() for client in self.clients.values()))

    async def set_up(self) -> None:
        """Make the hunt and publish it."""
        await self._client(HOST, self.token)
        await self.clients[HOST].command("create", hunt=self.hunt)
        await self._define(self.of.recording.definition, {})
        await self.clients[HOST].command("publish", hunt=self.hunt)

    async def play(self) -> list[str]:
        """Do all acts; return how the standings differ."""
        acts = self.of.recording.acts
        began, first_ms = time.monotonic(), acts[0].at_ms if acts else 0
        for act in acts:
            due = began + (act.at_ms - first_ms) / 1000 / self.of.speed
            wait_s = due - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self.of.late_s = max(self.of.late_s, -wait_s)
            try:
                await self._do(act)
            except Refused as refused:
                self.of.refused[f"{act.op} {refused.code}"] += 1
            self.of.answered += 1
        return await self._differences()

    async def _do(self, act: RecordedAct) -> None:
        fields = self._here(act.fields)
        recorded = fields.pop("recorded", "")
        client = self.clients.get(act.by) or await self._come(act)
        if "invite" in fields:
            fields["invite"] = await self._invite(fields["invite"])
        sent = time.perf_counter()
        if act.op == "definition":
            await self._define(fields["definition"], {"existing": fields["existing"]})
        else:
            answer = await client.command(act.op, fields={"hunt": self.hunt, **fields})
            if recorded:
                self.teams[recorded] = answer["team"]
                if "invite" in answer:
                    self.invites[answer["team"]] = answer["invite"]
        of = bucket(int((time.perf_counter() - sent) * 1e6))
        self.of.latency[of] = self.of.latency.get(of, 0) + 1
        if act.op in ("kick", "leave_team"):
            self.invites.clear()  # the team has another code now
        if fields.get("existing") == "rejudge":
            await asyncio.sleep(REJUDGED_S)

    def _here(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields with ids as they are here."""
        made = dict(fields)
        for name in ("team", "other", "invite"):
            if name in made:
                made[name] = self.teams.get(made[name], made[name])
        if "player" in made:
            made["player"] = f"p:{self._subject(made['player'])}"
        return made

    def _subject(self, player: str) -> str:
        return f"r{self.of.run}-{self.number}-{player.removeprefix('p:')}"[:64]

    async def _come(self, act: RecordedAct) -> Client:
        """Connect a player that was not here yet."""
        return await self._client(act.by, self.of.mint.mint("player", self._subject(act.by), act.name))

    async def _client(self, who: str, token: str) -> Client:
        client = self.clients[who] = Client(self.of.url, token)
        await client.open(60.0)
        return client

    async def _invite(self, team: str) -> str:
        known = self.invites.get(team)
        if known is None:
            page = await self.clients[HOST].question("view_as", hunt=self.hunt, team=team)
            known = self.invites[team] = page["team"]["invite"]
        return known

    async def _define(self, definition: str, asked: dict[str, str]) -> None:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        query = "?" + "&".join(f"{k}={v}" for k, v in asked.items()) if asked else ""
        address = f"{http_base(self.of.url)}/hunts/{self.hunt}/definition{query}"
        status, answer = await asyncio.to_thread(http, "PUT", address, definition.encode(), headers)
        if status != 200:
            raise Refused(answer)

    async def _differences(self) -> list[str]:
        """Compare the first 500 places with the recorded ones."""
        board = await self.clients[HOST].question("board", hunt=self.hunt, top=500)
        here = [Standing(row["place"], row["name"], row["score"], row["solved"]) for row in board["rows"]]
        due = self.of.recording.standings
        told = [
            f"copy {self.number}: place {right.place} was {right.name} with {right.score} points, {right.solved} solved"
            f"; here it is {got.name} with {got.score}, {got.solved}"
            for right, got in zip(due, here, strict=False)
            if right != got
        ]
        if board["teams"] != len(due):
            told.append(f"copy {self.number}: {len(due)} teams stood, here it is {board['teams']}")
        more = [f"copy {self.number}: and {len(told) - TOLD_MAX} more"] if len(told) > TOLD_MAX else []
        return told[:TOLD_MAX] + more
