"""One run from end to end: a server (given, or of its own), hunts, players, the ceiling, the verdict.

Owns the order of these and the temporary folder; every part is done by a module of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from huntserver.auth import Tokens, load_key
from huntserver.client.http import http, http_base
from huntserver.config import Config, LogChoice
from huntserver.load import ceiling
from huntserver.load.conductor import Conductor, MeasuredProcesses
from huntserver.load.hunts import set_up, take_down
from huntserver.load.machine import description, listener
from huntserver.load.own_server import CLOSED_LIMITS, LIMITS, OwnServer, cores
from huntserver.load.plan import SCENARIOS, LoadPlan, PlanError, address, addresses_for, check, is_loopback
from huntserver.load.results import Moment, Results
from huntserver.load.verdict import RunJudge, as_values
from huntserver.load.worker import raise_files
from huntserver.logs import open_log

GUEST_LIMIT: Final = "guest tokens are rate-limited per minute; give --key-file or --tokens, or fewer --players"
HOST_DEVICES: Final = 2
"""Announcers with the one token that was given: two more devices set the hunts up and end them."""

SOME: Final = 100
"""Witnesses where there is more to write down than can be judged in a minute."""

WITNESSED_RATE: Final = 3_000.0
"""Rate up to which all players are witnesses by default."""


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; None is the scenario's own. Without `url` the run starts a server on `log`."""

    url: str | None = None
    log: Config | None = None
    log_url: str = "sqlite"
    scenario: str = "steady"
    players: int | None = None
    hunts: int | None = None
    rate: float | None = None
    seconds: float = 30.0
    warm_s: float = 1.0
    outstanding: int = 1
    right_every: int = 50
    processes: int = 1
    addresses: int = 1
    announcers: int | None = None
    witnesses: int | None = None
    storm_s: float | None = None
    key_file: Path | None = None
    token: str = ""
    tokens: tuple[str, ...] = ()
    ceiling: bool = False
    keep: Path | None = None
    seed: int = 1
    judge: bool = True


def plan_of(asked: LoadOptions, run: str) -> LoadPlan:
    """Return the plan of a run, but for what only the server can tell. Raises `PlanError`."""
    scenario = SCENARIOS.get(asked.scenario)
    if scenario is None:
        raise PlanError(f"--scenario is {asked.scenario!r}, allowed are {', '.join(SCENARIOS)}")
    host, port, path = address(asked.url or "ws://127.0.0.1:1/ws")
    players = asked.players if asked.players is not None else scenario.players
    rate = asked.rate if asked.rate is not None else scenario.per_player_s * players
    hunts = asked.hunts if asked.hunts is not None else min(scenario.hunts, max(players, 1))
    settings: dict[str, Any] = dict(scenario.settings)
    if asked.announcers is not None:
        settings["announcers"] = asked.announcers
    if asked.storm_s is not None:
        settings["storm_s"] = asked.storm_s
    if settings.get("arrivals") == "bursts":
        if rate <= 0:
            raise PlanError(f"--rate is {rate:g}, but {asked.scenario} sends in bursts; give players / seconds between")
        settings["burst_s"] = players / rate
    witnesses = asked.witnesses
    if witnesses is None:
        all_of_them = 0 < rate <= WITNESSED_RATE and not settings.get("announcers")
        witnesses = players if all_of_them else min(players, SOME)
    made = LoadPlan(
        scenario=asked.scenario, host=host, port=port, path=path, players=players,
        hunts=tuple(f"load-{run}-{i}" for i in range(max(0, min(hunts, 10_000)))), rate=rate, seconds=asked.seconds,
        warm_s=asked.warm_s, outstanding=asked.outstanding, right_every=asked.right_every, workers=asked.processes,
        addresses=addresses_for(players, asked.addresses, host), witnesses=witnesses if asked.judge else 0,
        run=run, seed=asked.seed, tokens=asked.tokens, **settings,
    )  # fmt: skip
    check(made)
    return made


