"""Pages whose texts come over HTTP: fetched, put together, and told in their place among the pushes.

Owns the blocks that were fetched and the messages of a hunt that wait behind a page. Decides nothing of the protocol.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from huntserver.client.errors import Refused, Unreachable
from huntserver.client.http import http, http_base
from huntserver.client.texts import Block, missing, whole

TRIES: Final = 5
WAIT_S: Final = 0.2
"""Before a block is asked for a second time; doubled with each try."""
BLOCKS_MAX: Final = 1024

Message = dict[str, Any]


class PageReader:
    """Takes a client's messages in order and tells them in order, pages whole.

    `ask_page` asks for a page with all in it: what a digest stands for is gone when the hunt was amended meanwhile.
    """

    def __init__(
        self,
        url: str,
        tell: Callable[[Message], None],
        *,
        ask_page: Callable[[str], Awaitable[Message]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._base = http_base(url)
        self._tell = tell
        self._ask_page = ask_page
        self._spawn = spawn
        self._fail = fail
        self._blocks: dict[str, Block] = {}
        self._held: dict[str, deque[Message]] = {}

    def take(self, message: Message) -> None:
        """Tell a message: at once, or behind the page of its hunt that is being read."""
        hunt = message.get("hunt", "")
        held = self._held.get(hunt)
        if held is not None:
            held.append(message)
        elif message.get("t") == "snapshot" and missing(message["data"], self._blocks):
            self._held[hunt] = deque([message])
            self._spawn(self._read(hunt))
        else:
            self._tell(self._filled(message))

    def _filled(self, message: Message) -> Message:
        return {**message, "data": whole(message["data"], self._blocks)} if message.get("t") == "snapshot" else message

    async def _read(self, hunt: str) -> None:
        held = self._held[hunt]
        floor: dict[str, int] = {}  # of a page that was asked for instead: it has heard more
        try:
            while held:
                message = held[0]
                if message.get("t") == "snapshot":
                    message = await self._whole(hunt, message)
                    floor = message["data"].get("channels", {}) if message is not held[0] else {}
                held.popleft()
                if message.get("t") != "event" or message["seq"] > floor.get(message["ch"], -1):
                    self._tell(self._filled(message))
        except Exception as error:  # of `on_message`, or nobody answers: told to whoever waits for this client
            self._fail(error)
        finally:
            del self._held[hunt]

    async def _whole(self, hunt: str, message: Message) -> Message:
        """Return the snapshot once all of its texts are there, or in its place one that has them in it."""
        try:
            for digest in missing(message["data"], self._blocks):
                await self._fetch(hunt, digest)
        except Refused:
            page = await self._ask_page(hunt)
            return {**message, "channels": page["channels"], "data": page}
        return message

    async def _fetch(self, hunt: str, digest: str) -> None:
        url = f"{self._base}/hunts/{hunt}/texts/{digest}"
        for tries in range(TRIES):
            try:
                status, body = await asyncio.to_thread(http, "GET", url, None, {})
            except Unreachable:
                if tries == TRIES - 1:
                    raise
            else:
                if status == 200:
                    break
                if status == 404 or tries == TRIES - 1:
                    raise Refused(body)
            await asyncio.sleep(WAIT_S * 2**tries)
        if len(self._blocks) >= BLOCKS_MAX:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[digest] = body
