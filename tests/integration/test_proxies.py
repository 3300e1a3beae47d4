"""The page of the manual on proxies: its nginx configuration on a real nginx, its commands by a real OpenSSL."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from huntserver.auth import Tokens, load_key
from lab import ROOT
from lab.machines.servers import LocalServer, free_port, serving

pytestmark = pytest.mark.xdist_group("proxies")

PAGE = (ROOT / "docs" / "proxies.md").read_text()
SITE = re.search(r"```nginx\n(.*?)```", PAGE, re.DOTALL).group(1)  # type: ignore[union-attr]
COMMANDS = re.search(r"```\n(openssl.*?)```", PAGE, re.DOTALL).group(1)  # type: ignore[union-attr]
PLAIN = """server { listen 127.0.0.1:%d; location / { proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $host; } }
server { listen 127.0.0.1:%d; location / { proxy_pass http://127.0.0.1:%d; } }
server { listen 127.0.0.1:%d; location /hunt/ { proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $http_host; } }
"""
MAIN = """daemon off; worker_processes 1; pid %(folder)s/nginx.pid; error_log %(folder)s/error.log;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p; fastcgi_temp_path %(folder)s/f;
uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
%(sites)s }
"""


class Proxied:
    """A server, and the ports of nginx: as the page says, with `$host`, with no upgrade, below a path."""

    def __init__(self, server: LocalServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.as_said, self.host, self.plain, self.below = (free_port() for _ in range(4))

    def token(self) -> str:
        """Return a player's token."""
        key = load_key(self.server.folder / "data" / "token.key", make=False)
        return Tokens(key).mint("player", "ada", "Ada")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    (folder / "config.toml").write_text('[server]\ntrusted_proxies = ["127.0.0.1"]\npath_prefix = "/hunt"\n')
    subprocess.run(["sh", "-ec", COMMANDS.replace("IP:192.168.1.20", "IP:127.0.0.1")], cwd=folder, check=True)
    with serving(folder, "--config", str(folder / "config.toml"), "--limit", "guests_per_minute=2") as server:
        made = Proxied(server, folder)
        site = SITE.replace("listen 443", f"listen 127.0.0.1:{made.as_said}").replace("/etc/ssl", str(folder))
        site = site.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
        port = server.port
        sites = site + PLAIN % (made.host, port, made.plain, port, made.below, port)
        (folder / "nginx.conf").write_text(MAIN % {"folder": folder, "sites": sites})
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        running = subprocess.Popen([program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
        try:
            reached(made.plain, running)
            yield made
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait()


def reached(port: int, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert running.poll() is None, "nginx ended"
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def guest(url: str, context: ssl.SSLContext | None = None, address: str = "") -> str:
    headers = {"x-forwarded-for": address} if address else {}
    request = urllib.request.Request(url + "/guest", b'{"name": "Ada"}', headers, method="POST")
    with urllib.request.urlopen(request, context=context, timeout=60) as answer:
        token: str = json.loads(answer.read())["token"]
    return token


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        found: bytes = answer.read()
    return found


async def greeted(url: str, token: str, origin: str, context: ssl.SSLContext | None = None) -> str:
    async with connect(url, origin=origin, ssl=context) as playing:  # type: ignore[arg-type]
        await playing.send(json.dumps({"id": 1, "op": "hello", "token": token}))
        name: str = json.loads(await playing.recv())["ok"]["name"]
    return name


async def test_players_come_through_nginx_as_the_page_sets_it_up(proxied: Proxied) -> None:
    context = ssl.create_default_context(cafile=str(proxied.folder / "ca.pem"))
    site = f"127.0.0.1:{proxied.as_said}"
    token = guest(f"https://{site}", context)
    assert await greeted(f"wss://{site}/ws", token, f"https://{site}", context) == "Ada"


async def test_a_proxy_that_drops_the_port_of_the_host_still_lets_players_in(proxied: Proxied) -> None:
    site = f"127.0.0.1:{proxied.host}"
    token = proxied.token()
    assert await greeted(f"ws://{site}/ws", token, f"http://{site}") == "Ada"


async def test_below_a_path_the_same_site_answers(proxied: Proxied) -> None:
    site = f"127.0.0.1:{proxied.below}"
    token = proxied.token()
    assert await greeted(f"ws://{site}/hunt/ws", token, f"http://{site}") == "Ada"
    assert b"<!doctype html" in fetched(f"http://{site}/hunt/").lower()


async def test_a_proxy_that_does_not_pass_on_the_upgrade_is_told_so_and_leaves_a_line(proxied: Proxied) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{proxied.plain}/ws")
    assert refused.value.response.status_code == 426
    assert b"must pass on Upgrade and Connection" in (refused.value.response.body or b"")
