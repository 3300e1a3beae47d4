"""The judge of what clients were told: the rules are asked again at every time that may have been meant."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from actors.checker.call_judge import CallJudge, Rules
from actors.checker.history import REFUSED, Call
from actors.entity import Context, Decision, Rejected
from actors.log.codec import Done

EPOCH_MS = 1_790_000_000_000
OVER_MS = EPOCH_MS + 10_000
RULES = Rules(clock_skew_ms=5_000, epoch_ms=EPOCH_MS)


class Door:
    """Shut from a time on, and busy until another, without a record of either."""

    kind = "door"
    fresh_codes: frozenset[str] = frozenset()
    fresh_roles: frozenset[str] = frozenset()

    def decide(self, state: Any, command: Any, ctx: Context) -> Decision | Rejected:
        if ctx.now_ms >= OVER_MS:
            return Rejected("too_late")
        return Rejected("cool_down") if ctx.now_ms < state else Decision((), {})


def judged(code: str, *, recorded_ms: int, left_s: float, until_ms: int = 0, rules: Rules = RULES) -> list[str]:
    """Return what is wrong with one refusal at pos 1, whose record is of `recorded_ms`."""
    kind: Any = Door()
    judge = CallJudge(rules, {"door": kind})
    judge.add(Call("s", "p:a", "player", "door/d", "e:1", "knock", 0.0, left_s + 0.1, REFUSED, code, 1, None, left_s))
    judge.at(kind, "door/d", until_ms, 1, 1, recorded_ms)
    found: list[str] = []
    judge.check(lambda invariant, text, where: found.append(invariant))
    return found


def test_a_refusal_of_what_ended_between_two_records_is_right() -> None:
    """A team's own end has no record while others have extra time: the rules were asked at the last record's time."""
    assert judged("too_late", recorded_ms=EPOCH_MS + 9_000, left_s=11.0) == []


def test_a_refusal_of_what_ends_much_later_is_wrong() -> None:
    assert judged("too_late", recorded_ms=EPOCH_MS + 1_000, left_s=2.0) == ["I7"]


def test_a_cool_down_is_judged_at_the_time_of_the_record_that_began_it() -> None:
    assert judged("cool_down", recorded_ms=EPOCH_MS + 1_000, left_s=9.0, until_ms=EPOCH_MS + 2_000) == []
    assert judged("cool_down", recorded_ms=EPOCH_MS + 3_000, left_s=4.0, until_ms=EPOCH_MS + 2_000) == ["I7"]


def test_without_a_clock_to_hold_it_against_the_time_of_the_record_is_all_there_is() -> None:
    assert judged("too_late", recorded_ms=EPOCH_MS + 9_000, left_s=11.0, rules=Rules()) == ["I7"]


@pytest.mark.parametrize(("sent", "found"), [(None, []), (True, []), (False, ["I1"])])
def test_a_refused_key_has_an_effect_under_a_later_tenure_only_if_a_copy_was_sent_to_that_one(
    sent: bool | None, found: list[str]
) -> None:
    kind: Any = Door()
    asked: list[Any] = []

    def sent_to(which: Any, nonce: str) -> bool:
        asked.append((which, nonce))
        return bool(sent)

    judge = CallJudge(Rules(sent_to=None if sent is None else sent_to), {"door": kind})
    judge.add(Call("s", "p:a", "player", "door/d", "e:1", None, 0.0, 1.0, REFUSED, "cool_down", 1, None, 1.0))
    judge.at(kind, "door/d", 0, 1, 1, EPOCH_MS)
    judge.at(kind, "door/d", 0, 2, 2, EPOCH_MS)
    judge.effect(Done("n@7", 1, EPOCH_MS, "door/d", 2, "p:a", "e:1", [], Raw(b"{}")), 2)
    said: list[str] = []
    judge.check(lambda invariant, text, where: said.append(invariant))
    assert said == found
    assert asked == ([] if sent is None else [(("door/d", "p:a", "e:1"), "n@7")])
