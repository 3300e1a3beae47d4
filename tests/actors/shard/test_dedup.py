"""The memory of commands against a model that never forgets: it may say "too old", never "new" of what is old."""

from __future__ import annotations

import base64
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.shard.dedup import (
    ANSWERS_MAX,
    EPOCHS_MAX,
    GONE_MAX,
    TOO_MANY,
    TOO_OLD,
    Answers,
    Dedup,
    KeyTooOld,
    Known,
    split_key,
)

SENDERS = ("p:ann", "p:bob")
EPOCHS = tuple(f"device{i}" for i in range(11))


class DedupMachine(RuleBasedStateMachine):
    """Adds and asks as an entity does: a key is added only when it was found to be new."""

    @initialize()
    def begin(self) -> None:
        self.dedup = Dedup()
        self.executed: dict[tuple[str, str, int], tuple[int, bytes]] = {}
        self.order: dict[str, list[tuple[str, int]]] = {by: [] for by in SENDERS}
        self.pos = 0

    @rule(by=st.sampled_from(SENDERS), epoch=st.sampled_from(EPOCHS), n=st.integers(1, 60), size=st.integers(0, 200))
    def a_command_comes(self, by: str, epoch: str, n: int, size: int) -> None:
        found = self.dedup.find(by, epoch, n)
        first = self.executed.get((by, epoch, n))
        if found is None:
            assert first is None, "a command would be executed twice"
            self.execute(by, epoch, n, size)
        elif isinstance(found, Known):
            assert first == found, "another command's answer"
        else:
            assert isinstance(found, KeyTooOld)
            assert first is not None or self.may_be_too_old(by, epoch, n)

    def execute(self, by: str, epoch: str, n: int, size: int) -> None:
        self.pos += 1
        answer = (f"{by}{epoch}{n}".encode() * 20)[:size]
        self.dedup.add(by, epoch, n, self.pos, answer)
        self.executed[by, epoch, n] = (self.pos, answer)
        self.order[by].append((epoch, n))

    def may_be_too_old(self, by: str, epoch: str, n: int) -> bool:
        """A key that was never executed is refused only if a later one of its epoch is forgotten already, or its epoch
        was pushed out by eight others."""
        highest = sorted(m for e, m in self.order[by] if e == epoch)
        return max(highest[:-ANSWERS_MAX], default=0) >= n or self.is_idle(by, epoch)

    def is_idle(self, by: str, epoch: str) -> bool:
        return any(e == epoch for e, _ in self.order[by]) and epoch not in self.youngest(by)

    def youngest(self, by: str) -> list[str]:
        """Return the eight epochs that were used last."""
        return list(dict.fromkeys(e for e, _ in reversed(self.order[by])))[:EPOCHS_MAX]

    @rule(by=st.sampled_from(SENDERS), epoch=st.sampled_from(EPOCHS), count=st.integers(10, 40))
    def a_device_plays_on(self, by: str, epoch: str, count: int) -> None:
        top = max((n for e, n in self.order[by] if e == epoch), default=0)
        if isinstance(self.dedup.find(by, epoch, top + 1), KeyTooOld):
            assert self.is_idle(by, epoch)
            return
        for n in range(top + 1, top + 1 + count):
            assert self.dedup.find(by, epoch, n) is None
            self.execute(by, epoch, n, 20)

    @rule()
    def it_is_stored_and_read_again(self) -> None:
        parts = list(self.dedup.encode())
        self.dedup = Dedup.decode(parts)
        assert list(self.dedup.encode()) == parts

    def teardown(self) -> None:
        """Nothing that was executed is new, however long ago it was."""
        for by, epoch, n in self.executed:
            assert self.dedup.find(by, epoch, n) is not None

    @rule()
    def what_a_device_in_use_may_wait_for_is_given_again(self) -> None:
        for by, order in self.order.items():
            for epoch in self.youngest(by):
                for n in sorted(m for e, m in order if e == epoch)[-ANSWERS_MAX:]:
                    assert self.dedup.find(by, epoch, n) == self.executed[by, epoch, n]

    @invariant()
    def memory_is_bounded(self) -> None:
        for table in self.dedup.answers.values():
            assert len(table.devices) <= EPOCHS_MAX
            for device in table.devices:
                assert device.count == len(list(device.entries())) <= ANSWERS_MAX
                assert len(device.data) <= ANSWERS_MAX * 217


TestDedupMachine = DedupMachine.TestCase
TestDedupMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_device_hears_the_first_answer_however_much_the_others_of_its_player_do() -> None:
    """The 32 youngest answers were those of all devices: two busy ones made a third hear `key_too_old`."""
    table = Answers()
    table.add("phone", 1, 1, b"first")
    for n in range(1, 101):
        for i in range(1, EPOCHS_MAX):
            table.add(f"tablet{i}", n, 8 * n + i, b"{}")
    assert table.find("phone", 1) == Known(1, b"first")


def test_the_device_that_was_not_used_longest_is_pushed_out() -> None:
    """Of the epochs without an answer among the youngest the one in the lowest place went, used last or not."""
    table = Answers()
    for i in range(EPOCHS_MAX):
        table.add(f"e{i}", 1, i + 1, b"{}")
    table.add("e0", 2, 20, b"again")
    table.add("new", 1, 21, b"{}")
    assert table.find("e0", 2) == Known(20, b"again")
    assert table.find("e1", 1) == TOO_OLD


