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
from huntserver.game.definition.rewritten import as_written
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.media import AddMedium
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.media import references
from huntserver.gateway.media import to_keep
from huntserver.hunt_source import HuntSource, SourceError, media_problems, read_source
from huntserver.media.store import MediaStore, MediaStoreError

HOST: Final = Caller("h:host", "host", "Host")
"""Owns the preloaded hunts."""


def read_hunt(path: Path) -> tuple[Definition, HuntSource]:
    """Read a hunt's file, folder or zip. Raises `ConfigError` with its first problem."""
    try:
        held = read_source(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except SourceError as error:
        raise ConfigError(str(error)) from error
    checked = check_definition(held.data, held.style)
    checked = checked if isinstance(checked, list) else media_problems(held, checked) or checked
    if isinstance(checked, list):
        raise ConfigError(f"{path}: {checked[0]} ({len(checked)} problems in all: huntserver check {path})")
    return checked, held


async def load_hunt(
    system: WayIn, id: str, definition: Definition, held: HuntSource, store: MediaStore, report: Reporter
) -> None:
    """Create, publish and start a hunt unless it is there; one whose shard is closed is reported and skipped.

    Raises `ConfigError` if the hunt refuses a step.
    """
    seen = await system.view("hunt", id, OverviewQuery(), HOST)
    if not isinstance(seen, Rejected):
        return
    if seen.code != "no_such_hunt":
        report.warn("hunt_unreachable", hunt=id, code=seen.code, why=seen.msg)
        return
    media = [_stored(store, name, held.media[name][1]()) for name in references(definition)]
    steps: list[Any] = [
        Create(),
        *media,
        Define(source(definition), written=as_written(held.data, held.style)),
        Publish(),
    ]
    if definition.schedule.starts_at is None:
        steps.append(Start())
    for step in steps:
        done = await system.ask("hunt", id, step, HOST)
        if isinstance(done, Rejected):
            raise ConfigError(f"hunt {id}: {type(step).__name__.lower()} was refused: {done.msg or done.code}")
    report.note("hunt_loaded", hunt=id)


def _stored(store: MediaStore, name: str, body: bytes) -> AddMedium:
    try:
        kept = to_keep(store, name, body)
    except MediaStoreError as error:
        raise ConfigError(f"{name}: {error}") from error
    if isinstance(kept, Rejected):
        raise ConfigError(kept.msg)
    return kept
