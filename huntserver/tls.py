"""TLS of the server's own port: certificate and key from files, read again when they change or on SIGHUP.

Owns the context that new connections are made with; open ones keep the certificate they began with. A renewed pair that
cannot be used is told and the one before stays.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from actors.background import Background
from actors.reporter import Reporter
from huntserver.config import ConfigError

LOOK_S: Final = 10.0


class ServerCertificate:
    """A certificate chain and its key, as PEM files."""

    def __init__(self, certificate: Path, key: Path, report: Reporter) -> None:
        """Read both. Raises `ConfigError` naming the file and what is wrong with it."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._certificate, self._key = certificate, key
        self._report = report
        self._seen = self._stamp()
        self._load(self.context)

    def start(self, background: Background) -> None:
        """Look for a renewed pair now and then, as a job of `background`."""
        background.every("server certificate", LOOK_S, self.reload_if_changed)

    def reload_if_changed(self) -> None:
        """Read the pair again if either file has changed since it was last read."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self.reload()

    def reload(self) -> None:
        """Read the pair again for connections to come; keep the one before if it cannot be used."""
        try:
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # half a pair must not get into the context in use
            self._load(self.context)
        except ConfigError as error:
            self._report.warn("certificate_unusable", why=str(error))
        else:
            self._report.note("certificate_loaded")

    def _load(self, context: ssl.SSLContext) -> None:
        for path in (self._certificate, self._key):
            if path.exists() and not path.is_file():  # to read a pipe is to wait for who writes it, and play with it
                raise ConfigError(f"{path}: is no file; it is the server's TLS pair")
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except ssl.SSLError as error:
            raise ConfigError(
                f"server.tls_certificate {self._certificate} and server.tls_key {self._key} are no PEM certificate "
                f"chain and its unencrypted key ({error.reason or error})"
            ) from error
        except OSError as error:
            name = next((p for p in (self._certificate, self._key) if not p.is_file()), self._certificate)
            raise ConfigError(f"{name}: cannot be read ({error.strerror}); it is the server's TLS pair") from error

    def _stamp(self) -> tuple[float, ...]:
        found = []
        for path in (self._certificate, self._key):
            try:
                found.append(path.stat().st_mtime_ns)
            except OSError:
                found.append(-1)
        return tuple(found)


def _no_password() -> str:
    """Answer OpenSSL's question for a password with none: it would ask on the terminal and hang the start."""
    return ""