def test_an_epoch_that_was_pushed_out_never_comes_back() -> None:
    table = Answers()
    for i in range(EPOCHS_MAX + 2):
        table.add(f"e{i}", 1, i + 1, b"{}")
    assert table.find("e0", 1) == TOO_OLD
    assert table.find("e0", 99) == TOO_OLD
    assert table.find("e9", 1) == Known(10, b"{}")


def test_a_player_has_so_many_devices_and_no_more() -> None:
    table = Answers()
    for i in range(GONE_MAX + EPOCHS_MAX):
        assert table.find(f"e{i}", 1) is None
        table.add(f"e{i}", 1, i + 1, b"{}")
    assert table.find("one more", 1) == TOO_MANY
    assert table.find(f"e{GONE_MAX + EPOCHS_MAX - 1}", 2) is None


def test_a_key_below_the_window_is_refused_and_not_executed() -> None:
    table = Answers()
    for n in range(1, ANSWERS_MAX + 2):
        table.add("phone", n, n, b"{}")
    assert table.find("phone", 1) == TOO_OLD
    assert table.find("phone", 2) == Known(2, b"{}")
    assert table.find("phone", ANSWERS_MAX + 2) is None


def test_a_gap_in_a_devices_numbers_may_still_be_filled_within_the_window() -> None:
    table = Answers()
    for n in (1, 2, 5, 6):
        table.add("phone", n, n, b"{}")
    assert table.find("phone", 3) is None
    table.add("phone", 3, 7, b"late")
    assert table.find("phone", 3) == Known(7, b"late")


@given(epoch=st.text(min_size=1, max_size=32), n=st.integers(1, 1 << 53))
def test_a_key_is_split_as_it_was_joined(epoch: str, n: int) -> None:
    assert split_key(f"{epoch}:{n}") == (epoch, n)


@given(st.text(max_size=60))
def test_any_text_is_a_key_or_none(text: str) -> None:
    split = split_key(text)
    if split is not None:
        epoch, n = split
        assert 1 <= len(epoch) <= 32
        assert 1 <= n <= 1 << 53
        assert split_key(f"{epoch}:{n}") == split


@pytest.mark.parametrize("text", ["", ":", ":1", "a:", "a:0", "a:-1", "a:1.5", "a:٣", "a:9007199254740993", "a:²", "a"])
def test_what_is_no_key_is_found(text: str) -> None:
    assert split_key(text) is None


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_any_bytes_are_a_memory_or_a_value_error(parts: list[bytes]) -> None:
    try:
        Dedup.decode(parts)
    except ValueError:
        return
    assert all(parts)


def test_a_memory_of_many_senders_is_stored_in_parts() -> None:
    dedup = Dedup()
    for i in range(450):
        dedup.add(f"p:{i}", "e", 1, i, b"{}")
        dedup.marks[f"hunt/{i}"] = (i, 0)
    parts = list(dedup.encode())
    assert len(parts) == 3
    again = Dedup.decode(parts)
    assert again.marks == dedup.marks
    assert all(again.find(f"p:{i}", "e", 1) == Known(i, b"{}") for i in range(450))


FORMAT_1 = (
    b"c-lSE$x6de7{&3Ma~<kD)u|4x<F?J%#+CRQu1r;2MFoX|_z<Z9cS08WB=MbGig?e-CLcd?7JtZi{QmiHc9rL4byH>4u(~d-ZQ0UT"
    b"V>;h>1kC?4?cQDh&z%jD59`huQfN7x)zES{r=jI=UPHs-f`*2}MGXyyOB!Oroy(*MlkQw0#h7yEDk%Zm)<}J@tw|byZR?~IY};^e"
    b"_&qRgQ|5zpTe1Mm+m?l3UrQE&fjhDoEZmhPVB(&v4>s=024G}cmV%WXTF?VC4`e>rc_<6O&Ldd}b{@+ju=7L~gPo_cq;8!5e59AR"
    b"7u~-fGrP}<YE*cI@#?02gCReEd96+H_I3B1KXpge`vsXhD<S"
)


def test_a_memory_that_was_stored_in_the_format_before_is_read() -> None:
    """Five devices of ann (2, 1, 3 each), then 23 commands of the third; the first was pushed out then."""
    dedup = Dedup.decode([zlib.decompress(base64.b85decode(FORMAT_1))])
    assert dedup.find("p:ann", "a", 3) == TOO_OLD
    assert dedup.find("p:ann", "b", 1) == TOO_OLD
    assert dedup.find("p:ann", "b", 3) == TOO_OLD
    assert dedup.find("p:ann", "b", 4) is None
    assert dedup.find("p:ann", "c", 10) == TOO_OLD
    assert [dedup.find("p:ann", "c", n) for n in (11, 26)] == [Known(23, b"11"), Known(38, b"26")]
    assert [dedup.find("p:ann", "e", n) for n in (1, 2, 3)] == [
        Known(n, b"%d" % m) for n, m in ((14, 1), (13, 2), (15, 3))
    ]
    assert dedup.find("p:bob", "x", 1) == Known(99, b"{}")
    assert dedup.marks == {"hunt/x": (3, 1)}
    again = list(dedup.encode())
    assert list(Dedup.decode(again).encode()) == again
    assert [device.epoch for device in dedup.answers["p:ann"].devices] == ["b", "d", "e", "c"]


def test_a_memory_in_a_format_that_is_not_known_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="format 3; this server reads 1 and 2"):
        Dedup.decode([msgspec.msgpack.encode(([], [], 3))])
