"""The real brokers that tests of the Kafka log talk to: one that is shared, and a cluster that may be hurt."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from lab.machines.brokers import Brokers, brokers, remove_topics
from tests.actors.log.contract import WAIT_S


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of the shared broker. Nobody stops or pauses it."""
    address = os.environ.get("HUNTSERVER_TEST_KAFKA")
    if not address:
        pytest.fail("HUNTSERVER_TEST_KAFKA names no broker: run `make kafka`, and the tests by `make test`")
    return address


@pytest.fixture
async def prefix(kafka: str) -> AsyncIterator[str]:
    """A prefix for this test's topics, which are deleted after it."""
    name = f"test-{secrets.token_hex(6)}"
    yield name
    await remove_topics(kafka, name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that hurt brokers in one process: they share the three."""
    for item in items:
        if "three" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("three brokers"))


@pytest.fixture(scope="package")
def three(kafka: str) -> Iterator[Brokers]:
    """Three brokers for all tests that hurt some."""
    with brokers(3) as made:
        yield made


@pytest.fixture
def cluster(three: Brokers) -> Brokers:
    """Three brokers to be paused and killed: all run, whatever the test before left behind."""
    three.heal()
    return three


async def settled(condition: Any, *, within_s: float = WAIT_S) -> None:
    """Wait until a condition about the outside world holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
