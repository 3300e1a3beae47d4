"""A server's address is taken as people have it at hand."""

from __future__ import annotations

import click
import pytest

from huntserver.cli.address import ServerAddress


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("ws://127.0.0.1:8080/ws", "ws://127.0.0.1:8080/ws"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/ws"),
        ("https://hunt.example/host", "wss://hunt.example/ws"),
        ("https://example.org/hunts/?hunt=oak", "wss://example.org/hunts/ws"),
        ("127.0.0.1:8080", "ws://127.0.0.1:8080/ws"),
        ("hunt.example", "ws://hunt.example/ws"),
        ("[::1]:8080", "ws://[::1]:8080/ws"),
        ("WSS://hunt.example/ws/", "wss://hunt.example/ws"),
    ],
)
def test_an_address_of_the_browser_is_one_of_the_server(given: str, address: str) -> None:
    assert ServerAddress().convert(given, None, None) == address


@pytest.mark.parametrize("given", ["", "http://", "ftp://x", "ws://x:99999/ws", "ws://x:port", "a b", "file:///etc"])
def test_what_is_no_address_is_told_with_what_is(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is no address of a server; write ws://HOST:PORT/ws"):
        ServerAddress().convert(given, None, None)
