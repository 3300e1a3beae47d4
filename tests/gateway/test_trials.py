"""Wrong codes cost, also those whom no team holds back: players without a team, and guests who come anew each time."""

from __future__ import annotations

from typing import Any

import pytest

from huntserver.game.features.leaving import Kick
from huntserver.gateway.bucket import TokenBucket
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.trials import KEPT, Trials
from huntserver.limits import Limits
from lab.rigs.gateway import HOST, Peer, Rig


async def fresh(rig: Rig, who: str) -> Peer:
    peer = Peer(rig)
    await peer.hello(who)
    return peer


def word(reply: dict[str, Any]) -> str:
    code: str = reply["err"]["code"] if "err" in reply else reply["ok"].get("verdict", "ok")
    return code


async def test_wrong_invite_codes_cost_a_player_and_a_right_one_costs_nothing() -> None:
    rig = Rig(wrong_codes_burst_per_player=3)
    ada = await rig.playing("ada", team="Owls")
    invite = (await ada.ask("page", hunt="h1"))["ok"]["team"]["invite"]
    eve = await fresh(rig, "eve")
    told = [word(await eve.ask("join", hunt="h1", invite=f"WRONG{n}")) for n in range(6)]
    assert told == ["no_such_team"] * 3 + ["cool_down"] * 3
    reply = await eve.ask("join", hunt="h1", invite=invite)
    assert word(reply) == "cool_down"
    assert reply["err"]["after_ms"] > 1000
    bob = await fresh(rig, "bob")  # another player of the same address
    assert word(await bob.ask("join", hunt="h1", invite="WRONG7")) == "no_such_team"
    for _ in range(4):
        bob.send("join", hunt="h1", invite=invite)
        assert word((await bob.heard())[0]) in ("ok",)


class Told:
    """The other nodes, and what they are told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def tell(self, body: bytes, only: Any = None) -> None:
        self.bodies.append(body)

    def out_of_reach(self) -> int:
        return 0


def test_wrong_codes_at_one_node_cost_at_all_of_them_also_at_one_that_comes_later() -> None:
    clock = LoopClock(0.0)
    here, there, later = (Trials(Limits(wrong_codes_burst_per_player=2), clock) for _ in range(3))
    told, whole = Told(), Told()
    there.attach(told)
    for _ in range(2):
        there.wrong("h1", "p:eve", "203.0.113.9")
    assert here.waits("h1", "p:eve", "198.51.100.1") is None
    here.attach(whole)
    for body in told.bodies:
        here.peer_said("there", body)
    assert here.waits("h1", "p:eve", "198.51.100.1") is not None
    assert here.waits("h1", "p:bob", "198.51.100.1") is None
    assert (len(told.bodies), whole.bodies) == (2, [])  # what was heard is told no further
    here.peer_up("later")
    for body in whole.bodies * 2:  # the same whole from two nodes is not charged twice
        later.peer_said("here", body)
    held, same = later.waits("h1", "p:eve", "198.51.100.1"), here.waits("h1", "p:eve", "198.51.100.1")
    assert held is not None
    assert held == same
    with pytest.raises(ValueError, match="truncated"):
        here.peer_said("there", b"\x81")


async def test_fresh_players_of_one_address_do_not_make_it_free() -> None:
    rig = Rig(wrong_codes_burst_per_address=5)
    told = []
    for n in range(8):
        peer = await fresh(rig, f"g{n}")
        told.append(word(await peer.ask("join", hunt="h1", invite=f"WRONG{n}")))
        peer.lost()
    assert told == ["no_such_team"] * 5 + ["cool_down"] * 3


async def test_codes_of_clues_tried_by_ever_new_teams_meet_the_same_bound() -> None:
    rig = Rig(wrong_codes_burst_per_address=5)
    told = []
    for n in range(8):
        peer = await rig.playing(f"g{n}", team=f"Team {chr(65 + n)}")
        told.append(word(await peer.ask("scan", hunt="h1", code=f"{n:04}")))
    assert told == ["incorrect"] * 5 + ["cool_down"] * 3


def test_invites_tried_from_many_addresses_meet_a_bound_of_the_hunt_and_who_never_had_a_wrong_one_does_not() -> None:
    trials = Trials(Limits(wrong_invites_burst_per_hunt=20), LoopClock(0.0))
    for n in range(20):
        trials.wrong("h1", f"p:{n}", f"203.0.113.{n}")
    assert trials.waits("h1", "p:3", "203.0.113.3", invite=True) is not None
    assert trials.waits("h1", "p:new", "203.0.113.3", invite=True) is not None
    assert trials.waits("h1", "p:new", "198.51.100.1", invite=True) is None
    assert trials.waits("h1", "p:3", "203.0.113.3") is None  # a clue's code, which the hunt bounds
    assert trials.waits("h2", "p:3", "203.0.113.3", invite=True) is None
    assert trials.counted == 20


async def test_a_hunt_of_its_own_is_counted_on_its_own() -> None:
    rig = Rig(wrong_codes_burst_per_player=1)
    eve = await fresh(rig, "eve")
    assert [word(await eve.ask("join", hunt="h1", invite="A")) for _ in range(2)] == ["no_such_team", "cool_down"]
    assert word(await eve.ask("join", hunt="h2", invite="A")) == "no_such_hunt"


async def test_a_refusal_costs_nothing_where_nothing_was_tried() -> None:
    rig = Rig(wrong_codes_burst_per_player=2)
    bob = await rig.playing("bob", team="Bats")
    rig.system.play(Kick("bob"), HOST)
    for _ in range(5):
        assert word(await bob.ask("scan", hunt="h1", code="x")) == "not_joined"


def test_what_is_remembered_is_bounded_and_forgotten_when_nothing_is_owed() -> None:
    clock = LoopClock(0.0)
    trials = Trials(Limits(wrong_codes_burst_per_player=1), clock)
    for n in range(KEPT + 10):
        trials.wrong("h", f"p:{n}", "192.0.2.1")
    assert len(trials._owed) <= KEPT
    assert trials.waits("h", f"p:{KEPT + 9}", "198.51.100.1") is not None
    assert trials.waits("h", "p:new", "198.51.100.1") is None


def test_a_bucket_tells_what_it_lacks_and_takes_nothing_by_it() -> None:
    bucket = TokenBucket(0.5, 1, 0.0)
    assert [bucket.lacks_s(0.0), bucket.take(0.0), bucket.lacks_s(0.0), bucket.lacks_s(1.0), bucket.lacks_s(2.0)] == [
        0.0, 0.0, 2.0, 1.0, 0.0,
    ]  # fmt: skip
