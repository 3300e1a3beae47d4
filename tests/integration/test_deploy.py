"""What `deploy/` holds: rules and panels on a real Prometheus that scrapes real servers, and files that fit."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from huntserver.config import Config, parse
from lab import ROOT
from lab.machines.brokers import remove_topics
from lab.machines.servers import LocalServer, free_port, serving

DEPLOY = ROOT / "deploy"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())["groups"][0]["rules"]
BOARD = json.loads((DEPLOY / "grafana" / "huntserver.json").read_text())
PANELS = [(panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel["targets"]]
METRIC = re.compile(r"\b(?:huntserver|process)_\w+")
WAIT_S = 120.0


def run(*command: str) -> str:
    """Run a tool of Debian's; return what it says, with its status when that is not 0."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr + (f"\nstatus {done.returncode}" if done.returncode else "")


# ---- on a real Prometheus


class Prometheus:
    """A Prometheus of the test's own, with rules and configuration of `deploy/`, faster and for other targets."""

    def __init__(self, folder: Path, targets: list[str]) -> None:
        made = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        made["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        made["scrape_configs"][0]["static_configs"][0]["targets"] = targets
        (folder / "prometheus.yml").write_text(yaml.safe_dump(made))
        (folder / "rules.yml").write_text((DEPLOY / "prometheus" / "rules.yml").read_text())
        self.url = f"http://127.0.0.1:{free_port()}"
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                stdout=log, stderr=log,
            )  # fmt: skip

    def ask(self, path: str, **given: str) -> Any:
        """Return the `data` of an answer of its API; None while it does not answer."""
        try:
            query = urllib.parse.urlencode(given)
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as said:
                return json.load(said)["data"]
        except urllib.error.HTTPError as error:
            return None if error.code == 503 else {"error": error.read().decode()}  # 503: it is not ready yet
        except OSError:
            return None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def until(true: Callable[[], Any]) -> Any:
    """Wait for something to come true, and return it."""
    deadline = time.monotonic() + WAIT_S
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, LocalServer]]:
    """Prometheus that scrapes a server on SQLite and one on Kafka; the latter may be stopped."""
    broker = os.environ.get("HUNTSERVER_TEST_KAFKA", "")
    assert broker, "HUNTSERVER_TEST_KAFKA is not set: run `make kafka`, then set it to the address it prints"
    prefix = f"test-{secrets.token_hex(6)}"
    folder, on_kafka = tmp_path_factory.mktemp("sqlite"), tmp_path_factory.mktemp("kafka")
    (on_kafka / "k.toml").write_text(
        f'[log]\nurl = "kafka:{broker}"\ntopic_prefix = "{prefix}"\nhunt_shards = 2\nplayer_shards = 2\n'
    )
    other = LocalServer(on_kafka, "--config", "k.toml", "--data", str(on_kafka / "data"))
    other.start()
    with serving(folder, "--projections", f"sqlite:{folder}/read.db") as server:
        server.http("GET", "/ws")  # refused at the door: what is counted by reason is there from the first one on
        prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), [f"127.0.0.1:{s.port}" for s in (server, other)])
        yield prometheus, other
        prometheus.close()
    other.stop()
    asyncio.run(remove_topics(broker, prefix))


@pytest.mark.kafka
@pytest.mark.xdist_group("prometheus")
class TestOnPrometheus:
    """In order: the last one stops a server."""

    def test_every_metric_that_a_panel_or_a_rule_names_is_there(self, scraped: tuple[Prometheus, LocalServer]) -> None:
        prometheus, _ = scraped
        until(lambda: len((prometheus.ask("query", query="huntserver_ready == 1") or {}).get("result", ())) == 2)
        until(lambda: prometheus.ask("query", query="huntserver_door_refusals_total")["result"])
        known = set(prometheus.ask("label/__name__/values"))
        named = {name: title for title, expr in PANELS for name in METRIC.findall(expr)}
        named |= {name: rule["alert"] for rule in RULES for name in METRIC.findall(rule["expr"])}
        assert len(named) > 30
        assert {name: title for name, title in named.items() if name not in known} == {}

    def test_every_panel_can_be_drawn(self, scraped: tuple[Prometheus, LocalServer]) -> None:
        prometheus, _ = scraped
        for title, expr in PANELS:
            answer = until(partial(prometheus.ask, "query", query=expr.replace("$__rate_interval", "1m")))
            assert "result" in answer, f"{title}: {answer}"

    def test_every_rule_is_evaluated_and_one_fires_for_a_server_that_is_gone(
        self, scraped: tuple[Prometheus, LocalServer]
    ) -> None:
        prometheus, other = scraped

        def rules() -> dict[str, Any]:
            groups = (prometheus.ask("rules") or {}).get("groups", ())
            return {rule["name"]: rule for group in groups for rule in group["rules"]}

        until(lambda: {rule["health"] for rule in rules().values()} == {"ok"})
        assert set(rules()) == {rule["alert"] for rule in RULES}
        assert rules()["HuntserverDown"]["state"] == "inactive"
        other.kill()
        until(lambda: rules()["HuntserverDown"]["state"] in ("pending", "firing"))
        alerts = rules()["HuntserverDown"]["alerts"]
        assert [alert["labels"]["instance"] for alert in alerts] == [f"127.0.0.1:{other.port}"]


