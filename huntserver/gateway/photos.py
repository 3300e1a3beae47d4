"""Photos over HTTP: teams send them at a clue, their team and those who run the hunt get them.

`PUT /hunts/ID/photos/CLUE`, or `CLUE.PART` (a player's token): the hunt is asked whether one may come; the picture is
drawn anew, without what a camera writes beside it, stored, and handed in. The same bytes sent again are one photo: who
heard no answer sends them again. `GET /hunts/ID/photos/KEY` wants a token, too: who is neither of the team nor runs the
hunt is told what is told of a photo that is not there.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from actors.background import Background
from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.features.handing_in import HandIn, MayHandInQuery, PhotoQuery
from huntserver.game.features.media import StoredMedium
from huntserver.gateway.door import Door
from huntserver.gateway.media import AWAY, BUSY, KEY_BYTES, STORE_S, HuntAsked, submit_kept
from huntserver.gateway.ports import System
from huntserver.gateway.site import HttpRequest, Reply, Response, Upload, no_method, refused
from huntserver.limits import Limits
from huntserver.media.store import MediaStore, MediaStoreError
from huntserver.media.stripping import stripped
from huntserver.wire.messages import HUNT_ID

_PATH: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/photos/([A-Za-z0-9_.-]{{1,80}})")
THREADS: Final = 2
"""Of those that draw pictures anew, each with 150 MB at most."""


def to_hand_in(store: MediaStore, clue: str, source: str, body: bytes) -> HandIn | Rejected:
    """Draw a photo anew, store it, and return what its hunt is to be told. Blocks. Raises `MediaStoreError`."""
    photo = stripped(body)
    if isinstance(photo, str):
        return Rejected("bad_medium", photo)
    store.write(photo.digest, photo.body)
    key = secrets.token_urlsafe(KEY_BYTES)
    clue, _, part = clue.partition(".")
    return HandIn(clue, photo.digest, source, len(photo.body), key, photo.width, photo.height, part)


def _place(address: str, source: str) -> tuple[str, str, str]:
    """Return the fields of the question whether a photo may be handed in at CLUE or CLUE.PART."""
    clue, _, part = address.partition(".")
    return clue, source, part


class PhotoRoutes:
    """The routes. `lend` reserves memory for a body, of what all media may have."""

    def __init__(
        self,
        system: System,
        tokens: Tokens,
        door: Door,
        limits: Limits,
        *,
        store: MediaStore,
        background: Background,
        lend: Callable[[int], Callable[[], None] | None],
    ) -> None:
        self._system = system
        self._tokens = tokens
        self._door = door
        self._limits = limits
        self._store = store
        self._background = background
        self._lend = lend
        self._drawing = ThreadPoolExecutor(THREADS, "photos")
        self._reading = ThreadPoolExecutor(THREADS, "photos-read")
        self._serving = 0

    def close(self) -> None:
        """End the threads once their present work is done."""
        self._drawing.shutdown(wait=False, cancel_futures=True)
        self._reading.shutdown(wait=False, cancel_futures=True)

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for a photo."""
        return _PATH.fullmatch(asked.path) is not None

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request when the hunt and the store have told, or return what its body is asked for."""
        path = _PATH.fullmatch(asked.path)
        assert path is not None
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            reply.reply(refused(caller))
        elif asked.method == "PUT" and (limited := self._door.admit_upload(asked.address)) is not None:
            reply.reply(refused(limited))
        elif asked.method == "PUT":
            take = partial(self._take, path[1], path[2], caller)
            return Upload(self._limits.photo_bytes_max, take, self._lend, self._limits.media_bytes_per_s)
        elif asked.method not in ("GET", "HEAD"):
            reply.reply(no_method("PUT, GET, HEAD", "PUT a photo at a clue, or GET one"))
        elif self._serving >= self._limits.media_served_max:
            self._door.refuse("media_served", asked.address)
            reply.reply(refused(BUSY))
        else:
            self._serving += 1
            self._background.once("photo to its team", self._send(path[1], path[2], caller, reply))
        return None

    async def _ask(self, hunt: str, query: Any, caller: Caller) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def told(view: Any) -> None:
            if not answer.done():  # it was given up: nobody waits
                answer.set_result(view)

        self._system.query("hunt", hunt, query, HuntAsked(told), 0, caller)
        return await asyncio.wait_for(answer, STORE_S)

    async def _beside(self, threads: ThreadPoolExecutor, work: Callable[..., Any], *given: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(threads, work, *given), STORE_S)

    # ---- up

    def _take(self, hunt: str, clue: str, caller: Caller, body: bytes, reply: Reply) -> None:
        self._background.once("photo of a team", self._keep(hunt, clue, caller, body, reply))

    async def _keep(self, hunt: str, clue: str, caller: Caller, body: bytes, reply: Reply) -> None:
        async def keeping() -> Any:
            source = await self._beside(self._reading, lambda: hashlib.sha256(body).hexdigest())
            may = await self._ask(hunt, MayHandInQuery(*_place(clue, source)), caller)
            if isinstance(may, Rejected):
                return may
            return await self._beside(self._drawing, to_hand_in, self._store, clue, source, body)

        submit = lambda kept: self._system.submit("hunt", hunt, kept, reply, 0, caller, None)  # noqa: E731
        await submit_kept(keeping(), reply, self._door, submit)

    # ---- down

    async def _send(self, hunt: str, key: str, caller: Caller, reply: Reply) -> None:
        try:
            found = await self._ask(hunt, PhotoQuery(key), caller)
            if isinstance(found, Rejected):
                reply.reply(refused(found))
            elif not isinstance(found, StoredMedium) or not found.digest:
                reply.reply(refused(Rejected("no_such_photo", "there is no photo here for you")))
            else:
                body = await self._beside(self._reading, self._store.read, found.digest, 0, found.bytes)
                kept = [("cache-control", "private, max-age=86400"), ("cross-origin-resource-policy", "same-origin")]
                reply.reply(Response(200, bytes(body), found.type, kept))
        except (MediaStoreError, TimeoutError):
            reply.reply(refused(AWAY))
        except Exception:
            reply.fail()
            raise
        finally:
            self._serving -= 1
