"""Standings that freeze before the end, and how they are revealed. Pure.

While they are frozen, players and spectators see how it stood when they froze; a team's own score goes on, and hosts
see all. Final places are written, and players' totals are told, once everything is revealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.entity import Context, Decision, Reaction, Rejected, Timer
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.curtain import drawn
from huntserver.game.event import GameEvent, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes, Times
from huntserver.game.permission import act, not_host
from huntserver.game.player.commands import CreditSolve, to_player
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase
from huntserver.game.unusual import HeldSolve

NOT_FROZEN: Final = Rejected("wrong_phase", "the standings are not frozen")


class Freeze(HostCommand, tag="freeze", frozen=True):
    """Freeze the standings: players and spectators see them as they are now, hosts as they go on."""


class Unfreeze(HostCommand, tag="unfreeze", frozen=True):
    """Let frozen standings go on for everybody, as if they had not been; they do not freeze by themselves again."""


class Reveal(HostCommand, tag="reveal", frozen=True):
    """Reveal frozen standings, all or, after the end, all but the first `leave` places: row by row, from below."""

    leave: int = 0


class BoardFrozen(HostEvent, tag="frozen", frozen=True, gc=False):
    """The standings are shown as they are now."""


class BoardThawed(HostEvent, tag="thawed", frozen=True, gc=False):
    """The standings are shown as they go on."""


class BoardRevealed(HostEvent, tag="revealed", frozen=True, gc=False):
    """All places but the first `leave` are revealed; 0: all."""

    leave: int = 0


class SolvesTold(GameEvent, tag="solves_told", frozen=True, gc=False):
    """What a team solved while the standings were frozen counts in its players' totals now."""

    team: str
    members: list[str]
    solves: list[HeldSolve]


def freeze(state: Hunt, command: Freeze, ctx: Context) -> Decision | Rejected:
    """Freeze the standings."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is None and state.rest.curtain is not None:
        return Rejected("wrong_phase", "the standings are frozen already")
    return refused or Decision((BoardFrozen(personal=act(ctx, command)),), {"teams": state.standings.size()})


def unfreeze(state: Hunt, command: Unfreeze, ctx: Context) -> Decision | Rejected:
    """Let the standings go on."""
    refused = not_host(state, ctx)
    if refused is None and state.rest.curtain is None:
        return NOT_FROZEN
    return refused or Decision((BoardThawed(personal=act(ctx, command)),), {"teams": state.standings.size()})


def reveal(state: Hunt, command: Reveal, ctx: Context) -> Decision | Rejected:
    """Reveal the standings from below."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if state.rest.curtain is None:
        return NOT_FROZEN
    if not 0 <= command.leave <= state.standings.size():
        return Rejected("bad_field", f"leave is {command.leave}, allowed is 0 to {state.standings.size()}")
    if command.leave and state.phase is not Phase.ENDED:
        return Rejected("wrong_phase", "place by place is for after the end; until then, reveal all", retry=True)
    return Decision((BoardRevealed(command.leave, personal=act(ctx, command)),), {"left": command.leave})


def _apply_frozen(state: Hunt, event: BoardFrozen, at_ms: int) -> None:
    state.rest.curtain = drawn(state, at_ms)


def _apply_thawed(state: Hunt, event: BoardThawed, at_ms: int) -> None:
    _thaw(state, at_ms)


def _thaw(state: Hunt, at_ms: int) -> None:
    state.rest.curtain = None
    state.rest.thaws += 1
    state.rest.thawed_ms = at_ms
    state.find_held()


def _apply_revealed(state: Hunt, event: BoardRevealed, at_ms: int) -> None:
    assert state.rest.curtain is not None
    if event.leave:
        state.rest.curtain.hidden = event.leave
        return
    _thaw(state, at_ms)


def _show(tell: Telling, state: Hunt, event: BoardFrozen | BoardThawed | BoardRevealed) -> None:
    left = event.leave if isinstance(event, BoardRevealed) else None
    shown = Shown(str(event.__struct_config__.tag), left=left)
    tell.all(shown)
    tell.hosts(shown)
    tell.boards()


def _apply_told(state: Hunt, event: SolvesTold, at_ms: int) -> None:
    team = state.teams[event.team]
    assert team.more is not None
    team.more.held = []
    state.find_held()


def _credit(event: SolvesTold, hunt: str) -> Sequence[Reaction]:
    credits = [CreditSolve(hunt, solve.clue, solve.points, solve.first) for solve in event.solves]
    return tuple(to_player(by, credit) for by in event.members for credit in credits)


def _freeze_due(state: Hunt) -> Timer | None:
    early_s, rest = state.definition.scoring.freeze_s, state.rest
    if not early_s or state.phase is not Phase.RUNNING or not state.ends_ms or rest.thaws or rest.curtain is not None:
        return None
    return Timer(state.ends_ms - early_s * 1000, "freeze")


def _freeze_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    return (BoardFrozen(),)


def _told_due(state: Hunt) -> Timer | None:
    """One team a record, one after the other: nobody is held up."""
    if state.rest.curtain is not None or not state.holding:
        return None
    return Timer(state.rest.thawed_ms, f"tell-{state.holding}-{state.rest.thaws}")


def _told_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    team = state.teams[state.holding]
    assert team.more is not None
    return (SolvesTold(team.id, list(team.members), list(team.more.held)),)


FEATURE: Final = Feature(
    takes=(
        Takes(Freeze, freeze, SentBy.HOST),
        Takes(Unfreeze, unfreeze, SentBy.HOST, confirm="This shows everybody how it stands"),
        Takes(Reveal, reveal, SentBy.HOST, confirm="This reveals places to everybody"),
    ),
    makes=(
        Makes(BoardFrozen, _apply_frozen, _show, times=True, undo=lambda e: "unfreeze"),
        Makes(BoardThawed, _apply_thawed, _show, times=True, undo=lambda e: "freeze"),
        Makes(BoardRevealed, _apply_revealed, _show, times=True),
        Makes(SolvesTold, _apply_told, react=_credit, times=True),
    ),
    times=(Times("freeze", _freeze_due, _freeze_fires), Times("tell-", _told_due, _told_fires)),
)
