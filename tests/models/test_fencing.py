"""Who may write: every weaker rule is caught, the chosen one is clean (`tests/models/fencing.py`)."""

from __future__ import annotations

import pytest

from tests.models.fencing import Gap, Reader, Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe

SMALL = Rules(log_max=4, tenures=1)
NOT_COUNTING = "was acknowledged and does not count"
WRONG_PREFIX = "was computed on"


def test_an_answer_without_a_check_of_its_offset_is_unsafe() -> None:
    """Guards: *acknowledged at exactly that offset: nothing came between, the batch counts*."""
    found = run(Rules(Reader.EPOCH, Gap.ALWAYS))
    assert_unsafe(found, NOT_COUNTING)
    assert_goes_through(found.trace, ("owner 1 opens tenure", "owner 1 lands", "owner 0 lands", "acknowledged"))


def test_an_epoch_and_one_batch_outstanding_hold_only_as_long_as_the_broker_drops_copies() -> None:
    """Guards: *idempotence on (it keeps the log clean; safety does not rest on it)*."""
    assert_clean(run(Rules(Reader.EPOCH, log_max=4)), 20_000, 60_000)
    found = run(Rules(Reader.EPOCH, idempotent=False))
    assert_unsafe(found, WRONG_PREFIX)
    assert_goes_through(found.trace, ("owner 0 lands at 1", "answer lost, sent again", "owner 0 lands at 2"))


def test_an_epoch_with_two_batches_outstanding_holds_only_with_a_broker_that_forgets_nothing() -> None:
    """Guards: *its seq is the next expected*: without seq, order is whatever the broker makes of it."""
    assert_clean(run(SMALL._replace(reader=Reader.EPOCH, in_flight=2)), 4_000, 15_000)
    assert_unsafe(run(Rules(Reader.EPOCH, idempotent=False, in_flight=2, reorder=True)), WRONG_PREFIX)
    found = run(Rules(Reader.EPOCH, in_flight=2, broker_forgets=True))
    assert_unsafe(found, WRONG_PREFIX)
    assert_goes_through(found.trace, ("forgets its producers", "told of an error", "lands"))


@pytest.mark.parametrize("reader", [Reader.EPOCH_SEQ, Reader.NONCE_SEQ])
def test_a_seq_makes_copies_and_overtaking_harmless(reader: Reader) -> None:
    """Guards: *its seq is the next expected. All else is void*."""
    assert_clean(run(SMALL._replace(reader=reader, idempotent=False, in_flight=2, reorder=True)), 12_000, 50_000)


@pytest.mark.parametrize(("reader", "log_max"), [(Reader.EPOCH_SEQ, 3), (Reader.NONCE_SEQ, 4)])
def test_a_seq_makes_a_broker_that_forgets_its_producers_harmless(reader: Reader, log_max: int) -> None:
    """Guards: *safety does not rest on [idempotence]*."""
    found = run(Rules(reader, in_flight=2, broker_forgets=True, log_max=log_max, tenures=1))
    assert_clean(found, 5_000, 150_000)


def test_an_offset_is_no_name_for_a_tenure_once_a_log_lost_its_end() -> None:
    """Guards: *a fresh random nonce*: after an unclean election another tenure stands at the same offset."""
    found = run(SMALL._replace(reader=Reader.EPOCH_SEQ, unclean=True, acknowledged_count=False))
    assert_unsafe(found, WRONG_PREFIX)
    assert_goes_through(found.trace, ("UNCLEAN", "owner 1 opened", "owner 0 lands"))


def test_a_nonce_keeps_records_apart_even_when_a_log_lost_its_end() -> None:
    """Guards: *a record counts if and only if its nonce is that of the latest tenure before it*."""
    found = run(SMALL._replace(unclean=True, acknowledged_count=False))
    assert_clean(found, 8_000, 30_000)


def test_no_tenure_between_is_enough_only_while_batches_keep_their_order() -> None:
    """Guards: *one produce batch outstanding per shard*."""
    assert_clean(run(SMALL._replace(gap=Gap.NO_TENURE, in_flight=2)), 4_000, 15_000)
    assert_clean(run(Rules(gap=Gap.NO_TENURE, idempotent=False, log_max=5, tenures=1)), 10_000, 60_000)
    found = run(SMALL._replace(gap=Gap.NO_TENURE, in_flight=2, idempotent=False, reorder=True))
    assert_unsafe(found, NOT_COUNTING)


def test_going_on_because_my_record_counts_is_unsafe() -> None:
    """Guards: *go on iff no newer tenure was seen, else step down*."""
    found = run(Rules(gap=Gap.COUNTS, idempotent=False, log_max=5, tenures=1))
    assert_unsafe(found, NOT_COUNTING)
    assert_goes_through(found.trace, ("owner 0 lands at 1", "owner 1 lands at 2", "at 3", "acknowledged at 4"))


@pytest.mark.parametrize("idempotent", [True, False])
def test_reading_on_through_the_fold_is_safe(idempotent: bool) -> None:
    """Guards: *read forward through the same fold; my records count iff they are found counting; go on iff no newer
    tenure was seen*."""
    found = run(Rules(gap=Gap.COUNTS_STILL_OWNER, idempotent=idempotent, log_max=5, tenures=1))
    assert_clean(found, 3_000, 60_000)


def test_reading_on_through_the_fold_is_safe_with_two_batches_outstanding() -> None:
    """Guards: the same sentence, where the safety of one batch outstanding is not used."""
    fold = Rules(gap=Gap.COUNTS_STILL_OWNER, in_flight=2, tenures=1)
    assert_clean(run(fold._replace(idempotent=False, reorder=True, log_max=4)), 12_000, 50_000)
    assert_clean(run(fold._replace(broker_forgets=True, log_max=3)), 5_000, 60_000)


AGAIN = Rules(Reader.NONCE_SEQ, Gap.VOID, idempotent=False, log_max=5, tenures=1, tenures_again=1)


def test_a_nonce_alone_lets_the_records_of_its_first_place_count_again() -> None:
    """Guards: *a tenure's records bear its nonce with the offset that it landed at*: its opening record lands a second
    time, late, and begins the numbers anew; a copy of a command's record then counts a second time."""
    found = run(AGAIN)
    assert_unsafe(found, WRONG_PREFIX)
    assert_goes_through(found.trace, ("lands at 1", "the tenure of 0 lands again at 2", "lands at 3"))


def test_a_nonce_with_its_place_stands_a_tenure_that_lands_twice() -> None:
    """Guards: the same sentence. One tenure each, any of them twice."""
    assert_clean(run(AGAIN._replace(reader=Reader.NONCE_PLACE_SEQ)), 20_000, 200_000)


@pytest.mark.parametrize("idempotent", [True, False])
def test_going_on_only_past_void_records_is_safe(idempotent: bool) -> None:
    """Guards rules 2 and 3 as they are carried out: nonce, place and seq, one batch outstanding, and past a gap only if
    all that lies between is void and no tenure, else the batch is in doubt. Two tenures and two commands each."""
    assert_clean(run(Rules(Reader.NONCE_PLACE_SEQ, Gap.VOID, idempotent=idempotent, log_max=4)), 20_000, 200_000)
