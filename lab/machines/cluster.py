"""A cluster on this machine: nodes as processes of their own, over a broker that runs. Also what `make cluster` starts.

Owns the folder of each node and the secrets that they share. Chooses no shards: the nodes do.
"""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from huntserver.auth import Tokens, load_key
from huntserver.config import Config, load
from huntserver.load.server_process import POLL_S, WAIT_S, NotServing, ServerProcess
from lab.machines.servers import NO_READ_MODELS, free_port

ALL_ROLES: Final = ("gateway", "hunts", "players")
CONFIG: Final = """\
[server]
port = {port}

[log]
url = "kafka:{brokers}"
topic_prefix = "{prefix}"
hunt_shards = {shards}
player_shards = {shards}

[data]
dir = "{data}"

[auth]
key_file = "{folder}/token.key"

[cluster]
listen = "127.0.0.1:{link}"
advertise = "{advertised}"
secret_file = "{folder}/cluster.secret"
roles = [{roles}]
{standby}

[telemetry]
format = "json"

[limits]
{limits}
"""


class ClusterProcess(ServerProcess):
    """One node. `link` is the port of its links; a start after an end is another run of the same node.

    `node` is its address as other nodes reach it.
    """

    def __init__(
        self, folder: Path, name: str, link: int, node: str, config: Path, arguments: Sequence[str], *, port: int
    ) -> None:
        super().__init__(folder, "--config", str(config), *arguments, port=port, name=name, cwd=folder)
        self.config = config
        self.link = link
        self.node = node
        self._logged = 0

    def launch(self) -> None:
        """Start the process; wait for nothing."""
        self._logged = self.stderr.stat().st_size if self.stderr.exists() else 0
        super().launch()

    @property
    def ended_unborn(self) -> bool:
        """Tell whether SIGTERM ended it before Python had begun to run its program: nothing was there to take it."""
        return self.exit_code == -signal.SIGTERM and self.stderr.stat().st_size == self._logged


class LocalCluster:
    """The nodes in a folder, over the brokers at `brokers`."""

    def __init__(
        self,
        folder: Path,
        brokers: str,
        prefix: str,
        *,
        shards: int = 8,
        limits: str = "",
        stores: bool = False,
        standby: bool = False,
    ) -> None:
        self.folder = folder
        self.nodes: dict[str, ClusterProcess] = {}
        self._brokers = brokers
        self._prefix = prefix
        self._shards = shards
        self._limits = limits
        self._stores = stores
        self._standby = standby
        folder.mkdir(parents=True, exist_ok=True)
        self.tokens = Tokens(load_key(folder / "token.key", make=True))
        secret = folder / "cluster.secret"
        if not secret.exists():
            secret.touch(0o600)
            secret.write_text(secrets.token_hex(32))

    def add(
        self,
        name: str,
        *arguments: str,
        roles: Sequence[str] = ALL_ROLES,
        port: int = 0,
        link: int = 0,
        advertised: str = "",
    ) -> ClusterProcess:
        """Lay out a node, not started yet. `port` and `link` 0: any that are free. `advertised`: HOST:PORT by which
        other nodes reach its links, if not where it listens."""
        port, link = port or free_port(), link or free_port()
        advertised = advertised or f"127.0.0.1:{link}"
        data = self.folder / name
        data.mkdir(exist_ok=True)
        config = self.folder / f"{name}.toml"
        config.write_text(
            CONFIG.format(
                port=port,
                brokers=self._brokers,
                prefix=self._prefix,
                shards=self._shards,
                data=data,
                folder=self.folder,
                link=link,
                advertised=advertised,
                roles=", ".join(f'"{role}"' for role in roles),
                standby="standby = true" if self._standby else "",
                limits=self._limits,
            )
        )
        stores = () if self._stores else NO_READ_MODELS
        node = ClusterProcess(self.folder, name, link, advertised, config, [*stores, *arguments], port=port)
        self.nodes[name] = node
        return node

    def config(self) -> Config:
        """Return the configuration of any node, for tools that read the log."""
        return load(next(iter(self.nodes.values())).config)

    def view(self, node: ClusterProcess) -> dict[str, Any]:
        """Return the cluster as a node sees it; empty while it does not answer."""
        return view(node, self.admin())

    def admin(self) -> str:
        """Return an operator's token."""
        return self.tokens.mint("admin", "operator", "Operator")

    def owner(self, asked: ClusterProcess, shard: str) -> str:
        """Return the name of the node that serves a shard ("hunts-3"), as `asked` knows; empty: nobody is known."""
        rows = self.view(asked).get("shards", [])
        node = next((row["owner"] for row in rows if row["shard"] == shard), "")
        return next((name for name, one in self.nodes.items() if one.node == node), "")

    def until_settled(self, wait_s: float = WAIT_S) -> None:
        """Wait until every node that runs is ready, has links to all others, knows a living owner of every shard, and
        has its share of them: one that has just joined asks for it a moment later. Raises `NotServing`."""
        deadline = time.monotonic() + wait_s
        while why := self._unsettled():
            if time.monotonic() > deadline:
                tails = "\n".join(node.tail() for node in self.nodes.values())
                raise NotServing(f"the cluster is not settled: {why}\n{tails}")
            time.sleep(POLL_S * 3)

    def _unsettled(self) -> str:
        running = {node.node: node for node in self.nodes.values() if node.runs}
        for node in running.values():
            if (why := node.said("/readyz")) != "ok":
                return f"{node.name}: {why}"
            seen = self.view(node)
            if not seen:
                return f"{node.name} does not show the cluster"
            members = {row["node"] for row in seen["members"]}
            if members != set(running):
                return f"{node.name} knows the members {sorted(members)}, {sorted(running)} run"
            linked = {row["node"] for row in seen["members"] if row["link"] == "up"} | {node.node}
            if linked != set(running):
                return f"{node.name} has links to {sorted(linked)}"
            for row in seen["shards"]:
                if row["owner"] not in running or row["given"] != row["owner"]:
                    return f"{node.name} knows {row['shard']} at {row['owner']!r}, given to {row['given']!r}"
            if why := uneven(seen):
                return f"{node.name}: {why}"
        return ""

    def stop(self) -> None:
        """End what runs, in order."""
        running = [node for node in self.nodes.values() if node.runs]
        for node in running:
            try:
                node.stop()
            except NotServing as why:
                print(why, flush=True)


def view(node: ServerProcess, token: str) -> dict[str, Any]:
    """Return the cluster as a node sees it; empty while it does not answer."""
    try:
        status, body = node.http("GET", "/api/cluster", authorization=f"Bearer {token}")
    except OSError:
        return {}
    found: dict[str, Any] = json.loads(body) if status == 200 else {}
    return found


def uneven(seen: dict[str, Any]) -> str:
    """Return of which topic a member has less than its share, as a node sees the cluster; empty: of none."""
    given = Counter((row["shard"].rpartition("-")[0], row["given"]) for row in seen["shards"])
    for topic in sorted({topic for topic, _ in given}):
        shares = {row["node"]: given[topic, row["node"]] for row in seen["members"] if topic in row["roles"]}
        if shares and max(shares.values()) - min(shares.values()) > 1:
            return f"the shards of {topic} are given out as {shares}: a member waits for its share"
    return ""
