"""The ring of keys: every person has one, and one that is destroyed cannot be made again by anybody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.config import Config, Privacy
from huntserver.privacy.keeper import keeper_of
from huntserver.privacy.ring import KeyRing, RingState, WrongRing, new_ring
from huntserver.privacy.ring_file import RingFileError, change_ring, load_ring, ring_of

PEOPLE = st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=12, unique=True)


def ring(root: bytes = b"r" * 32) -> KeyRing:
    return new_ring(b"s" * 16, root)


def copied(one: KeyRing) -> KeyRing:
    return KeyRing(msgspec.json.decode(msgspec.json.encode(one.state()), type=RingState))


def destroying(holder: str) -> Callable[[KeyRing], None]:
    def destroy(ring: KeyRing) -> None:
        ring.destroy(holder)

    return destroy


@given(PEOPLE, st.data())
def test_a_destroyed_key_is_gone_and_all_others_open_as_before(people: list[str], data: st.DataObject) -> None:
    one = ring()
    kept = {person: one.seal(person, person.encode()) for person in people}
    gone = data.draw(st.lists(st.sampled_from(people), unique=True))
    assert [one.destroy(person) for person in gone] == [True] * len(gone)
    for held in (one, copied(one)):
        for person, sealed in kept.items():
            assert held.open(person, sealed) == (None if person in gone else person.encode())
            assert held.is_destroyed(person) is (person in gone)
            assert (held.seal(person, b"x") == "") is (person in gone)
    assert [one.destroy(person) for person in gone] == [False] * len(gone)


def test_two_copies_that_destroyed_different_keys_each_make_all_others_alike() -> None:
    one, other = ring(), ring()
    one.destroy("p:ann")
    other.destroy("p:bob")
    sealed = one.seal("p:cid", b"Cid")
    assert other.open("p:cid", sealed) == b"Cid"
    assert other.open("p:ann", ring().seal("p:ann", b"Ann")) == b"Ann", "its own copy is still there"
    for leaf in one.gone():
        other.destroy_leaf(leaf)
    assert other.is_destroyed("p:ann")
    assert copied(other).gone() == sorted(other.gone())
    with pytest.raises(ValueError, match="no leaf"):
        other.destroy_leaf("p:ann")


def test_what_another_ring_sealed_or_somebody_changed_is_a_fault_and_no_erasure() -> None:
    one, other = ring(), new_ring(b"t" * 16, b"r" * 32)
    sealed = one.seal("p:ann", b"Ann")
    with pytest.raises(WrongRing, match="key_file"):
        other.open("p:ann", sealed)
    for bad in (sealed[:-4] + "AAAA", sealed[:9]):
        with pytest.raises(WrongRing, match="damaged"):
            one.open("p:ann", bad)
    with pytest.raises(WrongRing):
        one.open("p:bob", sealed)


def test_who_is_being_erased_is_barred_until_the_key_is_gone_and_afterwards() -> None:
    one = ring()
    one.bar("p:ann")
    assert copied(one).is_erased("p:ann")
    assert not one.is_destroyed("p:ann")
    assert one.open("p:ann", one.seal("p:ann", b"Ann")) == b"Ann"
    one.destroy("p:ann")
    assert one.is_erased("p:ann")
    assert one.state().barred == []
    one.bar("p:ann")
    assert one.state().barred == []


def test_the_file_is_its_owners_alone_and_keeps_what_others_destroyed_in_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "persons.key"
    first = load_ring(path, make=True)
    assert path.stat().st_mode & 0o777 == 0o600
    second = load_ring(path, make=False)
    change_ring(path, first, destroying("p:ann"))
    change_ring(path, second, destroying("p:bob"))
    for held in (second, load_ring(path, make=False)):
        assert held.is_destroyed("p:ann")
        assert held.is_destroyed("p:bob")
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["persons.key", "persons.key.lock"]


def test_a_crash_before_the_old_file_is_wiped_is_made_good_by_the_next_change(tmp_path: Path) -> None:
    path = tmp_path / "persons.key"
    held = load_ring(path, make=True)
    (tmp_path / "persons.key.gone").write_bytes(path.read_bytes())
    (tmp_path / "persons.key.new").write_bytes(b"half")
    change_ring(path, held, destroying("p:ann"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["persons.key", "persons.key.lock"]


def test_a_crash_before_the_file_is_replaced_does_not_cost_the_ring_in_use(tmp_path: Path) -> None:
    path = tmp_path / "persons.key"
    held = load_ring(path, make=True)
    os.link(path, tmp_path / "persons.key.gone")  # a crash, and another one in the next change:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", Mock(side_effect=OSError(5, "a crash")))
        with pytest.raises(RingFileError, match="a crash"):
            change_ring(path, held, destroying("p:ann"))
    assert load_ring(path, make=False).id == held.id
    change_ring(path, held, destroying("p:ann"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["persons.key", "persons.key.lock"]


def test_a_file_that_is_no_ring_or_another_one_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "persons.key"
    held = load_ring(path, make=True)
    other = new_ring(b"t" * 16, b"r" * 32)
    with pytest.raises(RingFileError, match=f"another ring .{held.id}"):
        change_ring(path, other, lambda ring: None)
    path.write_text("{}")
    with pytest.raises(RingFileError, match="is no key ring"):
        load_ring(path, make=True)
    with pytest.raises(RingFileError, match="no key ring there"):
        load_ring(tmp_path / "none", make=False)


def test_a_node_of_a_cluster_without_a_key_file_seals_nothing_and_makes_none(tmp_path: Path) -> None:
    alone = msgspec.convert({"data": {"dir": str(tmp_path)}}, Config)
    assert ring_of(alone) is None
    made = ring_of(alone, make=True)
    assert made is not None
    assert ring_of(alone) is not None
    node = msgspec.convert({"data": {"dir": str(tmp_path)}, "cluster": {"listen": "127.0.0.1:1"}}, Config)
    assert ring_of(node, make=True) is None
    given_none = msgspec.structs.replace(node, privacy=Privacy(key_file=str(tmp_path / "shared.key")))
    with pytest.raises(RingFileError, match="copy it"):
        ring_of(given_none, make=True)


def test_a_server_that_seals_nothing_makes_a_ring_when_somebody_is_erased(tmp_path: Path) -> None:
    """What is not sealed need not be opened: until then its fold is the plain one, for every event."""
    alone = msgspec.convert({"data": {"dir": str(tmp_path)}}, Config)
    keys = keeper_of(alone)
    assert keys is not None
    assert (keys.ring, keys.id, keys.known(), keys.is_erased("p:ann")) == (None, "", ([], []), False)
    assert not list(tmp_path.iterdir())
    keys.bar("p:ann")
    keys.destroy(["p:bob"])
    again = keeper_of(alone)
    assert again is not None
    assert again.id == keys.id != ""
    assert [again.is_erased(who) for who in ("p:ann", "p:bob", "p:cid")] == [True, True, False]


def test_a_server_that_seals_has_a_ring_from_its_start(tmp_path: Path) -> None:
    sealing = msgspec.convert({"data": {"dir": str(tmp_path)}, "privacy": {"seal": True}}, Config)
    keys = keeper_of(sealing)
    assert keys is not None
    assert keys.ring is not None
    assert ring_of(sealing) is not None
