"""TLS and logins to Kafka: by configuration, on a real broker, and no secret is shown to anybody."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from actors.faults import LogMisconfigured, LogUnavailable
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.security import Secret, connecting
from actors.log.security import Security, problem
from lab.machines.brokers import Brokers
from tests.actors.log.contract import SHARD, WAIT_S, numbered, take, values
from tests.authority import Authority

pytestmark = pytest.mark.xdist_group("secure broker")

PASSWORD = f"never-shown-{secrets.token_hex(8)}"
KEY_PASSWORD = f"nor-this-{secrets.token_hex(8)}"


def token(sub: str = "ada") -> str:
    """Return an unsigned token (RFC 7515, `none`), which the test's broker takes."""
    now = int(time.time())
    claims = {"sub": sub, "iat": now - 60, "exp": now + 3600}
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "none"}, claims)
    ]
    return ".".join([*parts, ""])


class Broker(NamedTuple):
    """A broker with TLS and logins: the addresses of its doors, and a folder with what is needed to enter."""

    doors: dict[str, str]
    folder: Path

    def path(self, name: str) -> str:
        return str(self.folder / name)


@pytest.fixture(scope="module")
def broker(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("secure")
    authority = Authority(folder)
    key, certificate = authority.issue("broker", host="127.0.0.1")
    authority.write("broker.pem", key + certificate)
    for name, password in (("client", ""), ("locked", KEY_PASSWORD)):
        key, certificate = authority.issue("ada", password=password)
        authority.write(f"{name}.key", key)
        authority.write(f"{name}.pem", certificate)
    authority.write("users.json", json.dumps({"ada": PASSWORD}).encode())
    authority.write("password", f"{PASSWORD}\n".encode())
    authority.write("key-password", KEY_PASSWORD.encode())
    authority.write("token", token().encode())
    running = Brokers(folder / "broker", 1, secure=folder)
    try:
        running.start()
        yield Broker(running.doors(), folder)
    finally:
        running.remove()


def door(broker: Broker, name: str, environ: Any = None, **settings: Any) -> KafkaLog:
    """Return a log that enters by a door."""
    for key, value in settings.items():
        if key.endswith("_file"):
            settings[key] = broker.path(value)
    made = connecting(Security(**settings), environ or {})
    return KafkaLog(
        broker.doors[name], shards={"hunts": 2}, prefix=f"test-{secrets.token_hex(4)}", open_s=60.0, connect=made
    )


async def serves(log: KafkaLog) -> None:
    """Write, read, and keep a snapshot: each is done by another client."""
    try:
        async with asyncio.timeout(WAIT_S):
            await log.open()
            assert (await log.append(SHARD, numbered(3))).base == 0
            assert [entry.body for entry in await take(log, SHARD, 0, 3)] == numbered(3)
            await log.snapshots.put(SHARD, "k", b"v")
            assert await values(log.snapshots, SHARD) == {"k": b"v"}
    finally:
        await log.close()


@pytest.fixture(autouse=True)
async def farewells() -> AsyncIterator[None]:
    """Let the loop live until TLS has taken leave: a closed connection waits for the broker's last word."""

    def connected() -> int:
        return len(psutil.Process().net_connections(kind="tcp"))

    before = connected()
    yield
    async with asyncio.timeout(WAIT_S):
        while connected() > before:
            await asyncio.sleep(0.01)


class Heard(logging.Handler):
    """Keeps every line of every library, whatever its level."""

    def __init__(self) -> None:
        super().__init__(0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    """Everything that is logged meanwhile, at level debug; fails if a secret is in it."""
    handler, root = Heard(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(0)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)
    assert handler.lines
    assert shown("\n".join(handler.lines)) == []


def shown(text: str) -> list[str]:
    """Return which secrets stand in a text, as they are or as base64."""
    hidden = [PASSWORD, KEY_PASSWORD, token().partition(".")[2].partition(".")[0][:12]]
    hidden += [base64.b64encode(secret.encode()).decode().rstrip("=")[:-2] for secret in hidden]
    return [secret for secret in hidden if secret in text]


MECHANISMS = [
    {"mechanism": "PLAIN", "username": "ada", "password_file": "password"},
    {"mechanism": "SCRAM-SHA-256", "username": "ada", "password_file": "password"},
    {"mechanism": "SCRAM-SHA-512", "username": "ada", "password_file": "password"},
    {"mechanism": "OAUTHBEARER", "token_file": "token"},
]


@pytest.mark.kafka
@pytest.mark.parametrize("login", MECHANISMS, ids=lambda login: login["mechanism"])
@pytest.mark.parametrize("tls", [False, True], ids=["plaintext", "tls"])
async def test_every_mechanism_logs_in_with_and_without_tls_and_nothing_is_shown(
    broker: Broker, heard: Heard, login: dict[str, str], tls: bool
) -> None:
    if tls:
        await serves(door(broker, "SASLTLS", protocol="SASL_SSL", ca_file="ca.pem", **login))
    else:
        await serves(door(broker, "SASL", protocol="SASL_PLAINTEXT", **login))


@pytest.mark.kafka
@pytest.mark.parametrize("name", ["client", "locked"])
async def test_a_broker_that_asks_for_a_certificate_gets_ours(broker: Broker, heard: Heard, name: str) -> None:
    mine = {"certificate_file": f"{name}.pem", "key_file": f"{name}.key", "key_password_file": "key-password"}
    await serves(door(broker, "MTLS", protocol="SSL", ca_file="ca.pem", **mine))


@pytest.mark.kafka
async def test_secrets_may_come_by_environment(broker: Broker, heard: Heard) -> None:
    login = {"protocol": "SASL_PLAINTEXT", "username": "ada"}
    given = {"HUNTSERVER_KAFKA_PASSWORD": PASSWORD, "HUNTSERVER_KAFKA_TOKEN": token()}
    await serves(door(broker, "SASL", given, mechanism="SCRAM-SHA-512", **login))
    await serves(door(broker, "SASL", given, mechanism="OAUTHBEARER", protocol="SASL_PLAINTEXT"))


@pytest.mark.kafka
async def test_a_renewed_token_is_read_for_the_next_connection(broker: Broker) -> None:
    own = broker.folder / "renewed"
    own.write_text(token())
    made = connecting(Security(protocol="SASL_PLAINTEXT", mechanism="OAUTHBEARER", token_file=str(own)), {})
    own.write_text(token("grace"))
    assert await made["sasl_oauth_token_provider"].token() == token("grace")


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("at", "settings", "words"),
    [
        ("SASL", {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": "eve"}, "log.security"),
        ("SASL", {"protocol": "SASL_PLAINTEXT", "mechanism": "SCRAM-SHA-256", "username": "eve"}, "log.security"),
        ("TLS", {"protocol": "SSL"}, "certificate verify failed.*log.security"),
    ],
)
async def test_a_refused_login_or_certificate_is_said_at_once_and_nothing_is_shown(
    broker: Broker, heard: Heard, at: str, settings: dict[str, str], words: str
) -> None:
    if "mechanism" in settings:
        settings = {**settings, "password_file": "password"}
    log = door(broker, at, **settings)
    with pytest.raises(LogMisconfigured, match=words) as caught:
        async with asyncio.timeout(WAIT_S):
            await log.open()
    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert shown(told) == []


# ---- without a broker


def test_a_secret_shows_itself_to_nobody_but_who_joins_or_encodes_it() -> None:
    secret = Secret(PASSWORD)
    assert [repr(secret), str(secret), f"{secret}", "%s" % secret, f"{[secret]}"] == ["***"] * 4 + ["[***]"]
    assert secret.encode() == PASSWORD.encode()
    assert "\0".join(["ada", secret]) == f"ada\0{PASSWORD}"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ca_file": "ca.pem"}, "ca_file is given, but protocol is PLAINTEXT: allowed with SSL and SASL_SSL"),
        ({"protocol": "SSL", "mechanism": "PLAIN"}, "mechanism is PLAIN, but protocol is SSL"),
        ({"protocol": "SASL_SSL"}, "mechanism is empty: with SASL_SSL it is PLAIN, SCRAM"),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN"}, "username is empty: needed with PLAIN"),
        ({"protocol": "SSL", "certificate_file": "c.pem"}, "key_file is empty: needed with certificate_file"),
        ({"protocol": "SSL", "key_file": "c.key"}, "certificate_file is empty: needed with key_file"),
    ],
)
def test_settings_that_do_not_go_together_are_named(settings: dict[str, Any], words: str) -> None:
    assert words in problem(Security(**settings))
    with pytest.raises(LogMisconfigured, match=r"log\.security"):
        connecting(Security(**settings), {})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"protocol": "SSL", "ca_file": "none.pem"}, "log.security.ca_file: .*none.pem cannot be used"),
        ({"mechanism": "PLAIN", "username": "ada"}, "password_file is empty and HUNTSERVER_KAFKA_PASSWORD is not set"),
        ({"mechanism": "PLAIN", "username": "ada", "password_file": "none"}, "none cannot be read .No such file"),
        ({"mechanism": "OAUTHBEARER", "token_file": "empty"}, "empty holds 0 bytes; one line of text is needed"),
        ({"mechanism": "OAUTHBEARER", "token_file": "binary"}, "binary holds 4 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_setting(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    settings = {k: str(tmp_path / v) if k.endswith("_file") else v for k, v in settings.items()}
    with pytest.raises(LogMisconfigured, match=words):
        connecting(Security(**{"protocol": "SASL_PLAINTEXT", **settings}), {})


@pytest.mark.parametrize("given", ["", "not-the-password"])
def test_a_locked_key_without_its_password_is_said_without_showing_one(tmp_path: Path, given: str) -> None:
    authority = Authority(tmp_path)
    key, certificate = authority.issue("ada", password=KEY_PASSWORD)
    authority.write("k", key)
    authority.write("c", certificate)
    authority.write("p", given.encode())
    files = {"key_file": "k", "certificate_file": "c", "key_password_file": "p"}
    security = Security(protocol="SSL", **{name: str(tmp_path / file) for name, file in files.items()})  # type: ignore[arg-type]
    with pytest.raises(LogMisconfigured, match=r"log\.security") as caught:
        connecting(security, {})
    assert "not-the-password" not in "".join(traceback.format_exception(caught.value))


def test_kerberos_without_its_package_is_said_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LogMisconfigured, match=r"GSSAPI needs the Python package gssapi.*pip install gssapi"):
        connecting(Security(protocol="SASL_PLAINTEXT", mechanism="GSSAPI"), {})


@pytest.mark.kafka
async def test_a_port_with_tls_entered_without_is_said_with_a_hint_at_the_settings(broker: Broker) -> None:
    log = KafkaLog(broker.doors["TLS"], shards={"hunts": 1}, open_s=1.0)
    with pytest.raises(LogUnavailable, match=r"a port with TLS or a login needs log\.security as well"):
        await log.open()
