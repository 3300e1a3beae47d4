"""The contract of a store: whole or not at all, and never from a position that is not its own."""

from __future__ import annotations

import pytest

from huntserver.projections.models import TABLES, VERSION
from huntserver.projections.postgres import PostgresReadStore
from huntserver.projections.sqlite import SqliteReadStore
from huntserver.projections.store import Moved, Position, ReadStore, StoreError, WrongVersion
from huntserver.projections.tables import Changes
from tests.projections.played import contents


def one(players: int = 1) -> Changes:
    changes = Changes(TABLES)
    changes.put("hunts", ("h",), title="T", players=players)
    return changes


def test_positions_come_back_with_what_was_committed(store: ReadStore) -> None:
    assert store.open() == {}
    position = Position(7, "n@3", 4, "node#run", 99)
    store.commit(one(), {}, {"hunts-1": position}, 99)
    store.close()
    assert store.open() == {"hunts-1": position}


def test_a_batch_from_a_position_that_was_passed_is_refused_and_changes_nothing(store: ReadStore) -> None:
    store.open()
    store.commit(one(), {}, {"a": Position(5), "b": Position(5)}, 0)
    before = contents(store)
    for stale in ({}, {"a": Position(4), "b": Position(5)}, {"a": Position(5), "b": Position(5, "another")}):
        with pytest.raises(Moved):
            store.commit(one(), stale, {"a": Position(9), "b": Position(9)}, 0)
    assert contents(store) == before
    assert store.open() == {"a": Position(5), "b": Position(5)}
    store.commit(one(2), {"a": Position(5)}, {"a": Position(9)}, 0)
    assert store.query("SELECT players FROM hunts")[0]["players"] == 3


def test_tables_of_another_version_are_refused_with_the_cure(store: ReadStore) -> None:
    store.open()
    store.commit(one(), {}, {"a": Position(1)}, 0)
    if isinstance(store, SqliteReadStore):
        store._connection.execute("UPDATE state SET value = 99 WHERE name = 'version'")
    else:
        assert isinstance(store, PostgresReadStore)
        store._whole(lambda cursor: cursor.run(f"UPDATE {store.schema}.state SET value = 99 WHERE name = 'version'"))
    said = f"of version 99, this server's are {VERSION}; run `huntserver projections rebuild`"
    with pytest.raises(WrongVersion, match=said):
        store.open()
    fresh = store.rebuilt()
    fresh.open()
    fresh.commit(one(5), {}, {"a": Position(2)}, 0)
    store.replace(fresh)
    assert store.open() == {"a": Position(2)}
    assert store.query("SELECT players FROM hunts")[0]["players"] == 5


def test_a_rebuilt_store_takes_the_place_at_once_and_a_batch_of_before_is_refused(store: ReadStore) -> None:
    store.open()
    store.commit(one(), {}, {"a": Position(3)}, 0)
    fresh = store.rebuilt()
    fresh.open()
    fresh.commit(one(10), {}, {"a": Position(4)}, 0)
    assert store.query("SELECT players FROM hunts")[0]["players"] == 1
    store.replace(fresh)
    assert store.query("SELECT players FROM hunts")[0]["players"] == 10
    with pytest.raises(Moved):
        store.commit(one(), {"a": Position(3)}, {"a": Position(5)}, 0)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    store = PostgresReadStore("postgresql://reader:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError) as refused:
        store.open()
    assert "postgresql://reader:***@127.0.0.1:1/none" in str(refused.value)
    assert "secret" not in str(refused.value)
