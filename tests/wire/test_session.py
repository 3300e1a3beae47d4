"""The session against a model that keeps everything: window, rate, roles, floors of `pos`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.errors import REFUSALS
from huntserver.limits import Limits
from huntserver.wire.messages import HOST_FRAMES, decode_json
from huntserver.wire.session import BAD_EPOCH, HELLO_TWICE, Session

ANN = Caller("p:ann", "player", "Ann")
HANNA = Caller("h:hanna", "host", "Hanna")
LIMITS = Limits(commands_per_s=4, commands_burst=6, unanswered_max=16, floors_max=3)
EPOCHS = ("phone", "tablet")


def guess(request: int, key: Any, hunt: str = "h1") -> Any:
    given = "" if key is None else f',"key":{key}' if isinstance(key, int) else f',"key":"{key}"'
    return decode_json(f'{{"id":{request},"op":"guess","hunt":"{hunt}","clue":"c","text":"x"{given}}}'.encode())


def start(request: int, key: Any) -> Any:
    return decode_json(f'{{"id":{request},"op":"start","hunt":"h1","key":{key}}}'.encode())


def welcomed(epoch: str | None = "phone", caller: Caller = ANN, limits: Limits = LIMITS) -> Session:
    session = Session(limits)
    assert session.welcome(caller, epoch, 0.0) is None
    return session


class SessionMachine(RuleBasedStateMachine):
    """Sends and answers in any order. The model knows every key that waits, and every `pos` that was told."""

    @initialize(host=st.booleans(), named=st.booleans())
    def begin(self, host: bool, named: bool) -> None:
        self.host = host
        self.epoch = "phone" if named else None
        self.session = welcomed(self.epoch, HANNA if host else ANN)
        self.waits: dict[int, tuple[str, int] | None] = {}
        self.now = 0.0
        self.taken: list[float] = []
        self.told: dict[str, int] = {}
        self.recent: list[str] = []

    # ---- window

    @rule(
        request=st.integers(0, 30),
        epoch=st.sampled_from([None, *EPOCHS]),
        n=st.integers(-3, 40),
        hosts_only=st.sampled_from([False, False, False, True]),
    )
    def sends(self, request: int, epoch: str | None, n: int, hosts_only: bool) -> None:
        key: Any = n if epoch is None else f"{epoch}:{n}"
        if n < 0:
            key, n = (None, 0)
        if hosts_only and key is None:
            return
        try:
            frame = (start if hosts_only and isinstance(key, int) else guess)(request, key)
        except Exception:
            assert key == 0  # the decoder takes no key below 1
            return
        got = self.session.admit(frame)
        wanted = self.wanted(frame, request, key, epoch, n)
        if isinstance(wanted, str):
            assert isinstance(got, Rejected)
            assert got.code == wanted
            assert got.code in REFUSALS
        else:
            assert got == wanted
            self.waits[request] = wanted

    def wanted(self, frame: Any, request: int, key: Any, epoch: str | None, n: int) -> Any:
        """Return the key, None, or the code of the refusal."""
        if key is None:
            return "bad_field" if request in self.waits else None
        mine = epoch or self.epoch
        if mine is None or n < 1:
            return "bad_key"
        lowest = min((k[1] for k in self.waits.values() if k is not None and k[0] == mine), default=n)
        if n - lowest >= LIMITS.unanswered_max:
            return "window"
        if type(frame) in HOST_FRAMES and not self.host:
            return "not_allowed"
        return "bad_field" if request in self.waits else (mine, n)

    @precondition(lambda self: self.waits)
    @rule(roll=st.integers(0, 99))
    def answers(self, roll: int) -> None:
        request = list(self.waits)[roll % len(self.waits)]
        frame = self.session.answered(request)
        assert frame.id == request
        assert self.session.key_of(frame) == self.waits.pop(request)
        assert self.session.answered(request) is None

    @invariant()
    def what_waits_is_what_was_admitted(self) -> None:
        assert list(self.session.unanswered) == list(self.waits)

    # ---- rate

    @rule(after=st.sampled_from([0.0, 0.01, 0.25, 1.0, 60.0]))
    def a_message_comes(self, after: float) -> None:
        self.now += after
        refused = self.session.rate(self.now)
        if refused is None:
            self.taken.append(self.now)
            assert self.session.rate_refusals == 0
            for i, begin in enumerate(self.taken[-12:]):
                later = len(self.taken[-12:]) - i
                assert later <= LIMITS.commands_burst + (self.now - begin) * LIMITS.commands_per_s + 1e-6
        else:
            assert refused.code == "rate_limited"
            assert refused.after_ms is not None
            assert 0 < refused.after_ms <= 1000 / LIMITS.commands_per_s + 1
            self.now += refused.after_ms / 1000
            assert self.session.rate(self.now) is None, "it said how long to wait"
            self.taken.append(self.now)

    # ---- floors

    def remember(self, hunt: str) -> None:
        """Keep the hunts heard of in order; the session may forget all but the last few."""
        if hunt in self.recent:
            self.recent.remove(hunt)
        self.recent.append(hunt)
        for old in self.recent[: -LIMITS.floors_max - 1]:
            self.told.pop(old, None)
            self.recent.remove(old)

    @rule(hunt=st.sampled_from("abcde"), pos=st.integers(0, 20))
    def hears_of(self, hunt: str, pos: int) -> None:
        self.session.saw(hunt, pos)
        self.remember(hunt)
        self.told[hunt] = max(pos, self.told.get(hunt, 0))

    @rule(hunt=st.sampled_from("abcde"), pos=st.integers(-1, 20))
    def a_refusal_comes(self, hunt: str, pos: int) -> None:
        floor = self.told.get(hunt, 0)
        stale = self.session.stale(hunt, pos)
        self.remember(hunt)
        assert stale == (0 <= pos < floor)
        self.told[hunt] = max(pos, floor)


TestSessionMachine = SessionMachine.TestCase


def test_hello_is_said_once() -> None:
    session = Session(Limits())
    assert session.welcome(ANN, "phone", 0.0) is None
    assert session.welcome(ANN, "phone", 0.0) == HELLO_TWICE


@pytest.mark.parametrize("epoch", ["", "x" * 33, "a\nb", "\x00"])
def test_an_epoch_is_a_short_text_that_can_be_shown(epoch: str) -> None:
    assert Session(Limits()).welcome(ANN, epoch, 0.0) == BAD_EPOCH


def test_a_request_is_asked_again_once_and_the_same_refusal_stands() -> None:
    session = welcomed()
    session.admit(guess(1, 1))
    assert session.ask_again(1, "locked", 3)
    assert not session.ask_again(1, "locked", 3)
    assert session.repeated(1, "locked", 3)
    assert not session.repeated(1, "cool_down", 3)
    session.answered(1)
    assert session.ask_again(1, "locked", 3)


def test_seventeen_commands_cannot_wait() -> None:
    session = welcomed()
    for n in range(1, 17):
        assert session.admit(guess(n, n)) == ("phone", n)
    refused = session.admit(guess(17, 17))
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.retry) == ("window", True)
    session.answered(1)
    assert session.admit(guess(17, 17)) == ("phone", 17)
