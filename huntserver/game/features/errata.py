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


class Unerratum(HostCommand, tag="unerratum", frozen=True):
    """Take back the last correction of a clue, as if it had not been given."""

    clue: str


class ErratumWithdrawn(HostEvent, tag="erratum_withdrawn", frozen=True, gc=False):
    """The last correction of a clue does not stand any more."""

    clue: str


def unerratum(state: Hunt, command: Unerratum, ctx: Context) -> Decision | Rejected:
    """Take a correction back."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if command.clue not in state.plan.clue_index:
        return Rejected("no_such_clue", "there is no such clue")
    kept = state.more.errata.get(command.clue, [])
    if not kept:
        return Rejected("wrong_phase", "the clue has no correction")
    return Decision((ErratumWithdrawn(command.clue, personal=act(ctx, command)),), {"left": len(kept) - 1})


def _apply(state: Hunt, event: ErratumGiven, at_ms: int) -> None:
    kept = state.more.errata
    state.more.errata = kept | {event.clue: [*kept.get(event.clue, ()), (at_ms, event.text)][-A_CLUE:]}


def _apply_withdrawn(state: Hunt, event: ErratumWithdrawn, at_ms: int) -> None:
    kept = state.more.errata | {event.clue: state.more.errata[event.clue][:-1]}
    state.more.errata = {clue: texts for clue, texts in kept.items() if texts}


def _show(tell: Telling, state: Hunt, event: ErratumGiven | ErratumWithdrawn) -> None:
    bit = 1 << state.plan.clue_index[event.clue]
    text = event.text if isinstance(event, ErratumGiven) else ""
    shown = Shown(str(event.__struct_config__.tag), clue=event.clue, text=text)
    open_to = [team for team in state.teams.values() if team.unlocked & bit]
    if open_to and len(open_to) == len(state.teams):
        tell.all(shown)
    else:
        for team in open_to:
            tell.team(team, shown)
    tell.hosts(shown)


FEATURE: Final = Feature(
    takes=(Takes(Erratum, erratum, SentBy.HOST), Takes(Unerratum, unerratum, SentBy.HOST)),
    makes=(Makes(ErratumGiven, _apply, _show), Makes(ErratumWithdrawn, _apply_withdrawn, _show)),
)
