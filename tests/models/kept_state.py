"""A model of state that is kept over a tenure: by a standby that tails the log, by an owner that opens a fresh one.

Reader: nonce and seq. Answers at any other offset than the expected one make an owner step down. A tenure record that
lands exactly at "last known + 1" proves that nobody wrote meanwhile, so the state held before is kept and nothing is
replayed. Records may be lost, or land late, after their owner gave them up. What counts must have been computed on
exactly what counts before it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import STATES_MAX, Found, Step, search

Command = tuple[int, int]
State = tuple[Command, ...]


class Keep(enum.Enum):
    """Who keeps its state over a tenure at last known + 1."""

    NOBODY = "everybody replays"
    CLEAN = "a standby, or an owner with nothing in flight and nothing given up"
    ALL = "also an owner that gave up a batch"


class Rules(NamedTuple):
    """A variant, its faults and bounds."""

    keep: Keep = Keep.CLEAN
    unclean: bool = False  # the log may lose its last committed record, once
    owners: int = 2
    log_max: int = 4
    commands: int = 2
    tenures: int = 2


class Record(NamedTuple):
    """A record. A tenure has no command. `prefix`: what its owner held when it decided, for judging only."""

    nonce: int
    seq: int = -1
    command: Command | None = None
    prefix: State = ()


class Request(NamedTuple):
    """A record on its way; `offset` once it landed and its answer is on the way, else -1."""

    record: Record
    offset: int = -1


class Mode(enum.Enum):
    """Where a node stands."""

    IDLE = "idle"
    OPENING = "opening"
    OWNER = "owner"


class Owner(NamedTuple):
    """One node's side. `state` is None if it holds none; `last` is -1 with it."""

    mode: Mode = Mode.IDLE
    nonce: int = 0
    last: int = -1
    seq: int = 0
    state: State | None = None
    waits: bool = False  # for the answer of its one batch
    commands: int = 0
    tenures: int = 0


Log = tuple[Record, ...]


class World(NamedTuple):
    """A state of the model."""

    log: Log
    committed: int
    owners: tuple[Owner, ...]
    requests: tuple[tuple[Request, ...], ...]
    acknowledged: frozenset[Command]
    lost_end: bool


def run(rules: Rules, states_max: int = STATES_MAX) -> Found:
    """Search a variant."""
    start = World((), 0, (Owner(),) * rules.owners, ((),) * rules.owners, frozenset(), False)
    return search(start, lambda world: _steps(world, rules), _wrong, states_max=states_max)


def counting(log: Log) -> list[Record]:
    """Return the records that count."""
    nonce = seq = 0
    found = []
    for record in log:
        if record.command is None:
            nonce, seq = record.nonce, 0
        elif record.nonce == nonce and record.seq == seq:
            found.append(record)
            seq += 1
    return found


def _state(log: Log) -> State:
    return tuple(record.command for record in counting(log) if record.command is not None)


def _wrong(world: World) -> str | None:
    state: State = ()
    for record in counting(world.log):
        if record.prefix != state:
            return f"{record.command} counts on {state}, was computed on {record.prefix}"
        assert record.command is not None
        state += (record.command,)
    if not world.lost_end and not world.acknowledged <= set(state):
        return "an acknowledged command does not count"
    return None


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    end = len(world.log)
    if world.committed < end:
        yield ("commit",), world._replace(committed=end)
        yield ("failover to", world.committed), _truncated(world, world.committed)
    if rules.unclean and not world.lost_end and world.committed:
        cut = world.committed - 1
        yield ("UNCLEAN to", cut), _truncated(world, cut)._replace(committed=cut, lost_end=True)
    room = end + sum(map(len, world.requests)) < rules.log_max
    for i, owner in enumerate(world.owners):
        if owner.mode is Mode.IDLE:
            yield from _idle(world, i, rules, room)
        elif owner.mode is Mode.OWNER:
            yield from _owning(world, i, rules, room)
        for request in world.requests[i]:
            yield from _travels(world, i, request, rules)


def _truncated(world: World, cut: int) -> World:
    requests = tuple(tuple(r if r.offset < cut else Request(r.record) for r in q) for q in world.requests)
    return world._replace(log=world.log[:cut], requests=requests)


