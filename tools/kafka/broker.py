#!/usr/bin/env python3
"""Start and stop Kafka brokers for development and tests, from the jars of Maven's registry. No Docker, no root.

    python3 tools/kafka/broker.py start  [--brokers 3] [--port P] [--data DIR]
    python3 tools/kafka/broker.py stop   [--brokers 3] [--data DIR] [--wipe]
    python3 tools/kafka/broker.py status [--brokers 3] [--data DIR]

Owns `.kafka/` of the checkout: the jars, and one data folder per cluster with settings, logs and `cluster.json`
(address, and the pid of every broker). Ends only processes that it recorded and that are still those brokers. Runs on
the system's python3 with its standard library alone, and installs nothing. It must never be used for production: all
brokers share one machine and one disk. The last line that `start` prints is the address.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent / ".kafka"
LIBS = HOME / "libs"
HOST = "127.0.0.1"
DEFAULT_PORT = 19092
START_S = 240.0
"""Three brokers on two busy cores answer within 15 s, on a slow machine later; past this something is wrong and the
logs say what."""
STOP_S = 20.0


class Failed(Exception):
    """The tool cannot do what it was asked; the text says why and what to do."""


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(description="Kafka brokers for development and tests")
    parser.add_argument("command", choices=["start", "stop", "status"])
    parser.add_argument("--brokers", type=int, default=1, choices=[1, 2, 3], help="how many (default 1)")
    parser.add_argument("--port", type=int, help=f"of the first broker (default {DEFAULT_PORT} or 19192; 0: any free)")
    parser.add_argument("--data", type=Path, help="data folder (default .kafka/one, .kafka/two, .kafka/three)")
    parser.add_argument("--session-ms", type=int, default=3000, help="after which a silent broker is fenced (3000)")
    parser.add_argument("--secure", type=Path, help="with start, one broker: folder with its certificate and users")
    parser.add_argument("--wipe", action="store_true", help="with stop: remove the data folder as well")
    asked = parser.parse_args()
    data = (asked.data or HOME / ["one", "two", "three"][asked.brokers - 1]).resolve()
    try:
        if asked.command == "start":
            default_port = DEFAULT_PORT if asked.brokers == 1 else 19192
            port = default_port if asked.port is None else asked.port
            start(data, asked.brokers, port, session_ms=asked.session_ms, secure=asked.secure)
        elif asked.command == "stop":
            stop(data, asked.wipe)
        else:
            return status(data)
    except Failed as why:
        print(f"kafka: {why}", file=sys.stderr)
        return 1
    return 0


def start(data: Path, brokers: int, port: int, *, session_ms: int, secure: Path | None) -> None:
    """Start what does not run yet, wait until every broker answers, print the address as the last line."""
    cluster = load(data)
    if cluster and all(is_ours(broker) for broker in cluster["brokers"]):
        if len(cluster["brokers"]) != brokers:
            raise Failed(f"{data} runs {len(cluster['brokers'])} brokers, {brokers} were asked for; stop it first")
        print(f"kafka: already running in {data}")
        print(cluster["address"])
        return
    fetch()
    if cluster and len(cluster["brokers"]) == brokers and any(is_ours(broker) for broker in cluster["brokers"]):
        start_missing(data, cluster)
        return
    if cluster:
        stop(data, wipe=False)
    if secure and brokers > 1:
        raise Failed("--secure is for one broker")
    ports = choose_ports(port, brokers)
    doors = Doors(secure.resolve(), [pair[0] for pair in choose_ports(0, len(DOORS))]) if secure else None
    data.mkdir(parents=True, exist_ok=True)
    cluster_id = cluster["id"] if cluster else base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    cluster = {
        "id": cluster_id,
        "address": ",".join(f"{HOST}:{client}" for client, _ in ports),
        "brokers": [{"node": node, "port": ports[node - 1][0], "pid": 0} for node in range(1, brokers + 1)],
    }
    if doors:
        cluster["doors"] = {name: f"{HOST}:{number}" for name, number in zip(DOORS, doors.ports, strict=True)}
    for broker in cluster["brokers"]:
        settings = write_settings(data, broker["node"], ports, session_ms, doors)
        if not (data / f"broker-{broker['node']}" / "meta.properties").exists():
            format_storage(settings, cluster_id, doors.users() if doors else {})
        broker["settings"] = str(settings)
    for broker in cluster["brokers"]:
        broker["pid"] = launch(data, broker["node"], Path(broker["settings"]), brokers)
        save(data, cluster)
    wait_until_all_answer(data, cluster)
    print(f"kafka: {brokers} broker(s) in {data}")
    print(cluster["address"])


def start_missing(data: Path, cluster: dict[str, Any]) -> None:
    """Start again, with their settings and data, those brokers of a running cluster that ended."""
    for broker in cluster["brokers"]:
        if not is_ours(broker):
            broker["pid"] = launch(data, broker["node"], Path(broker["settings"]), len(cluster["brokers"]))
            save(data, cluster)
    wait_until_all_answer(data, cluster)
    print(f"kafka: all brokers run again in {data}")
    print(cluster["address"])


def stop(data: Path, wipe: bool) -> None:
    """End the recorded brokers: politely, after `STOP_S` by force. With `wipe` the data goes too."""
    cluster = load(data)
    running = [broker for broker in cluster["brokers"] if is_ours(broker)] if cluster else []
    for broker in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(broker["pid"], signal.SIGCONT)  # a paused process would never see the SIGTERM
            os.kill(broker["pid"], signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while any(is_ours(broker) for broker in running) and time.monotonic() < deadline:
        time.sleep(0.1)
    for broker in running:
        if is_ours(broker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(broker["pid"], signal.SIGKILL)
    if wipe:
        if data.exists() and not (data / "cluster.json").exists():
            raise Failed(f"{data} holds no cluster of this tool; it is left alone")
        shutil.rmtree(data, ignore_errors=True)
    print(f"kafka: stopped {len(running)} broker(s) in {data}")


def status(data: Path) -> int:
    """Say what runs; return 0 if all brokers do, else 3."""
    cluster = load(data)
    if not cluster:
        print(f"kafka: no cluster in {data}")
        return 3
    up = [broker for broker in cluster["brokers"] if is_ours(broker)]
    print(f"kafka: {len(up)} of {len(cluster['brokers'])} broker(s) run in {data}")
    for broker in up:
        print(f"kafka: broker {broker['node']}: pid {broker['pid']}, port {broker['port']}")
    print(cluster["address"])
    return 0 if len(up) == len(cluster["brokers"]) else 3


# ---- the parts


def fetch() -> None:
    """Lay the jars in `.kafka/libs`, once for each state of pom.xml."""
    if not shutil.which("java"):
        raise Failed("java is missing. On Debian: apt-get install default-jre-headless (Java 17 or newer)")
    stamp = LIBS / "pom.xml"
    wanted = (HERE / "pom.xml").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not shutil.which("mvn"):
        raise Failed("mvn is missing; it fetches the broker's jars. On Debian: apt-get install maven")
    print("kafka: fetching the jars (43 MB)", flush=True)
    shutil.rmtree(LIBS, ignore_errors=True)
    LIBS.mkdir(parents=True)
    copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"]
    done = subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), *copy], check=False)
    if done.returncode != 0:
        raise Failed("mvn could not fetch the jars; its own words stand above")
    stamp.write_text(wanted)


def choose_ports(port: int, brokers: int) -> list[tuple[int, int]]:
    """Return (client port, controller port) of each broker, all of them free now."""
    if port == 0:
        # below those that a system gives to connections: of those, one might be taken while a broker is started again
        free: list[int] = []
        for one in random.SystemRandom().sample(range(20_000, 32_000), 200):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind((HOST, one))
                free.append(one)
            if len(free) == 2 * brokers:
                return list(zip(free[:brokers], free[brokers:], strict=True))
        raise Failed("hardly a port is free on this machine")
    pairs = [(port + i, port + 50 + i) for i in range(brokers)]
    for wanted in (number for pair in pairs for number in pair):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, wanted))
            except OSError as why:
                raise Failed(
                    f"port {wanted} is taken by something that this tool did not start ({why.strerror}); "
                    "end it, or choose other ports with --port (0: any that are free)"
                ) from why
    return pairs


DOORS = {"TLS": "SSL", "MTLS": "SSL", "SASL": "SASL_PLAINTEXT", "SASLTLS": "SASL_SSL"}
"""The further listeners of a broker that is started with `--secure`, and what they speak; `MTLS` wants a certificate of
the client."""

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
JAAS = "org.apache.kafka.common.security"


class Doors:
    """The listeners with TLS and logins. `folder` holds `ca.pem`, `broker.pem` (key and certificate) and `users.json`
    (password by name). OAUTHBEARER takes unsigned tokens: for tests only."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder = folder
        self.ports = ports

    def users(self) -> dict[str, str]:
        """Return the password of each user."""
        users: dict[str, str] = json.loads((self.folder / "users.json").read_text())
        return users

    def listeners(self) -> str:
        """Return the listeners as settings name them."""
        return "".join(f",{name}://{HOST}:{port}" for name, port in zip(DOORS, self.ports, strict=True))

    def settings(self) -> dict[str, object]:
        """Return what is set for these listeners."""
        protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **DOORS}
        lines: dict[str, object] = {
            "listener.security.protocol.map": ",".join(f"{name}:{spoken}" for name, spoken in protocols.items()),
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.folder / "broker.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.folder / "ca.pem",
            "listener.name.mtls.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        }
        known = " ".join(f'user_{name}="{password}"' for name, password in self.users().items())
        for door in ("sasl", "sasltls"):
            before = f"listener.name.{door}"
            lines[f"{before}.plain.sasl.jaas.config"] = f"{JAAS}.plain.PlainLoginModule required {known};"
            for scram in ("scram-sha-256", "scram-sha-512"):
                lines[f"{before}.{scram}.sasl.jaas.config"] = f"{JAAS}.scram.ScramLoginModule required;"
            lines[f"{before}.oauthbearer.sasl.jaas.config"] = (
                f'{JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
            )
        return lines


def write_settings(data: Path, node: int, ports: list[tuple[int, int]], session_ms: int, doors: Doors | None) -> Path:
    """Write the settings of one broker, which is a voting controller too."""
    several = len(ports) > 1
    client, controller = ports[node - 1]
    copies = len(ports)
    lines = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": ",".join(f"{i}@{HOST}:{c}" for i, (_, c) in enumerate(ports, 1)),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{client},CONTROLLER://{HOST}:{controller}"
        + (doors.listeners() if doors else ""),
        "advertised.listeners": f"PLAINTEXT://{HOST}:{client}" + (doors.listeners() if doors else ""),
        "log.dirs": data / f"broker-{node}",
        "default.replication.factor": copies,
        "min.insync.replicas": 2 if several else 1,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": 2 if several else 1,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        # a broker that is gone is noticed in 3 s instead of 9: tests of it need not take longer
        "broker.session.timeout.ms": session_ms,
        "broker.heartbeat.interval.ms": min(500, session_ms // 6),
        **(doors.settings() if doors else {}),
    }
    path = data / f"broker-{node}.properties"
    path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
    return path


AS_SHIPPED = ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"]
"""As the scripts of the distribution start a broker. With half the memory it stood still for 10 to 30 ms every second
or two under 2,000 batches a second, and every hunt with it."""


def java(*arguments: str, small: bool) -> list[str]:
    """Return the command line of a JVM with the broker's jars."""
    memory = ["-Xms64m", "-Xmx384m", "-XX:TieredStopAtLevel=1"] if small else AS_SHIPPED
    config = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
    return ["java", *memory, config, "-cp", f"{LIBS}/*", *arguments]


def format_storage(settings: Path, cluster_id: str, users: dict[str, str]) -> None:
    """Prepare an empty data folder, with the users who log in by SCRAM."""
    asked = ["format", f"--cluster-id={cluster_id}", "-c", str(settings)]
    for name, password in users.items():
        for scram in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            asked += ["--add-scram", f"{scram}=[name={name},password={password}]"]
    command = java("kafka.tools.StorageTool", *asked, small=True)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"the data folder could not be formatted:\n{done.stdout}{done.stderr}")


