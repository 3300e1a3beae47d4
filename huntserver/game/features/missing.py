"""What trying costs where nothing is guessed: wrong codes and check-ins start a cool-down that grows. Pure.

A team has one cool-down for codes and one for check-ins, beside those of single clues; a right one ends it. What was
tried before costs nothing, and what was wrong is never told apart from what is not open yet.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes
from huntserver.game.features.guessing import cool_down_ms
from huntserver.game.features.solving import GuessAnswer
from huntserver.game.plan import CHECK_INS, CODES
from huntserver.game.shown import Shown
from huntserver.game.state import TRIED_MAX, Attempt, Hunt, Team

Way: TypeAlias = Literal["code", "place"]
OF_WAY: Final[dict[str, int]] = {"code": CODES, "place": CHECK_INS}
_MARKS_MAX: Final = -4 * TRIED_MAX


class TriedInVain(GameEvent, tag="missed", frozen=True, gc=False):
    """A code or a check-in that solved nothing. `mark` (CRC-32) stands for it; the next one waits `wait_ms` of play."""

    team: str
    how: str
    mark: int
    personal: Author
    wait_ms: int = 0


def waits(state: Hunt, team: Team, how: Way, ctx: Context) -> Rejected | None:
    """Return the refusal of a team that waits before its next code or check-in, or None."""
    attempt = (team.attempts or {}).get(OF_WAY[how])
    wait_ms = attempt.until - (ctx.now_ms - state.zero_ms) if attempt is not None and attempt.until else 0
    what = "code" if how == "code" else "check-in"
    return Rejected("cool_down", f"wait before the next {what}", True, wait_ms) if wait_ms > 0 else None


def miss(state: Hunt, team: Team, how: Way, *, mark: int, author: Author, reply: str) -> Decision | Rejected:
    """Return the decision that a code or a check-in solved nothing; the same again is a duplicate, which is free."""
    attempt = (team.attempts or {}).get(OF_WAY[how])
    if attempt is not None and attempt.has_tried(mark.to_bytes(4, "big")):
        return Rejected("duplicate", "your team has tried this before")
    wait_ms = cool_down_ms(state.plan.attempts_of(OF_WAY[how]), (attempt.wrong if attempt is not None else 0) + 1)
    event = TriedInVain(team.id, how, mark, author, wait_ms)
    return Decision((event,), GuessAnswer("incorrect", wait_ms=wait_ms, reply=reply))


def _apply(state: Hunt, event: TriedInVain, at_ms: int) -> None:
    team = state.teams[event.team]
    team.attempts = team.attempts or {}
    attempt = team.attempts.get(OF_WAY[event.how])
    if attempt is None:
        attempt = team.attempts[OF_WAY[event.how]] = Attempt()
        state.attempts += 1
    attempt.tried = (attempt.tried + event.mark.to_bytes(4, "big"))[_MARKS_MAX:]
    attempt.wrong += 1
    if state.plan.tallies:
        state.count_wrong(team)
    if event.wait_ms:
        attempt.until = at_ms - state.zero_ms + event.wait_ms


def _show(tell: Telling, state: Hunt, event: TriedInVain) -> None:
    shown = Shown("missed", by=event.personal.by, how=event.how, verdict="incorrect", for_ms=event.wait_ms)
    tell.team(state.teams[event.team], shown)


FEATURE: Final = Feature(makes=(Makes(TriedInVain, _apply, _show),))
