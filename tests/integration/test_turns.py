"""No turn of the loop is held up: the largest that is allowed of everything on a whole server, 20 ms a turn at most."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import msgspec
from websockets.sync.client import connect

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver import app
from huntserver.config import Config
from huntserver.game.answers import GUESS_MAX
from huntserver.game.features.guessing import Guess
from huntserver.game.features.joining import Join
from huntserver.game.features.overview import OverviewQuery
from huntserver.token_key import tokens
from lab.hunts import LARGE_CLUES, large_hunt
from lab.rigs.turns import MeasuredLoop, as_ms, reference_ns

TURN_MS: Final = 20.0
LONGER_MS: Final = {"amend compensate": 100.0, "passivation and back": 150.0}
"""What is open: the standings of 20,000 teams are sorted anew in one turn when what they have solved is worth more, and
the spill file takes and gives back the four megabytes of such a hunt in one statement."""

TRIES: Final = 3
"""The machine may count what is not ours to a thread's CPU time (faults of pages, an interrupt): not three times."""

PLAYERS: Final = 20_000
AT_ONCE: Final = 50
WAIT_S: Final = 240
HOST: Final = Caller("h:host", "host", "Host")
HOST_COMMANDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("announce", {"text": "x" * 400}),
    ("adjust", {"team": "t2", "points": 5, "reason": "r"}),
    ("rename", {"team": "t3", "name": "Ny"}),
    ("disqualify", {"team": "t5", "reason": "r"}),
    ("remove_interval", {"seconds": 1}),
    ("erratum", {"clue": "c1", "text": "y" * 200}),
)
RULES: Final = 155
"""Clues that each clue of the definition with the most rules waits for."""


class Deaf:
    """A sink that counts."""

    def __init__(self) -> None:
        self.heard = 0

    def accepted(self, *_: Any) -> None:
        self.heard += 1

    refused = viewed = accepted


