"""Codes read from the world: each belongs to a clue, and solves it. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.clues.code import code_key
from huntserver.game.command import Command
from huntserver.game.event import Author
from huntserver.game.feature import Feature, Takes
from huntserver.game.features.solving import solve
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.state import Hunt


class Scan(Command, tag="scan", frozen=True):
    """Give a code read from the world (QR, NFC, or typed); the hunt knows which clue it belongs to."""

    code: str


def scan(state: Hunt, command: Scan, ctx: Context) -> Decision | Rejected:
    """Solve the clue that a code belongs to."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.codes.get(code_key(command.code), -1)
    if index < 0 or not team.unlocked >> index & 1:
        return Rejected("no_such_code", "this code belongs to nothing that you can see")
    return not_open(team, index) or solve(state, team, index, how="code", author=Author(ctx.by))


FEATURE: Final = Feature(takes=(Takes(Scan, scan),))
