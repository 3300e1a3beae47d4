"""Stores of read models for tests: a SQLite file, and a schema of a real PostgreSQL server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from huntserver.projections.postgres import PostgresReadStore
from huntserver.projections.sqlite import SqliteReadStore
from huntserver.projections.store import ReadStore


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of the broker that `make kafka` starts; a missing one is a failure."""
    address = os.environ.get("HUNTSERVER_TEST_KAFKA", "")
    assert address, "no broker: `make kafka` starts one; give its address in HUNTSERVER_TEST_KAFKA"
    return address


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of the server that `make postgres` starts; a missing one is a failure."""
    url = os.environ.get("HUNTSERVER_TEST_POSTGRES", "")
    assert url, "no PostgreSQL: `make postgres` starts one; give its URL in HUNTSERVER_TEST_POSTGRES"
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadStore]:
    """An empty store that is not open yet."""
    if request.param == "sqlite":
        made: ReadStore = SqliteReadStore(tmp_path / "read.db")
        yield made
        made.close()
        return
    url = request.getfixturevalue("postgres")
    schema = f"test_{secrets.token_hex(6)}"
    made = PostgresReadStore(url, schema)
    yield made
    made.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.execute(f"DROP SCHEMA IF EXISTS {schema}_rebuild CASCADE")
