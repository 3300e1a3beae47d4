"""Which tests live on virtual time: those of the runtime and of the gateway, which meet no thread and no process.

And no example of a property is judged by the time that it takes, or by the time that it takes to make it; the examples
are the same at every run, so that no landing fails by the draw (HUNTSERVER_RANDOM=1: others each time). The garbage
collector leaves alone what lives as long as the run.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.virtual_time import VirtualLoop

settings.register_profile(
    "huntserver",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="HUNTSERVER_RANDOM" not in os.environ,
)
settings.load_profile("huntserver")

HERE = Path(__file__).parent
VIRTUAL = (HERE / "actors", HERE / "gateway")
REAL = (HERE / "actors" / "log", HERE / "actors" / "test_spill.py", HERE / "gateway" / "test_worker.py")


def pytest_collection_finish() -> None:
    """Set the collector for a large heap: by its defaults it took a third of what models and simulations need.

    Modules and tests, some million objects, are looked at no more; the rest less often, and as surely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the loop by where a test stands."""
    where = {item.path, *item.path.parents}
    if where & set(VIRTUAL) and not where & set(REAL):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}
