"""Mutual TLS of links: both ends of a link show a certificate that the cluster's own authority has signed.

Owns the two contexts, read once at the start. Besides TLS both ends prove the cluster's secret, as without it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from huntserver.config import Cluster, ConfigError


class LinkTls(NamedTuple):
    """For a link that a peer dials, and for one that this node dials."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def link_tls(chosen: Cluster) -> LinkTls | None:
    """Return the contexts, or None where links speak plain. Raises `ConfigError` naming the file."""
    if not chosen.tls_ca:
        return None
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the host name of cluster.advertise, too
    for context in (server, client):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load(chosen, context)
    return LinkTls(server, client)


def _load(chosen: Cluster, context: ssl.SSLContext) -> None:
    for key in ("tls_certificate", "tls_key", "tls_ca"):
        path = Path(getattr(chosen, key))
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(f"cluster.{key}: {path} cannot be read ({error.strerror})") from error
    try:
        context.load_verify_locations(chosen.tls_ca)
    except ssl.SSLError as error:
        raise ConfigError(f"cluster.tls_ca: {chosen.tls_ca} holds no PEM certificate of an authority") from error
    try:
        context.load_cert_chain(chosen.tls_certificate, chosen.tls_key, password=lambda: "")
    except ssl.SSLError as error:
        raise ConfigError(
            f"cluster.tls_certificate {chosen.tls_certificate} and cluster.tls_key {chosen.tls_key} are no PEM "
            f"certificate chain and its unencrypted key ({error.reason or error})"
        ) from error
