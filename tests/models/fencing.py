"""A model of who may write: two owners on one log, lost answers, retries, failover, truncation.

Both owners may open tenures at any time, whatever a group says. A variant is a `Rules`: what makes a record count for
a reader, and what an owner does with an answer at another offset than it expects. Two things must hold in every state:
a record that was acknowledged counts, and a record that counts was computed on exactly the records that count before
it. Bounds: length of the log, commands and tenures of each owner.

The owners being alike, owner 1 opens its first tenure only after owner 0 has: the other half is its mirror image.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from tests.models.explore import STATES_MAX, Found, Step, search

Command = tuple[int, int]  # owner, number
Stamp = tuple[int, int]  # owner, number of the batch at its producer


class Reader(enum.Enum):
    """What a record must carry to count under the latest tenure before it."""

    EPOCH = "the offset of the tenure"
    EPOCH_SEQ = "the offset of the tenure and the next seq"
    NONCE_SEQ = "the nonce of the tenure and the next seq"
    NONCE_PLACE_SEQ = "the nonce of the tenure, the offset it landed at, and the next seq"


class Gap(enum.Enum):
    """When an owner goes on although its record is not at the offset that it expected."""

    ALWAYS = "acknowledged is acknowledged"
    NEVER = "never: step down"
    NO_TENURE = "no tenure lies between"
    COUNTS = "the record counts, by the fold"
    COUNTS_STILL_OWNER = "the record counts, by the fold, and no newer tenure was seen"
    VOID = "all that lies between is void, and no tenure"


class Rules(NamedTuple):
    """A variant, the faults it must stand, and the bounds."""

    reader: Reader = Reader.NONCE_SEQ
    gap: Gap = Gap.NEVER
    in_flight: int = 1
    idempotent: bool = True  # the broker drops a batch that it has already
    broker_forgets: bool = False  # the broker may lose what it knows of producers
    unclean: bool = False  # a committed suffix may be lost, once
    tenures_again: int = 0  # so many tenures' records may land a second time, at any time later, unasked
    reorder: bool = False  # requests of one producer may overtake each other
    acknowledged_count: bool = True  # look also for acknowledged records that do not count
    log_max: int = 5
    commands: int = 2
    tenures: int = 2


class Tenure(NamedTuple):
    """The opening record of a tenure."""

    nonce: int
    stamp: Stamp


class Data(NamedTuple):
    """One command's record. `prefix`: what its owner held when it decided, for judging only."""

    epoch: int
    nonce: int
    seq: int
    command: Command
    prefix: tuple[Command, ...]
    stamp: Stamp


Record = Tenure | Data
Log = tuple[Record, ...]


class Request(NamedTuple):
    """A batch of one record on its way. `offset`: where it landed, the answer being under way; None before."""

    record: Record
    offset: int | None


class Owner(NamedTuple):
    """One node's side."""

    running: bool = False
    nonce: int = 0
    epoch: int = -1
    last: int = -1
    seq: int = 0
    state: tuple[Command, ...] = ()
    outstanding: tuple[Stamp, ...] = ()
    commands: int = 0
    tenures: int = 0
    batches: int = 0


class World(NamedTuple):
    """A state of the model. `committed`: length of the log that no failover can take back."""

    log: Log = ()
    committed: int = 0
    owners: tuple[Owner, Owner] = (Owner(), Owner())
    requests: tuple[tuple[Request, ...], tuple[Request, ...]] = ((), ())
    acknowledged: frozenset[Command] = frozenset()
    forgotten: int = 0  # the broker knows producers only by records from here on
    unclean_elections: int = 0
    landed_again: int = 0


def counting(log: Log, reader: Reader) -> list[Data]:
    """Return the records that count: the reader's rule of a variant."""
    epoch = nonce = -1
    seq = 0
    found = []
    for offset, record in enumerate(log):
        if isinstance(record, Tenure):
            epoch, nonce, seq = offset, record.nonce, 0
            continue
        by_nonce = record.nonce == nonce or reader in (Reader.EPOCH, Reader.EPOCH_SEQ)
        mine = by_nonce and (record.epoch == epoch or reader is Reader.NONCE_SEQ)
        if mine and (reader is Reader.EPOCH or record.seq == seq):
            found.append(record)
            seq += 1
    return found


def run(rules: Rules, states_max: int = STATES_MAX) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), _judge(rules), states_max=states_max)


