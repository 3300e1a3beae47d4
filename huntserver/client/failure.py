"""Why a server could not be reached, in words of one line: what is wrong, and what to do where that is known. Pure."""

from __future__ import annotations

import socket
import ssl

from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

HINT = "start one, or give its address with --url"
BETWEEN = "a proxy or the login page of a network may stand between"


def why(error: BaseException) -> str:
    """Return what a failure to connect means."""
    error = getattr(error, "reason", error) if isinstance(getattr(error, "reason", None), OSError) else error
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; name its CA's file in SSL_CERT_FILE"
    if isinstance(error, ssl.SSLError):
        return "no TLS is spoken there; is it http:// and ws://?"
    if isinstance(error, socket.gaierror):
        return "no host of this name is known"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    if isinstance(error, InvalidStatus):
        return f"HTTP {error.response.status_code} came instead of a WebSocket; {BETWEEN}"
    if isinstance(error, InvalidURI):
        return f"it sends on to {error.uri[:100]}; {BETWEEN}"
    if isinstance(error, InvalidHandshake | EOFError):
        return "what listens there speaks another protocol, or hung up"
    return " ".join((error.strerror if isinstance(error, OSError) and error.strerror else str(error)).split())[:200]


def elsewhere(error: InvalidURI, url: str) -> str:
    """Return the line for an address that is none: the given one, or one that a server sent on to."""
    return f"{error}; write --url as ws://HOST:PORT/ws" if error.uri == url else unreachable(url, why(error))


def unreachable(url: str, reason: str) -> str:
    """Return the whole line."""
    return f"no server answers at {url}{f' ({reason})' if reason else ''}; {HINT}"
