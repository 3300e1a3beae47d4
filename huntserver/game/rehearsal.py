"""How a definition looks to a team before anybody plays it. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.page import Page, page_of
from huntserver.game.state import Hunt, Phase, Team

NAME: Final = "Preview"


def rehearsed(definition: Definition, now_ms: int) -> Page:
    """Return the page of a team to which every clue and treasure is open, as if play had just begun."""
    state = Hunt("preview")
    state.define(source(definition), "")
    state.phase = Phase.RUNNING
    state.started_ms = state.zero_ms = now_ms
    duration_s = definition.schedule.duration_s
    state.ends_ms = now_ms + duration_s * 1000 if duration_s is not None else 0
    team = Team("t1", 1, NAME, bracket=state.plan.bracket, invite="" if state.plan.solo else "ABC234")
    team.members, team.names = ("p:preview",), (NAME,)
    state.enlist(team)
    state.standings.add(team)
    state.members["p:preview"] = team
    team.unlocked = (1 << len(state.plan.opens)) - 1
    return page_of(state, team, now_ms)
