"""Runs the conformance vectors against the Python session: the format is `docs/clients.md`'s."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huntserver.client.actions as a
from huntserver.client.session import Session

VECTORS = Path(__file__).parents[2] / "huntserver" / "wire" / "vectors.jsonl"
NAMES = {
    a.Connect: "connect", a.Drop: "drop", a.Send: "send", a.Greeted: "greeted", a.Lost: "lost", a.Over: "over",
    a.Answer: "answer", a.Event: "event", a.Snapshot: "snapshot", a.State: "state", a.Gap: "gap",
    a.Resumed: "resumed", a.Refused: "refused", a.GoAway: "goaway",
}  # fmt: skip
BARE = (a.Send, a.Answer, a.Event, a.Snapshot, a.State)
"""Actions that are told as the message alone."""


def vectors() -> list[dict[str, Any]]:
    """Return all vectors."""
    return [json.loads(line) for line in VECTORS.read_text().splitlines()]


def told(action: a.Action) -> dict[str, Any]:
    """Return an action as a vector writes it."""
    name = NAMES[action.__class__]
    return {name: action[0] if isinstance(action, BARE) else action._asdict()}


def begin(vector: dict[str, Any]) -> Session:
    """Make the session of a vector."""
    return Session(**vector["session"])


def step(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    """Make one call; return what a vector says of it: `out`, `wake`, and perhaps `id` or `returns`."""
    now_ms, roll, args = given["at"], given.get("roll", 0.5), given.get("with", {})
    found: dict[str, Any] = {}
    out: list[a.Action] = []
    match given["call"]:
        case "command" | "ask" as call:
            found["id"], out = getattr(session, call)(args["op"], args["fields"], now_ms)
        case "received":
            text = args["text"] if "text" in args else json.dumps(args["message"])
            out = session.received(text, now_ms, roll)
        case "closed":
            out = session.closed(now_ms, roll, **args)
        case "tick":
            out = session.tick(now_ms, roll)
        case "follow" | "leave" as call:
            out = getattr(session, call)(args["hunt"], now_ms)
        case "renew":
            out = session.renew(args["token"], now_ms)
        case "start" | "connected" | "hurry" as call:
            out = getattr(session, call)(now_ms)
        case "forget":
            session.forget(args["id"])
        case "kept":
            found["returns"] = session.kept()
        case "server_ms":
            found["returns"] = session.server_ms(now_ms)
        case other:
            raise ValueError(f"a vector calls {other!r}, which is no call of a session")
    return {**found, "out": [told(action) for action in out], "wake": session.wake_ms}