def _idle(world: World, i: int, rules: Rules, room: bool) -> Iterator[Step[World]]:
    owner = world.owners[i]
    if owner.tenures < rules.tenures and room:
        nonce = i * 10 + owner.tenures + 1
        opening = owner._replace(mode=Mode.OPENING, nonce=nonce, seq=0, waits=True, tenures=owner.tenures + 1)
        yield (i, "opens tenure", nonce), _put(world, i, opening, (*world.requests[i], Request(Record(nonce))))
    if rules.keep is not Keep.NOBODY and owner.last < world.committed - 1:
        state = _state(world.log[: world.committed])
        yield (i, "tails to", world.committed), _put(world, i, owner._replace(last=world.committed - 1, state=state))


def _owning(world: World, i: int, rules: Rules, room: bool) -> Iterator[Step[World]]:
    owner = world.owners[i]
    assert owner.state is not None
    if owner.waits:
        kept = rules.keep is Keep.ALL
        idle = owner._replace(mode=Mode.IDLE, waits=False, seq=0)
        given_up = idle if kept else idle._replace(last=-1, state=None)
        yield (i, "gives up its batch"), _put(world, i, given_up)
        return
    if owner.commands < rules.commands and room:
        command = (i, owner.commands)
        record = Record(owner.nonce, owner.seq, command, owner.state)
        decided = owner._replace(
            seq=owner.seq + 1, state=(*owner.state, command), waits=True, commands=owner.commands + 1
        )
        yield (i, "decides", command), _put(world, i, decided, (*world.requests[i], Request(record)))
    if rules.keep is not Keep.NOBODY and owner.tenures < rules.tenures:
        yield (i, "is to open a fresh tenure"), _put(world, i, owner._replace(mode=Mode.IDLE, seq=0))


def _travels(world: World, i: int, request: Request, rules: Rules) -> Iterator[Step[World]]:
    """A request lands or is lost, or its answer arrives."""
    rest = tuple(other for other in world.requests[i] if other is not request)
    owner, record = world.owners[i], request.record
    what = record.command or f"tenure {record.nonce}"
    if request.offset < 0:
        landed = Request(record, len(world.log))
        after = _put(world._replace(log=(*world.log, record)), i, owner, (*rest, landed))
        yield (i, what, "lands at", landed.offset), after
        opening = record.command is None and owner.mode is Mode.OPENING and owner.nonce == record.nonce
        told = owner._replace(mode=Mode.IDLE, waits=False) if opening else owner
        yield (i, what, "is lost"), _put(world, i, told, rest)
    elif request.offset < world.committed:
        yield _answered(_put(world, i, owner, rest), i, request, rules)


def _answered(world: World, i: int, request: Request, rules: Rules) -> Step[World]:
    owner = world.owners[i]
    record, offset = request
    if record.command is None and owner.mode is Mode.OPENING and owner.nonce == record.nonce:
        kept = rules.keep is not Keep.NOBODY and owner.state is not None and offset == owner.last + 1
        state = owner.state if kept else _state(world.log[:offset])
        begun = owner._replace(mode=Mode.OWNER, last=offset, state=state, waits=False)
        return (i, "is owner from", offset, "KEEPS" if kept else "replays"), _put(world, i, begun)
    if not (owner.mode is Mode.OWNER and owner.waits and (record.nonce, record.seq) == (owner.nonce, owner.seq - 1)):
        return (i, "ignores an answer"), world
    if offset != owner.last + 1:
        dropped = owner._replace(mode=Mode.IDLE, last=-1, seq=0, state=None, waits=False)
        return (i, "finds a gap, drops its state"), _put(world, i, dropped)
    assert record.command is not None
    done = _put(world, i, owner._replace(last=offset, waits=False))
    return (i, "has", record.command, "acknowledged"), done._replace(acknowledged=done.acknowledged | {record.command})


def _put(world: World, i: int, owner: Owner, requests: tuple[Request, ...] | None = None) -> World:
    world = world._replace(owners=(*world.owners[:i], owner, *world.owners[i + 1 :]))
    if requests is None:
        return world
    return world._replace(requests=(*world.requests[:i], requests, *world.requests[i + 1 :]))
