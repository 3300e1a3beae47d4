"""What fits a log: the checks of the port's clauses L11, L13 and S5, the same in every adapter. Pure.

The defaults are an untouched Kafka's: its brokers take a message of 1 MiB. The other adapters have the same, so that
what was written to one log can be moved to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.faults import BatchTooLarge, Fault, RecordTooLarge

RECORD_BYTES_MAX: Final = 800_000
BATCH_BYTES_MAX: Final = 1_000_000
PART_BYTES_MAX: Final = 800_000

RECORD_FRAMING_BYTES: Final = 32
"""What a record counts in a batch beside its own length: no adapter's framing of a record is longer (Kafka's: 21)."""


def batch_bytes(records: Sequence[bytes]) -> int:
    """Return what a batch counts against `batch_bytes_max`: its records' lengths, and the framing of each."""
    return sum(map(len, records)) + RECORD_FRAMING_BYTES * len(records)


def unfit_batch(records: Sequence[bytes], record_bytes_max: int, batch_bytes_max: int) -> Fault | None:
    """Return why a batch is not taken (L11, L13), None if it is."""
    size = batch_bytes(records)
    if size > record_bytes_max:
        longest = max(map(len, records))
        if longest > record_bytes_max:
            return RecordTooLarge(f"a record of {longest} bytes; the log takes {record_bytes_max}")
    if size > batch_bytes_max:
        return BatchTooLarge(f"a batch of {len(records)} records and {size} bytes; the log takes {batch_bytes_max}")
    return None


def unfit_part(key: str, value: bytes | None, part_bytes_max: int) -> Fault | None:
    """Return why a snapshot's part is not taken (S5), None if it is."""
    size = len(key.encode()) + len(value) if value is not None else 0
    if size > part_bytes_max:
        return RecordTooLarge(f"a snapshot's part of {size} bytes with its key; the log takes {part_bytes_max}")
    return None
