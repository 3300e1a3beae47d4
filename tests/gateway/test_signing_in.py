"""A code that signs in is good once over all nodes of a cluster, whichever is asked and whoever is away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.entity import Rejected
from huntserver.auth import SignIn, Tokens, link_code
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.signing_in import SigningIn

KEY = b"k" * 32


class Nodes:
    """Nodes that tell each other; what they tell and what they write is done when `settle` is called."""

    def __init__(self, folder: Path, names: str, shared: bool = False) -> None:
        self.work: list[Callable[[], None]] = []
        self.later: list[Callable[[], None]] = []
        self.up: set[frozenset[str]] = set()
        self.nodes: dict[str, SigningIn] = {}
        self.tokens = Tokens(KEY)
        self.stores = {name: SignIn(KEY, folder / ("all" if shared else name), self.tokens) for name in names}
        for name in names:
            self.start(name)
        self.connect(*(a + b for a in names for b in names if a < b))

    def start(self, name: str) -> None:
        clock = LoopClock(0.0)
        clock.later = lambda delay_s, call, *told: self.later.append(lambda: call(*told))  # type: ignore[method-assign]
        self.nodes[name] = SigningIn(self.stores[name], self, clock)
        self.nodes[name].attach(Told(self, name))

    def connect(self, *pairs: str) -> None:
        for a, b in map(tuple, pairs):
            self.up.add(frozenset((a, b)))
            self.nodes[a].peer_up(b)
            self.nodes[b].peer_up(a)
        self.settle()

    def cut(self, *pairs: str) -> None:
        for a, b in map(tuple, pairs):
            self.up.discard(frozenset((a, b)))
            self.nodes[a].peer_down(b)
            self.nodes[b].peer_down(a)

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[], None]) -> bool:
        self.work.append(lambda: done(work()))
        return True

    def close(self) -> None:
        """Nothing is held."""

    def settle(self) -> None:
        while self.work:
            self.work.pop(0)()

    def give(self, name: str, code: str) -> list[str]:
        """Return what is heard, in time: a role, or a code of refusal."""
        heard: list[str] = []

        def told(found: dict[str, Any] | Rejected) -> None:
            heard.append(found.code if isinstance(found, Rejected) else found["role"])

        assert self.nodes[name].exchange(code, told, lambda: heard.append("failed"))
        return heard


class Told:
    """The other nodes, as one of them tells them."""

    def __init__(self, nodes: Nodes, name: str) -> None:
        self.nodes = nodes
        self.name = name

    def tell(self, body: bytes, only: Any = None) -> None:
        for other in self.nodes.nodes:
            if frozenset((self.name, other)) in self.nodes.up and only in (None, other):
                self.nodes.work.append(lambda other=other: self.nodes.nodes[other].peer_said(self.name, body))  # type: ignore[misc]

    def out_of_reach(self) -> int:
        return sum(frozenset((self.name, o)) not in self.nodes.up for o in self.nodes.nodes if o != self.name)


def code() -> str:
    return link_code(KEY, role="host", subject="host", name="Host")


@pytest.mark.parametrize("shared", [False, True])
def test_a_link_is_good_at_any_node_and_once_over_all(shared: bool, tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "abc", shared)
    link = code()
    heard = nodes.give("b", link)
    nodes.settle()
    assert heard == ["host"]
    for name in "abc":
        heard = nodes.give(name, link)
        nodes.settle()
        assert heard == ["bad_token"]


def test_while_the_servers_clock_is_in_doubt_a_link_stays_good(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "a")
    link = code()
    nodes.tokens.in_doubt = lambda: True
    early = nodes.give("a", link)
    nodes.tokens.in_doubt = lambda: False
    late = nodes.give("a", link)
    nodes.settle()
    assert (early, late) == (["busy"], ["host"])


def test_of_two_who_give_a_link_at_two_nodes_at_once_one_is_let_in_or_none(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "abc")
    for first, second in (("a", "b"), ("c", "a"), ("a", "a")):
        link = code()
        heard = [nodes.give(first, link), nodes.give(second, link)]
        nodes.settle()
        assert sorted(map(len, heard)) == [1, 1]
        assert [*heard[0], *heard[1]].count("host") <= 1


def test_a_node_that_was_away_hears_what_was_used_when_it_is_back(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "abc")
    nodes.cut("ac", "bc")
    link = code()
    heard = nodes.give("a", link)
    nodes.settle()
    assert heard == ["host"]  # two of three grant it
    alone = nodes.give("c", link)
    nodes.settle()
    assert alone == ["unavailable"]
    nodes.connect("ac")
    nodes.cut("ab", "ac")
    nodes.connect("bc")
    heard = nodes.give("c", link)
    nodes.settle()
    assert heard == ["bad_token"]


def test_a_link_stays_good_while_too_few_are_reached_and_is_used_up_when_they_do_not_answer(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "ab")
    nodes.cut("ab")
    link = code()
    assert nodes.give("a", link) == ["unavailable"]
    nodes.connect("ab")
    heard = nodes.give("a", link)
    nodes.settle()
    assert heard == ["host"]

    link = code()
    heard = nodes.give("a", link)
    nodes.work.pop(0)()  # marked here, and asked for at the other
    nodes.work.clear()
    nodes.later.pop()()
    assert heard == ["unavailable"]
    again = nodes.give("a", link)
    nodes.settle()
    assert again == ["bad_token"]

    heard = nodes.give("a", code())
    nodes.work.pop(0)()
    nodes.cut("ab")
    assert heard == ["unavailable"]


def test_nodes_of_a_version_that_grants_nothing_are_not_waited_for(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "abc")
    for name in "bc":
        nodes.nodes["a"].peer_down(name)
        nodes.nodes["a"].peer_up(name)  # reached, and has told nothing
    nodes.work.clear()
    heard = nodes.give("a", code())
    nodes.settle()
    assert heard == ["host"]


@pytest.mark.parametrize("body", [b"\x81", b"", b"\xa1x", b"\x81\xa4used\x91\xa5../..", b"\x81\xa5claim\x92\xa1.\xa1/"])
def test_what_no_node_tells_is_an_error(body: bytes, tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, "ab")
    with pytest.raises(ValueError, match=r"."):
        nodes.nodes["a"].peer_said("b", body)
