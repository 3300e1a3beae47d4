"""What trying costs where nothing is guessed: wrong codes and check-ins start a cool-down that grows. Pure.

A team has one cool-down for codes and one for check-ins, beside those of single clues; a right one ends it. What was
tried before costs nothing, and what was wrong is never told apart from what is not open yet. What all teams try
together has a bound of its own (`pool`), of which hosts are told when it is reached.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes
from huntserver.game.features.guessing import cool_down_ms
from huntserver.game.features.solving import GuessAnswer
from huntserver.game.pool import OF_WAY, REST, Way, is_known, pool_of, runs_out, take, wait_ms
from huntserver.game.shown import Shown
from huntserver.game.state import TRIED_MAX, Attempt, Hunt, Team
from huntserver.game.unusual import Pool

_MARKS_MAX: Final = -4 * TRIED_MAX


class TriedInVain(GameEvent, tag="missed", frozen=True, gc=False):
    """A code or a check-in that solved nothing. `mark` (CRC-32) stands for it; the next one waits `wait_ms` of play.

    `pool`: which bucket of all teams it takes from, if any.
    """

    team: str
    how: str
    mark: int
    personal: Author
    wait_ms: int = 0
    pool: str = ""


class TriesSpent(GameEvent, tag="tries_spent", frozen=True, gc=False):
    """The teams of a standing, of so many as there are, have tried more in vain together than is usual."""

    how: str
    pool: str
    teams: int


def waits(state: Hunt, team: Team, how: Way, ctx: Context) -> Rejected | None:
    """Return the refusal of a team that waits before its next code or check-in, or None."""
    attempt = (team.attempts or {}).get(OF_WAY[how])
    own_ms = attempt.until - (ctx.now_ms - state.zero_ms) if attempt is not None and attempt.until else 0
    what = "code" if how == "code" else "check-in"
    if own_ms > 0:
        return Rejected("cool_down", f"wait before the next {what}", True, own_ms)
    terms = state.plan.together(how)
    if not state.rest.pools or not terms.per_min or is_known(team):
        return None
    held_ms = wait_ms(state.rest.pools, terms, team, how, ctx.now_ms)
    if held_ms <= 0:
        return None
    text = f"too many wrong {what}s are tried in this hunt: wait before the next, or ask a host to let you try"
    return Rejected("cool_down", text, True, held_ms)


def miss(
    state: Hunt, team: Team, how: Way, *, mark: int, author: Author, reply: str, now_ms: int
) -> Decision | Rejected:
    """Return the decision that a code or a check-in solved nothing; the same again is a duplicate, which is free."""
    attempt = (team.attempts or {}).get(OF_WAY[how])
    if attempt is not None and attempt.has_tried(mark.to_bytes(4, "big")):
        return Rejected("duplicate", "your team has tried this before")
    cool_ms = cool_down_ms(state.plan.attempts_of(OF_WAY[how]), (attempt.wrong if attempt is not None else 0) + 1)
    terms = state.plan.together(how)
    pools = state.rest.pools
    pool = pool_of(pools, team, how) if terms.per_min and not is_known(team) else ""
    events: tuple[GameEvent, ...] = (TriedInVain(team.id, how, mark, author, cool_ms, pool),)
    if pool and runs_out(pools, terms, pool, now_ms):
        events = (*events, TriesSpent(how, pool.removesuffix(REST), len(state.teams)))
    return Decision(events, GuessAnswer("incorrect", wait_ms=cool_ms, reply=reply))


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
    terms = state.plan.together(event.how)
    if event.pool and terms.per_min:
        take(state.rest.pools, terms, event.pool, at_ms)


def _show(tell: Telling, state: Hunt, event: TriedInVain) -> None:
    shown = Shown("missed", by=event.personal.by, how=event.how, verdict="incorrect", for_ms=event.wait_ms)
    tell.team(state.teams[event.team], shown)


def _apply_spent(state: Hunt, event: TriesSpent, at_ms: int) -> None:
    state.rest.pools.setdefault(event.pool, Pool()).teams = event.teams


def _show_spent(tell: Telling, state: Hunt, event: TriesSpent) -> None:
    tell.hosts(Shown("tries_spent", how=event.how))


FEATURE: Final = Feature(
    makes=(Makes(TriedInVain, _apply, _show), Makes(TriesSpent, _apply_spent, _show_spent)),
)
