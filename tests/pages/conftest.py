"""One browser and one server for all tests of the pages; a hunt, phones and other players for each of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from lab.machines.servers import LocalServer, serving
from tests.pages.desk import Desk, office_in
from tests.pages.phone import EXECUTABLE, FLAGS, Phone
from tests.pages.proxy import Proxy
from tests.pages.talker import Cast


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the pages in one process: they share a browser and a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("pages"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium. It ends with the last of these tests: its driver holds the thread's event loop meanwhile."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A real server that no test hurts."""
    with serving(tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture
def site(live: LocalServer) -> str:
    """The page's address."""
    return f"http://127.0.0.1:{live.port}/"


@pytest.fixture
def cast(live: LocalServer) -> Iterator[Cast]:
    """Hosts and players without a browser."""
    made = Cast(live)
    yield made
    made.close()


@pytest.fixture
def proxy(live: LocalServer) -> Iterator[Proxy]:
    """A network that can fail."""
    with Proxy(live.port) as made:
        yield made


@pytest.fixture
def phone(browser: Browser) -> Iterator[Callable[..., Phone]]:
    """Makes phones, and puts them away at the end."""
    made: list[Phone] = []

    def make(**options: Any) -> Phone:
        made.append(Phone(browser, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="package")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server as it is run: with its read models."""
    with office_in(tmp_path_factory.mktemp("office")) as server:
        yield server


@pytest.fixture
def crew(office: LocalServer) -> Iterator[Cast]:
    """Hosts and players at the office, without a browser."""
    made = Cast(office)
    yield made
    made.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Makes desks, and clears them at the end."""
    made: list[Desk] = []

    def make(**options: Any) -> Desk:
        made.append(Desk(browser, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
