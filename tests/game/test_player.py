"""The player: what follows from hunts, applied, never refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.entity import Context, Decision, Push, Rejected
from huntserver.game.command import Command
from huntserver.game.features.schedule import End
from huntserver.game.features.treasures import Claim
from huntserver.game.player import entity as rules
from huntserver.game.player.commands import AwardTreasure, CloseHunt, CreditSolve, EnterHunt, ProfileQuery
from huntserver.game.player.entity import Player, PlayerType
from huntserver.game.player.events import SetAside
from lab.rigs.game import Table

PLAYER = PlayerType()
ENTER = EnterHunt("h1", "Small", "t1")


def context(by: str = "entity:hunt/h1", role: str = "system") -> Context:
    ctx = Context()
    ctx.by, ctx.role = by, role
    return ctx


def fold(state: Player, *commands: Any) -> list[Push]:
    pushes: list[Push] = []
    for command in commands:
        decision = PLAYER.decide(state, command, context())
        assert isinstance(decision, Decision), "a reaction is never refused"
        state_seq = sum(1 for _ in pushes) + 1
        for event in decision.events:
            decoded = msgspec.json.decode(msgspec.json.encode(event), type=PLAYER.event_type)
            assert decoded == event
            PLAYER.apply(state, event, state_seq, 1000)
        pushes += PLAYER.pushes(state, decision.events, state_seq, 1000)
    return pushes


def profile(state: Player) -> rules.ProfileView:
    found = PLAYER.query(state, ProfileQuery(), context("p:ann", "player"))
    assert isinstance(found, rules.ProfileView)
    return found


def test_a_profile_adds_up_what_hunts_told() -> None:
    state = PLAYER.create("ann")
    pushes = fold(
        state,
        ENTER,
        CreditSolve("h1", "c1", 15, True),
        CreditSolve("h1", "c2", 10, False),
        AwardTreasure("h1", "coin", "Coin", 1),
        CloseHunt("h1", 1, 21),
    )
    shown = profile(state)
    assert (shown.points, shown.solves, shown.firsts, shown.wins) == (21, 2, 1, 1)
    assert (shown.hunts[0].title, shown.hunts[0].place) == ("Small", 1)
    assert shown.inventory[0].title == "Coin"
    assert [(p.channel, p.prev) for p in pushes] == [("player:ann", 0), ("player:ann", 1)]


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([CreditSolve("h1", "c1", 1, False)], "not in this hunt"),
        ([CloseHunt("h1", 1, 1)], "not in this hunt"),
        ([ENTER, ENTER], "in this hunt already"),
        ([ENTER, CloseHunt("h1", 1, 1), CloseHunt("h1", 2, 1)], "this hunt is closed already"),
    ],
)
def test_what_does_not_fit_is_set_aside_and_counted(commands: list[Command], why: str) -> None:
    state = PLAYER.create("ann")
    fold(state, *commands)
    assert state.set_aside == 1
    decision = PLAYER.decide(state, commands[-1], context())
    assert isinstance(decision, Decision)
    assert decision.events == (SetAside(str(type(commands[-1]).__struct_config__.tag), "h1", why),)


def test_an_inventory_and_a_life_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "HUNTS_MAX", 1)
    monkeypatch.setattr(rules, "INVENTORY_MAX", 1)
    state = PLAYER.create("ann")
    coin = AwardTreasure("h1", "coin", "Coin", 1)
    fold(state, ENTER, coin, coin, EnterHunt("h2", "Other", "t1"))
    assert (len(state.inventory), len(state.hunts), state.set_aside) == (1, 1, 2)


def test_clients_command_no_player_and_see_only_their_own_page() -> None:
    state = PLAYER.create("ann")
    assert isinstance(PLAYER.decide(state, ENTER, context("p:ann", "player")), Rejected)
    assert isinstance(PLAYER.query(state, ProfileQuery(), context("p:bob", "player")), Rejected)
    assert isinstance(PLAYER.query(state, ProfileQuery(), context("h:x", "admin")), rules.ProfileView)


def test_a_player_comes_back_from_its_bytes() -> None:
    state = PLAYER.create("ann")
    fold(state, ENTER, CreditSolve("h1", "c1", 15, True), AwardTreasure("h1", "coin", "Coin", 1))
    parts = list(PLAYER.encode(state))
    assert PLAYER.decode("ann", parts) == state
    for bad in ([], [b""], [b"\x90"], [*parts, b""]):
        with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds: the runtime takes them alike
            PLAYER.decode("ann", bad)


def test_what_a_hunt_sends_reaches_its_players_in_order() -> None:
    table = Table().running()
    table.guess("one")
    table.send(Claim("coin"))
    table.host(End())
    table.tick(1)
    state = PLAYER.create("ann")
    fold(state, *(r.command for r in table.reactions if r.id == "ann"))
    assert state.set_aside == 0
    shown = profile(state)
    assert (shown.points, shown.firsts, shown.wins, len(shown.inventory)) == (25, 1, 1, 1)
    assert all(r.kind == "player" for r in table.reactions)
