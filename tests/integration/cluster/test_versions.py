"""The version before the last change of a format and the present one in one cluster: played, upgraded, taken back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from huntserver.client import connect
from lab import ROOT
from lab.machines.cluster import ClusterProcess, LocalCluster
from tests.integration.cluster.test_processes import CLUES, FROM_ONE_MACHINE, HUNT, QUICK, SHARDS, Player, settled

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

BEFORE = "2590cba5168428bcb3de1a973ab0b9d7f65103c8"
"""The last commit before a format (of links, records, snapshots) was changed. Whoever changes one moves it."""
CHANGED = "actors/cluster/links/frames.py"
"""A file of the format that was changed."""
BAD = {
    "entity_damaged", "recovery_failed", "link_refused", "table_not_taken", "member_not_understood", "request_failed",
    "background_failed", "background_contained", "bug_contained",
}  # fmt: skip


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=False)


def tree_before(folder: Path) -> Path:
    """Lay out what ran before, from the history; a clone without it asks for that one commit."""
    if git("rev-parse", "--git-dir").returncode:
        pytest.skip("this tree has no history: it is no clone")
    archive = ("archive", BEFORE, "actors", "huntserver")
    packed = git(*archive)
    if packed.returncode:
        git("fetch", "--quiet", "--depth", "1", "origin", BEFORE)
        packed = git(*archive)
    if packed.returncode:
        pytest.fail(f"commit {BEFORE} is not in this clone and cannot be fetched: git fetch --unshallow")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    assert (folder / CHANGED).read_bytes() != (ROOT / CHANGED).read_bytes()
    return folder


@pytest.fixture
def cluster(kafka: str, prefix: str, tmp_path: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(tmp_path / "cluster", kafka, prefix, shards=SHARDS, limits=FROM_ONE_MACHINE)
    yield made
    made.stop()


async def test_a_cluster_is_upgraded_and_taken_back_while_it_is_played(cluster: LocalCluster, tmp_path: Path) -> None:
    before = ("env", f"PYTHONPATH={tree_before(tmp_path / 'before')}", sys.executable, "-m", "huntserver")
    far = cluster.folder / "far.toml"
    far.write_text(HUNT.replace("points = 10", "points = 10\nattempts = { free = 9, cool_down_s = 0 }"))
    a, b = cluster.add("a", "--hunt", str(far)), cluster.add("b")
    present = a.program
    for node in (a, b):
        node.program = before
        node.launch()
    await settled(cluster)
    players = [Player(cluster, node, name) for node, name in ((a, "ada"), (b, "bob"))]

    async def exchange(node: ClusterProcess, program: tuple[str, ...]) -> None:
        assert await asyncio.to_thread(node.stop) == 0
        node.program = program
        node.launch()
        await settled(cluster)

    async with AsyncExitStack() as stack:
        for one in players:
            one.client = await stack.enter_async_context(
                connect(one.ways[0], one.ways[1], on_message=one.heard, timing=QUICK)
            )
            await one.client.join("far")
        steps = [(b, tuple(present)), (a, tuple(present)), (b, before)]
        for at, (node, program) in enumerate(steps):  # the first of two clues as it is, the second while one is away
            now, meanwhile = CLUES[2 * at], CLUES[2 * at + 1]
            await asyncio.gather(*(one.solve([now]) for one in players))
            await asyncio.gather(exchange(node, program), *(one.solve([meanwhile]) for one in players))
        await asyncio.gather(*(one.solve(CLUES[6:]) for one in players))
        board = await players[0].client.question("board", hunt="far")
        assert [row["score"] for row in board["rows"]] == [10 * len(CLUES)] * 2
    for one in players:
        assert one.gaps() == []
    for node in (a, b):
        assert [line for line in node.lines() if line["event"] in BAD] == []
