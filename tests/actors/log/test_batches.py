"""Packing and unpacking batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.log.batches import Body, Damaged, checksum, pack, unpack


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"\n", b"", b"a\nb"]), min_size=1, max_size=12))
def test_a_batch_comes_back_as_it_was(records: list[bytes]) -> None:
    body = pack(records)
    assert unpack(body.data, len(records), body.cuts) == records


@given(st.lists(st.binary(max_size=20).filter(lambda record: b"\n" not in record), min_size=1, max_size=12))
def test_records_without_a_newline_are_stored_as_lines(records: list[bytes]) -> None:
    assert pack(records) == Body(b"\n".join(records), None)


@pytest.mark.parametrize(
    ("data", "count", "cuts"), [(b"a\nb", 3, None), (b"a\nb", 1, None), (b"a\nb", 1, "2"), (b"a\nb", 2, "3")]
)
def test_a_body_that_does_not_hold_its_records_is_damaged(data: bytes, count: int, cuts: str | None) -> None:
    with pytest.raises(Damaged):
        unpack(data, count, cuts)


def test_the_checksum_covers_the_place_and_the_lengths() -> None:
    body = Body(b"a\nb", None)
    sums = {
        checksum("hunts-1", 5, 2, 1000, body),
        checksum("hunts-2", 5, 2, 1000, body),
        checksum("hunts-1", 6, 2, 1000, body),
        checksum("hunts-1", 5, 1, 1000, body),
        checksum("hunts-1", 5, 2, 1001, body),
        checksum("hunts-1", 5, 2, 1000, Body(b"a\nb", "1,1")),
        checksum("hunts-1", 5, 2, 1000, Body(b"a\nc", None)),
    }
    assert len(sums) == 7
