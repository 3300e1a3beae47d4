"""Why a server cannot be reached: each cause in its own words, on one line."""

from __future__ import annotations

import errno
import http.server
import socket
import ssl
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus, InvalidURI
from websockets.http11 import Response

from huntserver.client import Unreachable, guest_token
from huntserver.client.failure import unreachable, why

UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "self-signed certificate"
CAUSES = [
    (UNTRUSTED, "certificate is not trusted: self-signed certificate; name its CA's file in SSL_CERT_FILE"),
    (urllib.error.URLError(UNTRUSTED), "certificate is not trusted"),
    (ssl.SSLError(1, "wrong version number"), "no TLS is spoken there"),
    (socket.gaierror(-2, "Name or service not known"), "no host of this name is known"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "nothing listens there"),
    (TimeoutError(), "nothing came in time"),
    (
        InvalidStatus(Response(302, "Found", Headers())),
        "HTTP 302 came instead of a WebSocket; a proxy or the login page",
    ),
    (InvalidURI("http://login.example/", "scheme"), "it sends on to http://login.example/"),
    (InvalidMessage("did not receive a valid HTTP response"), "speaks another protocol, or hung up"),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
    (ValueError("two\nlines"), "two lines"),
]


@pytest.mark.parametrize(("error", "says"), CAUSES)
def test_each_cause_is_told_in_its_own_words(error: Exception, says: str) -> None:
    line = unreachable("ws://x/ws", why(error))
    assert says in line
    assert "\n" not in line
    assert line.endswith("; start one, or give its address with --url")


@contextmanager
def _answers(status: int, body: bytes) -> Iterator[str]:
    class Portal(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Portal) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.server_address[1]}/ws"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>Please log in</html>"), (200, b"[]"), (200, b"{}"), (502, b"<html>Bad gateway</html>")],
)
def test_a_login_page_or_proxy_is_no_huntserver(status: int, body: bytes) -> None:
    with _answers(status, body) as url, pytest.raises(Unreachable, match="a proxy or the login page of a network"):
        guest_token(url, "Ada")
