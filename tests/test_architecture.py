"""The arrows of the house: who may import whom, and what the pure parts may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PURE_BANNED = {"asyncio", "time", "random", "socket", "logging", "os", "threading", "sqlite3", "aiokafka", "secrets"}
PURE = (
    "huntserver.game",
    "huntserver.wire",
    *(
        f"huntserver.client.{name}"
        for name in ("actions", "backoff", "channels", "clock", "hunts", "incoming", "requests", "session")
    ),
    "actors.shard.fence",
    "actors.log.codec",
    "actors.entity",
    "actors.shard.dedup",
)
MAY_IMPORT = {
    "huntserver.game": {"huntserver.game", "huntserver.errors", "actors"},
    "huntserver.wire": {"huntserver.wire", "huntserver.game", "huntserver.errors", "huntserver.limits", "actors"},
    "huntserver.client": {"huntserver.client", "huntserver.errors"},
    "huntserver.gateway": {
        "huntserver.gateway", "huntserver.wire", "huntserver.game", "huntserver.errors", "huntserver.limits",
        "huntserver.auth", "actors",
    },
}  # fmt: skip
ONLY_IN = {
    "aiokafka": ("actors.log.kafka", "actors.cluster.membership"),
    "sqlite3": ("actors.log.sqlite", "actors.passivation.spill_sqlite", "huntserver.projections"),
    "websockets": (
        "huntserver.gateway",
        "huntserver.wire.lane",
        "actors.cluster.links",
        "huntserver.load",
        "huntserver.client",
    ),
    "actors.log.sqlite": ("actors.log.sqlite", "huntserver.app"),
    "actors.log.kafka": ("actors.log.kafka", "huntserver.app"),
    "actors.log.memory": ("actors.log.memory",),
}


def modules() -> dict[str, str]:
    """Return every module of the product with its source."""
    found = {}
    for package in ("actors", "huntserver"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path.read_text()
    return found


def imports(source: str) -> Iterator[str]:
    """Yield what a module imports, types' imports (under TYPE_CHECKING) left out."""
    tree = ast.parse(source)
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            skipped |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(name: str, packages: object) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)  # type: ignore[attr-defined]


def faults(name: str, source: str) -> list[str]:
    """Return every broken rule of one module."""
    found = []
    for target in imports(source):
        if name.startswith("actors") and target.split(".")[0] == "huntserver":
            found.append(f"{name} imports {target}: actors know no hunts")
        if under(name, PURE) and target.split(".")[0] in PURE_BANNED:
            found.append(f"{name} imports {target}: it is pure")
        for package, allowed in MAY_IMPORT.items():
            if under(name, [package]) and target.startswith("huntserver.") and not under(target, allowed):
                found.append(f"{name} imports {target}: the arrow points the other way")
        for library, places in ONLY_IN.items():
            hit = target == library or target.startswith(library + ".")
            if hit and not any(name == p or name.startswith((p + ".", p + "_")) for p in places):
                found.append(f"{name} imports {target}: only {', '.join(places)} may")
    return found


def test_every_import_follows_the_arrows() -> None:
    assert [fault for name, source in modules().items() for fault in faults(name, source)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("actors.shard.shard", "import huntserver.game.hunt"),
        ("huntserver.game.hunt", "import time"),
        ("huntserver.game.hunt", "from huntserver.wire import codecs"),
        ("huntserver.wire.session", "from huntserver.gateway.rooms import Rooms"),
        ("huntserver.gateway.rooms", "from huntserver.app import serve"),
        ("huntserver.gateway.rooms", "import sqlite3"),
        ("huntserver.cli.main", "from actors.log.kafka.log import KafkaLog"),
        ("actors.shard.fence", "import asyncio"),
        ("huntserver.client.session", "import time"),
        ("huntserver.client.session", "from huntserver.wire import codecs"),
        ("huntserver.app", "from actors.log.memory import MemoryLog"),
    ],
)
def test_a_broken_arrow_is_found(name: str, source: str) -> None:
    assert faults(name, source)


def test_modules_do_not_import_each_other_in_circles() -> None:
    sources = modules()
    graph = {name: {t for t in imports(source) if t in sources and t != name} for name, source in sources.items()}
    assert circle(graph) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return a circle of modules, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            found = visit(target, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name, []))), [])
