"""Media over HTTP: hosts send them up, whoever knows an address gets them.

`PUT /hunts/ID/media/NAME` (a host's token): the bytes are looked at, stored, then added to the hunt. `GET
/hunts/ID/media/KEY/NAME`: what lies under the key, with ETag and ranges; it never changes, so it is kept for ever. What
blocks is done in a few threads of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeAlias

from actors.background import Background
from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.features.media import AddMedium, MediaQuery, MediumQuery, StoredMedium
from huntserver.gateway.door import Door
from huntserver.gateway.ports import System
from huntserver.gateway.pouring import PIECE_BYTES
from huntserver.gateway.site import BodyStream, HttpRequest, Reply, Response, Upload, no_method, refused, wrong
from huntserver.limits import Limits
from huntserver.media.sniffing import Sniffed, sniffed
from huntserver.media.store import MediaStore, MediaStoreError, NoRoomError
from huntserver.wire.messages import HUNT_ID

_TO_SEND: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/media/([^/]{{1,240}})")
_SENT: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/media/([A-Za-z0-9_-]{{1,40}})/[^/]{{1,80}}")
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
KEY_BYTES: Final = 16
"""Of an address, drawn by chance: 128 bits."""
THREADS: Final = 4
KNOWN_MAX: Final = 20_000
STORE_S: Final = 30.0
"""So long a store may take for one thing."""
STRANGER: Final = Caller("", "")
IN_PLACE: Final = ("image/", "audio/", "video/")
"""Types that a page shows; all else is a download."""
AWAY: Final = Rejected("unavailable", "the store of media does not answer; ask again", True, 2000)
BUSY: Final = Rejected("busy", "too many media are on their way; ask again later", True, 3000)
Told: TypeAlias = Callable[[Any], None]


def to_keep(store: MediaStore, name: str, body: bytes) -> AddMedium | Rejected:
    """Look at bytes, store them, and return what their hunt is to be told. Blocks. Raises `MediaStoreError`."""
    seen = sniffed(name, body)
    if not isinstance(seen, Sniffed):
        return Rejected("bad_medium", seen)
    digest = hashlib.sha256(body).hexdigest()
    store.write(digest, body)
    key = secrets.token_urlsafe(KEY_BYTES)
    return AddMedium(name, digest, len(body), seen.type, key, seen.width, seen.height)


class HuntAsked:
    """A question to a hunt: its answer or the refusal goes on."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self._told(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """What was asked for."""
        self._told(view)


async def submit_kept(keeping: Awaitable[Any], reply: Reply, door: Door, submit: Callable[[Any], None]) -> None:
    """Wait until a body is stored, and submit the command that tells its hunt; else reply why there is none."""
    try:
        kept = await keeping
    except NoRoomError as error:
        kept = Rejected("no_room", str(error), True)
    except (MediaStoreError, TimeoutError):
        kept = AWAY
    except Exception:
        reply.fail()
        raise
    if isinstance(kept, Rejected):
        door.refusals.count(f"media_{kept.code}")
        reply.reply(refused(kept))
    else:
        submit(kept)


class MediaRoutes:
    """The routes, and how much of media is in memory."""

    def __init__(
        self, system: System, tokens: Tokens, door: Door, limits: Limits, *, store: MediaStore, background: Background
    ) -> None:
        self._system = system
        self._tokens = tokens
        self._door = door
        self._limits = limits
        self._store = store
        self._background = background
        self._threads = ThreadPoolExecutor(THREADS, "media")
        self._known: dict[tuple[str, str], StoredMedium] = {}
        self._lent = 0
        self._serving = 0

    def close(self) -> None:
        """End the threads once their present work is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for a medium."""
        return asked.path.startswith("/hunts/") and (
            _SENT.fullmatch(asked.path) is not None or _TO_SEND.fullmatch(asked.path) is not None
        )

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request when the hunt and the store have told, or return what its body is asked for."""
        sent = _SENT.fullmatch(asked.path)
        if sent is not None:
            if asked.method in ("GET", "HEAD"):
                self._find(sent[1], sent[2], lambda found: self._found(asked, found, reply))
            else:
                reply.reply(no_method("GET, HEAD", f"{asked.method[:20]} is not possible here, GET is"))
            return None
        judged = self._sending(asked)
        if isinstance(judged, Upload):
            return judged
        reply.reply(judged)
        return None

    # ---- up

    def _sending(self, asked: HttpRequest) -> Upload | Response:
        if asked.method != "PUT":
            return no_method("PUT", "PUT a picture, sound, video or file here")
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            return refused(caller)
        if caller.role not in ("host", "admin"):
            return refused(Rejected("not_allowed", "only hosts send media"))
        limited = self._door.admit_upload(asked.address)
        if limited is not None:
            return refused(limited)
        path = _TO_SEND.fullmatch(asked.path)
        assert path is not None
        take = partial(self._take, path[1], path[2], caller)
        return Upload(self._limits.medium_bytes_max, take, self.lend, self._limits.media_bytes_per_s)

    def lend(self, size: int) -> Callable[[], None] | None:
        """Reserve memory for a body; None where there is none left. What comes back gives it back."""
        if self._lent + size > self._limits.media_bodies_bytes_max:
            self._door.refusals.count("media")
            return None
        self._lent += size

        def give_back() -> None:
            self._lent -= size

        return give_back

    def _take(self, hunt: str, name: str, caller: Caller, body: bytes, reply: Reply) -> None:
        """Ask the hunt whether this is one of its hosts, before anything is stored."""

        def told(view: Any) -> None:
            if isinstance(view, Rejected):
                reply.reply(refused(view))
            else:
                self._background.once("medium of a host", self._keep(hunt, name, caller, body, reply))

        self._system.query("hunt", hunt, MediaQuery(), HuntAsked(told), 0, caller)

    async def _keep(self, hunt: str, name: str, caller: Caller, body: bytes, reply: Reply) -> None:
        keeping = self._beside(to_keep, self._store, name, body)
        submit = lambda kept: self._system.submit("hunt", hunt, kept, reply, 0, caller, None)  # noqa: E731
        await submit_kept(keeping, reply, self._door, submit)

    async def _beside(self, work: Callable[..., Any], *given: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self._threads, work, *given), STORE_S)

    # ---- down

    def _find(self, hunt: str, key: str, found: Callable[[StoredMedium | Rejected], None]) -> None:
        known = self._known.get((hunt, key))
        if known is not None:
            found(known)
            return

        def told(view: StoredMedium | Rejected) -> None:
            if isinstance(view, StoredMedium) and view.digest:
                if len(self._known) >= KNOWN_MAX:
                    del self._known[next(iter(self._known))]
                self._known[hunt, key] = view
            found(view)

        self._system.query("hunt", hunt, MediumQuery(key), HuntAsked(told), 0, STRANGER)

    def _found(self, asked: HttpRequest, found: StoredMedium | Rejected, reply: Reply) -> None:
        if isinstance(found, Rejected):
            reply.reply(refused(found))
        elif not found.digest:
            reply.reply(wrong(404, "there is no medium at this address"))
        else:
            self._serve(asked, found, reply)

    def _serve(self, asked: HttpRequest, medium: StoredMedium, reply: Reply) -> None:
        etag = f'"{medium.digest}"'
        headers = _headers(medium, etag)
        if asked.header(b"if-none-match") == etag:
            reply.reply(Response(304, b"", medium.type, headers))
            return
        part = _part(asked.header(b"range"), medium.bytes) if asked.header(b"if-range") in ("", etag) else None
        if part == ():
            outside = [*headers, ("content-range", f"bytes */{medium.bytes}")]
            reply.reply(Response(416, b"", medium.type, outside))
            return
        start, stop = part or (0, medium.bytes)
        more = [("content-range", f"bytes {start}-{stop - 1}/{medium.bytes}")] if part else []
        if self._serving >= self._limits.media_served_max:
            self._door.refuse("media_served", asked.address)
            reply.reply(refused(BUSY))
            return
        answer = Response(206 if part else 200, b"", medium.type, [*headers, *more])
        self._serving += 1
        self._background.once("first piece", self._first_piece(medium.digest, start, stop, answer, reply))

    async def _first_piece(self, digest: str, start: int, stop: int, answer: Response, reply: Reply) -> None:
        """Answer once the store has shown that it has the bytes."""
        try:
            first = await self._beside(self._store.read, digest, start, min(start + PIECE_BYTES, stop))
        except (MediaStoreError, TimeoutError):
            self._done()
            reply.reply(refused(AWAY))
            return
        except BaseException:
            self._done()
            raise

        async def read(at: int, to: int) -> bytes:
            if at == 0:
                return bytes(first)
            try:
                return bytes(await self._beside(self._store.read, digest, start + at, start + to))
            except MediaStoreError as error:
                raise OSError(str(error)) from error

        reply.reply(answer._replace(stream=BodyStream(stop - start, read, self._done)))

    def _done(self) -> None:
        self._serving -= 1


def _headers(medium: StoredMedium, etag: str) -> Sequence[tuple[str, str]]:
    how = "inline" if medium.type.startswith(IN_PLACE) else "attachment"
    return [
        ("etag", etag),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
        ("content-disposition", how),
        ("content-security-policy", "sandbox; default-src 'none'"),  # whatever a browser takes it for, it runs nothing
        ("cross-origin-resource-policy", "same-origin"),
    ]


def _part(asked: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """Return the part that a Range header asks for, () for one that lies outside, None for the whole (RFC 9110, 14.2:
    what is not understood, and more than one part, is answered with the whole)."""
    found = _RANGE.fullmatch(asked)
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        return (max(0, size - int(found[2])), size) if int(found[2]) else ()
    start = int(found[1])
    stop = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None
    return (start, stop) if start < size else ()
