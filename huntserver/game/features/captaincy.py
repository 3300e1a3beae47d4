"""What captains decide for their team, and hosts for any: who leads it, who may come in, by which code. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import free_invite
from huntserver.game.permission import act
from huntserver.game.roster import invite_anew, led, more_of, name_of, not_changing, player_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class HandOver(HostCommand, tag="captain", frozen=True):
    """Make another member the team's captain. `player` is an id or a name; hosts name the `team`."""

    player: str
    team: str | None = None


class NewInvite(HostCommand, tag="new_invite", frozen=True):
    """Give a team another invite code; the old one lets nobody in. Hosts name the `team`."""

    team: str | None = None


class Approval(HostCommand, tag="approval", frozen=True):
    """Let who has the invite code come in at once (`mode` is `open`), or when the captain admits them (`ask`)."""

    mode: str
    team: str | None = None


class CaptainChanged(HostEvent, tag="captain_changed", frozen=True, gc=False):
    """`player` leads the team."""

    team: str
    player: str


class InviteChanged(HostEvent, tag="invite_changed", frozen=True, gc=False):
    """Another code lets in."""

    team: str
    invite: str


class ApprovalChanged(HostEvent, tag="approval_changed", frozen=True, gc=False):
    """Who has the invite code asks first (`ask`), or not."""

    team: str
    ask: bool


def _led(state: Hunt, command: HandOver | NewInvite | Approval, ctx: Context) -> Team | Rejected:
    refused = not_changing(state)
    if refused is not None:
        return refused
    if state.plan.solo:
        return Rejected("wrong_kind", "in this hunt everybody plays alone")
    return led(state, command.team, ctx)


def hand_over(state: Hunt, command: HandOver, ctx: Context) -> Decision | Rejected:
    """Make another member the captain."""
    team = _led(state, command, ctx)
    if isinstance(team, Rejected):
        return team
    player = player_of(state, command.player, team)
    if isinstance(player, Rejected):
        return player
    if player == team.members[0]:
        return Rejected("wrong_phase", "this member is the captain")
    return Decision((CaptainChanged(team.id, player, personal=act(ctx, command)),), {"team": team.id})


def new_invite(state: Hunt, command: NewInvite, ctx: Context) -> Decision | Rejected:
    """Give the team another invite code."""
    team = _led(state, command, ctx)
    if isinstance(team, Rejected):
        return team
    invite = free_invite(state, ctx.roll())
    return Decision((InviteChanged(team.id, invite, personal=act(ctx, command)),), {"team": team.id, "invite": invite})


def approval(state: Hunt, command: Approval, ctx: Context) -> Decision | Rejected:
    """Say whether who has the code asks first."""
    team = _led(state, command, ctx)
    if isinstance(team, Rejected):
        return team
    if command.mode not in ("open", "ask"):
        return Rejected("bad_field", f"mode is {command.mode[:40]!r}, allowed are open, ask")
    ask = command.mode == "ask"
    if ask is (team.more is not None and team.more.approval):
        return Rejected("wrong_phase", "the team is in that state already")
    return Decision((ApprovalChanged(team.id, ask, personal=act(ctx, command)),), {"team": team.id})


def _apply_captain(state: Hunt, event: CaptainChanged, at_ms: int) -> None:
    team = state.teams[event.team]
    at = team.members.index(event.player)
    team.members = (event.player, *team.members[:at], *team.members[at + 1 :])
    team.names = (team.names[at], *team.names[:at], *team.names[at + 1 :])


def _apply_invite(state: Hunt, event: InviteChanged, at_ms: int) -> None:
    invite_anew(state, state.teams[event.team], event.invite)


def _apply_approval(state: Hunt, event: ApprovalChanged, at_ms: int) -> None:
    more_of(state.teams[event.team]).approval = event.ask


def _show_captain(tell: Telling, state: Hunt, event: CaptainChanged) -> None:
    team = state.teams[event.team]
    tell.team(team, Shown("captain_changed", team.id, name_of(team, event.player), by=event.player))


def _show_invite(tell: Telling, state: Hunt, event: InviteChanged) -> None:
    team = state.teams[event.team]
    tell.team(team, Shown("invite_changed", team.id, team.name, text=event.invite))


def _show_approval(tell: Telling, state: Hunt, event: ApprovalChanged) -> None:
    team = state.teams[event.team]
    tell.team(team, Shown("approval_changed", team.id, team.name, how="ask" if event.ask else "open"))


FEATURE: Final = Feature(
    takes=(
        Takes(HandOver, hand_over, SentBy.BOTH),
        Takes(NewInvite, new_invite, SentBy.BOTH),
        Takes(Approval, approval, SentBy.BOTH),
    ),
    makes=(
        Makes(CaptainChanged, _apply_captain, _show_captain),
        Makes(InviteChanged, _apply_invite, _show_invite),
        Makes(ApprovalChanged, _apply_approval, _show_approval),
    ),
)
