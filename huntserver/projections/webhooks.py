"""Webhooks: the log's records that count, cleaned, sent to an address as they come. At least once, in order by shard.

Signed as the Standard Webhooks specification says (standardwebhooks.com): `webhook-id`, `webhook-timestamp` in seconds,
`webhook-signature` = `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`. Owns, for each address, how far it
has been told, in a file that is replaced as a whole. After a crash the last records may be told again: a receiver knows
a record by its `shard` and `seq`.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from actors.entity import EntityType
from actors.faults import Fault
from actors.log.codec import Done, RecordDecoder
from actors.log.port import Entry, EventLog, ShardId
from actors.reporter import Reporter
from huntserver.projections.cleaning import Clean, Cleaner
from huntserver.projections.projector import ShardFold, next_chunk
from huntserver.projections.store import Position
from huntserver.projections.webhook import Webhook, secret_of, signature

BATCH_RECORDS: Final = 100
BATCH_S: Final = 0.2
KEEP_S: Final = 5.0
"""Between two notes of how far an address was told, while nothing that concerns it comes."""
TIMEOUT_S: Final = 10.0
PAUSE_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Between two attempts to tell the same."""
QUEUE_CHUNKS: Final = 16


class ToldSoFar(msgspec.Struct, frozen=True):
    """What an address's file holds."""

    positions: dict[str, Position]


class Rejection(Exception):
    """The receiver will not take it now; the text says what it answered."""


class WebhookSender:
    """Tells one address, from where it was left. `run` goes on until it is cancelled."""

    def __init__(
        self,
        hook: Webhook,
        folder: Path,
        kinds: Sequence[tuple[EntityType[Any], int]],
        cleaner: Cleaner,
        report: Reporter,
    ) -> None:
        self._hook = hook
        self._secret = secret_of(Path(hook.secret_file))
        self._host = urlsplit(hook.url).netloc  # of the address, what may be said: many hold a secret in their path
        self._file = folder / f"{hook.name}.json"
        self._decoders = {kind.topic: RecordDecoder(kind.event_type) for kind, _ in kinds}
        self._shards = [ShardId(kind.topic, i) for kind, count in kinds for i in range(count)]
        self._clean = cleaner.clean
        self._report = report
        self._folds: dict[ShardId, ShardFold] = {}
        self._kept_s = 0.0
        self.told = self.failed = 0

    async def run(self, log: EventLog) -> None:
        """Follow the log for ever. Raises `Fault` when it cannot be read."""
        positions = self._positions()
        self._folds = {
            shard: ShardFold(shard, self._decoders[shard.topic], positions.get(str(shard), Position()))
            for shard in self._shards
        }
        queue: asyncio.Queue[tuple[ShardId, list[Entry]]] = asyncio.Queue(QUEUE_CHUNKS)
        async with asyncio.TaskGroup() as tasks:
            for shard in self._shards:
                tasks.create_task(self._read(log, shard, queue), name=f"webhook {self._hook.name}: {shard}")
            tasks.create_task(self._tell_all(queue), name=f"webhook {self._hook.name}")

    def _positions(self) -> dict[str, Position]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=ToldSoFar).positions
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise Fault(f"{self._file}: cannot be read ({error}); without it everything is told again") from None

    async def _read(self, log: EventLog, shard: ShardId, queue: asyncio.Queue[tuple[ShardId, list[Entry]]]) -> None:
        start = (await log.bounds(shard)).start
        async for chunk in log.read(shard, max(self._folds[shard].position.next, start)):
            await queue.put((shard, chunk))

    async def _tell_all(self, queue: asyncio.Queue[tuple[ShardId, list[Entry]]]) -> None:
        records: list[Clean] = []
        began = 0.0
        while True:
            chunk = await next_chunk(queue, BATCH_S if records else KEEP_S)
            now = time.monotonic()
            if chunk is not None:
                began = began if records else now
                records += self._fold(*chunk)
            if records and (chunk is None or len(records) >= BATCH_RECORDS or now - began >= BATCH_S):
                for at in range(0, len(records), BATCH_RECORDS):
                    await self._send(records[at : at + BATCH_RECORDS])
                records = []
                await asyncio.to_thread(self._keep)
            elif not records and now - self._kept_s >= KEEP_S:
                await asyncio.to_thread(self._keep)

    def _fold(self, shard: ShardId, entries: Sequence[Entry]) -> list[Clean]:
        found: list[Clean] = []

        def take(offset: int, record: Done) -> None:
            clean = self._clean(shard, offset, record)
            if self._concerns(clean):
                found.append(clean)

        self._folds[shard].feed(entries, take)
        return found

    def _concerns(self, record: Clean) -> bool:
        hunts, events = self._hook.hunts, self._hook.events
        if hunts and record.kind == "hunt" and record.id not in hunts:
            return False
        if hunts and record.kind != "hunt" and not any(event.get("hunt") in hunts for event in record.events):
            return False
        return not events or any(event["type"] in events for event in record.events)

    async def _send(self, records: list[Clean]) -> None:
        """Tell the address until it takes it."""
        first, last = records[0], records[-1]
        id = f"{first.shard}:{first.seq}-{last.shard}:{last.seq}"
        body = msgspec.json.encode({"v": first.v, "records": records})
        tries = 0
        while True:
            try:
                await asyncio.to_thread(self._post, id, body)
            except Rejection as why:
                self.failed += 1
                pause_s = PAUSE_S[min(tries, len(PAUSE_S) - 1)]
                self._report.warn("webhook_waits", webhook=self._hook.name, why=str(why), again_s=pause_s)
                await asyncio.sleep(pause_s)
                tries += 1
            else:
                self.told += len(records)
                return

    def _post(self, id: str, body: bytes) -> None:
        """Send one request. Raises `Rejection`."""
        at_s = int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "huntserver",
            "webhook-id": id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(self._secret, id, at_s, body),
        }
        request = urllib.request.Request(self._hook.url, body, headers, method="POST")
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, http.client.HTTPException) as error:
            raise Rejection(f"{self._host}: {getattr(error, 'reason', error)}") from None
        if not 200 <= status < 300:
            raise Rejection(f"{self._host} answered {status}; it is asked again until it answers 200 to 299")

    def _keep(self) -> None:
        """Note how far it was told: all that was folded."""
        positions = {str(shard): fold.position for shard, fold in self._folds.items()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(ToldSoFar(positions)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
        self._kept_s = time.monotonic()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer as any other: what was meant for one address goes to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirect)


async def keep_telling(sender: WebhookSender, make_log: Callable[[], EventLog], report: Reporter, name: str) -> None:
    """Run a sender for ever on logs that `make_log` returns (not opened); faults of the log are told and waited out."""
    while True:
        log: EventLog | None = None
        try:
            log = make_log()
            await log.open()
            await sender.run(log)
        except* Fault as faults:
            report.warn("webhook_waits", webhook=name, why=str(faults.exceptions[0]), again_s=PAUSE_S[2])
        finally:
            if log is not None:
                with contextlib.suppress(Fault):
                    await log.close()
        await asyncio.sleep(PAUSE_S[2])
