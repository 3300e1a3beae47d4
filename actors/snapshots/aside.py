"""Reactions to closed targets, kept in the snapshot store: markers may pass them, and no restart loses them.

Owns their keys (`r|OFFSET|N`: offset of the source's record, place in its list) and their bytes. A value says all that
is needed to send the reaction again without its record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.log.port import ShardId, SnapshotStore
from actors.shard.reactions import ReactionAside, ReactionItem

_KEY: Final = "r|"


class _AsideRow(msgspec.Struct, array_like=True):
    source: str
    seq: int
    kind: str
    id: str
    command: bytes  # as JSON


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_AsideRow).decode
_json: Final = msgspec.json.Encoder().encode


def aside_key(offset: int, n: int) -> str:
    """Return the store's key of a reaction that is set aside."""
    return f"{_KEY}{offset}|{n}"


def parse_aside_key(key: str) -> tuple[int, int] | None:
    """Return (offset, n) of such a key; None for any other."""
    offset, _, n = key.removeprefix(_KEY).partition("|")
    if not key.startswith(_KEY) or not (offset.isascii() and offset.isdigit() and n.isascii() and n.isdigit()):
        return None
    return int(offset), int(n)


def decode_aside(key: str, value: bytes, command: Callable[[str, bytes], Any]) -> ReactionAside:
    """Return the reaction; `command` decodes one of a kind. Raises ValueError for bytes that are none."""
    where = parse_aside_key(key)
    if where is None:
        raise ValueError(f"{key!r} is no key of a reaction")
    row = _decode(value)
    item = ReactionItem(row.seq, where[1], command(row.kind, row.command))
    return ReactionAside(where[0], row.source, item, row.kind, row.id)


class AsideStore:
    """One shard's reactions to closed targets, in its snapshot store."""

    def __init__(self, shard: ShardId, store: SnapshotStore) -> None:
        self._shard = shard
        self._store = store

    def put(self, reaction: ReactionAside) -> asyncio.Future[None]:
        """Keep one; see `actors.shard.reactions.Aside`."""
        item = reaction.item
        row = _AsideRow(reaction.source, item.seq, reaction.kind, reaction.id, _json(item.command))
        return self._store.put(self._shard, aside_key(reaction.offset, item.n), _encode(row))

    def remove(self, reaction: ReactionAside) -> None:
        """Forget one that has arrived."""
        removed = self._store.put(self._shard, aside_key(reaction.offset, reaction.item.n), None)
        removed.add_done_callback(lambda f: f.cancelled() or f.exception())  # offered once more, and known by its mark
