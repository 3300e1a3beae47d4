"""Who is connected: told in turns, without flapping, over devices and nodes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.gateway.presence import MEMO_PLAYERS_MAX, Presence, PresenceChange, PresenceMemo
from lab.rigs.gateway import Peer, Rig


def changes(of: Presence, now_s: float) -> list[PresenceChange]:
    return of.turn(now_s)[0]


def test_who_comes_is_told_at_once_and_who_goes_after_the_grace() -> None:
    of = Presence()
    of.came("h", "t1", "p:ada")
    assert of.due(0.0) == 0.0
    assert changes(of, 0.0) == [PresenceChange("h", ["t1"], True)]
    assert (of.team("h", "t1"), of.count("h")) == (["p:ada"], 1)
    of.went("h", "p:ada", 10.0)
    assert of.due(10.0) == 15.0
    assert changes(of, 14.9) == []
    assert of.team("h", "t1") == ["p:ada"]
    assert changes(of, 15.0) == [PresenceChange("h", ["t1"], True)]
    assert (of.team("h", "t1"), of.count("h")) == ([], 0)
    assert of.due(15.0) is None


def test_a_reconnect_within_the_grace_is_never_seen() -> None:
    of = Presence()
    of.came("h", "t1", "p:ada")
    of.turn(0.0)
    of.went("h", "p:ada", 10.0)
    of.came("h", "t1", "p:ada")
    assert of.due(10.0) is None
    assert of.turn(60.0) == ([], [])
    assert of.team("h", "t1") == ["p:ada"]


def test_a_player_is_there_while_one_device_is() -> None:
    of = Presence()
    of.came("h", "t1", "p:ada")
    of.came("h", "t1", "p:ada")
    of.turn(0.0)
    of.went("h", "p:ada", 1.0)
    assert of.turn(60.0) == ([], [])
    assert of.count("h") == 1
    of.went("h", "p:ada", 60.0)
    assert changes(of, 65.0) == [PresenceChange("h", ["t1"], True)]


def test_of_a_hunt_it_is_told_once_a_second_and_not_what_was_undone_meanwhile() -> None:
    of = Presence(grace_s=0.1)
    of.came("h", "t1", "p:ada")
    of.turn(0.0)
    of.came("h", "t1", "p:bob")
    of.came("h", "t2", "p:cid")
    assert (changes(of, 0.5), of.due(0.5)) == ([], 1.0)
    of.went("h", "p:bob", 0.5)
    assert changes(of, 0.6) == []
    assert changes(of, 1.0) == [PresenceChange("h", ["t2"], True)], "Bob came and went unseen"


def test_who_changes_teams_is_in_one_and_the_number_stays() -> None:
    of = Presence()
    of.came("h", "t1", "p:ada")
    of.turn(0.0)
    of.went("h", "p:ada", 5.0)
    of.came("h", "t2", "p:ada")
    found, memos = of.turn(5.0)
    assert found == [PresenceChange("h", ["t1", "t2"], False)]
    assert memos == [PresenceMemo("h", {"p:ada": "t2"}, ["p:ada"])]


def test_what_is_on_other_nodes_counts_and_a_node_that_is_lost_has_the_grace() -> None:
    one, two = Presence(), Presence()
    for name in ("ada", "bob"):
        one.came("h", "t1", f"p:{name}")
    two.came("h", "t1", "p:bob")
    for memo in one.turn(0.0)[1]:
        two.told("one", memo)
    assert (two.team("h", "t1"), two.count("h")) == (["p:ada", "p:bob"], 2)
    two.turn(0.0)
    two.lost("one", 1.0)
    assert two.count("h") == 2
    two.told("one again", PresenceMemo("h", {"p:ada": "t1"}))  # a link anew, to the same node
    assert two.turn(6.0) == ([], [])
    assert two.team("h", "t1") == ["p:ada", "p:bob"], "Bob is here, Ada there"
    two.lost("one again", 10.0)
    assert changes(two, 15.0) == [PresenceChange("h", ["t1"], True)]
    assert two.team("h", "t1") == ["p:bob"]


def test_a_node_that_is_new_is_told_everybody_in_portions() -> None:
    of = Presence()
    for n in range(MEMO_PLAYERS_MAX + 1):
        of.came("h", "t1", f"p:{n}")
    memos = list(of.whole())
    assert [len(memo.came) for memo in memos] == [MEMO_PLAYERS_MAX, 1]
    other = Presence()
    for memo in memos:
        other.told("one", memo)
    assert other.count("h") == MEMO_PLAYERS_MAX + 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["came", "went", "wait"]), st.integers(0, 2), st.sampled_from(["t1", "t2"])), max_size=40
)


@given(STEPS)
def test_two_nodes_agree_once_all_is_told_and_nobody_is_left_who_went(steps: list[tuple[str, int, str]]) -> None:
    nodes = (Presence(), Presence())
    open_: list[tuple[Presence, str]] = []
    now_s = 0.0

    def settle() -> None:
        for node, other in (nodes, nodes[::-1]):
            for memo in node.turn(now_s)[1]:
                other.told("the other", memo)

    for what, player, team in steps:
        if what == "came":
            node = nodes[player % 2]
            node.came("h", team, f"p:{player}")
            open_.append((node, f"p:{player}"))
        elif what == "went" and open_:
            node, name = open_.pop(player % len(open_))
            node.went("h", name, now_s)
        now_s += 0.3 if what != "wait" else 7.0
        settle()
    now_s += 7.0
    settle()
    settle()
    there = {name for _, name in open_}
    for node in nodes:
        assert node.count("h") == len(there)
        assert sorted([*node.team("h", "t1"), *node.team("h", "t2")]) == sorted(there)
        node.turn(now_s + 10.0)
        assert node.due(now_s + 10.0) is None


def states(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [m["data"] for m in heard if m.get("t") == "state" and m.get("ch") == "presence"]


async def a_turn(rig: Rig, after_s: float = 1.0) -> None:
    """Let time pass, and what is due be told."""
    rig.gateway.clock.now_s += after_s
    attendance = rig.gateway.attendance
    attendance._turn(attendance._due_s)


async def test_members_are_told_who_is_connected_and_others_only_how_many() -> None:
    rig = Rig()
    rig.gateway.clock.later = lambda delay_s, call, *arguments: None  # type: ignore[method-assign]  # turns are taken by hand
    ada, cid = Peer(rig), Peer(rig)
    await ada.hello("ada", takes=["presence"])
    ada.send("join", hunt="h1", team="Owls")
    invite = (await ada.ask("page", hunt="h1"))["ok"]["team"]["invite"]
    await cid.hello("cid")
    cid.send("join", hunt="h1", team="Bats")
    await ada.heard()
    await a_turn(rig)
    assert states(await ada.heard())[-1] == {"count": 2, "here": ["p:ada"]}
    bob = Peer(rig)
    await bob.hello("bob", takes=["presence"])
    bob.send("join", hunt="h1", invite=invite)
    await bob.heard()
    await a_turn(rig)
    assert states(await ada.heard()) == [{"here": ["p:ada", "p:bob"]}, {"count": 3}]
    assert states(await bob.heard())[-1] == {"count": 3, "here": ["p:ada", "p:bob"]}
    assert states(await cid.heard()) == [], "who does not take it is not told"
    bob.lost()
    await a_turn(rig, 4.0)
    assert states(await ada.heard()) == []
    await a_turn(rig, 1.0)
    assert states(await ada.heard()) == [{"here": ["p:ada"]}, {"count": 2}]


async def test_a_host_is_told_how_many_and_is_none_of_them() -> None:
    rig = Rig()
    rig.gateway.clock.later = lambda delay_s, call, *arguments: None  # type: ignore[method-assign]
    host = Peer(rig)
    await host.hello("host", role="host", takes=["presence"])
    host.send("resume", hunt="h1", seq=0, pos=0)
    await host.heard()
    await a_turn(rig)
    assert states(await host.heard()) == [{"count": 0}]
    ada = Peer(rig)
    await ada.hello("ada")
    ada.send("join", hunt="h1", team="Owls")
    await ada.heard()
    await a_turn(rig)
    assert states(await host.heard()) == [{"count": 1}]


async def test_what_a_node_hears_of_others_is_told_here_and_what_is_no_memo_is_an_error() -> None:
    rig = Rig()
    rig.gateway.clock.later = lambda delay_s, call, *arguments: None  # type: ignore[method-assign]
    ada = Peer(rig)
    await ada.hello("ada", takes=["presence"])
    ada.send("join", hunt="h1", team="Owls")
    await ada.heard()
    await a_turn(rig)
    await ada.heard()
    said: list[bytes] = []

    class Link:
        def tell(self, body: bytes, only: Any = None) -> None:
            said.append(body)

        def out_of_reach(self) -> int:
            return 0

    rig.gateway.attendance.attach(Link())
    rig.gateway.attendance.peer_up("b")
    assert msgspec.msgpack.decode(said[0]) == {"hunt": "h1", "came": {"p:ada": "t1"}}
    rig.gateway.attendance.peer_said("b", msgspec.msgpack.encode({"hunt": "h1", "came": {"p:bob": "t1"}}))
    await a_turn(rig)
    assert states(await ada.heard()) == [{"here": ["p:ada", "p:bob"]}, {"count": 2}]
    with pytest.raises(msgspec.DecodeError):
        rig.gateway.attendance.peer_said("b", b"\xc1")
    rig.gateway.attendance.peer_down("b")
    await a_turn(rig, 5.0)
    assert states(await ada.heard()) == [{"here": ["p:ada"]}, {"count": 1}]
