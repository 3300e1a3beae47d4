"""Cool-downs that hosts clear. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.pool import is_known
from huntserver.game.roster import more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase

NONE_WAITS: Final = Rejected("wrong_phase", "the team does not wait there", retry=True)


class ClearCoolDown(HostCommand, tag="clear_cool_down", frozen=True):
    """Let a team guess at once, at one `clue` or at all; its wrong guesses stay counted. At all: also where teams wait
    because of what others tried."""

    team: str
    clue: str | None = None


class CoolDownCleared(HostEvent, tag="cool_down_cleared", frozen=True, gc=False):
    """A team need not wait at `clue`, or ("") anywhere. `vouched`: nor because of what others try in vain."""

    team: str
    clue: str = ""
    vouched: bool = False


def clear_cool_down(state: Hunt, command: ClearCoolDown, ctx: Context) -> Decision | Rejected:
    """Clear what a team waits for."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if command.clue is not None and command.clue not in state.plan.clue_index:
        return Rejected("no_such_clue", "there is no such clue")
    index = state.plan.clue_index[command.clue] if command.clue is not None else None
    waits = [clue for clue, attempt in (team.attempts or {}).items() if attempt.until]
    others = any(pool.teams for pool in state.rest.pools.values())
    vouched = index is None and others and not is_known(team)
    if not vouched and not (waits if index is None else _of(state, index) & set(waits)):
        return NONE_WAITS
    event = CoolDownCleared(team.id, command.clue or "", vouched, personal=act(ctx, command))
    return Decision((event,), {"team": team.id})


def _of(state: Hunt, index: int) -> set[int]:
    """Return the numbers under which tries at a clue and at its parts are kept."""
    return {index, *(part.number for part in state.plan.parts.of.get(index, ()))}


def _apply(state: Hunt, event: CoolDownCleared, at_ms: int) -> None:
    only = state.plan.clue_index[event.clue] if event.clue else None
    team = state.teams[event.team]
    if event.vouched:
        more_of(team).vouched = True
    for clue, attempt in (team.attempts or {}).items():
        if only is None or clue in _of(state, only):
            attempt.until = 0


def _show(tell: Telling, state: Hunt, event: CoolDownCleared) -> None:
    team = state.teams[event.team]
    shown = Shown("cool_down_cleared", team.id, team.name, clue=event.clue)
    tell.team(team, shown)
    tell.hosts(shown)


FEATURE: Final = Feature(
    takes=(Takes(ClearCoolDown, clear_cool_down, SentBy.HOST),),
    makes=(Makes(CoolDownCleared, _apply, _show),),
)
