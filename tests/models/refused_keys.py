"""A model of one keyed command in several copies: refused to its sender, it must never be executed.

A copy goes to the owner of its time over a connection or link that may be slow. What the command needs is unlocked at
some time; another owner may take over. The sender believes the first answer to the newest copy it sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Found, Step, search


class Rules(NamedTuple):
    """A variant, and the number of copies."""

    remembers: bool = True  # for the life of its tenure an owner gives a key the refusal that it gave it before
    addressed: bool = True  # a command names the tenure it is addressed to; another owner does not decide it
    copies: int = 2


class World(NamedTuple):
    """A state of the model. `copies`: (number, owner it was sent to). `refused_by`: owners that remember a refusal."""

    owner: int = 0
    unlocked: bool = False
    copies: frozenset[tuple[int, int]] = frozenset()
    sent: int = 0
    executed: bool = False
    refused_by: frozenset[int] = frozenset()
    told: str = ""


def run(rules: Rules) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), _wrong)


def _wrong(world: World) -> str | None:
    return "told refused, and executed" if world.told == "refused" and world.executed else None


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    if not world.unlocked:
        yield ("what it needs is unlocked",), world._replace(unlocked=True)
    if world.owner == 0:
        yield ("owner 1 takes over",), world._replace(owner=1)
    if world.sent < rules.copies and not world.told:
        copies = world.copies | {(world.sent, world.owner)}
        yield ("copy", world.sent, "goes to", world.owner), world._replace(copies=copies, sent=world.sent + 1)
    for copy in sorted(world.copies):
        yield _arrive(world._replace(copies=world.copies - {copy}), *copy, rules)


def _arrive(world: World, number: int, addressee: int, rules: Rules) -> Step[World]:
    owner = world.owner
    if rules.addressed and addressee != owner:
        return ("copy", number, "is of another tenure"), world
    if world.executed:
        return ("copy", number, "is known, ok again"), _told(world, number, "ok")
    if rules.remembers and owner in world.refused_by:
        return ("copy", number, "is refused as before"), _told(world, number, "refused")
    if world.unlocked:
        return ("copy", number, "is executed by", owner), _told(world._replace(executed=True), number, "ok")
    refused = world._replace(refused_by=world.refused_by | {owner})
    return ("copy", number, "is refused by", owner), _told(refused, number, "refused")


def _told(world: World, number: int, answer: str) -> World:
    """The sender hears the first answer to its newest copy."""
    return world._replace(told=answer) if not world.told and number == world.sent - 1 else world