def _judge(rules: Rules) -> Callable[[World], str | None]:
    @cache
    def fold(log: Log) -> tuple[frozenset[Command], str | None]:
        prefix: tuple[Command, ...] = ()
        for record in counting(log, rules.reader):
            if record.prefix != prefix:
                return frozenset(), f"{record.command} counts on {prefix}, was computed on {record.prefix}"
            prefix += (record.command,)
        return frozenset(prefix), None

    def wrong(world: World) -> str | None:
        counts, why = fold(world.log)
        if why is None and rules.acknowledged_count and not world.acknowledged <= counts:
            why = f"{sorted(world.acknowledged - counts)} was acknowledged and does not count"
        return why

    return wrong


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    yield from _broker(world, rules)
    for i in (0, 1):
        owner, requests = world.owners[i], world.requests[i]
        room = len(world.log) + len(requests) < rules.log_max
        if not owner.running and owner.tenures < rules.tenures and room and (i == 0 or world.owners[0].tenures):
            yield _open(world, i)
        if owner.running:
            if len(owner.outstanding) < rules.in_flight and owner.commands < rules.commands and room:
                yield _decide(world, i)
            yield (f"owner {i}", "steps down"), _with_owner(world, i, _stepped_down(owner))
        for place, request in enumerate(requests):
            if request.offset is None:
                if not rules.reorder and any(before.offset is None for before in requests[:place]):
                    break
                yield from _arrive(world, i, place, rules)
        if requests and requests[0].offset is not None:
            lost = (requests[0]._replace(offset=None), *requests[1:])
            yield (f"owner {i}", "answer lost, sent again"), _with_requests(world, i, lost)
            if world.committed > requests[0].offset:
                yield _answered(world, i, rules)


def _broker(world: World, rules: Rules) -> Iterator[Step[World]]:
    end = len(world.log)
    if world.committed < end:
        yield ("commit",), world._replace(committed=end)
    for cut in range(world.committed, end):
        yield ("failover to", cut), _truncated(world, cut)
    if rules.unclean and not world.unclean_elections:
        for cut in range(max(0, world.committed - 2), world.committed):
            yield ("UNCLEAN to", cut), _truncated(world, cut)._replace(committed=cut, unclean_elections=1)
    if world.landed_again < rules.tenures_again and end < rules.log_max:
        for at, record in enumerate(world.log):
            if isinstance(record, Tenure):
                after = world._replace(log=(*world.log, record), landed_again=world.landed_again + 1)
                yield ("the tenure of", at, "lands again at", end), after
    if rules.broker_forgets and world.forgotten < end:
        yield ("the broker forgets its producers",), world._replace(forgotten=end)


def _truncated(world: World, cut: int) -> World:
    def again(requests: tuple[Request, ...]) -> tuple[Request, ...]:
        return tuple(r if r.offset is None or r.offset < cut else Request(r.record, None) for r in requests)

    return world._replace(log=world.log[:cut], requests=(again(world.requests[0]), again(world.requests[1])))


def _open(world: World, i: int) -> Step[World]:
    owner = world.owners[i]
    nonce = i * 10 + owner.tenures + 1
    stamp = (i, owner.batches)
    opening = owner._replace(
        nonce=nonce,
        epoch=-1,
        last=-1,
        seq=0,
        state=(),
        outstanding=(stamp,),
        tenures=owner.tenures + 1,
        batches=owner.batches + 1,
    )
    requests = (*world.requests[i], Request(Tenure(nonce, stamp), None))
    return (f"owner {i}", "opens tenure", nonce), _with_requests(_with_owner(world, i, opening), i, requests)


def _decide(world: World, i: int) -> Step[World]:
    owner = world.owners[i]
    command = (i, owner.commands)
    stamp = (i, owner.batches)
    record = Data(owner.epoch, owner.nonce, owner.seq, command, owner.state, stamp)
    decided = owner._replace(
        seq=owner.seq + 1,
        state=(*owner.state, command),
        outstanding=(*owner.outstanding, stamp),
        commands=owner.commands + 1,
        batches=owner.batches + 1,
    )
    requests = (*world.requests[i], Request(record, None))
    return (f"owner {i}", "decides", command), _with_requests(_with_owner(world, i, decided), i, requests)


