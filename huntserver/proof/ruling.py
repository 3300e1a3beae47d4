"""Whether what a record says was won follows from the rules: ranks, points and loot, derived again. Pure.

A record is the server's word. This holds it to the definition that was in force and to the records before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from huntserver.game.event import Author
from huntserver.game.features.solving import PLAYED, Solved, solve
from huntserver.game.features.treasures import Claimed, brought
from huntserver.game.state import Hunt, Phase
from huntserver.proof.public import PublicRecord


def broken(state: Hunt, event: Any, record: PublicRecord) -> str:
    """Return what is wrong with an event on the state before it, in words, or "" if nothing is, or nothing is won."""
    check = _CHECKS.get(event.__class__)
    return check(state, event, record) if check is not None else ""


def _solved(state: Hunt, event: Solved, record: PublicRecord) -> str:
    index, team = state.plan.clue_index[event.clue], state.teams[event.team]
    what = f"{event.team} solves {event.clue!r}"
    if team.solved >> index & 1:
        return f"{what}, which it had solved before"
    if not team.unlocked >> index & 1:
        return f"{what}, which was not open to it"
    if event.how in PLAYED and not event.at_ms and state.phase is not Phase.RUNNING:
        return f"{what} while the hunt is {state.phase.name.lower()}"
    if event.at_ms:  # a photo is worth what it was when it was handed in
        rank = 0 if team.is_unofficial else state.solves[index] + 1
        return "" if event.rank == rank else f"{what} as number {event.rank}, the records give {rank}"
    due = solve(state, team, index, how=event.how, author=Author(), now_ms=record.at).events[0]
    assert isinstance(due, Solved)
    if (event.rank, event.points) != (due.rank, due.points):
        return f"{what} as number {event.rank} for {event.points} points, the rules give {due.rank} and {due.points}"
    return ""


def _claimed(state: Hunt, event: Claimed, record: PublicRecord) -> str:
    index, team = state.plan.treasure_index[event.treasure], state.teams[event.team]
    what = f"{event.team} claims {event.treasure!r}"
    treasure = state.plan.treasures[index]
    rank = 0 if team.is_unofficial else state.claims[index] + 1
    if team.treasures >> index & 1:
        return f"{what}, which it has"
    if rank > treasure.quantity:
        return f"{what}, of which there are {treasure.quantity}"
    points, loot = brought(treasure, rank, event.roll)
    if (event.rank, event.points, event.loot) != (rank, points, loot):
        return f"{what} as number {event.rank} for {event.points} points, the rules give {rank} and {points}"
    return ""


_CHECKS: Final[dict[type, Callable[[Hunt, Any, PublicRecord], str]]] = {Solved: _solved, Claimed: _claimed}
WON: Final = (Solved, Claimed)