class LoadRun:
    """One run from its options to its report. Raises `PlanError` for what cannot be."""

    def __init__(self, asked: LoadOptions) -> None:
        self._asked = asked
        self._say: Callable[[str], None] = lambda text: None
        self._tell: Callable[[Moment], None] = lambda moment: None
        self.run = secrets.token_hex(3)
        self.plan = plan_of(asked, self.run)
        self._machine = description()  # before anything is pinned to a core

    def perform(
        self,
        *,
        say: Callable[[str], None] = lambda text: None,
        tell: Callable[[Moment], None] = lambda moment: None,
    ) -> Results:
        """Do it all. `say` gets lines for people, `tell` every second as it is complete.

        Raises `PlanError`, `KeyFileError`, `LoadError`, `NotServing`, `Refused`, `Unreachable`, `Fault` (the log).
        """
        asked, self._say, self._tell = self._asked, say, tell
        raise_files(self.plan.players + 200)  # the server of our own inherits it
        measured = ceiling.measure(self.plan, self._say) if asked.ceiling else None
        with self._folder() as folder:
            history = folder / "history"
            history.mkdir()
            if asked.url is None:
                results = self._on_own_server(folder, history)
            else:
                results = self._on_given_server(history)
            results.ceiling, results.machine = measured, self._machine
            if results.verdict is not None and not results.verdict["holds"] and asked.keep is None:
                kept = Path(tempfile.mkdtemp(prefix="huntserver-load-")) / "evidence"
                shutil.copytree(folder, kept)
                results.notes.append(f"log and histories are kept in {kept}")
        return results

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        if self._asked.keep is not None:
            self._asked.keep.mkdir(parents=True, exist_ok=True)
            if any(self._asked.keep.iterdir()):
                raise PlanError(f"--keep {self._asked.keep} is not empty; give a new folder")
            yield self._asked.keep
            return
        with tempfile.TemporaryDirectory(prefix="huntserver-load-") as name:
            yield Path(name)

    # ---- the two kinds of server

    def _on_own_server(self, folder: Path, history: Path) -> Results:
        asked, plan = self._asked, self.plan
        limits = (*LIMITS, *(CLOSED_LIMITS if plan.closed else ()))
        server = OwnServer(folder, asked.log_url, prefix=f"load-{self.run}", limits=limits)
        _, ours = cores()
        if ours:
            os.sched_setaffinity(0, ours)
        try:
            self._say(f"starting a server of our own on {server.config.log.url}")
            server.start()
            host, port, path = address(server.url)
            key = load_key(server.key_file, make=False)
            plan = msgspec.structs.replace(plan, host=host, port=port, path=path, key=key)
            results = self._play(plan, history, MeasuredProcesses(server=server.pid, broker=_broker(server.config)))
            server.stop()
        finally:
            server.kill()
        results.notes.append(f"a server of the run's own, its limits as shipped but for {', '.join(limits)}")
        if server.config.log.url.startswith("kafka:"):
            results.notes.append(f"the run's topics stay on the broker: {server.config.log.topic_prefix}.*")
        if asked.judge:
            self._judge(results, history, server.config)
        return results

    def _on_given_server(self, history: Path) -> Results:
        asked, plan = self._asked, self.plan
        key = load_key(asked.key_file, make=False) if asked.key_file is not None else b""
        if not key and not asked.token:
            raise PlanError("no token to set up hunts with; give --key-file (the server's token.key) or --token")
        if asked.log is not None and asked.judge:
            asyncio.run(readable(asked.log))
        plan = msgspec.structs.replace(plan, key=key)
        if not key and not plan.tokens:
            plan = msgspec.structs.replace(plan, tokens=guests(asked.url or "", plan.players))
        server = listener(plan.port) if is_loopback(plan.host) else None
        watched = MeasuredProcesses(server=server or 0, broker=_broker(asked.log))
        results = self._play(plan, history, watched)
        if asked.judge:
            self._judge(results, history, asked.log)
        return results

    # ---- the parts

    def _play(self, plan: LoadPlan, history: Path, watched: MeasuredProcesses) -> Results:
        url = f"ws://{plan.host}:{plan.port}{plan.path}"
        host, others = self._hosts(plan)
        hunts = list(plan.hunts)
        self._say(f"setting up {len(hunts)} hunts")
        offset_ms = asyncio.run(
            set_up(url, host, hunts, players=plan.players, race=plan.race, large=plan.large, say=self._say)
        )
        plan = msgspec.structs.replace(
            plan, clock_offset_ms=offset_ms, host_tokens=others, history=str(history) if plan.witnesses else ""
        )
        self._say(f"{plan.players} players connect from {plan.workers} processes")
        results = Conductor(plan, watched, tell=self._tell, say=self._say).run()
        self._say("ending the hunts")
        asyncio.run(take_down(url, host, hunts))
        return results

    def _hosts(self, plan: LoadPlan) -> tuple[str, tuple[str, ...]]:
        """Return the token that sets up the hunts, and those of the announcers.

        An announcer is an admin of its own: one host may use four devices. Raises `PlanError`.
        """
        if not plan.key:
            host = self._asked.token
            if plan.announcers > HOST_DEVICES:
                raise PlanError(f"--announcers is {plan.announcers}, over {HOST_DEVICES} need --key-file")
            return host, (host,) * plan.announcers
        mint = Tokens(plan.key).mint
        others = tuple(mint("admin", f"load-{self.run}-a{i}", "Load") for i in range(plan.announcers))
        return self._asked.token or mint("host", f"load-{self.run}", "Load"), others

    def _judge(self, results: Results, history: Path, log: Config | None) -> None:
        judge = RunJudge(leaks=results.totals["leaks"], say=self._say)
        folder = history if any(history.iterdir()) else None
        verdict = asyncio.run(judge.judge(folder, log))
        results.verdict = as_values(verdict)
        results.notes += verdict.notes


async def readable(config: Config) -> None:
    """Open the log and close it: better to hear before the run that it cannot be judged. Raises `Fault`."""
    log, _ = open_log(config, read_only=True)
    await log.open()
    await log.close()


def _broker(config: Config | None) -> int:
    """Return the process of the first broker when it is on this machine, else 0."""
    url = (config or Config(log=LogChoice())).log.url
    if not url.startswith("kafka:"):
        return 0
    host, _, port = url.removeprefix("kafka:").partition(",")[0].rpartition(":")
    return (listener(int(port)) or 0) if is_loopback(host) and port.isdigit() else 0


def guests(url: str, count: int) -> tuple[str, ...]:
    """Ask for guest tokens. Raises `PlanError` when the server gives no more."""
    made = []
    for i in range(count):
        body = json.dumps({"name": f"P{i}"}).encode()
        status, answer = http("POST", f"{http_base(url)}/guest", body, {"content-type": "application/json"})
        if status != 200:
            raise PlanError(f"guest {i + 1} of {count} was refused ({answer.get('code', status)}): {GUEST_LIMIT}")
        made.append(str(answer["token"]))
    return tuple(made)
