"""Roles: granted by one-time codes, taken back; every operation is tried in every role."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from huntserver.game.feature import SentBy
from huntserver.game.features.auditing import AuditQuery
from huntserver.game.features.authoring import Create
from huntserver.game.features.handing_in import HandIn
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.pairing import UsePairing
from huntserver.game.features.roles import VALID_S, Grant, PeopleQuery, Revoke, TakeRole
from huntserver.game.features.schedule import Pause
from huntserver.game.hunt import ANSWERS, TAKES
from huntserver.game.permission import GRANTED, RIGHTS, Role
from lab.rigs.game import HUNT, OWNER, TEAMS, Table, code, digest


def tag(row: Any) -> str:
    return str(row.command.__struct_config__.tag)


def staffed() -> Table:
    """A running hunt whose host, reviewer and spectator are called by their roles."""
    table = Table(TEAMS).running("ann")
    for role in GRANTED:
        code_ = table.host(Grant(role))["code"]
        assert code(table.send(TakeRole(f" {code_.lower()} "), f"h:{role}", "host")) == ""
    return table


SENDERS = {
    Role.NOBODY: ("h:stranger", "host"),
    Role.SPECTATOR: ("h:spectator", "host"),
    Role.REVIEWER: ("h:reviewer", "host"),
    Role.HOST: ("h:host", "host"),
    Role.OWNER: (OWNER, "host"),
}


def example(of: Any) -> Any:
    """Return a command with fields of the right types; whether it makes sense does not matter."""
    given = {}
    for field in msgspec.structs.fields(of):
        if field.required:
            given[field.name] = 1 if field.type is int else 1.5 if field.type is float else "x"
    return of(**given)


HOSTS = [
    row
    for row in TAKES
    if row.sender in (SentBy.HOST, SentBy.HTTP)
    and row.command not in (Create, UsePairing, HandIn)  # anybody's, nobody's, a player's
]


@pytest.mark.parametrize("row", HOSTS, ids=tag)
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.name.lower())
def test_an_operation_is_refused_to_roles_below_its_own_and_to_no_other(row: Any, role: Role) -> None:
    table = staffed()
    least = RIGHTS.get(tag(row), Role.HOST)
    by, kind = SENDERS[role]
    answer = HUNT.decide(table.state, example(row.command), table.context(by, kind, "X"))
    assert (code(answer) == "not_allowed") is (role < least), answer
    for player in ("p:ann", "p:eve"):
        assert code(HUNT.decide(table.state, example(row.command), table.context(player, "player", "X"))) in (
            "not_allowed",
            "not_joined",
        )


def test_the_table_of_rights_names_operations_that_exist() -> None:
    known = {tag(row) for row in TAKES} | {str(row.query.__struct_config__.tag) for row in ANSWERS}
    assert RIGHTS.keys() <= known


def test_each_role_sees_what_is_its_own() -> None:
    table = staffed()
    seen = {}
    for role, (by, kind) in SENDERS.items():
        seen[role.name] = (
            list(table.ask(PageQuery(), by, kind).channels),
            code(table.ask(OverviewQuery(), by, kind)) == "",
            code(table.ask(AuditQuery(), by, kind)) == "",
            code(table.ask(MembershipQuery(), by, kind)) == "",
        )
        assert table.ask(BoardQuery(), by, kind).teams == 1
    assert seen == {
        "NOBODY": ([], False, False, False),
        "SPECTATOR": (["hunt"], False, False, True),
        "REVIEWER": (["hunt", "host"], True, False, True),
        "HOST": (["hunt", "host"], True, True, True),
        "OWNER": (["hunt", "host"], True, True, True),
    }


def test_a_code_is_for_one_person_and_for_its_time() -> None:
    table = Table(TEAMS).running("ann")
    first = table.host(Grant("host", valid_s=60))["code"]
    assert table.send(TakeRole(first), "h:one", "host") == {"role": "host"}
    assert code(table.send(TakeRole(first), "h:two", "host")) == "no_such_offer"
    late = table.host(Grant("host", valid_s=60))["code"]
    table.tick(61)
    assert code(table.send(TakeRole(late), "h:two", "host")) == "no_such_offer"
    assert code(table.host(Grant("host", valid_s=VALID_S + 1))) == "bad_field"
    assert code(table.send(TakeRole(table.host(Grant("reviewer"))["code"]), "h:one", "host")) == "already_joined"


def test_players_do_not_run_the_hunt_they_play_in_but_may_watch() -> None:
    table = Table(TEAMS).running("ann")
    assert code(table.send(TakeRole(table.host(Grant("host"))["code"]))) == "not_allowed"
    assert code(table.send(TakeRole(table.host(Grant("reviewer"))["code"]), "p:eve")) == "not_allowed"
    assert code(table.send(TakeRole(table.host(Grant("spectator"))["code"]), "p:eve")) == ""
    assert list(table.ask(PageQuery(), "p:eve").channels) == ["hunt"]


def test_a_role_that_is_taken_back_is_gone_at_once_from_before_the_record_is_shown() -> None:
    table = staffed()
    assert table.host(Revoke("host")) == {"role": "host"}
    pushes = [p for seq, p in table.shown if seq == table.seq]
    assert {(p.channel, p.parted) for p in pushes[:2]} == {("host", "h:host"), ("hunt", "h:host")}
    assert code(table.send(Pause(), "h:host", "host")) == "not_allowed"
    assert [row[:2] for row in table.ask(PeopleQuery(), OWNER, "host").roles] == [
        ("h:reviewer", "reviewer"),
        ("h:spectator", "spectator"),
    ]
    code_ = table.host(Grant("host"))["code"]
    assert table.ask(PeopleQuery(), OWNER, "host").offers == 1
    assert table.host(Revoke("codes")) == {"codes": 1}
    assert code(table.send(TakeRole(code_), "h:two", "host")) == "no_such_offer"


def test_no_code_is_in_what_is_stored_or_shown_and_roles_come_back_from_both() -> None:
    table = staffed()
    code_ = table.host(Grant("host"))["code"]
    stored = b"".join(HUNT.encode(table.state)) + msgspec.json.encode([r.events for r in table.log])
    assert code_.encode() not in stored + table.json_of_shown().encode()
    assert digest(table.replay()) == digest(table.state)
    table.state = HUNT.decode("h1", list(HUNT.encode(table.state)))
    assert table.send(TakeRole(code_), "h:two", "host") == {"role": "host"}
