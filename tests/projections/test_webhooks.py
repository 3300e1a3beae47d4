"""Webhooks: what happens is told to a real HTTP server, signed, in order, again until it is taken, and after a restart
from where it was left."""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from actors.log.codec import RecordDecoder
from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog
from actors.reporter import Silent
from huntserver.auth import Tokens
from huntserver.config import Config, ConfigError, load
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.projections.cleaning import Clean, Cleaner
from huntserver.projections.projector import ShardFold
from huntserver.projections.store import Position
from huntserver.projections.webhook import SecretError, Webhook, secret_of
from huntserver.projections.webhooks import Rejection, WebhookSender
from huntserver.read_models import ReadModels
from tests.projections.played import SECRET, SHARDS, play

KINDS: list[Any] = [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])]
KEY = "whsec_" + base64.b64encode(b"s" * 32).decode()


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what is sent; answers the statuses in `next` first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Takes)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.next: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def places(self) -> list[tuple[str, int]]:
        records = [record for _, body in self.requests for record in json.loads(body)["records"]]
        return [(record["shard"], record["seq"]) for record in records]


class _Takes(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.next.pop(0) if self.server.next else 204
        if status == 204:
            self.server.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(status)
        if status == 302:
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sender(folder: Path, receiver: Receiver, **more: Any) -> WebhookSender:
    (folder / "secret").write_text(KEY + "\n")
    hook = Webhook(name="desk", url=receiver.url, secret_file=str(folder / "secret"), **more)
    return WebhookSender(hook, folder / "webhooks", KINDS, Cleaner(b"k" * 32), Silent())


async def told(folder: Path, sending: WebhookSender, wanted: int) -> None:
    """Run a sender until it has told so many records, and noted that it is at the end of the log."""
    log = SqliteLog(folder / "log.db", shards=SHARDS)
    await log.open()
    shards = [ShardId(kind.topic, index) for kind, count in KINDS for index in range(count)]
    ends = {str(shard): (await log.bounds(shard)).end for shard in shards}
    running = asyncio.ensure_future(sending.run(log))
    kept = folder / "webhooks" / "desk.json"
    before = kept.stat().st_mtime_ns if kept.exists() else 0

    def noted() -> bool:
        if not kept.exists() or kept.stat().st_mtime_ns == before:
            return False
        positions = json.loads(kept.read_bytes())["positions"]
        return all(positions[shard][0] == end for shard, end in ends.items())

    async with asyncio.timeout(120):
        while sending.told < wanted or not noted():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await log.close()


async def played(folder: Path) -> list[Clean]:
    """Write a log; return all records of it that count, as they are told."""
    log, clean, found = SqliteLog(folder / "log.db", shards=SHARDS), Cleaner(b"k" * 32).clean, []
    await log.open()
    await play(log, guesses=150)
    for kind, count in KINDS:
        for shard in (ShardId(kind.topic, index) for index in range(count)):
            fold, end = ShardFold(shard, RecordDecoder(kind.event_type), Position()), (await log.bounds(shard)).end
            async for chunk in log.read(shard, 0):
                fold.feed(chunk, lambda offset, record, shard=shard: found.append(clean(shard, offset, record)))  # type: ignore[misc]
                if chunk[-1].offset >= end - 1:
                    break
    await log.close()
    return found


def places(records: Sequence[Clean]) -> set[tuple[str, int]]:
    return {(record.shard, record.seq) for record in records}


def test_why_an_address_did_not_take_it_is_told_without_its_path_which_may_be_a_secret(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.next = [500]
    with pytest.raises(Rejection, match=r"^127.0.0.1:\d+ answered 500") as refused:
        sender(tmp_path, receiver)._post("id", b"{}")
    assert "/hook" not in str(refused.value)


async def test_every_record_that_counts_is_told_once_in_order_signed_and_without_secrets(
    tmp_path: Path, receiver: Receiver
) -> None:
    wanted = [r for r in await played(tmp_path) if {e["type"] for e in r.events} & {"solved", "ended"}]
    first = sender(tmp_path, receiver, events=["solved", "ended"])
    receiver.next = [500, 302, 429]
    await told(tmp_path, first, len(wanted))
    assert first.failed == 3
    for headers, body in receiver.requests:
        Verifier(KEY).verify(body, headers)
    assert sorted(receiver.places) == sorted(places(wanted))
    for shard in {shard for shard, _ in receiver.places}:
        seqs = [seq for at, seq in receiver.places if at == shard]
        assert seqs == sorted(seqs)
    assert SECRET not in str(receiver.requests)


async def test_a_sender_that_is_started_again_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    wanted = await played(tmp_path)
    await told(tmp_path, sender(tmp_path, receiver), len(wanted))
    await told(tmp_path, sender(tmp_path, receiver), 0)
    assert sorted(receiver.places) == sorted(places(wanted))


async def test_a_webhook_for_one_hunt_is_told_of_that_hunt_and_its_players_alone(
    tmp_path: Path, receiver: Receiver
) -> None:
    all_of = await played(tmp_path)
    wanted = [r for r in all_of if r.id == "h1" or any(event.get("hunt") == "h1" for event in r.events)]
    assert 0 < len(wanted) < len(all_of)
    await told(tmp_path, sender(tmp_path, receiver, hunts=["h1"]), len(wanted))
    assert sorted(receiver.places) == sorted(places(wanted))


async def test_a_file_of_positions_that_cannot_be_read_is_named_and_nothing_is_told_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    await played(tmp_path)
    sending = sender(tmp_path, receiver)
    (tmp_path / "webhooks").mkdir()
    (tmp_path / "webhooks" / "desk.json").write_text("{")
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
    await log.open()
    with pytest.raises(Exception, match=r"desk\.json: cannot be read"):
        await sending.run(log)
    await log.close()
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('name = "Desk"\nurl = "https://example.org"', r"webhooks\[0\].name is 'Desk', allowed are small letters"),
        ('name = "d"\nurl = "file:///etc/passwd"', r"webhooks\[0\].url is 'file:///etc/passwd', allowed is a URL"),
        ('name = "d"\nurl = "https://u:p@example.org"', r"webhooks\[0\].url is"),
        ('name = "d"', "url"),
    ],
)
def test_a_webhook_that_is_written_wrong_is_said(tmp_path: Path, lines: str, says: str) -> None:
    (tmp_path / "config.toml").write_text(f'[[webhooks]]\nsecret_file = "s"\n{lines}\n')
    with pytest.raises(ConfigError, match=says):
        load(tmp_path / "config.toml")


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode(), "s3cret"])
def test_a_secret_that_is_none_is_said_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "s").write_text(text)
    with pytest.raises(SecretError, match="is no secret; allowed is whsec_ and the base64 of 24 to 64 bytes") as found:
        secret_of(tmp_path / "s")
    assert not text.removeprefix("whsec_") or text not in str(found.value)


def test_an_event_that_never_comes_is_said(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(KEY)
    hook = Webhook(name="d", url="https://example.org", secret_file=str(tmp_path / "s"), events=["solvd"])
    with pytest.raises(ConfigError, match="webhook d: events has 'solvd', allowed are joined, "):
        ReadModels(Config(webhooks=[hook]), Tokens(b"k" * 32), Silent())