def launch(data: Path, node: int, settings: Path, brokers: int) -> int:
    """Start one broker in a session of its own, so that it outlives this tool; return its pid."""
    with (data / f"broker-{node}.log").open("ab") as log:
        process = subprocess.Popen(
            java("kafka.Kafka", str(settings), small=brokers > 1),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return process.pid


def wait_until_all_answer(data: Path, cluster: dict[str, Any]) -> None:
    """Return when every broker knows of all brokers."""
    wanted = len(cluster["brokers"])
    deadline = time.monotonic() + START_S
    for broker in cluster["brokers"]:
        while brokers_known_to(broker["port"]) < wanted:
            log = data / f"broker-{broker['node']}.log"
            if not is_ours(broker):
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise Failed(f"broker {broker['node']} ended while starting; the end of {log}:\n{tail}")
            if time.monotonic() > deadline:
                raise Failed(f"broker {broker['node']} does not answer after {START_S:.0f} s; see {log}")
            time.sleep(0.1)


def brokers_known_to(port: int) -> int:
    """Ask a broker for its metadata (version 4, no topics); return how many live brokers it names, 0 on no answer."""
    body = struct.pack(">hhih4sib", 3, 4, 1, 4, b"make", 0, 0)
    try:
        with socket.create_connection((HOST, port), timeout=2.0) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            head = b""
            while len(head) < 16:  # size, correlation id, throttle time, number of brokers
                part = connection.recv(16 - len(head))
                if not part:
                    return 0
                head += part
    except OSError:
        return 0
    return int(struct.unpack(">iiii", head)[3])


def is_ours(broker: dict[str, Any]) -> bool:
    """Tell whether the recorded pid is still that broker, and not another process that got its number."""
    pid, settings = broker["pid"], broker.get("settings")
    if not pid or not settings:
        return False
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of this very call that ended is no longer running
    if Path("/proc/self").exists():
        return settings.encode() in command_line(pid)
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return settings in shown.stdout


def command_line(pid: int) -> list[bytes]:
    """Return a process's arguments, none if it is gone. They are empty for a moment while it executes another program
    (java does so at its start): then look again."""
    process = Path(f"/proc/{pid}")
    for _ in range(20):
        try:
            line = (process / "cmdline").read_bytes()
            dead = (process / "stat").read_bytes().rpartition(b") ")[2][:1] in b"ZX"
        except OSError:
            return []
        if line or dead:
            return line.split(b"\0")
        time.sleep(0.05)
    return []


def load(data: Path) -> dict[str, Any] | None:
    """Return what `start` recorded, or None."""
    try:
        recorded: dict[str, Any] = json.loads((data / "cluster.json").read_text())
    except FileNotFoundError:
        return None
    return recorded


def save(data: Path, cluster: dict[str, Any]) -> None:
    """Record address and pids, whole or not at all."""
    new = data / "cluster.json.new"
    new.write_text(json.dumps(cluster, indent=1))
    new.replace(data / "cluster.json")


if __name__ == "__main__":
    sys.exit(main())
