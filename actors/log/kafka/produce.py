"""Kafka's Produce request as bytes: a batch of records, the request that carries batches, and its answer. Pure.

Version 7, which brokers have spoken since 2.1 and still do: the last before the compact encoding. Source: the protocol
guide and the record batch's layout in the documentation of Apache Kafka.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatchBuilder

API_KEY: Final = 0
VERSION: Final = 7
DUPLICATE_SEQUENCE: Final = 46
"""The broker has written the batch before and no longer knows where."""

_ALL: Final = -1
_HEAD: Final = struct.Struct(">hhih")  # api key, version, correlation id, length of the client id
_START: Final = struct.Struct(">hhii")  # no transaction, acks, timeout, number of topics
_PARTITION: Final = struct.Struct(">ii")  # partition, length of the batch
_ANSWER: Final = struct.Struct(">ihqqq")  # partition, error, offset, time of the append, start of the log
_INT: Final = struct.Struct(">i")
_SHORT: Final = struct.Struct(">h")


class BadAnswer(ValueError):
    """The broker's answer is not what the protocol says."""


class Batch:
    """The records of one partition, numbered, as they are sent: the same bytes however often.

    `place` is (topic, partition). `answered` is called once, with (offset, time of the append in ms or 0, why it failed
    or None).
    """

    __slots__ = ("answered", "data", "place", "tries")

    def __init__(self, place: tuple[str, int], data: bytes) -> None:
        self.place = place
        self.data = data
        self.answered: Callable[[int, int, BaseException | None], None]
        self.tries = 0


class Numbers(NamedTuple):
    """By which brokers know a batch again: the producer's id and epoch, the number of the batch's first record."""

    producer: int
    epoch: int
    sequence: int


def encoded(records: Sequence[bytes], now_ms: int, numbers: Numbers, bytes_max: int) -> bytes | None:
    """Return a record batch, or None if it would be larger than `bytes_max`. Records have no keys."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=numbers.producer, producer_epoch=numbers.epoch,
        base_sequence=numbers.sequence, batch_size=bytes_max,
    )  # fmt: skip
    add = builder.append
    for i, record in enumerate(records):
        if add(i, now_ms, None, record, []) is None:
            return None
    return bytes(builder.build())


def request(correlation: int, client: bytes, timeout_ms: int, batches: Sequence[Batch]) -> bytes:
    """Return a whole request, its length in front. No two batches may be of one partition."""
    topics: dict[str, list[Batch]] = {}
    for batch in batches:
        topics.setdefault(batch.place[0], []).append(batch)
    parts = [
        _HEAD.pack(API_KEY, VERSION, correlation, len(client)),
        client,
        _START.pack(-1, _ALL, timeout_ms, len(topics)),
    ]
    for topic, mine in topics.items():
        name = topic.encode()
        parts += (_SHORT.pack(len(name)), name, _INT.pack(len(mine)))
        for batch in mine:
            parts += (_PARTITION.pack(batch.place[1], len(batch.data)), batch.data)
    return b"".join((_INT.pack(sum(map(len, parts))), *parts))


class ProduceResponse(NamedTuple):
    """What became of one partition's batch. `at_ms` is 0 where the topic does not take the broker's time."""

    place: tuple[str, int]
    error: int
    offset: int
    at_ms: int


def correlation_of(frame: bytes) -> int:
    """Return the number of the request that an answer (without its length) belongs to. Raises `BadAnswer`."""
    if len(frame) < _INT.size:
        raise BadAnswer(f"an answer of {len(frame)} bytes")
    number: int = _INT.unpack_from(frame)[0]
    return number


def answers(frame: bytes) -> Iterator[ProduceResponse]:
    """Yield what an answer (without its length) says of each partition. Raises `BadAnswer`."""
    try:
        at = _INT.size
        (topics,) = _INT.unpack_from(frame, at)
        at += _INT.size
        for _ in range(topics):
            (size,) = _SHORT.unpack_from(frame, at)
            at += _SHORT.size
            topic = frame[at : at + size].decode()
            at += size
            (partitions,) = _INT.unpack_from(frame, at)
            at += _INT.size
            for _ in range(partitions):
                partition, error, offset, at_ms, _start = _ANSWER.unpack_from(frame, at)
                at += _ANSWER.size
                yield ProduceResponse((topic, partition), error, offset, max(at_ms, 0))
    except (struct.error, UnicodeDecodeError) as why:
        raise BadAnswer(f"an answer of {len(frame)} bytes that is none: {why}") from why
