"""What the server needs of its machine to be reached: a port, a certificate, disks with room. Owns nothing."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Final, NamedTuple

from actors.reporter import Reporter
from huntserver.config import Config, ConfigError, Server, log_url
from huntserver.gateway.server import Gateway
from huntserver.tls import ServerCertificate


class Shared(NamedTuple):
    """What several processes on one machine share: a socket that listens, the folder of used sign-in codes."""

    listening: socket.socket | None = None
    links: Path | None = None


ALONE: Final = Shared()


class PortInUse(Exception):
    """Another process listens on the port; the text names it and the cure."""


def disks(config: Config) -> list[Path]:
    """Return the folders whose disks the server writes to."""
    scheme, rest = log_url(config.log.url)
    return [Path(config.data.dir), *([Path(rest).parent] if scheme == "sqlite" else [])]


def server_certificate(config: Config, reporter: Reporter) -> ServerCertificate | None:
    """Return the TLS pair of the port, or None where it speaks plain. Raises `ConfigError`."""
    chosen = config.server
    if not chosen.tls_certificate:
        return None
    return ServerCertificate(Path(chosen.tls_certificate), Path(chosen.tls_key), reporter)


async def listen(
    gateway: Gateway, chosen: Server, certificate: ServerCertificate | None, shared: socket.socket | None = None
) -> int:
    """Listen, on `shared` as well; return the port. Raises `PortInUse`, `ConfigError`."""
    host, port = chosen.host, chosen.port
    try:
        return await gateway.start(host, port, certificate.context if certificate else None, shared)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} of {host} is in use; stop the other server or give another port with --port"
            ) from error
        why = error.strerror or error
        raise ConfigError(f"cannot listen on {host}:{port} ({why}); give an address of this machine") from error
