"""Merging of changes: in memory and in both stores alike, whatever is put together in a batch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huntserver.projections.models import TABLES
from huntserver.projections.store import Position, ReadStore
from huntserver.projections.tables import Changes
from tests.projections.played import contents

PUTS = st.lists(
    st.tuples(
        st.sampled_from(("hunt-a", "hunt-b")),
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.none() | st.text("ab'\"%?é", max_size=3),
                "owner": st.none() | st.sampled_from("xy"),
                "created_ms": st.none() | st.integers(0, 5),
                "at_ms": st.none() | st.integers(0, 5),
                "players": st.integers(0, 3),
            },
        ),
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(puts=PUTS, cuts=st.lists(st.booleans(), min_size=12, max_size=12))
def test_batches_of_any_size_leave_the_same_rows(store: ReadStore, puts: list[Any], cuts: list[bool]) -> None:
    def left(cuts: list[bool]) -> Any:
        fresh = store.rebuilt()
        fresh.open()
        changes, before, n = Changes(TABLES), Position(), 0
        for (hunt, values), cut in zip(puts, cuts, strict=False):
            changes.put("hunts", (hunt,), **values)
            if cut:
                n += 1
                fresh.commit(changes, {"s": before} if n > 1 else {}, {"s": Position(n)}, 0)
                changes, before = Changes(TABLES), Position(n)
        fresh.commit(changes, {"s": before} if n else {}, {"s": Position(n + 1)}, 0)
        found = contents(fresh)["hunts"]
        fresh.close()
        return found

    assert left(cuts) == left([False] * 12)


def test_a_value_that_is_not_given_changes_nothing_and_text_is_compared_by_code_points(store: ReadStore) -> None:
    store.open()
    for n, named in enumerate(("2 Zoe", "2 élan", "1 newest name, older time")):
        changes = Changes(TABLES)
        changes.put("players", ("p",), named=named)
        changes.put("hunts", ("h",), title="T" if n == 0 else None, owner=f"o{n}")
        store.commit(changes, {"s": Position(n)} if n else {}, {"s": Position(n + 1)}, n)
    (hunt,) = store.query("SELECT title, owner FROM hunts")
    assert dict(hunt) == {"title": "T", "owner": "o0"}
    assert store.query("SELECT named FROM players")[0]["named"] == "2 élan"


@pytest.mark.parametrize("text", ["'; DROP TABLE hunts; --", "a\\b%_?", "%s"])
def test_what_people_write_is_data_and_never_a_statement(store: ReadStore, text: str) -> None:
    store.open()
    changes = Changes(TABLES)
    changes.put("hunts", (text,), title=text)
    store.commit(changes, {}, {"s": Position(1)}, 0)
    assert [dict(r) for r in store.query("SELECT hunt, title FROM hunts WHERE hunt = ?", text)] == [
        {"hunt": text, "title": text}
    ]
