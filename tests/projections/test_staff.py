"""Who runs a hunt beside its owner sees what the owner sees, until the role is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.log.codec import Done
from actors.reporter import Silent
from huntserver.api.asking import Asking
from huntserver.api.routes import Api
from huntserver.game.event import Author
from huntserver.game.features.authoring import Created
from huntserver.game.features.roles import RoleRevoked, RoleTaken
from huntserver.game.player.events import Entered
from huntserver.projections.models import TABLES, project
from huntserver.projections.store import ReadStore
from huntserver.projections.tables import Changes
from tests.api.test_routes import TOKENS, ask

EVE = TOKENS.mint("host", "eve")


def fold(store: ReadStore, *records: tuple[int, str, Any]) -> None:
    changes = Changes(TABLES)
    for pos, entity, event in records:
        project(changes, Done("n@0", 1, 1_790_000_000_000, entity, pos, "h:host", "", [event], msgspec.Raw(b"{}")))
    store.commit(changes, {}, {}, 0)


class Shared:
    """A store for `Asking`, which closes what it opened: one that is kept open by the test."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def look(self) -> None:
        """It is open."""

    def close(self) -> None:
        """The test closes it."""


@pytest.mark.parametrize("role", ["host", "spectator"])
async def test_a_role_opens_what_is_the_hosts_and_its_end_closes_it(
    store: ReadStore, tmp_path: Path, role: str
) -> None:
    store.open()
    taken = RoleTaken("digest", role, Author("h:eve", name="Eve"))
    fold(store, (1, "hunt/h", Created("h:host")), (2, "hunt/h", taken), (1, "player/ada", Entered("h", "H", "t1")))
    asking = Asking(lambda: Shared(store), Silent())  # type: ignore[arg-type, return-value]
    api = Api(asking, TOKENS, "1")

    async def seen() -> tuple[int, int, int]:
        audit = (await ask(api, "/api/hunts/h/audit", EVE))[0]
        drafts = (await ask(api, "/api/hunts", EVE))[1]["hunts"]
        history = (await ask(api, "/api/players/ada", EVE))[1]["hunts"]
        return audit, len(drafts), len(history)

    assert await seen() == ((200, 1, 1) if role == "host" else (404, 0, 0))
    fold(store, (3, "hunt/h", RoleRevoked("h:eve")))
    assert await seen() == (404, 0, 0)
    asking.close()
