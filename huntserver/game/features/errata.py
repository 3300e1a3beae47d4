"""Corrections of clues: told to every team that has the clue open, and kept for those that come later. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.media import said
from huntserver.game.permission import act, not_host
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt

TEXT_MAX: Final = 500
A_CLUE: Final = 20
"""Errata that are kept of a clue: the youngest."""


class Erratum(HostCommand, tag="erratum", frozen=True):
    """Correct a clue: `text` stands with it from now on, for every team that has it open or opens it later."""

    clue: str
    text: str


class ErratumGiven(HostEvent, tag="erratum_given", frozen=True, gc=False):
    """A clue was corrected."""

    clue: str
    text: str


def erratum(state: Hunt, command: Erratum, ctx: Context) -> Decision | Rejected:
    """Correct a clue."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if command.clue not in state.plan.clue_index:
        return Rejected("no_such_clue", "there is no such clue")
    if not 1 <= len(command.text.strip()) <= TEXT_MAX:
        return Rejected("bad_text", f"{len(command.text)} characters, allowed is 1 to {TEXT_MAX}")
    text = said(state, command.text)
    if isinstance(text, Rejected):
        return text
    return Decision((ErratumGiven(command.clue, text, personal=act(ctx, command)),), {"clue": command.clue})


def _apply(state: Hunt, event: ErratumGiven, at_ms: int) -> None:
    kept = state.more.errata
    state.more.errata = kept | {event.clue: [*kept.get(event.clue, ()), (at_ms, event.text)][-A_CLUE:]}


def _show(tell: Telling, state: Hunt, event: ErratumGiven) -> None:
    bit = 1 << state.plan.clue_index[event.clue]
    shown = Shown("erratum_given", clue=event.clue, text=event.text)
    open_to = [team for team in state.teams.values() if team.unlocked & bit]
    if open_to and len(open_to) == len(state.teams):
        tell.all(shown)
    else:
        for team in open_to:
            tell.team(team, shown)
    tell.hosts(shown)


FEATURE: Final = Feature(
    takes=(Takes(Erratum, erratum, SentBy.HOST),),
    makes=(Makes(ErratumGiven, _apply, _show),),
)
