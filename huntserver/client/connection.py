"""A client of the protocol: connects, says hello, resumes, and sends commands again until they are answered.

Owns one device's epoch and key counter, the unanswered commands and the channels' seqs. Used by the terminal client
and the host's commands; knows nothing of the server's insides.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import random
import secrets
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import IO, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

AGAIN = frozenset({"unknown", "unavailable", "busy", "rate_limited", "window", "internal"})
"""Codes after which the same command goes again with the same key."""


class Refused(Exception):
    """The server said no: `code`, a text for people, and perhaps when to try again."""

    def __init__(self, err: dict[str, Any]) -> None:
        super().__init__(err.get("msg") or err["code"])
        self.code: str = err["code"]
        self.after_ms: int | None = err.get("after_ms")


class Unreachable(Exception):
    """The server cannot be reached; the text names the address."""


class Device:
    """An epoch and its counter, kept in a file: no N is used twice, not even by the run after a crash.

    The file holds an N that no command has reached yet; a new run goes on from there. A second run beside the first is
    another device: it has an epoch of its own, which nobody keeps. Raises OSError for a file that cannot be used.
    """

    ahead = 100

    def __init__(self, path: Path | None = None) -> None:
        self._held = None if path is None else _hold(path)
        self._path = path = path if self._held else None
        self.epoch = secrets.token_hex(6)
        self.n = 0
        if path is not None:
            with contextlib.suppress(ValueError, KeyError):
                kept = json.loads(path.read_text())
                self.epoch, self.n = str(kept["epoch"]), int(kept["n"])
        self._kept = self.n

    def close(self) -> None:
        """Let another run be this device."""
        if self._held is not None:
            self._held.close()

    def next(self) -> int:
        """Return the next N."""
        self.n += 1
        if self._path is not None and self.n > self._kept:
            self._kept = self.n + self.ahead
            self._path.write_text(json.dumps({"epoch": self.epoch, "n": self._kept}))
        return self.n


def _hold(path: Path) -> IO[bytes] | None:
    """Return the file, locked for as long as it is open; None when another run has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


