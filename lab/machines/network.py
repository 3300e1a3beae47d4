"""Network namespaces: a server behind two links, one to its log and one to its players, each of which can be cut.

Owns the namespaces and links that it made, named after this process; what an earlier campaign left behind when it was
itself killed is removed first. Needs root and iproute2. Nothing leaves the machine: the addresses are private to each
pair of links, and the brokers' 127.0.0.1 is reached over the link with `route_localnet`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

PREFIX = "hsch"


def missing() -> str:
    """Return why this machine cannot do it, or ""."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "network namespaces need iproute2 (the command `ip`)"
    probe = subprocess.run(["ip", "link", "add", f"{PREFIX}t0", "type", "veth", "peer", "name", f"{PREFIX}t1"],
                           capture_output=True, text=True, check=False)  # fmt: skip
    if probe.returncode != 0:
        return f"this machine makes no veth links: {probe.stderr.strip()}"
    subprocess.run(["ip", "link", "del", f"{PREFIX}t0"], check=False, capture_output=True)
    return ""


def _ip(*arguments: str, within: str = "") -> None:
    inside = ["-n", within] if within else []
    done = subprocess.run(["ip", *inside, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join([*inside, *arguments])}: {done.stderr.strip()}")


def _localnet(link: str, within: str = "") -> None:
    inside = ["ip", "netns", "exec", within] if within else []
    setting = f"/proc/sys/net/ipv4/conf/{link}/route_localnet"
    done = subprocess.run([*inside, "sh", "-c", f"echo 1 > {setting}"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{setting}: {done.stderr.strip()}")


class Namespace:
    """One namespace. `slot` (0 to 7) keeps the names and addresses of several apart."""

    def __init__(self, slot: int) -> None:
        self.name = f"{PREFIX}-{os.getpid()}-{slot}"
        self._links = {what: f"{PREFIX}{os.getpid() % 100_000}{what}{slot}" for what in ("l", "p")}
        base = (os.getpid() * 8 + slot) % 4096 * 8
        self._nets = {what: (base + 4 * i) for i, what in enumerate(("l", "p"))}
        self.host = self._address("p", 2)

    def _address(self, what: str, which: int) -> str:
        number = self._nets[what] + which
        return f"10.{213 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"

    def enter(self) -> tuple[str, ...]:
        """Return the beginning of a command line that runs the rest inside."""
        return ("ip", "netns", "exec", self.name)

    def make(self) -> None:
        """Make it, both links up. Raises OSError."""
        _ip("netns", "add", self.name)
        for what, link in self._links.items():
            inner = f"{link}i"
            _ip("link", "add", link, "type", "veth", "peer", "name", inner)
            _ip("link", "set", inner, "netns", self.name)
            _ip("addr", "add", f"{self._address(what, 1)}/30", "dev", link)
            _ip("link", "set", link, "up")
            _ip("addr", "add", f"{self._address(what, 2)}/30", "dev", inner, within=self.name)
            _ip("link", "set", inner, "up", within=self.name)
        log = self._links["l"]
        _localnet(log)
        _localnet(f"{log}i", self.name)
        route = ("127.0.0.0/8", "via", self._address("l", 1), "dev", f"{log}i", "src", self._address("l", 2))
        _ip("route", "add", *route, within=self.name)

    def cut(self, what: str) -> None:
        """Cut the link to the log ("l") or to the players ("p"): packets vanish both ways, nobody is told."""
        _ip("link", "set", self._links[what], "down")

    def heal(self, what: str) -> None:
        """Mend it."""
        _ip("link", "set", self._links[what], "up")

    def remove(self) -> None:
        """Remove namespace and links, also half-made ones."""
        for link in self._links.values():
            subprocess.run(["ip", "link", "del", link], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)


def sweep() -> None:
    """Remove what campaigns left behind that were themselves killed: theirs is named after a process that is gone."""
    names = Path("/run/netns")
    for path in names.iterdir() if names.is_dir() else ():
        found = re.fullmatch(rf"{PREFIX}-(\d+)-\d", path.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True, check=False)
