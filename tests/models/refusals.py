"""A model of answers that write nothing: refusals and reads, their proof of ownership, and `pos`.

Two owners, a clock in ticks, one shard whose log holds tenures, data and probes. Owner 0 holds the shard; owner 1 may
open a tenure. A refusal rests on the data that its owner knows to count (`known`); it is judged against what had been
acknowledged to clients when it left. An answer may lie unread at an owner for any time, as in a paused process.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Found, Kind, Move, Step, progress, reach, search


class Entry(enum.Enum):
    """What a record is, as far as this model cares."""

    TENURE = "tenure"
    DATA = "data"
    PROBE = "probe"


class Ask(enum.Enum):
    """What is asked of a refusal."""

    FRESH = "it misses nothing acknowledged more than the proof's life before it left"
    LINEARIZABLE = "it misses nothing acknowledged before it left"
    FORWARD = "a session never sees pos go back"


class Rules(NamedTuple):
    """A variant, what is asked of it, and the bounds."""

    ask: Ask
    proof_ticks: int = 1
    proof_from_answer: bool = False  # the proof's age counts from the answer of an append, not from its sending
    floor: bool = False  # a session drops a refusal whose pos is below the highest it saw
    ticks: int = 4
    data_max: int = 2
    log_max: int = 5


class Pending(NamedTuple):
    """An append on its way to being answered."""

    entry: Entry
    sent_tick: int
    offset: int


class Owner(NamedTuple):
    """One node's side. `proof_tick`: from when on its ownership is proved."""

    running: bool = False
    known: int = 0
    last: int = -1
    proof_tick: int = -1
    pending: Pending | None = None


class World(NamedTuple):
    """A state of the model. `told`: the tick at which each pos was acknowledged; `refused`: the last refusal."""

    now: int = 0
    log: tuple[tuple[Entry, int], ...] = ((Entry.TENURE, 0),)
    owners: tuple[Owner, Owner] = (Owner(running=True, last=0, proof_tick=0), Owner())
    told: tuple[int, ...] = ()
    seen: int = -1
    refused: tuple[int, int] | None = None  # its pos, and the highest that the session had seen


def run(rules: Rules) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), lambda world: _wrong(world, rules))


def _wrong(world: World, rules: Rules) -> str | None:
    if world.refused is None:
        return None
    pos, seen = world.refused
    missed = world.told[pos:]
    match rules.ask:
        case Ask.FORWARD if pos < seen:
            return f"a session saw pos {seen}, then {pos}"
        case Ask.FRESH if any(world.now - tick > rules.proof_ticks for tick in missed):
            return f"refused at pos {pos}, but pos {pos + 1} was acknowledged {world.now - missed[0]} ticks ago"
        case Ask.LINEARIZABLE if missed and missed[0] < world.now:
            return f"refused at pos {pos}, after pos {pos + 1} was acknowledged"
    return None


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    world = world._replace(refused=None)
    if world.now < rules.ticks:
        yield ("tick", world.now + 1), world._replace(now=world.now + 1)
    for i, owner in enumerate(world.owners):
        room = len(world.log) < rules.log_max
        if not owner.running and owner.last < 0 and room:
            begun = Owner(True, _counting(world.log), len(world.log), world.now)
            yield (i, "opens a tenure"), _put(world, i, begun)._replace(log=(*world.log, (Entry.TENURE, i)))
        if owner.running and owner.pending is None and room:
            yield from _sends(world, i, rules)
        if owner.running and owner.pending is not None:
            yield _answered(world, i, owner.pending, rules)
        if owner.running and owner.pending is None:
            proved = world.now - owner.proof_tick <= rules.proof_ticks
            if proved and not (rules.floor and owner.known < world.seen):
                seen = max(world.seen, owner.known)
                yield (i, "refuses at pos", owner.known), world._replace(seen=seen, refused=(owner.known, world.seen))


def _counting(log: tuple[tuple[Entry, int], ...]) -> int:
    holder = count = 0
    for entry, i in log:
        if entry is Entry.TENURE:
            holder = i
        elif entry is Entry.DATA and i == holder:
            count += 1
    return count


def _sends(world: World, i: int, rules: Rules) -> Iterator[Step[World]]:
    owner = world.owners[i]
    entries = []
    if sum(entry is Entry.DATA for entry, _ in world.log) < rules.data_max:
        entries.append(Entry.DATA)
    if world.now - owner.proof_tick > rules.proof_ticks:
        entries.append(Entry.PROBE)
    for entry in entries:
        sent = owner._replace(pending=Pending(entry, world.now, len(world.log)))
        yield (i, "sends", entry.value), _put(world, i, sent)._replace(log=(*world.log, (entry, i)))


def _answered(world: World, i: int, pending: Pending, rules: Rules) -> Step[World]:
    owner = world.owners[i]
    if pending.offset != owner.last + 1:
        return (i, "finds a gap, steps down"), _put(world, i, owner._replace(running=False, pending=None))
    known = owner.known + (pending.entry is Entry.DATA)
    proof = world.now if rules.proof_from_answer else pending.sent_tick
    told = (*world.told, world.now) if known > len(world.told) else world.told
    after = Owner(True, known, pending.offset, proof)
    return (i, "is answered", pending.entry.value, "pos", known), _put(world, i, after)._replace(told=told)


def _put(world: World, i: int, owner: Owner) -> World:
    return world._replace(owners=(owner, world.owners[1]) if i == 0 else (world.owners[0], owner))


class Session(NamedTuple):
    """A session that waits for a command which was accepted at pos 1, while the entity is at pos 3 by now."""

    floor: int = 0
    key: str = "sent"
    read: bool = False


def run_session(accepted_exempt: bool) -> Found:
    """Search a session's floor against an answer from the de-duplication table, which bears its first pos."""

    def moves(session: Session) -> Iterator[Move[Session]]:
        if not session.read:
            label = ("a query is answered at pos 3",)
            yield Move(Kind.PROTOCOL, label, session._replace(floor=max(session.floor, 3), read=True))
        if session.key == "sent" and session.floor > 1 and not accepted_exempt:
            yield Move(Kind.PROTOCOL, ("the answer at pos 1 is dropped",), session._replace(key="again"))
        elif session.key == "sent":
            yield Move(Kind.PROTOCOL, ("the command is answered",), session._replace(key="answered"))
        elif session.key == "again":
            yield Move(Kind.PROTOCOL, ("the command is asked again",), session._replace(key="sent"))

    return progress(reach(Session(), moves), lambda session: session.key == "answered")
