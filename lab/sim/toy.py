"""A small world for the simulation: chests with limited pieces and a lid, purses that are filled by reactions.

Made so that every promise has something to bite on: answers depend on all that came before, refusals come and go with
the state, pieces are limited, one record gives the same purse two reactions, alarms end a chest. Pure.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from actors.entity import Context, Decision, EntityType, Push, Reaction, Rejected, Timer

PIECES = 2


class _Command(msgspec.Struct, frozen=True, tag_field="op"):
    pass


class _Event(msgspec.Struct, frozen=True, tag_field="type"):
    pass


class Add(_Command, tag="add", frozen=True):
    """Add to the chest's total."""

    n: int


class Take(_Command, tag="take", frozen=True):
    """Take one of the limited pieces."""


class Peek(_Command, tag="peek", frozen=True):
    """Accepted only while the lid is open."""


class Lid(_Command, tag="lid", frozen=True):
    """Open or close the lid (a host's)."""

    open: bool


class Refill(_Command, tag="refill", frozen=True):
    """Put all pieces back and start again (a host's)."""


class Alarm(_Command, tag="alarm", frozen=True):
    """End the chest `in_ms` from now (a host's)."""

    in_ms: int


class Gift(_Command, tag="gift", frozen=True):
    """Send `n` to purses; one may be named twice."""

    to: tuple[str, ...]
    n: int


class Look(_Command, tag="look", frozen=True):
    """Ask for all that there is to see."""


class Award(_Command, tag="award", frozen=True):
    """From a chest to a purse."""

    n: int


class Spend(_Command, tag="spend", frozen=True):
    """Take out of a purse; refused when there is too little."""

    n: int


class Added(_Event, tag="added", frozen=True):
    """The chest's total grew by `n`."""

    n: int


class Taken(_Event, tag="taken", frozen=True):
    """`rank` counts from 1 within a round."""

    by: str
    rank: int
    round: int


class Peeked(_Event, tag="peeked", frozen=True):
    """Somebody looked in while the lid was open."""

    by: str


class LidMoved(_Event, tag="lid", frozen=True):
    """The lid was opened or closed."""

    open: bool


class Refilled(_Event, tag="refilled", frozen=True):
    """All pieces are back; a chest that has ended goes on."""


class AlarmSet(_Event, tag="alarm", frozen=True):
    """The chest ends at `at_ms`."""

    at_ms: int


class Ended(_Event, tag="ended", frozen=True):
    """The alarm rang."""

    at_ms: int


class Given(_Event, tag="given", frozen=True):
    """`n` is on its way to each of `to`."""

    to: tuple[str, ...]
    n: int


class Awarded(_Event, tag="awarded", frozen=True):
    """`n` came from a chest."""

    by: str
    n: int


class Spent(_Event, tag="spent", frozen=True):
    """`n` was taken out of the purse."""

    n: int


ChestEvent: TypeAlias = Added | Taken | Peeked | LidMoved | Refilled | AlarmSet | Ended | Given
PurseEvent: TypeAlias = Awarded | Spent


class Chest:
    """State of a chest."""

    __slots__ = ("alarm", "ended", "host_seq", "last_seq", "open", "peeks", "round", "takers", "total")

    def __init__(self) -> None:
        self.total = 0
        self.peeks = 0
        self.open = False
        self.round = 1
        self.takers: list[str] = []
        self.alarm: Timer | None = None
        self.ended = 0
        self.last_seq = 0
        self.host_seq = 0


class ChestView(msgspec.Struct, frozen=True):
    """What there is to see of a chest."""

    total: int
    peeks: int
    open: bool
    round: int
    takers: tuple[str, ...]
    ended: int
    last_seq: int


