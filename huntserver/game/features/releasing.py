"""Clues and treasures that wait for a time of play. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.entity import Context, Timer
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.event import GameEvent
from huntserver.game.feature import Feature, Makes, Times
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase


class Released(GameEvent, tag="released", frozen=True, gc=False):
    """Clues that wait for `after_s` seconds of play are open to teams whose other conditions are met."""

    after_s: int


def _apply_released(state: Hunt, event: Released, at_ms: int) -> None:
    state.released_s = event.after_s
    state.open_things(state.teams.values(), at_ms, state.plan.timed)


def _show_released(tell: Telling, state: Hunt, event: Released) -> None:
    masks = {mask for _, mask in state.opened}
    if len(masks) == 1 and len(state.opened) == len(state.teams):
        tell.all(Shown("opened", **views.opened(state, *state.opened[0])))
        return
    alike: dict[int, Shown] = {}  # what opens at one time looks alike to every team
    for team, mask in state.opened:
        shown = alike.get(mask)
        if shown is None:
            shown = alike[mask] = Shown("opened", **views.opened(state, team, mask))
        tell.team(team, shown)


def _next_s(state: Hunt) -> int:
    """Return the next time of play that something waits for; 0: none."""
    return next((s for s in state.plan.after_s if s > state.released_s), 0)


def _due(state: Hunt) -> Timer | None:
    waits_s = _next_s(state) if state.phase is Phase.RUNNING and not state.plan.own_start else 0
    return Timer(state.zero_ms + waits_s * 1000, "release") if waits_s else None


def _fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    return (Released(_next_s(state)),)


FEATURE: Final = Feature(
    makes=(Makes(Released, _apply_released, _show_released, times=True),),
    times=(Times("release", _due, _fires),),
)
