"""The workflow between entities: which commands to players follow from a hunt's events.

A pure function of the events alone, numbered by place, versioned with the record: a newer server must number old
records alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.entity import Reaction
from huntserver.game.commands import AwardTreasure, CloseHunt, CreditSolve, EnterHunt
from huntserver.game.hunt_events import Claimed, Guessed, Joined, Placed, Solved

NONE: tuple[Reaction, ...] = ()


def reactions(events: Sequence[Any], hunt: str) -> Sequence[Reaction]:
    """Return the commands that follow from a record's events, in order."""
    event = events[0]
    if event.__class__ is Guessed:
        return NONE
    match event:
        case Joined():
            return (Reaction("player", _id(event.personal.by), EnterHunt(hunt, event.title, event.team)),)
        case Solved():
            credit = CreditSolve(hunt, event.clue, event.points, event.rank == 1)
            return tuple(Reaction("player", _id(by), credit) for by in event.members)
        case Claimed():
            award = AwardTreasure(hunt, event.treasure, event.title, event.rank)
            return (Reaction("player", _id(event.personal.by), award),)
        case Placed():
            return tuple(
                Reaction("player", _id(by), CloseHunt(hunt, place, points)) for by, place, points in event.results
            )
    return NONE


def _id(by: str) -> str:
    return by.partition(":")[2]