class ChestType(EntityType[Chest]):
    """Behaviour of chests: see `actors.entity.EntityType`."""

    kind = "chest"
    topic = "chests"
    event_type: Any = ChestEvent
    command_type: Any = Add | Take | Peek | Lid | Refill | Alarm | Gift
    fresh_codes = frozenset({"too_late", "lost"})
    fresh_roles = frozenset({"host", "admin"})

    def create(self, id: str) -> Chest:
        """Return an empty chest."""
        return Chest()

    def decide(self, state: Chest, command: Any, ctx: Context) -> Decision | Rejected:
        """Judge a command."""
        match command:
            case Lid(open):
                return Rejected("same") if open == state.open else Decision((LidMoved(open),), {})
            case Refill():
                return Decision((Refilled(),), {"round": state.round + 1})
            case Alarm(in_ms):
                return Decision((AlarmSet(ctx.now_ms + in_ms),), {})
        if state.ended:
            return Rejected("too_late")
        match command:
            case Add(n):
                return Decision((Added(n),), {"total": state.total + n})
            case Take():
                if ctx.by in state.takers:
                    return Rejected("already")
                rank = len(state.takers) + 1
                if rank > PIECES:
                    return Rejected("lost")
                return Decision((Taken(ctx.by, rank, state.round),), {"rank": rank})
            case Peek():
                return Decision((Peeked(ctx.by),), {"peeks": state.peeks + 1}) if state.open else Rejected("locked")
            case Gift(to, n):
                return Decision((Given(to, n),), {})
        raise AssertionError(command)

    def fire(self, state: Chest, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        """End it."""
        return (Ended(ctx.now_ms),)

    def apply(self, state: Chest, event: Any, seq: int, at_ms: int) -> None:
        """Change the state."""
        match event:
            case Added(n):
                state.total += n
            case Taken(by):
                state.takers.append(by)
            case Peeked():
                state.peeks += 1
            case LidMoved(open):
                state.open = open
            case Refilled():
                state.round += 1
                state.takers.clear()
                state.ended = 0
            case AlarmSet(at):
                state.alarm = Timer(at, "alarm")
            case Ended(at):
                state.ended = at
                state.alarm = None

    def due(self, state: Chest) -> Timer | None:
        """Return the alarm."""
        return state.alarm

    def pushes(self, state: Chest, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Show everything to all; lids and alarms to the host as well."""
        prev, state.last_seq = state.last_seq, seq
        shown = [Push("all", prev, tuple(events), True)]
        if isinstance(events[0], LidMoved | AlarmSet | Ended):
            prev, state.host_seq = state.host_seq, seq
            shown.append(Push("host", prev, tuple(events)))
        return shown

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        """A piece is worth one, the first of a round two awards; gifts go where they are sent."""
        out: list[Reaction] = []
        for event in events:
            if isinstance(event, Taken):
                out += [Reaction("purse", event.by[2:], Award(1))] * (2 if event.rank == 1 else 1)
            elif isinstance(event, Given):
                out += [Reaction("purse", to, Award(event.n)) for to in event.to]
        return out

    def query(self, state: Chest, query: Any, ctx: Context) -> Any:
        """Show all."""
        return ChestView(
            state.total, state.peeks, state.open, state.round, tuple(state.takers), state.ended, state.last_seq
        )

    def encode(self, state: Chest) -> Iterator[bytes]:
        """Two parts, so that a snapshot can be torn."""
        alarm = state.alarm.due_ms if state.alarm else 0
        yield msgspec.json.encode([state.total, state.peeks, state.open, state.last_seq, state.host_seq])
        yield msgspec.json.encode([state.round, state.takers, alarm, state.ended])

    def decode(self, id: str, parts: Sequence[bytes]) -> Chest:
        """Rebuild it."""
        state = Chest()
        state.total, state.peeks, state.open, state.last_seq, state.host_seq = msgspec.json.decode(parts[0])
        state.round, state.takers, alarm, state.ended = msgspec.json.decode(parts[1])
        state.alarm = Timer(alarm, "alarm") if alarm else None
        return state

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Chest]:
        """Rebuild in one step: it is small."""
        yield sum(map(len, parts))
        return self.decode(id, parts)

    def weight(self, state: Chest) -> int:
        """A guess."""
        return 500


class Purse:
    """State of a purse."""

    __slots__ = ("coins", "got", "last_seq")

    def __init__(self) -> None:
        self.coins = 0
        self.got = 0
        self.last_seq = 0


class PurseView(msgspec.Struct, frozen=True):
    """What there is to see of a purse."""

    coins: int
    got: int
    last_seq: int


class PurseType(EntityType[Purse]):
    """Behaviour of purses."""

    kind = "purse"
    topic = "purses"
    event_type: Any = PurseEvent
    command_type: Any = Award | Spend
    fresh_codes = frozenset({"too_late", "lost"})
    fresh_roles = frozenset({"host", "admin"})

    def create(self, id: str) -> Purse:
        """Return an empty purse."""
        return Purse()

    def decide(self, state: Purse, command: Any, ctx: Context) -> Decision | Rejected:
        """Judge a command."""
        if isinstance(command, Award):
            return Decision((Awarded(ctx.by, command.n),), {})
        if command.n > state.coins:
            return Rejected("poor")
        return Decision((Spent(command.n),), {"coins": state.coins - command.n})

    def fire(self, state: Purse, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        """A purse has no timers."""
        raise AssertionError(timer)

    def apply(self, state: Purse, event: Any, seq: int, at_ms: int) -> None:
        """Change the state."""
        if isinstance(event, Awarded):
            state.coins += event.n
            state.got += 1
        else:
            state.coins -= event.n

    def due(self, state: Purse) -> Timer | None:
        """A purse has no timers."""
        return None

    def pushes(self, state: Purse, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Show everything to the owner."""
        prev, state.last_seq = state.last_seq, seq
        return (Push("owner", prev, tuple(events)),)

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        """None follow."""
        return ()

    def query(self, state: Purse, query: Any, ctx: Context) -> Any:
        """Show all."""
        return PurseView(state.coins, state.got, state.last_seq)

    def encode(self, state: Purse) -> Iterator[bytes]:
        """One part."""
        yield msgspec.json.encode([state.coins, state.got, state.last_seq])

    def decode(self, id: str, parts: Sequence[bytes]) -> Purse:
        """Rebuild it."""
        state = Purse()
        state.coins, state.got, state.last_seq = msgspec.json.decode(parts[0])
        return state

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Purse]:
        """Rebuild in one step: it is small."""
        yield sum(map(len, parts))
        return self.decode(id, parts)

    def weight(self, state: Purse) -> int:
        """A guess."""
        return 200