# ---- files


def test_promtool_finds_no_fault_in_rules_and_configurations() -> None:
    for name in ("prometheus.yml", "compose.yml"):
        said = run("promtool", "check", "config", str(DEPLOY / "prometheus" / name))
        assert "status" not in said, said
        assert f"{len(RULES)} rules found" in said


def test_every_alert_says_what_to_do_under_its_name_on_the_page_of_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        _, _, told = page.partition(f"\n### {rule['alert']}\n\n")
        assert told[:20].strip(), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    server = tmp_path / "huntserver"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    unit = tmp_path / "huntserver.service"
    text = (DEPLOY / "huntserver.service").read_text()
    unit.write_text(text.replace("/opt/huntserver/bin/huntserver", str(server)))
    if Path("/usr/bin/systemd-analyze").exists():  # not where another init runs
        assert run("systemd-analyze", "verify", "--man=no", str(unit)) == ""
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] not in "#[")
    assert (settings["KillMode"], settings["Restart"], settings["LimitNOFILE"]) == ("mixed", "always", "65536")


def documents() -> dict[str, Any]:
    made = yaml.safe_load_all((DEPLOY / "kubernetes" / "huntserver.yaml").read_text())
    return {f"{document['kind']}/{document['metadata']['name']}": document for document in made}


def test_the_manifests_hang_together() -> None:
    found = documents()
    assert set(found) == {
        "ConfigMap/huntserver", "Service/huntserver", "Service/huntserver-nodes", "PodDisruptionBudget/huntserver",
        "StatefulSet/huntserver",
    }  # fmt: skip
    config = parse(found["ConfigMap/huntserver"]["data"]["config.toml"].encode(), "config.toml")
    assert isinstance(config, Config)
    workload = found["StatefulSet/huntserver"]["spec"]
    pod = workload["template"]["spec"]
    container = pod["containers"][0]
    assert workload["serviceName"] == found["Service/huntserver-nodes"]["metadata"]["name"]
    labels = workload["template"]["metadata"]["labels"].items()
    for name in ("Service/huntserver", "Service/huntserver-nodes"):
        assert labels >= found[name]["spec"]["selector"].items()
        assert [port["targetPort"] for port in found[name]["spec"]["ports"]] == ["http"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": config.server.port}
    probes = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {"startupProbe": "/readyz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert pod["terminationGracePeriodSeconds"] >= 60
    rule = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert (rule["topologyKey"], rule["labelSelector"]["matchLabels"].items() <= labels) == (
        "kubernetes.io/hostname", True,
    )  # fmt: skip
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    claimed = {claim["metadata"]["name"] for claim in workload["volumeClaimTemplates"]}
    assert set(mounted) == claimed | {volume["name"] for volume in pod["volumes"]}
    assert config.data.dir == mounted["data"]
    assert config.auth.key_file.startswith(mounted["key"] + "/")
    assert container["args"][-1].startswith(mounted["config"] + "/")
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_compose_file_names_only_what_is_there() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    brokers = yaml.safe_load((DEPLOY / made["include"][0]).read_text())
    services = {**made["services"], **brokers["services"]}
    for name, service in made["services"].items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (DEPLOY / source).exists() if source.startswith(".") else source in made["volumes"]
            assert there, f"{name}: {source}"
    build = made["services"]["huntserver"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    told = " ".join(made["services"]["huntserver"]["command"])
    for broker in re.findall(r"(\w+):9092", told):
        assert broker in brokers["services"]
    assert "postgres" in services


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert text.rindex("USER ") < text.rindex("ENTRYPOINT")
