"""Teams that change: the read models count who is in them now, whoever moved whom."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec

from actors.log.codec import Done
from huntserver.game.event import Author
from huntserver.game.features.joining import Joined
from huntserver.game.features.leaving import Left
from huntserver.game.features.merging import Merged
from huntserver.game.features.moving import PlayerMoved
from huntserver.game.player.events import Entered, LeftHunt, TeamChanged
from huntserver.projections import queries
from huntserver.projections.models import TABLES, project
from huntserver.projections.sqlite import SqliteReadStore
from huntserver.projections.tables import Changes

PLACES = itertools.count(1)


def done(entity: str, *events: Any, by: str = "p:ada") -> Done:
    return Done("n@0", 1, 1_790_000_000_000, entity, next(PLACES), by, "", list(events), msgspec.Raw(b"{}"))


def joined(team: str, player: str) -> Joined:
    return Joined(team, "Small", Author(f"p:{player}", name=player), "INVITE")


def test_members_who_leave_move_and_merge_are_counted_where_they_are(tmp_path: Path) -> None:
    store = SqliteReadStore(tmp_path / "read.db")
    store.open()
    changes = Changes(TABLES)
    for team, player in (("t1", "ada"), ("t1", "bob"), ("t2", "cleo"), ("t3", "dan")):
        project(changes, done("hunt/h", joined(team, player)))
    host = Author("h:host")
    project(changes, done("hunt/h", Left("t1", "p:bob", invite="SECRET"), by="p:bob"))
    project(changes, done("hunt/h", PlayerMoved("p:bob", "t2", "Small", personal=host), by="h:host"))
    project(changes, done("hunt/h", PlayerMoved("p:bob", "t3", "Small", "t2", personal=host), by="h:host"))
    project(changes, done("hunt/h", Merged("t2", "t3", "Small", ["p:bob", "p:dan"], personal=host), by="h:host"))
    project(changes, done("hunt/h", Left("t1", "p:ada", kicked=True, invite="SECRET", personal=host), by="h:host"))
    project(changes, done("player/bob", Entered("h", "Small", "t1"), TeamChanged("h", "t2", "Small")))
    project(changes, done("player/ada", Entered("h", "Small", "t1"), LeftHunt("h", "t1", kicked=True)))
    store.commit(changes, {}, {}, 0)
    teams = {row["team"]: row["members"] for row in store.query("SELECT team, members FROM teams")}
    assert teams == {"t1": 0, "t2": 3, "t3": 0}
    found = queries.hunt(store, "h")
    assert found is not None
    assert (found["players"], found["teams"]) == (3, 1)
    assert [queries.history(store, player)[0]["team"] for player in ("bob", "ada")] == ["t2", ""]
    acts = queries.audit(store, "h")
    assert sorted(act["event"] for act in acts) == ["left", "merged", "moved", "moved"]
    assert all("SECRET" not in act["detail"] for act in acts)
    store.close()
