"""A place kept for a member's new device: who gets a code, for whom, for how long."""

from __future__ import annotations

from typing import Any

import msgspec

from huntserver.game.features.leaving import Kick
from huntserver.game.features.pairing import VALID_MS, Pair, PairedNameQuery, UsePairing
from lab.rigs.game import HUNT, TEAMS, Table, code, digest


def use(table: Table, code_: str) -> Any:
    return table.send(UsePairing(code_), "system", "system")


def test_a_code_stands_for_its_player_once_and_for_five_minutes() -> None:
    table = Table(TEAMS).running("ann")
    first, second = (table.send(Pair())["code"] for _ in range(2))
    assert code(use(table, first)) == "no_such_offer", "the youngest code holds"
    assert use(table, second) == {"player": "p:ann"}, "what is logged names nobody"
    assert table.ask(PairedNameQuery("p:ann"), "system", "system").name == "Ann"
    assert code(table.ask(PairedNameQuery("p:ann"), "p:ann")) == "not_joined"
    assert code(use(table, second)) == "no_such_offer"
    late = table.send(Pair())["code"]
    table.tick(VALID_MS / 1000)
    assert code(use(table, late)) == "no_such_offer"


def test_a_host_gives_codes_for_players_and_nobody_else_does() -> None:
    table = Table(TEAMS).running("ann", "bob")
    assert use(table, table.host(Pair("Bob"))["code"]) == {"player": "p:bob"}
    assert code(table.host(Pair("Zoe"))) == "no_such_player"
    assert code(table.host(Pair())) == "not_joined"
    assert code(table.send(Pair("Bob"))) == "not_allowed"
    assert code(table.send(Pair(), "p:eve")) == "not_joined"
    assert code(table.send(UsePairing("x"))) == "not_allowed"


def test_who_is_taken_out_is_not_let_in_by_a_code_from_before() -> None:
    table = Table(TEAMS).running("ann")
    code_ = table.send(Pair())["code"]
    table.host(Kick("ann"))
    assert code(use(table, code_)) == "no_such_offer"


def test_no_code_is_stored_or_shown_and_what_is_offered_comes_back_from_both() -> None:
    table = Table(TEAMS).running("ann")
    code_ = table.send(Pair())["code"]
    stored = b"".join(HUNT.encode(table.state)) + msgspec.json.encode([r.events for r in table.log])
    assert code_.encode() not in stored + table.json_of_shown().encode()
    assert digest(table.replay()) == digest(table.state)
    table.state = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert use(table, code_)["player"] == "p:ann"