def _arrive(world: World, i: int, place: int, rules: Rules) -> Iterator[Step[World]]:
    """A request reaches the broker, for the first time or again; or its sender is told of an error.

    An idempotent broker knows a batch that it has, and takes only the one that follows the last it knows.
    """
    owner, requests = world.owners[i], world.requests[i]
    record = requests[place].record
    known = [at for at, r in enumerate(world.log) if r.stamp[0] == i and at >= world.forgotten]
    last = known[-1] if known and rules.idempotent else None
    copy = next((at for at in known if world.log[at].stamp == record.stamp), None) if rules.idempotent else None
    if copy is not None:
        landed = Request(record, copy)
        yield (f"owner {i}", "is a copy of", copy), _with_requests(world, i, _put(requests, place, landed))
    elif (last is None or world.log[last].stamp[1] + 1 == record.stamp[1]) and len(world.log) < rules.log_max:
        landed = Request(record, len(world.log))
        after = world._replace(log=(*world.log, record))
        yield (f"owner {i}", "lands at", landed.offset), _with_requests(after, i, _put(requests, place, landed))
    told = _stepped_down(owner) if record.stamp in owner.outstanding else owner
    rest = (*requests[:place], *requests[place + 1 :])
    yield (f"owner {i}", "is told of an error"), _with_requests(_with_owner(world, i, told), i, rest)


def _put(requests: tuple[Request, ...], place: int, request: Request) -> tuple[Request, ...]:
    return (*requests[:place], request, *requests[place + 1 :])


def _answered(world: World, i: int, rules: Rules) -> Step[World]:
    """The answer of the oldest request reaches its owner."""
    owner = world.owners[i]
    record, base = world.requests[i][0]
    assert base is not None
    world = _with_requests(world, i, world.requests[i][1:])
    if record.stamp not in owner.outstanding:
        return (f"owner {i}", "ignores an answer"), world
    if isinstance(record, Tenure):
        state = tuple(r.command for r in counting(world.log[:base], rules.reader))
        begun = owner._replace(running=True, epoch=base, last=base, seq=0, state=state, outstanding=())
        return (f"owner {i}", "opened at", base), _with_owner(world, i, begun)
    counts, goes_on = (True, True) if base == owner.last + 1 else _past_a_gap(world, owner, record, base, rules)
    if counts:
        world = world._replace(acknowledged=world.acknowledged | {record.command})
    if goes_on:
        after = owner._replace(last=max(base, owner.last), outstanding=owner.outstanding[1:])
    else:
        after = _stepped_down(owner)
    what = {(True, True): "acknowledged", (True, False): "acknowledged, steps down"}.get(
        (counts, goes_on), "in doubt, steps down"
    )
    return (f"owner {i}", record.command, what, "at", base), _with_owner(world, i, after)


def _past_a_gap(world: World, owner: Owner, record: Data, base: int, rules: Rules) -> tuple[bool, bool]:
    """Whether the owner takes its record for counting, and whether it goes on, by the variant."""
    between = world.log[owner.last + 1 : base]
    seen = world.log[: world.committed]
    match rules.gap:
        case Gap.ALWAYS:
            return True, True
        case Gap.NEVER:
            return False, False
        case Gap.NO_TENURE:
            clear = not any(isinstance(r, Tenure) for r in between)
            return clear, clear
        case Gap.VOID:
            before = counting(world.log[: owner.last + 1], rules.reader)
            clear = counting(world.log[:base], rules.reader) == before
            clear = clear and base > owner.last and not any(isinstance(r, Tenure) for r in between)
            return clear, clear
        case Gap.COUNTS | Gap.COUNTS_STILL_OWNER:
            counts = any(r.stamp == record.stamp for r in counting(seen, rules.reader))
            newer = any(isinstance(r, Tenure) and r.nonce != owner.nonce for r in seen[owner.epoch + 1 :])
            return counts, counts and (rules.gap is Gap.COUNTS or not newer)


def _stepped_down(owner: Owner) -> Owner:
    return Owner(nonce=owner.nonce, commands=owner.commands, tenures=owner.tenures, batches=owner.batches)


def _with_owner(world: World, i: int, owner: Owner) -> World:
    return world._replace(owners=(owner, world.owners[1]) if i == 0 else (world.owners[0], owner))


def _with_requests(world: World, i: int, requests: tuple[Request, ...]) -> World:
    return world._replace(requests=(requests, world.requests[1]) if i == 0 else (world.requests[0], requests))
