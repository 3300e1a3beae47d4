"""What workers are configured with: ports, folders, roles of their own, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from huntserver.config import Cluster, Config, ConfigError, LogChoice, Server, check
from huntserver.workers.plan import planned

KEY = Path("/keys/token.key")
KAFKA = Config(log=LogChoice(url="kafka:127.0.0.1:9092"))


def test_each_worker_has_ports_and_a_folder_of_its_own_and_shares_all_else() -> None:
    found = planned(KAFKA, 3, KEY)
    for config in found:
        check("worker", config)
    assert [config.server.port for config in found] == [8081, 8082, 8083]
    assert [config.cluster.listen for config in found] == ["127.0.0.1:8180", "127.0.0.1:8181", "127.0.0.1:8182"]
    assert len({config.data.dir for config in found}) == 3
    assert {config.projections for config in found} == {KAFKA.projections}
    assert {config.auth.key_file for config in found} == {str(KEY)}
    assert [("projections" in config.cluster.roles) for config in found] == [True, False, False]


def test_on_several_machines_the_links_of_workers_follow_the_configured_address() -> None:
    cluster = Cluster(listen="0.0.0.0:9000", advertise="node1.example.org:9000", roles=("gateway", "hunts"))
    found = [config.cluster for config in planned(Config(log=KAFKA.log, cluster=cluster), 2, KEY)]
    assert [(one.listen, one.advertise) for one in found] == [
        ("0.0.0.0:9000", "node1.example.org:9000"),
        ("0.0.0.0:9001", "node1.example.org:9001"),
    ]
    assert {one.roles for one in found} == {("gateway", "hunts")}


@pytest.mark.parametrize(
    ("config", "count", "says"),
    [
        (KAFKA, 0, "--workers is 0, allowed is 2 to 64"),
        (KAFKA, 65, "--workers is 65, allowed is 2 to 64"),
        (Config(), 2, "an SQLite log has one writer"),
        (Config(log=KAFKA.log, server=Server(port=0)), 2, "server.port is 0"),
        (Config(log=KAFKA.log, server=Server(port=65_530)), 8, "ports up to"),
    ],
)
def test_what_cannot_be_is_said_in_words(config: Config, count: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        planned(config, count, KEY)
