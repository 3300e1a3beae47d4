"""`make cluster`: three nodes on this machine over the brokers given, with hunts to play, until Ctrl-C.

The first node is a gateway, the second has every role, the third has hunts and players: any of the last two may be
killed while somebody plays. Data stay in the folder, and the next start goes on with them.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from huntserver.load.server_process import NotServing
from lab import ROOT
from lab.machines.cluster import LocalCluster

MIXES: Final = {
    "one": ("gateway", "projections"),
    "two": ("gateway", "hunts", "players"),
    "three": ("hunts", "players"),
}
HUNTS: Final = ("museum", "city", "race")
LINKS_AFTER: Final = 100
"""The link port of a node is its port and so many."""


def main() -> int:
    """Run the cluster; return the exit status."""
    parser = argparse.ArgumentParser(prog="make cluster", description="a cluster on this machine")
    parser.add_argument("--brokers", required=True, help="HOST:PORT[,HOST:PORT] of Kafka")
    parser.add_argument("--port", type=int, default=8080, help="of the first node; the others have the next ones")
    parser.add_argument("--prefix", default="cluster", help="of the topics")
    parser.add_argument("--shards", type=int, default=8, help="of each topic, for life")
    parser.add_argument("--folder", type=Path, default=ROOT / "lab" / "out" / "cluster")
    asked = parser.parse_args()
    cluster = LocalCluster(asked.folder, asked.brokers, asked.prefix, shards=asked.shards, stores=True)
    for at, (name, roles) in enumerate(MIXES.items()):
        port = asked.port + at
        hunts = [part for hunt in HUNTS for part in ("--hunt", str(ROOT / "examples" / f"{hunt}.toml"))]
        cluster.add(name, *(hunts if at == 0 else ()), roles=roles, port=port, link=port + LINKS_AFTER)
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.append(number))
    try:
        for node in reversed(cluster.nodes.values()):  # who serves hunts first: the first node asks for them
            node.launch()
        cluster.until_settled()
        print(_addresses(cluster), flush=True)
        while not ended:
            time.sleep(0.2)
    except NotServing as why:
        print(why, file=sys.stderr)
        return 0 if ended else 1
    finally:
        print("stopping the nodes", flush=True)
        cluster.stop()
    return 0


def _addresses(cluster: LocalCluster) -> str:
    told = []
    for name, node in cluster.nodes.items():
        page = f"http://{node.host}:{node.port}/"
        told.append(f"  {name:6} {page}  links {node.node}  pid {node.pid}  {','.join(MIXES[name])}")
    first: Any = next(iter(cluster.nodes.values()))
    return "\n".join(
        [
            "The cluster serves:",
            *told,
            f"Play:   open the first page, or: .venv/bin/huntserver play --url {first.url} --guest YOU --hunt museum",
            f"Look:   .venv/bin/huntserver cluster --config {first.config}",
            "Try:    kill -9 the pid of `two` or `three` while you play; Ctrl-C ends all of it",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
