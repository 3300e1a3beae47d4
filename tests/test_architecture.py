"""The arrows of the house. The rules stand in docs/architecture.md, "Rooms and arrows": these tests read them there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lab import ROOT
from tests.sources import PRODUCT, ROOTS, TOGETHER, modules, read, under

pytestmark = TOGETHER
PAGE = (ROOT / "docs" / "architecture.md").read_text().partition("\n## Rooms and arrows\n")[2].partition("\n## ")[0]


def table(head: str) -> list[list[str]]:
    """Return, for each row of the page's table that begins with a head, the names in back-ticks of each cell."""
    rest = PAGE.partition(f"\n| {head} |")[2]
    assert rest, f"no table {head!r}"
    rows = []
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([re.findall(r"`([\w.*]+)`", cell) for cell in line.strip("|").split("|")])
    return [[" ".join(cell) for cell in row] for row in rows]


ROOMS = {room: set(allowed.split()) for room, _, allowed in table("room")}
PURE = {name: set(banned.split()) for names, banned in table("pure") for name in names.split()}
ONLY_IN = {name: places.split() for names, places in table("library or adapter") for name in names.split()}


def faults(name: str, source: str) -> list[str]:
    """Return every broken rule of one module."""
    room = max((r for r in ROOMS if under(name, r)), key=len, default=None)
    if room is None:
        return [f"{name}: no room of docs/architecture.md has it"]
    found = []
    for target in read(source).imports:
        ours = any(under(target, root) for root in ROOTS)
        if ours and not any(under(target, allowed) for allowed in {room, *ROOMS[room]}) and target != "huntserver":
            found.append(f"{name} imports {target}: {room} may not")
        for pure, banned in PURE.items():
            if under(name, pure) and target.split(".")[0] in banned:
                found.append(f"{name} imports {target}: it is pure")
        for library, places in ONLY_IN.items():
            if under(name, "lab") or under(name, "tests") or not under(target, library):
                continue
            if not any(under(name, place) or name.startswith(place + "_") for place in places):
                found.append(f"{name} imports {target}: only {', '.join(places)} may")
    return found


def test_every_import_of_every_root_follows_the_arrows() -> None:
    assert [fault for name, source in modules(*ROOTS).items() for fault in faults(name, source)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("actors.shard.shard", "import huntserver.game.hunt"),
        ("actors.shard.shard", "if TYPE_CHECKING:\n    import huntserver.game.hunt"),
        ("actors.shard.shard", "import lab.sim.loop"),
        ("huntserver.game.hunt", "import time"),
        ("huntserver.game.hunt", "from huntserver.wire import codecs"),
        ("huntserver.wire.session", "from huntserver.gateway.rooms import Rooms"),
        ("huntserver.gateway.rooms", "from huntserver.app import serve"),
        ("huntserver.gateway.rooms", "import sqlite3"),
        ("huntserver.load.run", "from huntserver.cli.main import main"),
        ("huntserver.load.run", "from lab.ledger import append_row"),
        ("huntserver.cli.main", "from actors.log.kafka.log import KafkaLog"),
        ("actors.shard.fence", "import asyncio"),
        ("huntserver.app", "from actors.log.memory import MemoryLog"),
        ("lab.sim.loop", "from tests.sources import files"),
        ("elsewhere.module", ""),
    ],
)
def test_a_broken_arrow_is_found(name: str, source: str) -> None:
    assert faults(name, source)


def test_modules_do_not_import_each_other_in_circles_types_included() -> None:
    sources = modules(*ROOTS)
    graph = {name: {t for t in read(source).imports if t in sources and t != name} for name, source in sources.items()}
    assert [sorted(ring) for ring in circles(graph)] == []


def test_a_circle_is_found_whole() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert circles({"a": {"b", "c"}, "b": {"c"}}) == []


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that reach each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for target in graph.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return seen

    far = {name: reached(name) for name in graph}
    found: list[set[str]] = []
    for name in graph:
        ring = {other for other in far[name] if name in far.get(other, ())}
        if ring and ring not in found:
            found.append(ring)
    return found


def test_the_wheel_holds_the_product_with_its_pages_and_nothing_of_the_laboratory(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in (*ROOTS, "pyproject.toml", "README.md"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PRODUCT)
    assert {
        "huntserver/web/client.js",
        "huntserver/web/player/app.js",
        "huntserver/load/report.css",
        "actors/shard/shard.py",
    } <= set(names)
