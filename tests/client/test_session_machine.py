"""The session against a model of the server, over a network that cuts, loses, doubles and delays.

Whatever happens: each command is executed once and answered once, none is given up silently, and every push is told
once, in order, or the client is told that it missed some.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from huntserver.client import hunts, requests, session
from huntserver.client.channels import Following, Place
from huntserver.client.session import Session
from tests.client.model import CHANNELS, Client

MOODS = ("busy", "unavailable", "rate_limited", "internal", "window", "vanishes", "landed", "refused")


class Machine(RuleBasedStateMachine):
    """Moves of the player, the network and the server, in any order; at the end everything is let to settle."""

    @initialize(tail=st.sampled_from((2, 5, 100)), listens=st.booleans())
    def begin(self, tail: int, listens: bool) -> None:
        self.client = Client(tail)
        self.client.command("join")
        if listens:
            self.client.connect()
            self.carry(3, 9)

    @rule(roll=st.floats(0, 0.999))
    def dice(self, roll: float) -> None:
        self.client.roll = roll

    @rule(many=st.integers(1, 20))
    def command(self, many: int) -> None:
        for _ in range(many):
            self.client.command()

    @rule()
    def question(self) -> None:
        self.client.question()

    @rule(works=st.booleans())
    def connect(self, works: bool) -> None:
        self.client.connect(works)

    @rule(ms=st.sampled_from((1, 50, 300, 1000, 6000, 20_000)))
    def wait(self, ms: int) -> None:
        self.client.wait(ms)

    @rule(up=st.integers(0, 20), down=st.integers(0, 20))
    def carry(self, up: int, down: int) -> None:
        for _ in range(up):
            self.client.up()
        for _ in range(down):
            self.client.down()

    @rule(moods=st.lists(st.sampled_from(MOODS), max_size=6))
    def refuse(self, moods: list[str]) -> None:
        self.client.server.moods.extend(moods)

    @rule(channels=st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6))
    def push(self, channels: list[str]) -> None:
        for channel in channels:
            self.client.server.record(channel)

    @precondition(lambda self: self.client.link is not None and self.client.link.listens)
    @rule(channel=st.sampled_from(CHANNELS))
    def lose_a_push(self, channel: str) -> None:
        self.client.server.record(channel)
        at = self.client.push_under_way()
        if at is not None and self.client.link is not None:
            del self.client.link.down[at]

    @precondition(lambda self: self.client.push_under_way() is not None)
    @rule()
    def double_a_push(self) -> None:
        at = self.client.push_under_way()
        assert at is not None
        assert self.client.link is not None
        self.client.link.down.insert(at, self.client.link.down[at])

    @rule(code=st.sampled_from((None, 1006, 4100, 4200, 4201)))
    def cut(self, code: int | None) -> None:
        self.client.cut(code)

    @rule()
    def restart(self) -> None:
        self.client.server.restart()
        self.client.cut()

    @precondition(lambda self: self.client.stragglers)
    @rule()
    def a_straggler_arrives(self) -> None:
        message = self.client.stragglers.pop(0)
        if message["key"] > self.client.session.requests.n - 16:  # the server has forgotten what is older
            self.client.server.take(message, None)

    @precondition(lambda self: self.client.link is not None and self.client.link.greeted)
    @rule(after_ms=st.integers(0, 3000))
    def go_away(self, after_ms: int) -> None:
        assert self.client.link is not None
        self.client.link.down.append({"t": "sys", "op": "goaway", "code": 4100, "after_ms": after_ms})

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.client.settle()
            assert self.client.session.phase is session.SessionPhase.PLAYING
            assert self.client.judge() == []


TestSession = Machine.TestCase
TestSession.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def walk(seed: int) -> None:
    """Play one seeded walk, all moves alike, and judge it."""
    draw = random.Random(seed)
    machine = Machine()
    machine.begin(draw.choice((2, 5, 100)), True)
    for _ in range(60):
        match draw.randrange(13):
            case 0:
                machine.command(draw.randint(1, 20))
            case 1:
                machine.question()
            case 2:
                machine.connect(draw.random() < 0.8)
            case 3:
                machine.wait(draw.choice((1, 50, 300, 1000, 6000)))
            case 4 | 5 | 6 | 7:
                machine.carry(draw.randint(0, 20), draw.randint(0, 20))
            case 8:
                machine.refuse([draw.choice(MOODS)])
            case 9:
                machine.push([draw.choice(CHANNELS) for _ in range(3)])
            case 10 if machine.client.link is not None and machine.client.link.listens:
                machine.lose_a_push(draw.choice(CHANNELS))
            case 11 if machine.client.push_under_way() is not None:
                machine.double_a_push()
            case 12 if draw.random() < 0.3:
                machine.cut(draw.choice((None, 4100, 4201)))
    machine.teardown()


def test_seeded_walks_keep_every_promise() -> None:
    for seed in range(100):
        walk(seed)


def _blind(self: Following, channel: str, seq: int, prev: int) -> Place:
    if self.channels is None or seq <= self.channels.get(channel, 0):
        return Place.OLD
    self.channels[channel] = seq
    return Place.NEXT


def _all_next(self: Following, channel: str, seq: int, prev: int) -> Place:
    if self.channels is not None and prev > self.channels.get(channel, 0):
        return Place.GAP
    (self.channels or {})[channel] = seq
    return Place.NEXT


@pytest.mark.parametrize(
    ("owner", "name", "replacement"),
    [
        (Following, "take", _blind),
        (Following, "take", _all_next),
        (requests, "WINDOW", 17),
        (requests.Requests, "disconnected", lambda self: None),
        (Session, "_mended", lambda self, actions, *_: actions),
        (hunts.Hunts, "points", lambda self: self._named.update(self) or []),
        (session, "resend_ms", lambda *_: None),
    ],
    ids=["gaps", "old pushes", "key window", "sending again", "resuming", "resuming in hello", "unknown"],
)
def test_the_machine_finds_a_session_without(
    owner: object, name: str, replacement: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, replacement)

    def walks() -> None:
        for seed in range(300):
            walk(seed)

    with pytest.raises(AssertionError):
        walks()
