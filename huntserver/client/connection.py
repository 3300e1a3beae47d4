"""The asyncio shell of a client's session: sockets, clock and dice, futures for answers, callbacks for pushes.

Owns the socket of the moment, the timer of the next tick and the futures of requests. Decides nothing of the protocol:
that is `huntserver.client.session`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, Final, assert_never

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

import huntserver.client.actions as a
from huntserver.client.device import Device
from huntserver.client.errors import Refused, TooSlow, Unreachable
from huntserver.client.failure import elsewhere, unreachable, why
from huntserver.client.http import retry_after_ms
from huntserver.client.reading import PageReader
from huntserver.client.session import Session
from huntserver.client.timing import Timing

TAKES: Final = ("pieces", "texts")
MESSAGES_MAX: Final = 10_000
"""Messages that wait for a reader of `Client.messages`."""

CLOSE_S: Final = 2.0
"""Close time-out: a server that is gone is not waited for."""

NOT_HERE: Final = frozenset({400, 401, 403, 404, 405, 410, 426})
"""HTTP statuses of a refused handshake that trying again does not change."""


class Client:
    """One device of one player, or of a host, at a server. `connect` makes, opens and closes one.

    `open` comes first and `close` last; between them every other call may be made at any time, from the event loop that
    `open` ran in: a lost connection is replaced, and what was not answered goes again. `on_message` is called with
    every push (`event`, each once and in order, `snapshot`, `state`) and with the server's word about listening (`sys`:
    `resumed`, `refused`, `goaway`); `on_state` with `lost` and `back`. Neither may block; an exception of theirs ends
    the client, and is raised by whatever waits for it. `takes`: what else the server may send (docs/protocol.md)."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        device: Device | None = None,
        on_message: Callable[[dict[str, Any]], None] = lambda message: None,
        on_state: Callable[[str], None] = lambda state: None,
        timing: Timing | None = None,
        takes: tuple[str, ...] = TAKES,
    ) -> None:
        self.url = url
        self._device = device or Device()
        self._session = Session(token, self._device.epoch, n=self._device.n, timing=timing, takes=takes)
        self._reader = PageReader(
            url, self._heard, ask_page=lambda hunt: self.question("page", hunt=hunt), spawn=self._spawn, fail=self._fail
        )
        self._on_message = on_message
        self._on_state = on_state
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, asyncio.Future[dict[str, Any]]] = {}  # hunt -> its first snapshot
        self._readers: list[asyncio.Queue[dict[str, Any] | None]] = []
        self._out: asyncio.Queue[str] = asyncio.Queue()  # of the socket of the moment
        self._conversation: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._greeted: asyncio.Future[None] | None = None
        self._is_up = False  # greeted by the server, on this connection
        self._failed: Exception | None = None
        self._why = ""

    # ---- life

    async def open(self, wait_s: float = 10.0) -> None:
        """Connect and say hello. Called once, before everything else.

        Raises `Refused` for a token that is not taken, `Unreachable` when no server answers within `wait_s`; the client
        is closed then.
        """
        self._greeted = asyncio.get_running_loop().create_future()
        self._do(self._session.start(_now_ms()))
        try:
            await asyncio.wait_for(asyncio.shield(self._greeted), wait_s)
        except TimeoutError:
            raise Unreachable(unreachable(self.url, self._why)) from None
        finally:
            if not self._greeted.done() or self._greeted.exception() is not None:
                await self.close()

    async def close(self) -> None:
        """Disconnect. What has no answer is not sent again: its outcome is unknown to the caller that waits for it."""
        self._fail(Unreachable(f"the client of {self.url} was closed"))
        tasks = {task for task in (self._conversation, *self._tasks) if task is not None} - {asyncio.current_task()}
        for task in tasks:
            if not task.cancelling():  # a second time would cut the closing handshake short
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def token(self) -> str:
        """The player's token; another one than was given, once the server has renewed it."""
        return self._session.token

    def server_ms(self) -> int | None:
        """Return the server's time in ms since 1970, good to half a round trip; None before `open`."""
        return self._session.server_ms(_now_ms())

    # ---- requests

    async def command(
        self, op: str, *, wait_s: float = 60.0, fields: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Carry out an operation that changes something, once, and return its `ok`: it is durable.

        The fields are given by name or as a mapping. Raises `Refused` when the answer is no, and `Unreachable` when
        there is none within `wait_s`: then the command is still sent until it is answered, as long as the client is
        open, and the caller does not hear of it. Raises `TooManyWaiting` beyond 1,000 commands without an answer.
        """
        self._check()
        request, actions = self._session.command(op, {**(fields or {}), **more}, _now_ms())
        self._device.used(self._session.requests.n)
        return await self._answer(request, actions, wait_s)

    async def question(
        self, op: str, *, wait_s: float = 60.0, fields: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Ask for something that changes nothing (`page`, `board`, `profile`, `ping`), and return its `ok`.

        Raises `Refused` and `Unreachable`; a question without an answer in time is given up.
        """
        self._check()
        request, actions = self._session.ask(op, {**(fields or {}), **more}, _now_ms())
        try:
            return await self._answer(request, actions, wait_s)
        finally:
            self._session.forget(request)

    async def join(
        self, hunt: str, *, wait_s: float = 60.0, fields: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Join a hunt (`team` or `invite` as it asks for), listen to it, and return its page.

        Joining again is no fault. Raises as `command`.
        """
        snapshot = self._pages.setdefault(hunt, asyncio.get_running_loop().create_future())
        await self.command("join", wait_s=wait_s, fields={"hunt": hunt, **(fields or {}), **more})
        return await self._wait(snapshot, wait_s)

    def follow(self, hunt: str) -> None:
        """Listen to a hunt: for hosts. Its pushes come to `on_message`; who joins a hunt listens already."""
        self._check()
        self._do(self._session.follow(hunt, _now_ms()))

    def leave(self, hunt: str) -> None:
        """Stop listening to a hunt; a player stays in it."""
        self._do(self._session.leave(hunt, _now_ms()))

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every push and word of the server from now on, until the client is closed. Raises what ended the
        client, and `TooSlow` when `MESSAGES_MAX` wait to be read."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._readers.append(queue)
        if self._failed is not None:  # it ended before anybody listened
            queue.put_nowait(None)
        try:
            while (message := await queue.get()) is not None:
                if queue.qsize() > MESSAGES_MAX:
                    raise TooSlow(f"more than {MESSAGES_MAX} messages wait to be read")
                yield message
        finally:
            self._readers.remove(queue)
        if isinstance(self._failed, Refused):
            raise self._failed

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed
        if self._greeted is None:
            raise RuntimeError("open the client first")

    async def _answer(self, request: int, actions: list[a.Action], wait_s: float) -> dict[str, Any]:
        future = self._asked[request] = asyncio.get_running_loop().create_future()
        self._do(actions)
        try:
            reply = await self._wait(future, wait_s)
        finally:
            self._asked.pop(request, None)
        if "err" in reply:
            raise Refused(reply["err"])
        answer: dict[str, Any] = reply["ok"]
        return answer

    async def _wait(self, future: asyncio.Future[dict[str, Any]], wait_s: float) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(asyncio.shield(future), wait_s)
        except TimeoutError:
            raise Unreachable(f"no answer from {self.url} in {wait_s:.0f} s") from None

    # ---- the session's actions

    def _do(self, actions: list[a.Action]) -> None:
        """Carry out what the session wants; then wait until it is due again."""
        try:
            for action in actions:
                self._act(action)
        except Exception as error:  # of `on_message` or `on_state`: told to whoever waits for this client
            self._fail(error)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_ms = self._session.wake_ms
        if wake_ms is not None and self._failed is None:
            delay_s = max(0, wake_ms - _now_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _act(self, action: a.Action) -> None:
        match action:
            case a.Send(message):
                self._out.put_nowait(json.dumps(message, ensure_ascii=False))
            case a.Answer(reply):
                future = self._asked.get(reply["id"])
                if future is not None and not future.done():
                    future.set_result(reply)
            case a.Snapshot(message) | a.Event(message) | a.State(message):
                self._reader.take(message)
            case a.Connect():
                self._conversation = asyncio.create_task(self._converse(), name="conversation of a client")
            case a.Drop():
                self._hang_up()
            case a.Greeted(_, again):
                if self._greeted is not None and not self._greeted.done():
                    self._greeted.set_result(None)
                self._is_up = True
                if again:
                    self._on_state("back")
            case a.Lost():
                if self._is_up:
                    self._is_up = False
                    self._on_state("lost")
            case a.Over(code, msg, _):
                self._fail(Refused({"code": code, "msg": msg}))
            case a.Resumed(hunt, recovered, known):
                if recovered and not known and hunt in self._pages:
                    self._spawn(self._ask_page(hunt))  # all pushes come, but no snapshot ever did
                self._reader.take({"t": "sys", "op": "resumed", "hunt": hunt, "recovered": recovered})
            case a.Refused(hunt, err):
                self._tell({"t": "sys", "op": "refused", "hunt": hunt, "err": err})
            case a.GoAway(after_ms):
                self._tell({"t": "sys", "op": "goaway", "after_ms": after_ms})
            case a.Gap():
                pass  # `Resumed` follows
            case _:
                assert_never(action)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="page of a client")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask_page(self, hunt: str) -> None:
        """Get a hunt's page for `join`, which waits for it."""
        page = self._pages.get(hunt)
        if page is None:
            return
        try:
            found = await self.question("page", hunt=hunt)
        except Exception as error:  # told to whoever waits for the page
            if not page.done():
                page.set_exception(error)
            return
        if not page.done():
            page.set_result(found)

    def _hang_up(self) -> None:
        """Leave the socket of the moment without a word; its conversation ends by itself."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None
        elif self._conversation is not None:
            self._conversation.cancel()

    def _heard(self, message: dict[str, Any]) -> None:
        page = self._pages.pop(message["hunt"], None) if message["t"] == "snapshot" else None
        if page is not None and not page.done():
            page.set_result(message["data"])
        self._tell(message)

    def _tell(self, message: dict[str, Any]) -> None:
        for queue in self._readers:
            queue.put_nowait(message)
        self._on_message(message)

    def _fail(self, error: Exception) -> None:
        """End: nothing goes out any more, and whoever waits is told."""
        if self._failed is not None:
            return
        self._failed = error
        if self._timer is not None:
            self._timer.cancel()
        if self._conversation is not None and self._conversation is not _current_task():
            self._conversation.cancel()
        for future in [*self._asked.values(), *self._pages.values(), self._greeted]:
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # it may be that nobody waits: no complaint then
        for queue in self._readers:
            queue.put_nowait(None)

    def _tick(self) -> None:
        self._do(self._session.tick(_now_ms(), random.random()))

    # ---- one connection

    async def _converse(self) -> None:
        """Open a socket, carry messages both ways until it ends, and tell the session how it ended."""
        code: int | None = None
        reason, after_ms = "", None
        try:
            async with open_socket(
                self.url, open_timeout=None, close_timeout=CLOSE_S, ping_interval=None, max_size=None
            ) as socket:
                try:
                    await self._carry(socket)
                except asyncio.CancelledError:
                    await socket.close()  # else it would leave with the code of an internal error
                    raise
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                code, reason = closed.rcvd.code, closed.rcvd.reason
        except InvalidStatus as error:
            if (status := error.response.status_code) in NOT_HERE:
                self._fail(Unreachable(f"{self.url} answers with HTTP {status}"))
            self._why, after_ms = why(error), retry_after_ms(error.response.headers.get("Retry-After", ""))
        except InvalidURI as error:
            self._fail(Unreachable(elsewhere(error, self.url)))
        except (OSError, WebSocketException, TimeoutError, EOFError) as error:
            self._why = why(error)  # not there now: the session says when to try again
        if self._conversation is asyncio.current_task() and self._failed is None:
            self._do(self._session.closed(_now_ms(), random.random(), code, reason=reason, after_ms=after_ms))

    async def _carry(self, socket: ClientConnection) -> None:
        """Carry messages both ways. Raises ConnectionClosed at the end."""
        out = self._out = asyncio.Queue()
        self._socket = socket
        self._do(self._session.connected(_now_ms()))
        writer = asyncio.create_task(_write(socket, out), name="writer of a client")
        try:
            while True:
                text = await socket.recv()
                self._do(self._session.received(text, _now_ms(), random.random()))
                if self._failed is not None or self._socket is not socket:
                    return
        finally:
            if self._socket is socket:
                self._socket = None
            writer.cancel()
            await asyncio.wait({writer})


async def _write(socket: ClientConnection, out: asyncio.Queue[str]) -> None:
    with contextlib.suppress(ConnectionClosed):  # the reader tells
        while True:
            await socket.send(await out.get())


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


@contextlib.asynccontextmanager
async def connect(url: str, token: str, **options: Any) -> AsyncIterator[Client]:
    """Open a client of the server at `url` (`ws://HOST:PORT/ws`), and close it at the end of the block.

    `options` are `Client`'s. Raises `Refused` and `Unreachable`, as `Client.open`.
    """
    client = Client(url, token, **options)
    await client.open()
    try:
        yield client
    finally:
        await client.close()
