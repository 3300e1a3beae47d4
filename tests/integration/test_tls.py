"""The server's own port with TLS: a real process, real certificates, renewed while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import signal
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

from actors.reporter import Silent
from huntserver.config import ConfigError, parse
from huntserver.tls import ServerCertificate
from lab.machines.servers import LocalServer
from lab.rigs.gateway import Rig


def write_pair(folder: Path, serial: int) -> None:
    """Write a certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))


def served_serial(port: int) -> int:
    """Return the serial number of the certificate that the port shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 60) as raw, context.wrap_socket(raw) as wrapped:
        shown = wrapped.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LocalServer]:
    write_pair(tmp_path, 1)
    (tmp_path / "config.toml").write_text(
        f'[server]\ntls_certificate = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/key.pem"\n'
        '[telemetry]\nformat = "json"\n'
    )
    made = LocalServer(tmp_path, "--data", str(tmp_path / "data"))
    made.launch()
    yield made
    made.stop()


def fetch(url: str, context: ssl.SSLContext, body: bytes | None = None) -> bytes:
    """Return what a URL answers with 200."""
    with urllib.request.urlopen(url, body, context=context, timeout=60) as answer:
        found: bytes = answer.read()
    return found


def until(condition: Callable[[], bool], live: LocalServer) -> None:
    """Wait for the outside world."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError(live.stderr.read_text()[-2000:])


async def test_pages_and_players_come_over_tls_and_a_renewed_certificate_is_taken(live: LocalServer) -> None:
    context = ssl.create_default_context(cafile=str(live.folder / "cert.pem"))
    url = f"https://localhost:{live.port}"
    until(lambda: bool(fetch(url + "/readyz", context)), live)
    token = json.loads(fetch(url + "/guest", context, b'{"name": "Ada"}'))["token"]
    async with connect(f"wss://localhost:{live.port}/ws", ssl=context, origin=url) as playing:  # type: ignore[arg-type]
        await playing.send(json.dumps({"id": 1, "op": "hello", "token": token}))
        assert json.loads(await playing.recv())["ok"]["name"] == "Ada"
        write_pair(live.folder, 2)
        live.signal(signal.SIGHUP)
        until(lambda: served_serial(live.port) == 2, live)
        (live.folder / "key.pem").write_text("half a key")
        live.signal(signal.SIGHUP)
        until(lambda: any(line["event"] == "certificate_unusable" for line in live.lines()), live)
        assert served_serial(live.port) == 2
        await playing.send(json.dumps({"id": 2, "op": "ping"}))
        assert json.loads(await playing.recv())["id"] == 2


def test_what_speaks_no_tls_is_closed_and_the_server_goes_on(live: LocalServer) -> None:
    until(lambda: served_serial(live.port) == 1, live)
    with socket.create_connection(("127.0.0.1", live.port), 60) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while plain.recv(1000):
                pass
    assert served_serial(live.port) == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"key.pem": "no key"}, "are no PEM certificate chain"),
        ({"cert.pem": None}, "cert.pem: cannot be read (No such file or directory); it is the server's TLS pair"),
    ],
)
def test_a_pair_that_cannot_be_used_is_named_at_the_start(
    tmp_path: Path, files: dict[str, str | None], said: str
) -> None:
    write_pair(tmp_path, 1)
    for name, text in files.items():
        if text is None:
            (tmp_path / name).unlink()
        else:
            (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as refused:
        ServerCertificate(tmp_path / "cert.pem", tmp_path / "key.pem", Silent())
    assert said in str(refused.value)


def test_a_key_with_a_password_is_refused_and_asks_nobody(tmp_path: Path) -> None:
    write_pair(tmp_path, 1)
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "key.pem").write_bytes(locked)
    with pytest.raises(ConfigError, match="unencrypted key"):
        ServerCertificate(tmp_path / "cert.pem", tmp_path / "key.pem", Silent())


def test_half_a_pair_in_the_configuration_is_named() -> None:
    with pytest.raises(ConfigError, match="TLS needs both tls_certificate and tls_key"):
        parse(b'[server]\ntls_certificate = "x.pem"\n', "c.toml")


def test_a_pair_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    write_pair(tmp_path, 1)
    told: list[str] = []

    class Told(Silent):
        def warn(self, event: str, **fields: object) -> None:
            told.append(f"{event} {fields['why']}")

    served = ServerCertificate(tmp_path / "cert.pem", tmp_path / "key.pem", Told())
    (tmp_path / "cert.pem").unlink()
    os.mkfifo(tmp_path / "cert.pem")
    reading = threading.Thread(target=served.reload, daemon=True)
    reading.start()
    reading.join(60)
    assert told == [f"certificate_unusable {tmp_path}/cert.pem: is no file; it is the server's TLS pair"]


async def test_a_handshake_that_is_not_gone_on_with_is_given_up(tmp_path: Path) -> None:
    write_pair(tmp_path, 1)
    served = ServerCertificate(tmp_path / "cert.pem", tmp_path / "key.pem", Silent())
    gateway = Rig(hunt=False, hello_s=0.2).gateway
    port = await gateway.start("127.0.0.1", 0, served.context)
    try:
        async with asyncio.timeout(30):  # the event loop's own limit is 60 s
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01\x02\x00\x01")
            assert await reader.read() == b""
            writer.close()
    finally:
        await gateway.close()
