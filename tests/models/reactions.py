"""A model of reactions: commands that one entity's records give to another, delivered at least once, applied once.

The source's reactions are (seq of its record, place in the record's full list). A sender sends them in order from the
cursor in the source's log; the target applies what is past the mark that it keeps of this source, on its working
state; its batch may fail once, and the working state is dropped with it. Messages may be delayed and doubled; a new
owner of the source may begin at the cursor while the old one still sends. Nothing may be applied twice, and nothing
may be lost behind a cursor or a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Found, Step, search

Reaction = tuple[int, int]  # seq of the source's record, place in its list
REACTIONS: tuple[Reaction, ...] = ((1, 0), (1, 1), (2, 0))


class Rules(NamedTuple):
    """A variant."""

    mark_has_place: bool = True  # the mark is (seq, place), not seq alone
    cut_anywhere: bool = True  # a message may end between two reactions of one record
    outstanding: int = 1
    duplicates_held: bool = True  # a duplicate is answered only when the mark that it rests on is durable


class Message(NamedTuple):
    """The reactions from `first` up to `end`, as places in REACTIONS, sent by `sender`."""

    sender: int
    first: int
    end: int


class Sender(NamedTuple):
    """An owner of the source. `acknowledged`: how many reactions it knows as applied for good."""

    active: bool
    acknowledged: int = 0
    outstanding: tuple[Message, ...] = ()


class World(NamedTuple):
    """A state of the model. `waiting`: messages to be answered when the target's batch is durable."""

    senders: tuple[Sender, Sender] = (Sender(True), Sender(False))
    travelling: frozenset[Message] = frozenset()
    durable: tuple[Reaction, ...] = ()
    staged: tuple[Reaction, ...] = ()
    waiting: frozenset[Message] = frozenset()
    cursor: int = 0
    failed: bool = False


def run(rules: Rules) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), lambda world: _wrong(world, rules))


def _past(reaction: Reaction, applied: tuple[Reaction, ...], rules: Rules) -> bool:
    """Tell whether a reaction is past the mark that `applied` leaves."""
    mark = max(applied, default=(0, 0))
    return reaction > mark if rules.mark_has_place else reaction[0] > mark[0]


def _wrong(world: World, rules: Rules) -> str | None:
    done = world.durable
    if len(set(done)) < len(done):
        return f"applied twice: {done}"
    for place, reaction in enumerate(REACTIONS):
        if reaction not in done and place < world.cursor:
            return f"the cursor passed {reaction}, which was never applied"
        if reaction not in done and not _past(reaction, done, rules):
            return f"the mark passed {reaction}, which was never applied"
    return None


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    if not world.senders[1].active:
        begun = Sender(True, world.cursor)
        yield ("a new owner of the source starts at", world.cursor), world._replace(senders=(world.senders[0], begun))
    newest = 1 if world.senders[1].active else 0
    for i, sender in enumerate(world.senders):
        if sender.active:
            yield from _sends(world, i, rules)
            if i == newest and sender.acknowledged > world.cursor:
                label = (i, "writes the cursor", sender.acknowledged)
                yield label, world._replace(cursor=sender.acknowledged)
    for message in sorted(world.travelling):
        yield from _arrives(world, message, rules)
    if world.staged:
        yield ("the target's batch is durable",), _durable(world)
        if not world.failed:
            back = world.travelling | world.waiting
            dropped = world._replace(staged=(), waiting=frozenset(), travelling=back, failed=True)
            yield ("the target's batch fails",), dropped


def _sends(world: World, i: int, rules: Rules) -> Iterator[Step[World]]:
    sender = world.senders[i]
    if len(sender.outstanding) >= rules.outstanding:
        return
    first = max((message.end for message in sender.outstanding), default=sender.acknowledged)
    for end in range(first + 1, len(REACTIONS) + 1):
        whole = end == len(REACTIONS) or REACTIONS[end][0] != REACTIONS[end - 1][0]
        if whole or rules.cut_anywhere:
            message = Message(i, first, end)
            after = _put(world, i, sender._replace(outstanding=(*sender.outstanding, message)))
            label = (i, "sends", *REACTIONS[first:end])
            yield label, after._replace(travelling=world.travelling | {message})


def _arrives(world: World, message: Message, rules: Rules) -> Iterator[Step[World]]:
    applied = world.durable + world.staged
    new = tuple(r for r in REACTIONS[message.first : message.end] if _past(r, applied, rules))
    for travelling, copy in ((world.travelling - {message}, ""), (world.travelling, "(a copy stays)")):
        after = world._replace(travelling=travelling)
        if new:
            staged = after._replace(staged=world.staged + new, waiting=world.waiting | {message})
            yield ("the target applies", *new, copy), staged
        elif world.staged and rules.duplicates_held:
            yield ("a duplicate is held", copy), after._replace(waiting=world.waiting | {message})
        else:
            yield ("a duplicate is answered", copy), _acknowledged(after, message)


def _durable(world: World) -> World:
    after = world._replace(durable=world.durable + world.staged, staged=(), waiting=frozenset())
    for message in sorted(world.waiting):
        after = _acknowledged(after, message)
    return after


def _acknowledged(world: World, message: Message) -> World:
    sender = world.senders[message.sender]
    if message not in sender.outstanding:
        return world
    rest = tuple(other for other in sender.outstanding if other != message)
    after = sender._replace(acknowledged=max(sender.acknowledged, message.end), outstanding=rest)
    return _put(world, message.sender, after)


def _put(world: World, i: int, sender: Sender) -> World:
    return world._replace(senders=(sender, world.senders[1]) if i == 0 else (world.senders[0], sender))