class Client:
    """See the module. `on_message` gets every push; `on_state` is told when the connection goes and comes."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        device: Device | None = None,
        on_message: Callable[[dict[str, Any]], None] = lambda message: None,
        on_state: Callable[[str], None] = lambda state: None,
    ) -> None:
        self.url = url
        self._token = token
        self._device = device or Device()
        self._on_message = on_message
        self._on_state = on_state
        self._socket: ClientConnection | None = None
        self._waiting: dict[int, tuple[dict[str, Any], asyncio.Future[dict[str, Any]]]] = {}
        self._next_id = 0
        self._seen: dict[str, dict[str, int]] = {}
        self._pos: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._greeted = asyncio.Event()
        self._failed: Exception | None = None
        self.reconnects = 0

    async def open(self, wait_s: float = 10.0) -> None:
        """Connect and say hello. Raises `Unreachable` or `Refused`."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="client")
        greeted = asyncio.get_running_loop().create_task(self._greeted.wait())
        await asyncio.wait({self._task, greeted}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        greeted.cancel()
        if self._failed is not None:
            raise self._failed
        if not self._greeted.is_set():
            await self.close()
            raise Unreachable(f"no server answers at {self.url}; start one, or give its address with --url")

    async def close(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._socket is not None:
            await self._socket.close()

    async def _run(self) -> None:
        delay_s = 0.1
        while True:
            try:
                async with connect(self.url, open_timeout=5, max_size=None) as socket:
                    self._socket = socket
                    await self._hello(socket)
                    delay_s = 0.1
                    async for text in socket:
                        self._take(json.loads(text))
            except Refused as refused:
                self._fail(refused)
                return
            except InvalidStatus as error:
                if error.response.status_code in (400, 403, 404):
                    self._fail(Unreachable(f"{self.url} answers with HTTP {error.response.status_code}"))
                    return
            except ConnectionClosed as closed:
                if closed.rcvd is not None and 4000 <= closed.rcvd.code < 4100:
                    self._fail(Refused({"code": "closed", "msg": closed.rcvd.reason}))
                    return
            except InvalidURI as error:
                self._fail(Unreachable(f"{error}; write --url as ws://HOST:PORT/ws"))
                return
            except (OSError, WebSocketException, TimeoutError):
                pass  # not there now: again, after a while
            self._socket = None
            if self._greeted.is_set():
                self._on_state("lost")
            self.reconnects += 1
            await asyncio.sleep(delay_s * (0.5 + random.random()))
            delay_s = min(delay_s * 2, 5.0)

    def _fail(self, error: Exception) -> None:
        self._failed = error
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(error)

    async def _hello(self, socket: ClientConnection) -> None:
        resume = [
            {"hunt": hunt, "seq": max(channels.values(), default=0), "pos": self._pos.get(hunt, 0)}
            for hunt, channels in self._seen.items()
        ]
        await self._write(
            {"id": 0, "op": "hello", "token": self._token, "epoch": self._device.epoch, "resume": resume}, socket
        )
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), 10))
            if message.get("id") == 0:
                break
            self._take(message)
        if "err" in message:
            raise Refused(message["err"])
        again = self._greeted.is_set()
        self._greeted.set()
        if again:
            self._on_state("back")
        for frame, _ in list(self._waiting.values()):
            await self._write(frame, socket)

    async def _write(self, frame: dict[str, Any], socket: ClientConnection | None = None) -> None:
        target = socket or self._socket
        if target is not None:
            with contextlib.suppress(ConnectionClosed):
                await target.send(json.dumps(frame))

    def _take(self, message: dict[str, Any]) -> None:
        hunt = message.get("hunt", "")
        if message.get("t") == "snapshot":
            self._seen[hunt] = dict(message["channels"])
            self._pos[hunt] = max(self._pos.get(hunt, 0), message["seq"])
        elif "ch" in message and "prev" in message and hunt in self._seen:
            self._seen[hunt][message["ch"]] = message["seq"]
        request = message.get("id")
        if request is None:
            self._on_message(message)
            return
        waiting = self._waiting.get(request)
        if waiting is None:
            return
        frame, future = waiting
        err = message.get("err")
        if err is not None and err["code"] in AGAIN:
            delay_s = (err.get("after_ms") or 200) / 1000
            asyncio.get_running_loop().call_later(delay_s, self._again, request)
            return
        del self._waiting[request]
        where = frame.get("hunt", "")
        if "ch" in message and where in self._seen:
            self._seen[where][message["ch"]] = message["pos"]
        if not future.done():
            future.set_result(message)

    def _again(self, request: int) -> None:
        if request in self._waiting and self._socket is not None:
            task = asyncio.get_running_loop().create_task(self._write(self._waiting[request][0]))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def ask(
        self, op: str, *, keyed: bool = True, wait_s: float = 60.0, fields: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Send a command and return its `ok`, over any number of connections. Raises `Refused`, `Unreachable`."""
        if self._failed is not None:
            raise self._failed
        self._next_id += 1
        frame: dict[str, Any] = {"id": self._next_id, "op": op, **(fields or {}), **more}
        if keyed:
            frame["key"] = self._device.next()
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._next_id] = (frame, future)
        await self._write(frame)
        try:
            reply = await asyncio.wait_for(future, wait_s)
        except TimeoutError:
            raise Unreachable(f"no answer from {self.url} in {wait_s:.0f} s") from None
        if "err" in reply:
            raise Refused(reply["err"])
        answer: dict[str, Any] = reply["ok"]
        return answer


@contextlib.asynccontextmanager
async def connected(url: str, token: str, **options: Any) -> AsyncIterator[Client]:
    """Open a client and close it at the end."""
    client = Client(url, token, **options)
    await client.open()
    try:
        yield client
    finally:
        await client.close()


def http_base(url: str) -> str:
    """Return the HTTP address on the same port as a WebSocket's."""
    base = url.replace("wss://", "https://").replace("ws://", "http://")
    return base.removesuffix("/ws").rstrip("/")


def http(method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Send one HTTP request; return status and JSON. Raises `Unreachable`."""
    try:
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.request.HTTPError as error:
        with contextlib.suppress(ValueError):
            return error.code, json.loads(error.read())
        return error.code, {"code": "http", "msg": f"HTTP {error.code}"}
    except OSError as error:
        raise Unreachable(f"no server answers at {url} ({error}); start one, or give its address with --url") from error
    except ValueError as error:  # no address at all, or an answer that is no JSON
        raise Unreachable(f"no huntserver answers at {url} ({error}); write --url as ws://HOST:PORT/ws") from error


def guest_token(url: str, name: str) -> str:
    """Return a guest's token. Raises `Refused` or `Unreachable`."""
    status, body = http("POST", http_base(url) + "/guest", json.dumps({"name": name}).encode(), {})
    if status != 200:
        raise Refused(body)
    return str(body["token"])
