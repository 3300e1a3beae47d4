"""Codes read from the world: each belongs to a clue, and solves it. Pure."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from actors.entity import Context, Decision, Rejected
from huntserver.game.clues.code import code_key
from huntserver.game.command import Command
from huntserver.game.event import Author
from huntserver.game.feature import Feature, Takes
from huntserver.game.features.completing import solve_part
from huntserver.game.features.missing import miss, waits
from huntserver.game.features.solving import solve
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.state import Hunt

CODE_MAX: Final = 500
"""Characters of a code as it is sent: it may be a whole link."""

NOTHING: Final = "this code belongs to nothing that you can see"


class Scan(Command, tag="scan", frozen=True):
    """Give a code read from the world (QR, NFC, or typed); the hunt knows which clue it belongs to."""

    code: str


def scan(state: Hunt, command: Scan, ctx: Context) -> Decision | Rejected:
    """Solve the clue that a code belongs to; a code that belongs to none counts as a wrong one."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    if len(command.code) > CODE_MAX:
        return Rejected("guess_too_long", f"{len(command.code)} characters, allowed are {CODE_MAX}")
    key = code_key(command.code)
    if not key:
        return Rejected("bad_text", "the code is empty")
    index, part = state.plan.codes.get(key, -1), state.plan.parts.codes.get(key)
    if part is not None:
        index = part.of
    refused = waits(state, team, "code", ctx)
    if refused is not None:
        return refused
    if index < 0 or not team.unlocked >> index & 1:
        mark = crc32(key.encode("utf-8", "surrogatepass"))
        author = Author(ctx.by, command.code)
        return miss(state, team, "code", mark=mark, author=author, reply=NOTHING, now_ms=ctx.now_ms)
    refused = not_open(team, index)
    if refused is not None:
        return refused
    if part is not None:
        return solve_part(state, team, part, how="code", author=Author(ctx.by), now_ms=ctx.now_ms)
    return solve(state, team, index, how="code", author=Author(ctx.by), now_ms=ctx.now_ms)


FEATURE: Final = Feature(takes=(Takes(Scan, scan),))
