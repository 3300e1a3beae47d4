"""A message of a peer is decided under the tenure that it was addressed to, or answered with `moved`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from actors.cluster.links import frames as f
from actors.cluster.serving import Serving
from actors.log.port import ShardId

SHARD = ShardId("things", 0)


class OneShard:
    """A system with one shard, served under a nonce or not at all, that notes what is given to it."""

    def __init__(self, nonce: str, *, elsewhere: bool = False) -> None:
        self._nonce = nonce
        shard = SimpleNamespace(id=SHARD, elsewhere=elsewhere)
        self.regions = {"thing": SimpleNamespace(shard=lambda id: shard)}
        self.given: list[tuple[str, Any]] = []

    def nonce(self, shard: ShardId) -> str:
        return self._nonce

    def submit(self, kind: str, id: str, command: Any, *rest: Any) -> None:
        self.given.append(("command", command))

    def query(self, kind: str, id: str, query: Any, *rest: Any) -> None:
        self.given.append(("query", query))

    def deliver(self, kind: str, id: str, batch: Any, sink: Any) -> None:
        self.given.append(("reactions", batch.items[0].command))


class AsBytes:
    """A codec that leaves bytes as they are."""

    def command(self, kind: str, body: bytes) -> Any:
        return body

    query = command


def told(system: OneShard, stamp: str) -> list[f.LinkRefused]:
    """Give a system one message of each sort with a stamp; return the refusals that were sent."""
    said: list[f.LinkRefused] = []
    link = SimpleNamespace(send=said.append)
    serving = Serving(system, AsBytes())  # type: ignore[arg-type]
    serving.command(link, f.LinkCommand(1, "thing", "t", stamp, b"c", "p:a", "player", "A", "e", 1))  # type: ignore[arg-type]
    serving.query(link, f.LinkQuery(2, "thing", "t", stamp, b"q", "p:a", "player", "A"))  # type: ignore[arg-type]
    serving.reactions(link, f.LinkReactions(3, "thing", "t", stamp, "u", [(7, 0, b"r")]))  # type: ignore[arg-type]
    return said


def test_what_is_addressed_to_the_tenure_that_is_served_is_decided() -> None:
    system = OneShard("now")
    assert told(system, "now") == []
    assert system.given == [("command", b"c"), ("query", b"q"), ("reactions", b"r")]


@pytest.mark.parametrize(
    ("nonce", "elsewhere", "stamp", "says"),
    [
        ("now", False, "before", "now"),  # a copy that went astray, or a sender that has not heard
        ("now", False, "", "now"),
        ("", False, "", ""),  # it recovers
        ("now", True, "now", ""),  # it was given away
    ],
)
def test_what_is_addressed_to_another_tenure_is_answered_with_the_one_that_serves(
    nonce: str, elsewhere: bool, stamp: str, says: str
) -> None:
    system = OneShard(nonce, elsewhere=elsewhere)
    assert [(r.n, r.code, r.nonce) for r in told(system, stamp)] == [(n, "moved", says) for n in (1, 2, 3)]
    assert system.given == []
