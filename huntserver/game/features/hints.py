"""Hints: on offer after a while, paid with points. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.event import GameEvent
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt


class TakeHint(Command, tag="hint", frozen=True):
    """Take a hint of a clue and pay its price."""

    clue: str
    hint: str


class HintTaken(GameEvent, tag="hint_taken", frozen=True, gc=False):
    """A team paid `price` for a hint."""

    team: str
    clue: str
    hint: str
    price: int


class PointsAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a hint cost or a treasure brought, and the score after."""

    score: int
    points: int = 0
    rank: int = 0


def take_hint(state: Hunt, command: TakeHint, ctx: Context) -> Decision | Rejected:
    """Take a hint and pay for it."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.clue_index.get(command.clue, -1)
    refused = not_open(team, index)
    if refused is not None:
        return refused
    found = state.plan.hint(index, command.hint)
    if found is None:
        return Rejected("no_such_hint", "there is no such hint")
    number, hint = found
    if number in team.hints:
        return Rejected("hint_taken", "your team has this hint")
    missing = [id for id in hint.needs if (first := state.plan.hint(index, id)) and first[0] not in team.hints]
    if missing:
        return Rejected("hint_locked", f"take the hint {missing[0]!r} first", retry=True)
    left_ms = (team.opened or {}).get(index, 0) + hint.after_s * 1000 - state.play_ms(ctx.now_ms)
    if left_ms > 0:
        return Rejected("hint_locked", "this hint is not on offer yet", True, left_ms)
    if hint.price > max(team.score, 0):
        return Rejected("too_expensive", f"it costs {hint.price}, your team has {team.score}", retry=True)
    event = HintTaken(team.id, command.clue, hint.id, hint.price)
    return Decision((event,), PointsAnswer(team.score - hint.price, -hint.price))


def _apply_hint_taken(state: Hunt, event: HintTaken, at_ms: int) -> None:
    team = state.teams[event.team]
    found = state.plan.hint(state.plan.clue_index[event.clue], event.hint)
    assert found is not None
    team.hints = (*team.hints, found[0])
    state.score(team, -event.price, at_ms)  # also where it was free: hints may rank


def _show_hint_taken(tell: Telling, state: Hunt, event: HintTaken) -> None:
    team = state.teams[event.team]
    found = state.plan.hint(state.plan.clue_index[event.clue], event.hint)
    assert found is not None
    own = Shown(
        "hint_taken", clue=event.clue, hint=event.hint, text=found[1].text, points=-event.price, score=team.score
    )
    tell.team(team, own)
    tell.hosts(Shown("hint_taken", team.id, team.name, clue=event.clue, hint=event.hint))
    if event.price:
        tell.board()


FEATURE: Final = Feature(
    takes=(Takes(TakeHint, take_hint),),
    makes=(Makes(HintTaken, _apply_hint_taken, _show_hint_taken),),
)
