"""Which store an address names."""

from __future__ import annotations

from pathlib import Path

from huntserver.projections.store import ReadStore

ASKED_STATEMENT_MS = 5_000
"""For a store that clients ask: PostgreSQL ends a statement then."""


def chosen(address: str, *, asked: bool = False) -> ReadStore:
    """Return the store of `sqlite:PATH` or `postgresql://...`, not opened yet. `asked`: clients wait for answers."""
    scheme, _, rest = address.partition(":")
    if scheme == "sqlite":
        from huntserver.projections.sqlite import SqliteReadStore

        return SqliteReadStore(Path(rest))
    from huntserver.projections.postgres import STATEMENT_MS, PostgresReadStore

    return PostgresReadStore(address, statement_ms=ASKED_STATEMENT_MS if asked else STATEMENT_MS)
