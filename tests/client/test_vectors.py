"""The session does what the conformance vectors say, and the vectors say something of every rule."""

from __future__ import annotations

from typing import Any

import pytest

from huntserver.errors import CLOSES, RESENT_WITH_SAME_KEY
from tests.client.vectors import NAMES, begin, step, vectors

ALL = vectors()
ANSWERED = ("out", "wake", "id", "returns")


@pytest.mark.parametrize("vector", ALL, ids=[vector["name"] for vector in ALL])
def test_the_session_does_what_a_vector_says(vector: dict[str, Any]) -> None:
    session = begin(vector)
    for number, given in enumerate(vector["steps"]):
        wanted = {name: given[name] for name in ANSWERED if name in given}
        assert step(session, given) == wanted, f"step {number}: {given['call']} at {given['at']}"


def test_every_vector_has_a_name_of_its_own() -> None:
    names = [vector["name"] for vector in ALL]
    assert len(set(names)) == len(names)


def test_the_vectors_show_every_call_and_every_action() -> None:
    steps = [given for vector in ALL for given in vector["steps"]]
    calls = {"start", "connected", "received", "closed", "tick", "command", "ask", "forget", "follow", "leave"}
    assert {given["call"] for given in steps} == calls | {"hurry", "renew", "kept", "server_ms"}
    assert {name for given in steps for action in given["out"] for name in action} == set(NAMES.values())


def test_the_vectors_show_every_code_that_is_sent_again_and_every_close_code() -> None:
    told = [
        given["with"]["message"] for vector in ALL for given in vector["steps"] if "message" in given.get("with", {})
    ]
    assert {m["err"]["code"] for m in told if "err" in m} >= RESENT_WITH_SAME_KEY
    closed = {given.get("with", {}).get("code") for v in ALL for given in v["steps"] if given["call"] == "closed"}
    assert closed >= {close.number for close in CLOSES.values()}
