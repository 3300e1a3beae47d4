"""Why something happened: the chain of causes of one record, read from the log and nothing else.

Owns the search: the record, what it came from, what followed from it and where that arrived, and the changes of owner
around each. Reads every shard that it needs from its start, by the reader's rule; writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.entity import EntityType
from actors.log.codec import Done, OpenedDecoder, Tenure
from actors.log.port import EventLog, ShardId, shard_of
from actors.shard.fence import TenureFold, Verdict
from huntserver.game.event import UNTOLD
from huntserver.telemetry.spans import trace_id_of

AROUND_MS: Final = 30_000
"""Changes of owner within this time of a record are told beside it."""
HIDDEN: Final = frozenset({*UNTOLD, "invite"}) - {"type"}

EXPLAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "already_joined": ("joined",),
    "already_solved": ("solved",),
    "cool_down": ("guessed", "missed", "tries_spent"),
    "disqualified": ("removed",),
    "duplicate": ("guessed", "solved"),
    "hint_taken": ("hint_taken",),
    "hunt_exists": ("created",),
    "hunt_full": ("joined",),
    "lost": ("claimed",),
    "no_definition": ("created", "defined"),
    "not_running": ("published", "started", "paused", "ended", "rescheduled"),
    "paused": ("paused", "unpaused"),
    "team_full": ("joined",),
    "team_name_taken": ("joined", "renamed"),
    "too_late": ("ended", "extended", "reopened"),
    "treasure_taken": ("claimed",),
    "wrong_phase": ("published", "started", "paused", "unpaused", "ended", "reopened"),
}
"""By code of refusal: the events that make it so. A refusal itself leaves no record."""


class Owner(msgspec.Struct, frozen=True):
    """A tenure: who owned the shard from a record on. `at_ms`: when it opened, 0 where the log does not say."""

    node: str
    offset: int
    at_ms: int


class Found(msgspec.Struct, frozen=True):
    """A record: where it is, what it says, and who owned the shard. `counts` is False for one that is void.

    `changes` are the changes of owner around it, its own tenure left out.
    """

    entity: str
    shard: str
    offset: int
    pos: int
    at_ms: int
    by: str
    key: str
    counts: bool
    events: list[dict[str, Any]]
    owner: Owner | None
    changes: list[Owner]


class Followed(msgspec.Struct, frozen=True):
    """A reaction: the `n`-th of its record, to `target`; `arrived` where it was applied, None: not (yet)."""

    n: int
    target: str
    command: str
    arrived: Found | None


class Chain(msgspec.Struct, frozen=True):
    """One record with what it came from (for a reaction: its source's record) and what followed from it.

    `void` are copies of it that do not count: written by an owner that another had superseded. `trace` is the id of
    its spans, where it is traced.
    """

    record: Found
    cause: Found | None
    void: list[Found]
    followed: list[Followed]
    trace: str = ""


class ShardHistory:
    """What one pass over a shard found: its tenures, and the records that were wanted, with whether they count."""

    def __init__(self, shard: ShardId) -> None:
        self.shard = shard
        self.owners: list[Owner] = []
        self.records: list[tuple[int, Done, bool, Owner | None]] = []

    def found(self, at: int, personal: bool) -> Found:
        """Return one of the records as it is told."""
        offset, record, counts, owner = self.records[at]
        near = [o for o in self.owners if o is not owner and o.at_ms and abs(o.at_ms - record.at) <= AROUND_MS]
        events = [_event(event, personal) for event in record.events]
        return Found(
            record.entity, str(self.shard), offset, record.pos, record.at, record.by, record.key, counts, events,
            owner, near,
        )  # fmt: skip


def _event(event: Any, personal: bool) -> dict[str, Any]:
    fields = msgspec.to_builtins(event, builtin_types=(), enc_hook=str)
    hidden = HIDDEN - {"personal"} if personal else HIDDEN
    return {name: value for name, value in fields.items() if name not in hidden}


def _values(event: Any) -> set[str]:
    return {str(value) for value in msgspec.structs.asdict(event).values()}


class Causes:
    """Answers from one log. `shards` are the shard counts by topic."""

    def __init__(
        self, log: EventLog, kinds: Sequence[EntityType[Any]], shards: Mapping[str, int], *, personal: bool = False
    ) -> None:
        self._log = log
        self._kinds = {kind.kind: kind for kind in kinds}
        self._decoders = {kind.topic: OpenedDecoder(kind) for kind in kinds}
        self._shards = shards
        self._personal = personal

    def shard(self, entity: str) -> ShardId:
        """Return the shard of an entity."""
        kind, _, id = entity.partition("/")
        topic = self._kinds[kind].topic
        return ShardId(topic, shard_of(id, self._shards[topic]))

    async def history(self, shard: ShardId, wanted: Callable[[Done], bool]) -> ShardHistory:
        """Read a shard up to its present end. Raises `Fault`."""
        found, fold, decode = ShardHistory(shard), TenureFold(), self._decoders[shard.topic].decode
        bounds = await self._log.bounds(shard)
        if bounds.end <= bounds.start:
            return found
        owner: Owner | None = None
        async for chunk in self._log.read(shard, bounds.start):
            for offset, body in chunk:
                record = decode(shard, offset, body)
                if isinstance(record, Tenure):
                    fold.tenure(offset, record.nonce, f"{record.node}#{record.start}")
                    owner = Owner(fold.holder, offset, record.at)
                    found.owners.append(owner)
                    continue
                counts = fold.record(record.nonce, record.seq) is Verdict.COUNTS
                if isinstance(record, Done) and wanted(record):
                    found.records.append((offset, record, counts, owner))
            if chunk[-1].offset >= bounds.end - 1:
                break
        return found

    async def entities(self, kind: str) -> set[str]:
        """Return every entity of a kind that has a record, as `hunt/ID`. Raises `Fault`."""
        seen: set[str] = set()
        topic = self._kinds[kind].topic

        def look(record: Done) -> bool:
            seen.add(record.entity)
            return False

        for index in range(self._shards[topic]):
            await self.history(ShardId(topic, index), look)
        return seen

    async def strangers(self, entity: str, values: Iterable[str]) -> list[str]:
        """Return which of some values (a team, a clue) no event of an entity names. Raises `Fault`."""
        missing = list(values)

        def look(record: Done) -> bool:
            missing[:] = [value for value in missing if not any(value in _values(event) for event in record.events)]
            return False

        await self.history(self.shard(entity), lambda record: record.entity == entity and look(record))
        return missing

    async def of_key(self, entity: str, key: str) -> list[Chain]:
        """Return the chain of every record of an entity that was made by a command of this key."""
        return await self._chains(entity, lambda record: record.entity == entity and record.key == key)

    async def of_pos(self, entity: str, pos: int) -> list[Chain]:
        """Return the chain of an entity's record by its number."""
        return await self._chains(entity, lambda record: record.entity == entity and record.pos == pos)

    async def explaining(self, entity: str, code: str, holds: Iterable[str], last: int) -> list[Found]:
        """Return the last records of a hunt that make a refusal of this code so; `holds` are values that one of the
        event's fields must have (a team, a clue)."""
        tags, asked = set(EXPLAINS[code]), set(holds)

        def explains(event: Any) -> bool:
            return event.__struct_config__.tag in tags and asked <= _values(event)

        history = await self.history(
            self.shard(entity), lambda r: r.entity == entity and any(explains(event) for event in r.events)
        )
        counting = [at for at, (_, _, counts, _) in enumerate(history.records) if counts]
        return [history.found(at, self._personal) for at in counting[-last:]]

    async def _chains(self, entity: str, wanted: Callable[[Done], bool]) -> list[Chain]:
        history = await self.history(self.shard(entity), wanted)
        chains = []
        for at, (_, record, counts, _) in enumerate(history.records):
            if counts:
                void = [
                    history.found(other, self._personal)
                    for other, (_, copy, good, _) in enumerate(history.records)
                    if not good and (copy.key, copy.by) == (record.key, record.by)
                ]
                followed = await self._followed(record)
                trace = f"{trace_id_of(record.by, record.key):032x}" if ":" in record.key else ""
                cause = await self._cause(record)
                chains.append(Chain(history.found(at, self._personal), cause, void, followed, trace))
        if not chains:  # nothing of it counts: all that there is
            chains = [Chain(history.found(at, self._personal), None, [], []) for at in range(len(history.records))]
        return chains

    async def _cause(self, record: Done) -> Found | None:
        """Return the record that a reaction came from."""
        source = record.by.removeprefix("entity:")
        if source == record.by:
            return None
        pos = int(record.key.partition(".")[0])
        history = await self.history(self.shard(source), lambda r: r.entity == source and r.pos == pos)
        good = [at for at, (_, _, counts, _) in enumerate(history.records) if counts]
        return history.found(good[0], self._personal) if good else None

    async def _followed(self, record: Done) -> list[Followed]:
        """Return the record's reactions, and where they arrived: one pass over each shard that has a target."""
        kind, _, id = record.entity.partition("/")
        by = f"entity:{record.entity}"
        sent = [
            (f"{r.kind}/{r.id}", f"{record.pos}.{n}", r)
            for n, r in enumerate(self._kinds[kind].reactions(record.events, id))
        ]
        arrived: dict[tuple[str, str], Found] = {}
        for shard in {self.shard(target) for target, _, _ in sent}:
            places = {(target, key) for target, key, _ in sent}
            history = await self.history(
                shard,
                lambda r, places=places: r.by == by and (r.entity, r.key) in places,  # type: ignore[misc]
            )
            for at, (_, found, counts, _) in enumerate(history.records):
                if counts:
                    arrived[found.entity, found.key] = history.found(at, self._personal)
        return [
            Followed(n, target, str(reaction.command.__struct_config__.tag), arrived.get((target, key)))
            for n, (target, key, reaction) in enumerate(sent)
        ]
