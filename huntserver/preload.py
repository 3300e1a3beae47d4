"""The hunts given on the command line: read before anything starts, created and started once the runtime serves.

Owns nothing that lasts. A hunt that is there already is left as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from actors.entity import Rejected
from actors.reporter import Reporter
from actors.shard.actor import Caller
from actors.way_in import WayIn
from huntserver.config import ConfigError
from huntserver.game.definition.formats import style_of
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.schedule import Publish, Start

HOST: Final = Caller("h:host", "host", "Host")
"""Owns the preloaded hunts."""


def read_hunt(path: Path) -> Definition:
    """Read a hunt file. Raises `ConfigError` with its first problem."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    checked = check_definition(data, style_of(path.suffix))
    if isinstance(checked, list):
        raise ConfigError(f"{path}: {checked[0]} ({len(checked)} problems in all: huntserver check {path})")
    return checked


async def load_hunt(system: WayIn, id: str, definition: Definition, report: Reporter) -> None:
    """Create, publish and start a hunt unless it is there; one whose shard is closed is reported and skipped.

    Raises `ConfigError` if the hunt refuses a step.
    """
    seen = await system.view("hunt", id, OverviewQuery(), HOST)
    if not isinstance(seen, Rejected):
        return
    if seen.code != "no_such_hunt":
        report.warn("hunt_unreachable", hunt=id, code=seen.code, why=seen.msg)
        return
    steps: list[Any] = [Create(), Define(source(definition)), Publish()]
    if definition.schedule.starts_at is None:
        steps.append(Start())
    for step in steps:
        done = await system.ask("hunt", id, step, HOST)
        if isinstance(done, Rejected):
            raise ConfigError(f"hunt {id}: {type(step).__name__.lower()} was refused: {done.msg or done.code}")
    report.note("hunt_loaded", hunt=id)
