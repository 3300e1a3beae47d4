"""Teams that play without counting: test-solvers, the hosts' own, guests of honour. Pure.

Such a team is on nobody's board but the hosts', has no place, and takes nothing from others: no rank, no bonus, no
piece of a treasure, and a clue is worth to others what it was.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.roster import more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase


class Unofficial(HostCommand, tag="unofficial", frozen=True):
    """Let a team play without counting; `back` lets it count again. `team` is its id or its name."""

    team: str
    back: bool = False


class CountingChanged(HostEvent, tag="counting_changed", frozen=True, gc=False):
    """Whether a team counts."""

    team: str
    unofficial: bool


def unofficial(state: Hunt, command: Unofficial, ctx: Context) -> Decision | Rejected:
    """Let a team not count, or count."""
    refused = not_host(state, ctx, Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if team.is_unofficial is not command.back:
        return Rejected("wrong_phase", "the team is in that state already")
    changed = CountingChanged(team.id, not command.back, personal=act(ctx, command))
    return Decision((changed,), {"team": team.id})


def _apply(state: Hunt, event: CountingChanged, at_ms: int) -> None:
    team = state.teams[event.team]
    if team.stands:
        state.standings.remove(team)
    more_of(team).unofficial = event.unofficial
    if team.stands:
        state.standings.add(team)


def _show(tell: Telling, state: Hunt, event: CountingChanged) -> None:
    team = state.teams[event.team]
    shown = Shown("counting_changed", team.id, team.name, back=not event.unofficial)
    tell.team(team, shown)
    tell.hosts(shown)
    tell.boards()


FEATURE: Final = Feature(
    takes=(Takes(Unofficial, unofficial, SentBy.HOST),),
    makes=(
        Makes(
            CountingChanged,
            _apply,
            _show,
            undo=lambda e: f"unofficial {e.team}" + (" --back" if e.unofficial else ""),
        ),
    ),
)
