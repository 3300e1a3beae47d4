"""What a run may be is checked before anything is started; errors name the value, what is allowed and the cure."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.load.hunts import SECRET, definition, right_text
from huntserver.load.plan import BOUNDS, SCENARIOS, LoadPlan, PlanError, address, addresses_for, check, is_loopback
from huntserver.load.run import LoadOptions, plan_of


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_makes_a_plan_within_the_bounds(scenario: str) -> None:
    plan = plan_of(LoadOptions(scenario=scenario), "r")
    assert plan.players == SCENARIOS[scenario].players
    assert len(plan.hunts) == SCENARIOS[scenario].hunts


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"players": 0}, r"--players is 0, allowed is 1 to 50000 \("),
        ({"players": 60_000, "addresses": 9}, "--players is 60000, allowed is 1 to 50000"),
        ({"rate": -1}, "--rate is -1, allowed is 0 to"),
        ({"rate": 300_000.0}, "--rate is 300000"),
        ({"seconds": 0.5}, "--seconds is 0.5, allowed is 1 to 3600"),
        ({"seconds": 90_000.0}, "--seconds is 90000"),
        ({"processes": 17}, "--processes is 17, allowed is 1 to 16"),
        ({"processes": 4, "players": 3}, "--processes is 4, more than the 3 players"),
        ({"hunts": 3_000}, "--hunts is 3000, allowed is 1 to 2000"),
        ({"outstanding": 17}, "--outstanding is 17"),
        ({"right_every": -1}, "--right-every is -1"),
        ({"witnesses": 101, "players": 100}, "--witnesses is 101, more than the 100 players"),
        ({"rate": 200_000.0, "seconds": 3_600.0}, "720,000,000 commands, allowed are 40,000,000"),
        ({"scenario": "party"}, "--scenario is 'party', allowed are steady, start-burst"),
        ({"scenario": "treasure-race", "rate": 0.0}, "--rate is 0, but treasure-race sends in bursts"),
        ({"url": "http://127.0.0.1:80/"}, "is no address of a server; write ws://HOST:PORT/ws"),
        ({"url": "wss://127.0.0.1/ws"}, "TLS is not spoken here"),
        ({"url": "ws://127.0.0.1:http/ws"}, "write ws://HOST:PORT/ws"),
        ({"url": "ws://192.0.2.1:80/ws", "addresses": 3}, "--addresses is 3, but 192.0.2.1 is not 127.0.0.1"),
        ({"url": "ws://192.0.2.1:80/ws", "players": 20_000}, "there are|one machine has ports for 15000"),
        ({"tokens": ("a", "b"), "players": 3}, "--tokens holds 2 tokens for 3 players"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_with_what_is_allowed(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan_of(LoadOptions(**wrong), "r")
    assert re.search(said, str(refused.value)), refused.value
    assert "\n" not in str(refused.value)


def test_every_bound_has_its_reason() -> None:
    assert all(bound.reason and bound.least <= bound.most for bound in BOUNDS)


def test_a_burst_takes_its_pace_from_the_rate() -> None:
    plan = plan_of(LoadOptions(scenario="start-burst", players=500, rate=50.0), "r")
    assert (plan.arrivals, plan.burst_s) == ("bursts", 10.0)


def test_a_rate_of_zero_is_a_closed_loop() -> None:
    assert plan_of(LoadOptions(rate=0.0), "r").closed
    assert not plan_of(LoadOptions(), "r").closed


def test_more_than_fifteen_thousand_players_come_from_several_addresses() -> None:
    assert addresses_for(15_000, 1, "127.0.0.1") == 1
    assert addresses_for(45_000, 1, "localhost") == 3
    plan = plan_of(LoadOptions(players=40_000), "r")
    sources = [plan.source(number) for number in range(plan.players)]
    assert set(sources) == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}
    assert max(sources.count(source) for source in set(sources)) <= 15_000


@given(st.integers(1, 2_000), st.data())
def test_exactly_as_many_players_as_asked_are_witnesses(players: int, data: st.DataObject) -> None:
    witnesses = data.draw(st.integers(0, players))
    plan = LoadPlan(scenario="steady", host="127.0.0.1", port=1, players=players, witnesses=witnesses)
    check(plan)
    assert sum(plan.is_witness(number) for number in range(players)) == witnesses


def test_only_this_machine_is_loopback() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1"))
    assert not any(is_loopback(host) for host in ("192.0.2.1", "example.org", "10.0.0.1"))


def test_an_address_has_defaults_for_port_and_path() -> None:
    assert address("ws://localhost") == ("localhost", 80, "/ws")
    assert address("ws://127.0.0.1:8080/x") == ("127.0.0.1", 8080, "/x")


def test_the_hunts_of_a_run_can_be_played_and_their_secret_is_in_no_right_answer() -> None:
    made = definition(10_000, race=True)
    assert b"treasures" in made
    assert isinstance(check_definition(definition(3), "json"), Definition)
    assert isinstance(check_definition(made, "json"), Definition)
    assert SECRET in made
    assert SECRET.decode() not in right_text(3)
