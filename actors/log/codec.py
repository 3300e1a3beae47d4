"""Records to bytes and back: one JSON document a record, so that any tool shows it.

Owns the envelope of every record kind. Never decides whether a record counts (`fence`) nor what its events mean.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import msgspec

from actors.faults import LogDamaged
from actors.log.port import ShardId


class Stamp(msgspec.Struct, tag_field="type", frozen=True, gc=False):
    """What every record carries: the tenure's nonce, its number in the tenure, time in ms since 1970."""

    nonce: str
    seq: int
    at: int


class Tenure(Stamp, tag="tenure", frozen=True, gc=False):
    """The opening record of a tenure (seq 0): who owns the shard from here on.

    `node` is where its owner is reached, `start` the id of that process's run, `table` the version of the placement
    table it acts on, `shards` the topic's shard count, for life.
    """

    node: str
    start: str
    table: int
    shards: int


class Probe(Stamp, tag="probe", frozen=True, gc=False):
    """Proves that its tenure still owns the shard; folded away."""


class ShardReleased(Stamp, tag="released", frozen=True, gc=False):
    """The last record of a tenure whose owner gave the shard up in order."""


class Cursor(Stamp, tag="cursor", frozen=True, gc=False):
    """All reactions of records before offset `before` have been acknowledged by their targets."""

    before: int


class Done(Stamp, tag="cmd", frozen=True, gc=False):
    """One accepted command: all of its events, and the answer that a repetition gets again.

    `entity` is KIND/ID, `pos` the entity's seq, `by` who commanded, `key` the command's id (empty: none).
    """

    entity: str
    pos: int
    by: str
    key: str
    events: list[Any]
    answer: msgspec.Raw


Record = Tenure | Probe | ShardReleased | Cursor | Done

_encoder: Final = msgspec.json.Encoder()
encode = _encoder.encode


@functools.cache
def _decoder(event_type: Any) -> tuple[msgspec.json.Decoder[Any], Any]:
    """Return the decoder of all records whose events are of this union, and the class of the accepted commands; to make
    one costs a millisecond."""
    done = msgspec.defstruct(
        "DoneOf",
        [("events", list[event_type])],
        bases=(Done,),
        tag="cmd",
        frozen=True,
        gc=False,
    )
    return msgspec.json.Decoder(Tenure | Probe | ShardReleased | Cursor | done), done


NOT_A_RECORD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What `RecordDecoder.plain` raises."""


class RecordDecoder:
    """Decodes the records of one topic, whose entities all have one closed union of events.

    `plain` decodes without a word about where a record lies, and raises `NOT_A_RECORD`; `done` is the class of what it
    returns for an accepted command.
    """

    __slots__ = ("done", "plain")

    def __init__(self, event_type: Any) -> None:
        decoder, self.done = _decoder(event_type)
        self.plain = decoder.decode

    def decode(self, shard: ShardId, offset: int, body: bytes) -> Any:
        """Return the record. Raises `LogDamaged` naming shard and offset for bytes that are none."""
        try:
            return self.plain(body)
        except NOT_A_RECORD as error:
            raise LogDamaged(
                f"shard {shard}, offset {offset}: not a record that this version knows ({error}); "
                "a newer server may have written it: start that version, or look at it with `huntserver inspect`"
            ) from error


class OpenedDecoder(RecordDecoder):
    """Decodes the records of one kind of entity for who looks into them: with what is sealed in them opened."""

    __slots__ = ("_opened",)

    def __init__(self, kind: Any) -> None:
        super().__init__(kind.event_type)
        self._opened = kind.opened

    def decode(self, shard: ShardId, offset: int, body: bytes) -> Any:
        """Return the record. Raises `LogDamaged`, also for what no key here has sealed."""
        record = super().decode(shard, offset, body)
        if self._opened is None or not isinstance(record, Done):
            return record
        id = record.entity.partition("/")[2]
        try:
            return msgspec.structs.replace(record, events=[self._opened(id, event) for event in record.events])
        except ValueError as error:
            raise LogDamaged(f"shard {shard}, offset {offset}: {error}") from error
