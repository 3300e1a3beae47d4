"""How much of media is in memory at once, and what becomes of them when the store fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actors.entity import Rejected
from huntserver.game.features.media import AddMedium
from huntserver.gateway.media import MediaRoutes, to_keep
from huntserver.gateway.pouring import PIECE_BYTES, Pouring
from huntserver.gateway.site import BodyStream, HttpRequest, Response, Upload
from huntserver.media.folder import FolderStore
from huntserver.media.store import MediaStoreError
from lab.rigs.gateway import HOST, Rig
from tests.media.test_sniffing import png

BODY = b"%PDF-1.7\n" + b"x" * (2 * PIECE_BYTES)
WAIT_S = 60


class Exchange:
    """Waits for an answer as an HTTP exchange does."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Response] = asyncio.Queue()

    def reply(self, answer: Response) -> None:
        self.answers.put_nowait(answer)

    def fail(self) -> None:
        raise AssertionError("a bug")

    async def status(self) -> int:
        return (await self.answer()).status

    async def answer(self) -> Response:
        return await asyncio.wait_for(self.answers.get(), WAIT_S)


class Served:
    """A gateway's routes for media over a folder, and a hunt that holds one."""

    def __init__(self, folder: Path, **limits: Any) -> None:
        self.rig = Rig(**limits)
        self.store = FolderStore(folder, spare_bytes=0)
        gateway = self.rig.gateway
        self.media = MediaRoutes(
            gateway.services.system, self.rig.tokens, gateway.door, self.rig.limits, store=self.store,
            background=gateway.background,
        )  # fmt: skip
        kept = to_keep(self.store, "chart.pdf", BODY)
        assert isinstance(kept, AddMedium)
        self.path = f"/hunts/h1/media/{kept.key}/chart.pdf"
        self.rig.system.play(kept, HOST)

    def get(self, **headers: str) -> Exchange:
        exchange: Any = Exchange()
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.media.judge(HttpRequest("GET", self.path, given, "192.0.2.1"), exchange)
        found: Exchange = exchange
        return found


async def test_media_on_their_way_have_a_bound_and_give_it_back(tmp_path: Path) -> None:
    served = Served(tmp_path, media_served_max=1, media_bodies_bytes_max=1000)
    first = await served.get().answer()
    assert first.stream is not None
    assert (first.status, await served.get().status()) == (200, 503)
    first.stream.done()
    assert await served.get().status() == 200
    token = served.rig.tokens.mint("host", "owner")
    head = [(b"authorization", f"Bearer {token}".encode())]
    upload = served.media.judge(HttpRequest("PUT", "/hunts/h1/media/x.png", head, "192.0.2.1"), Exchange())  # type: ignore[arg-type]
    assert isinstance(upload, Upload)
    assert upload.lend is not None
    give_back = upload.lend(800)
    assert give_back is not None
    assert upload.lend(800) is None
    give_back()
    assert upload.lend(800) is not None


async def test_a_store_that_fails_is_said_and_ends_what_it_began(tmp_path: Path) -> None:
    served = Served(tmp_path)
    stream = (await served.get().answer()).stream
    assert stream is not None
    next(path for path in tmp_path.rglob("*") if path.is_file()).unlink()
    assert await served.get().status() == 503
    sent: list[bytes] = []
    ended: list[bool] = []

    def take(piece: bytes) -> bool:
        sent.append(piece)
        return True

    await Pouring(stream, take, ended.append, lambda: None).run()
    assert (b"".join(sent), ended) == (BODY[:PIECE_BYTES], [False])


async def test_no_more_is_read_than_the_socket_takes() -> None:
    read: list[int] = []
    ended: list[bool] = []

    async def piece(start: int, stop: int) -> bytes:
        read.append(start)
        return b"x" * (stop - start)

    pouring = Pouring(BodyStream(3 * PIECE_BYTES, piece, lambda: None), lambda piece: False, ended.append, lambda: None)
    task = asyncio.create_task(pouring.run())
    for n in (1, 2, 3):
        while len(read) < n:
            await asyncio.sleep(0)
        assert read == [PIECE_BYTES * i for i in range(n)]
        pouring.resume()
    await asyncio.wait_for(task, WAIT_S)
    assert ended == [True]


@pytest.mark.parametrize("failure", [MediaStoreError("gone")])
async def test_what_cannot_be_stored_is_not_added(tmp_path: Path, failure: MediaStoreError) -> None:
    served = Served(tmp_path)

    def write(digest: str, body: bytes) -> None:
        raise failure

    served.store.write = write  # type: ignore[method-assign]
    with pytest.raises(MediaStoreError):
        to_keep(served.store, "x.png", png(1, 1))
    assert isinstance(to_keep(served.store, "x.svg", b"<svg/>"), Rejected)
