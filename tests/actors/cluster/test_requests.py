"""What is asked of other nodes is answered once: by the owner, or in words when there is none in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.cluster import requests
from actors.cluster.requests import RemoteRequest, RemoteRequests
from actors.entity import Rejected
from actors.shard.actor import Caller
from actors.shard.mailbox import COMMAND, QUERY

ADA = Caller("p:ada", "player", "Ada")


class Heard:
    """A sink, and the codes of what it was refused with."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        self.codes.append(rejected.code)


class Way:
    """Keeps what it is asked to route; sends it over a link if it has one."""

    def __init__(self) -> None:
        self.routed: list[RemoteRequest] = []
        self.requests = RemoteRequests(self, lambda name, call: call)
        self.link: Any = None
        self.at: object = None

    def target(self, request: RemoteRequest) -> object:
        return self.at

    def route(self, request: RemoteRequest) -> None:
        self.routed.append(request)
        if self.link is None:
            self.requests.later(request)
        else:
            self.requests.sending(request, self.link)


def asked(sink: Heard, *, what: int = COMMAND, key: tuple[str, int] | None = ("e", 1)) -> RemoteRequest:
    return RemoteRequest(what, "k", "h", object(), sink, 5, ADA, key)


@pytest.mark.parametrize(("what", "key"), [(COMMAND, ("e", 1)), (QUERY, None)])
async def test_what_may_be_sent_twice_goes_to_the_next_owner_when_its_link_is_lost(what: int, key: Any) -> None:
    way, sink = Way(), Heard()
    first = object()
    request = asked(sink, what=what, key=key)
    n = way.requests.sending(request, first)  # type: ignore[arg-type]
    way.link = object()
    way.requests.lost(first)  # type: ignore[arg-type]
    while not way.routed:
        await asyncio.sleep(0)
    assert way.requests.answered(first, n) is None  # type: ignore[arg-type]
    assert way.requests.answered(way.link, n + 1) is request
    assert sink.codes == []
    assert way.requests.waiting == 0


async def test_a_command_without_a_key_whose_link_was_lost_is_unknown_and_not_sent_again() -> None:
    way, sink = Way(), Heard()
    link = object()
    way.requests.sending(asked(sink, key=None), link)  # type: ignore[arg-type]
    way.requests.lost(link)  # type: ignore[arg-type]
    assert sink.codes == ["unknown"]
    assert way.routed == []
    assert way.requests.waiting == 0


async def test_where_no_owner_is_found_in_time_it_is_unavailable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "RETRY_S", (0.0, 0.0))
    monkeypatch.setattr(requests, "DEADLINE_S", 0.05)
    way, sink = Way(), Heard()
    way.requests.later(asked(sink))
    while not sink.codes:
        await asyncio.sleep(0)
    assert sink.codes == ["unavailable"]
    assert way.routed
    assert way.requests.waiting == 0


async def test_too_many_are_refused_and_nothing_queues_without_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "WAITING_MAX", 2)
    way, sink = Way(), Heard()
    for _ in range(2):
        way.requests.sending(asked(sink), object())  # type: ignore[arg-type]
    assert way.requests.full()
    way.requests.later(asked(sink))
    assert sink.codes == ["unavailable"]


async def test_what_waits_goes_at_once_when_its_shard_is_served_elsewhere_and_not_when_something_else_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "RETRY_S", (3600.0,))
    monkeypatch.setattr(requests, "DEADLINE_S", 7200.0)
    way, sink = Way(), Heard()
    request = asked(sink)
    way.requests.later(request)
    way.requests.look()
    assert way.routed == []
    way.at, way.link = "elsewhere", object()
    way.requests.look()
    assert way.routed == [request]
    way.requests.look()
    assert (way.routed, way.requests.waiting) == ([request], 1)


async def test_what_was_refused_goes_at_once_to_the_owner_that_was_told_of_meanwhile_but_not_back_and_forth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The news of the new owner overtook the refusal of the old one: the command waited for a backoff all the same."""
    monkeypatch.setattr(requests, "RETRY_S", (3600.0,))
    monkeypatch.setattr(requests, "DEADLINE_S", 7200.0)
    way, old, new = Way(), object(), object()
    request = asked(Heard())
    n = way.requests.sending(request, old)  # type: ignore[arg-type]
    way.link, way.at = new, (new, "n@2")
    assert way.requests.answered(old, n) is request  # type: ignore[arg-type]
    way.requests.later(request)
    while not way.routed:
        await asyncio.sleep(0)
    assert way.requests.answered(new, n + 1) is request  # type: ignore[arg-type]
    way.at = (old, "n@1")
    way.requests.later(request)  # each names the other
    for _ in range(10):
        await asyncio.sleep(0)
    assert (way.routed, request.tries) == ([request], 1)


class Peer:
    """A link that takes everything and answers nothing."""

    def is_full(self) -> bool:
        return False


async def test_a_peer_that_answers_nothing_uses_up_its_own_credit_and_no_others() -> None:
    way, stuck, well = Way(), Peer(), Peer()
    for n in range(requests.CREDITS):
        assert way.requests.takes(stuck)  # type: ignore[arg-type]
        way.requests.sending(asked(Heard(), key=("e", n)), stuck)  # type: ignore[arg-type]
    assert not way.requests.takes(stuck)  # type: ignore[arg-type]
    assert way.requests.takes(well)  # type: ignore[arg-type]
    assert not way.requests.full()
    way.requests.answered(stuck, 1)  # type: ignore[arg-type]
    assert way.requests.takes(stuck)  # type: ignore[arg-type]
    assert way.requests.statistics() == (requests.CREDITS - 1, requests.CREDITS - 1, 1, 0)


async def test_what_a_peer_that_lives_does_not_answer_in_time_is_given_up_and_gives_its_credit_back() -> None:
    way, stuck = Way(), Peer()
    keyed, plain, young = Heard(), Heard(), Heard()
    for sink, key in ((keyed, ("e", 1)), (plain, None), (young, ("e", 2))):
        request = asked(sink, key=key)
        if sink is not young:
            request.by_s = asyncio.get_running_loop().time() - 1.0
        way.requests.sending(request, stuck)  # type: ignore[arg-type]
    way.requests.sweep()
    assert (keyed.codes, plain.codes, young.codes) == (["unavailable"], ["unknown"], [])
    assert way.requests.statistics() == (1, 1, 0, 2)
    assert way.requests.answered(stuck, 1) is None  # type: ignore[arg-type]  # too late
    assert way.requests.waiting == 1
