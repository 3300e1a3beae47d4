"""Nodes tell each other the time that the log has told them."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from actors.reporter import Silent
from actors.timekeeper import Timekeeper
from huntserver.auth import Tokens
from huntserver.cluster.told_time import ToldTime
from tests.actors.rig import Clock


class To:
    """The way to one other node."""

    def __init__(self, other: ToldTime) -> None:
        self.other = other

    def tell(self, body: bytes, only: Hashable = None) -> None:
        self.other.peer_said("here", body)

    def out_of_reach(self) -> int:
        return 0


def node(clock: Clock) -> tuple[Timekeeper, ToldTime, Tokens]:
    time = Timekeeper(clock, independent=True, most_ms=5_000, grace_s=60.0, report=Silent())
    tokens = Tokens(b"k" * 32)
    tokens.go_by(time)
    return time, ToldTime(time), tokens


def test_a_gateway_that_owns_no_shard_judges_tokens_once_an_owner_has_told_it_the_time() -> None:
    clock, later = Clock(), Clock()
    _, gateway, tokens = node(clock)
    owner_time, owner, _ = node(later)
    owner.attach(To(gateway))
    owner.peer_up("gateway")
    assert tokens.in_doubt(), "the owner has not heard the log itself"
    owner_time.heard(later.ms, 0)
    owner.tell()
    assert not tokens.in_doubt()


@pytest.mark.parametrize("body", [b"", b"-1", b"soon", b"1" * 21, "\u0663".encode()])
def test_what_is_no_time_is_refused_by_its_value(body: bytes) -> None:
    _, gateway, tokens = node(Clock())
    with pytest.raises(ValueError, match="number of ms since 1970"):
        gateway.peer_said("there", body)
    assert tokens.in_doubt()
