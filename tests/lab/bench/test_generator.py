"""The benchmark's own client says what the vectors say, and the server takes it."""

from __future__ import annotations

import json
from typing import Any

from huntserver.client.session import Session
from huntserver.wire.messages import Hello, JoinFrame, decode_json
from lab.bench.generator import hello, join
from tests.client.vectors import vectors


def sent(op: str) -> list[dict[str, Any]]:
    """Return all messages of an operation that the vectors let a client send."""
    out = [action for vector in vectors() for step in vector["steps"] for action in step["out"] if "send" in action]
    return [action["send"] for action in out if action["send"]["op"] == op]


def apart(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without its number, which every client chooses itself."""
    return {name: value for name, value in message.items() if name != "id"}


def test_the_generators_first_messages_are_those_of_a_session() -> None:
    session = Session("TOKEN", "e1", takes=["texts"])
    session.start(0)
    (greeting,) = session.connected(0)
    assert apart(hello("TOKEN", "e1", texts=True)) == apart(greeting.message)  # type: ignore[union-attr]
    assert apart(hello("TOKEN", "e1")) in [apart(message) for message in sent("hello")]
    _, actions = session.command("join", {"hunt": "h", "team": "Owls"}, 0)
    assert actions == []  # not before it is greeted
    assert apart(join("h", "Owls")) == apart(session.kept()["unanswered"][0])
    assert {*join("h")} <= {name for message in sent("join") for name in message} | {"hunt"}


def test_the_server_takes_them() -> None:
    assert isinstance(decode_json(json.dumps(hello("T", "e", texts=True)).encode()), Hello)
    assert isinstance(decode_json(json.dumps(join("h", "Owls")).encode()), JoinFrame)