class Client:
    """A client in a thread of its own."""

    def __init__(self, port: int, token: str, epoch: str, stack: ExitStack) -> None:
        self._port, self._token = port, token
        self._id = self._key = 0
        self._socket = stack.enter_context(connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None))
        self.ask("hello", token=token, epoch=epoch)

    def ask(self, op: str, *, keyed: bool = False, **fields: Any) -> Any:
        """Send a request and return what was answered."""
        self._id += 1
        if keyed:
            self._key += 1
            fields["key"] = self._key
        self._socket.send(json.dumps({"id": self._id, "op": op, **fields}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == self._id:
                return said

    def put(self, hunt: str, text: str, query: str = "") -> Any:
        """Send a definition up."""
        kind = "application/json" if text[0] == "{" else "application/toml"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/hunts/{hunt}/definition{query}", data=text.encode(), method="PUT",
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            return {"err": json.loads(error.read())}

    def get(self, path: str) -> Any:
        """Return what is answered at a path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=WAIT_S) as answer:
            return {"bytes": len(answer.read())}


def many_rules() -> str:
    """Return a hunt of as many clues as are allowed, each of which waits for as many others as a rule can name."""
    letters = "abcdefghijklmnpqrstuvxyz"
    ids = [letters[i // 24] + letters[i % 24] for i in range(LARGE_CLUES)]
    ids = [id if id not in ("of", "or") else "ofz" for id in ids]
    clues = []
    for i, id in enumerate(ids):
        before = ids[max(0, i - RULES) : i]
        rule = f"{len(before)} of ({','.join(before)})" if before else ""
        clues.append({"id": id, "title": "t", "text": "x", "answers": ["a"], "points": 10, "unlock": rule})
    return json.dumps({"title": "t", "clues": clues})


def many_expressions() -> str:
    """Return a hunt with one clue that has as many expressions as costly as are allowed."""
    answers = [{"regex": f"(a|b|ab){{1,9}}x{i}"} for i in range(50)]
    return json.dumps({"title": "t", "clues": [{"id": "c", "title": "t", "answers": answers}]})


class Played:
    """A server, and what was measured on it."""

    def __init__(self, server: Any, loop: MeasuredLoop, host: Client) -> None:
        self.server, self.loop, self.host = server, loop, host
        self.system = server.system
        self.slow: list[str] = []
        self._times = 0

    async def quiet(self) -> None:
        """Wait until the server has nothing to do that was asked for."""
        async with asyncio.timeout(WAIT_S):
            while any(s.busy() or not s.commit.quiet() or s.outgoing.pending() for s in self.system.shards()):
                await asyncio.sleep(0.01)

    async def measure(self, name: str, act: Callable[[int], Any] | Callable[[int], Awaitable[Any]]) -> Any:
        """Do something, in a thread unless it is a coroutine, and judge the longest turn until all is quiet again."""
        found: Any = None
        took: list[float] = []
        for _ in range(TRIES):
            self._times += 1
            await self.quiet()
            before = reference_ns()
            await asyncio.sleep(0)
            self.loop.worst_ns = 0
            if asyncio.iscoroutinefunction(act):
                found = await act(self._times)
            else:
                found = await asyncio.to_thread(act, self._times)
            assert not isinstance(found, Rejected), (name, found)
            assert not (isinstance(found, dict) and "err" in found), (name, found)
            await self.quiet()
            worst_ns = self.loop.worst_ns
            took.append(as_ms(worst_ns, max(before, reference_ns())))
            if took[-1] <= LONGER_MS.get(name, TURN_MS):
                return found
        self.slow.append(f"{name}: {', '.join(f'{ms:.1f}' for ms in took)} ms")
        return found

    async def crowd(self, command: Callable[[int], Any], key: int) -> None:
        """Let every player send a command, some at a time."""
        deaf = Deaf()
        for i in range(PLAYERS):
            self.system.submit("hunt", "big", command(i), deaf, i, player(i), (f"e{i}", key))
            if i % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        async with asyncio.timeout(WAIT_S):
            while deaf.heard < PLAYERS:
                await asyncio.sleep(0.01)


def player(i: int) -> Caller:
    return Caller(f"p:g{i:05}", "player", f"Player {i}")


async def definitions(played: Played) -> None:
    host = played.host
    for name, text in (("large", large_hunt(solo=True)), ("rules", many_rules()), ("expressions", many_expressions())):
        await asyncio.to_thread(lambda name=name: host.ask("create", keyed=True, hunt=name))  # type: ignore[misc]
        await played.measure(f"PUT {name}", lambda n, name=name, text=text: host.put(name, text))  # type: ignore[misc]


async def everybody_plays(played: Played) -> None:
    host = played.host
    for op in ("create", "publish"):
        if op == "publish":
            await asyncio.to_thread(lambda: host.put("big", large_hunt(solo=True)))
        await asyncio.to_thread(lambda op=op: host.ask(op, keyed=True, hunt="big"))  # type: ignore[misc]
    await played.crowd(lambda i: Join(), 1)

    def start(n: int) -> Any:
        if n > 1:
            host.ask("unstart", keyed=True, hunt="big")
        return host.ask("start", keyed=True, hunt="big")

    await played.measure("start with all teams", start)
    await played.crowd(lambda i: Guess("c1", "x" * GUESS_MAX), 2)
    await played.crowd(lambda i: Guess("c2", "right c2" if i % 2 else f"wrong {i}"), 3)


async def ordinary(played: Played, guest: Client) -> None:
    host = played.host
    big: dict[str, Any] = {"hunt": "big"}
    for op in ("page", "board", "overview", "audit", "big_board"):
        await played.measure(op, lambda n, op=op: host.ask(op, **big))  # type: ignore[misc]
    await played.measure("a player's page", lambda n: guest.ask("page", **big))
    await played.measure("guess", lambda n: guest.ask("guess", keyed=True, **big, clue="c3", text=f"{n:>{GUESS_MAX}}"))
    for path in ("/metrics", "/hunts", "/hunts/big", "/protocol", "/readyz", "/"):
        await played.measure(path, lambda n, path=path: host.get(path))  # type: ignore[misc]


async def of_the_host(played: Played) -> None:
    host = played.host
    big: dict[str, Any] = {"hunt": "big", "keyed": True}

    def changed(n: int) -> str:
        return (
            large_hunt(solo=True)
            .replace('title = "Clue', f'title = "{n} Clue')
            .replace("points = 10\n", f"points = {10 + n}\n")
        )

    await played.measure("preview", lambda n: host.put("big", changed(n), "?preview"))
    for how in ("keep", "rejudge", "compensate"):
        await played.measure(f"amend {how}", lambda n, how=how: host.put("big", changed(n), f"?existing={how}"))  # type: ignore[misc]
    await played.measure("accept", lambda n: host.ask("accept", **big, clue="c2", text=f"wrong {2 * n}"))
    for op in ("pause", "unpause"):
        await asyncio.to_thread(lambda op=op: host.ask(op, **big))  # type: ignore[misc]
    for op, fields in HOST_COMMANDS:
        await played.measure(op, lambda n, op=op, fields=fields: host.ask(op, **big, **fields))  # type: ignore[misc]


async def end_and_back(played: Played) -> None:
    host = played.host
    big: dict[str, Any] = {"hunt": "big", "keyed": True}

    def again(n: int) -> Any:
        host.ask("reopen", **big, for_s=3600)
        return host.ask("end", **big)

    host_end = await asyncio.to_thread(lambda: host.ask("end", **big))
    assert "ok" in host_end
    await played.measure("reopen and end: places of all", again)


async def put_away(played: Played) -> None:
    shard = played.system.regions["hunt"].shard("big")

    async def snapshot(n: int) -> None:
        shard.snapshot("big")
        async with asyncio.timeout(WAIT_S):
            while shard.snapshots.busy("big"):
                await asyncio.sleep(0.01)

    async def passivate(n: int) -> None:
        shard.residents.passivate(shard.actors["big"])
        async with asyncio.timeout(WAIT_S):
            while "big" in shard.actors:
                await asyncio.sleep(0.01)
        view = await played.system.view("hunt", "big", OverviewQuery(), HOST)
        assert not isinstance(view, Rejected)

    await played.measure("snapshot", snapshot)
    await played.measure("passivation and back", passivate)


async def whole(loop: MeasuredLoop, folder: Path) -> list[str]:
    config = Config()
    config = msgspec.structs.replace(
        config,
        log=msgspec.structs.replace(config.log, url=f"sqlite:{folder}/hunts.db"),
        data=msgspec.structs.replace(config.data, dir=str(folder)),
        server=msgspec.structs.replace(config.server, port=0),
    )
    server = await app.start(config)
    mint = tokens(config, make=False)
    with ExitStack() as stack:
        host = await asyncio.to_thread(Client, server.port, mint.mint("host", "host", "Host"), "host", stack)
        played = Played(server, loop, host)
        try:
            await definitions(played)
            await everybody_plays(played)
            token = mint.mint("player", "g00000", "Player 0")
            guest = await asyncio.to_thread(Client, server.port, token, "guest", stack)
            await ordinary(played, guest)
            await of_the_host(played)
            await put_away(played)
            await end_and_back(played)
        finally:
            await app.stop(server)
        return played.slow


def test_the_largest_that_is_allowed_of_everything_holds_no_turn_up(tmp_path: Path) -> None:
    """Amending a large hunt took turns of up to 190 ms, the metrics of a full server 25 ms, a first hello 40 ms."""
    with asyncio.Runner(loop_factory=MeasuredLoop) as runner:
        loop: Any = runner.get_loop()
        assert runner.run(whole(loop, tmp_path)) == []
