"""Check-ins: being somewhere solves the clues within reach. Pure."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from actors.entity import Context, Decision, Rejected
from huntserver.game.clues.kind import Spot
from huntserver.game.command import Command
from huntserver.game.event import Author
from huntserver.game.feature import Feature, Takes
from huntserver.game.features.completing import solve_part
from huntserver.game.features.missing import miss, waits
from huntserver.game.features.solving import solve
from huntserver.game.geo import valid_position
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.state import Hunt, parts_done

ACCURACY_MAX_M: Final = 100.0
"""A position that may be further off than this, and than the clue's radius, proves nothing."""

NOT_YET: Final = "you are not close enough yet"


class CheckIn(Command, tag="checkin", frozen=True):
    """Say where one is, in degrees (WGS 84); solves the location clues within reach, or the one named."""

    lat: float
    lon: float
    clue: str | None = None
    accuracy_m: float | None = None


def check_in(state: Hunt, command: CheckIn, ctx: Context) -> Decision | Rejected:
    """Solve the nearest location clue within reach, or the one named. Half of the position's error counts as reach."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    if not valid_position(command.lat, command.lon):
        return Rejected("bad_position", "latitude is -90..90, longitude -180..180")
    if command.clue is not None:
        refused = not_open(team, state.plan.clue_index.get(command.clue, -1))
        if refused is not None:
            return refused
    refused = waits(state, team, "place", ctx)
    if refused is not None:
        return refused
    error_m = command.accuracy_m if command.accuracy_m is not None and command.accuracy_m > 0 else 0.0
    open_ = team.unlocked & ~team.solved
    near = [
        (place.at_least_m(command.lat, command.lon), i, place)
        for i, place in state.plan.places
        if open_ >> i & 1 and command.clue in (None, state.plan.clues[i].id)
    ] + [
        (place.at_least_m(command.lat, command.lon), part.number, place)
        for part, place in state.plan.parts.places
        if open_ >> part.of & 1 and command.clue in (None, part.clue) and part.id not in parts_done(team, part.clue)
    ]
    if not near:
        return Rejected("wrong_kind", "nothing that you can see is solved by being somewhere", retry=True)
    precise = [found for found in near if error_m <= max(ACCURACY_MAX_M, found[2].radius_m)]
    if not precise:
        return Rejected("inaccurate", f"your device knows its place to {error_m:.0f} m only; try again", retry=True)
    away_m, index, place = _nearest(command, precise)
    if away_m > min(error_m, ACCURACY_MAX_M) / 2:
        mark = crc32(f"{command.lat:.5f} {command.lon:.5f} {command.clue}".encode())
        author = Author(ctx.by, lat=command.lat, lon=command.lon)
        reply = f"{NOT_YET}{place.told(away_m)}"
        return miss(state, team, "place", mark=mark, author=author, reply=reply, now_ms=ctx.now_ms)
    author = Author(ctx.by, lat=command.lat, lon=command.lon)
    if index < 0:
        part = state.plan.parts.numbered(index)
        return solve_part(state, team, part, how="place", author=author, now_ms=ctx.now_ms)
    return solve(state, team, index, how="place", author=author, now_ms=ctx.now_ms)


def _nearest(command: CheckIn, near: list[tuple[float, int, Spot]]) -> tuple[float, int, Spot]:
    """Return the place that is least far off, by how much, and its clue; `near` says how far each is at least."""
    best: tuple[float, int, Spot] | None = None
    for least_m, i, place in sorted(near, key=lambda found: found[:2]):
        if best is not None and least_m > best[0]:
            break
        away_m = place.away_m(command.lat, command.lon)
        if best is None or (away_m, i) < best[:2]:
            best = away_m, i, place
    assert best is not None, "asked only where there is one"
    return best


FEATURE: Final = Feature(takes=(Takes(CheckIn, check_in),))
