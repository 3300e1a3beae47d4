"""Read models in PostgreSQL: for a cluster, and for whoever wants to ask in SQL."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import psycopg

from huntserver.projections import sql
from huntserver.projections.address import shown_address
from huntserver.projections.store import Position, ReadStore, StoreError
from huntserver.projections.tables import Changes

T = TypeVar("T")
TEXT: Final = 'TEXT COLLATE "C"'
CONNECT_S: Final = 10
STATEMENT_MS: Final = 60_000


class _PostgresStatements(sql.Statements):
    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        return self._cursor.execute(statement.replace("?", "%s"), parameters)

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._cursor.executemany(statement.replace("?", "%s"), rows)


class PostgresReadStore:
    """A `ReadStore` in a schema of a database. `url` is libpq's; its password may come from the usual places.

    A connection that broke is made anew at the next call. The server ends a statement after `statement_ms`.
    """

    def __init__(self, url: str, schema: str = "huntserver", statement_ms: int = STATEMENT_MS) -> None:
        self.url = url
        self._statement_ms = statement_ms
        self.schema = schema
        self._open: psycopg.Connection[Any] | None = None
        self._prefix = f"{schema}."

    @property
    def _where(self) -> str:
        """Return the address without what is secret in it."""
        return shown_address(self.url)

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(
                self.url,
                connect_timeout=CONNECT_S,
                options=f"-c statement_timeout={self._statement_ms} -c timezone=UTC",
                application_name="huntserver projections",
            )
        return self._open

    def open(self) -> dict[str, Position]:
        """See the port."""

        def prepare(cursor: sql.Statements) -> dict[str, Position]:
            cursor.run("SELECT pg_advisory_xact_lock(hashtext(?))", (self.schema,))  # two that begin at once
            cursor.run(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            return sql.prepare(cursor, self._prefix, TEXT, self._where)

        return self._whole(prepare)

    def look(self) -> None:
        """See the port."""

        def looked(cursor: sql.Statements) -> None:
            made = cursor.run("SELECT to_regclass(?)", (f"{self._prefix}state",)).fetchone()[0]
            row = (
                cursor.run(f"SELECT value FROM {self._prefix}state WHERE name = 'version'").fetchone() if made else None
            )
            sql.fitting(row[0] if row else None, self._where)

        self._whole(looked)

    def commit(
        self, changes: Changes, before: Mapping[str, Position], after: Mapping[str, Position], caught_up_ms: int
    ) -> None:
        """See the port."""
        self._whole(lambda cursor: sql.write(cursor, self._prefix, changes, before, after, caught_up_ms))

    def query(self, statement: str, *parameters: Any) -> Sequence[Mapping[str, Any]]:
        """See the port."""

        def asked(cursor: sql.Statements) -> list[dict[str, Any]]:
            cursor.run(f"SET LOCAL search_path TO {self.schema}")
            found = cursor.run(statement, parameters)
            names = [column.name for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        return self._whole(asked)

    def tidy(self) -> None:
        """See the port: dead rows are freed now, not when the server finds the time."""
        try:
            with psycopg.connect(self.url, connect_timeout=CONNECT_S, autocommit=True) as connection:
                connection.execute(f"VACUUM {self.schema}.players".encode())
        except psycopg.Error as error:
            raise StoreError(f"{self._where}: cannot be tidied ({str(error).strip()})") from error

    def rebuilt(self) -> ReadStore:
        """See the port."""
        beside = f"{self.schema}_rebuild"
        self._whole(lambda cursor: cursor.run(f"DROP SCHEMA IF EXISTS {beside} CASCADE"))
        return PostgresReadStore(self.url, beside)

    def replace(self, by: ReadStore) -> None:
        """See the port: the schemas change names in one transaction."""
        assert isinstance(by, PostgresReadStore)
        by.close()

        def swap(cursor: sql.Statements) -> None:
            cursor.run(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
            cursor.run(f"ALTER SCHEMA {by.schema} RENAME TO {self.schema}")

        self._whole(swap)

    def close(self) -> None:
        """See the port."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _whole(self, work: Callable[[sql.Statements], T]) -> T:
        """Run work as one transaction; what the server or the net refuses is a `StoreError`."""
        try:
            connection = self._connection()
            with connection.transaction(), connection.cursor() as cursor:
                return work(_PostgresStatements(cursor))
        except psycopg.Error as error:
            with contextlib.suppress(psycopg.Error):
                self.close()
            what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise StoreError(f"{self._where}: the read models cannot be used ({what})") from error
