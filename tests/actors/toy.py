"""A small entity for tests of the runtime: a tally that adds, forwards, and has an alarm."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from actors.entity import Context, Decision, EntityType, Push, Reaction, Rejected, Timer


class Add(msgspec.Struct, tag="add", tag_field="op", frozen=True):
    n: int


class Send(msgspec.Struct, tag="send", tag_field="op", frozen=True):
    to: tuple[str, ...]
    n: int


class SetAlarm(msgspec.Struct, tag="alarm", tag_field="op", frozen=True):
    at_ms: int


class Break(msgspec.Struct, tag="break", tag_field="op", frozen=True):
    where: str


class Total(msgspec.Struct, tag="total", tag_field="op", frozen=True):
    pass


class Added(msgspec.Struct, tag="added", tag_field="type", frozen=True):
    n: int


class Sent(msgspec.Struct, tag="sent", tag_field="type", frozen=True):
    to: tuple[str, ...]
    n: int


class AlarmSet(msgspec.Struct, tag="alarm_set", tag_field="type", frozen=True):
    at_ms: int


class Rang(msgspec.Struct, tag="rang", tag_field="type", frozen=True):
    at_ms: int


class Broke(msgspec.Struct, tag="broke", tag_field="type", frozen=True):
    pass


Event: TypeAlias = Added | Sent | AlarmSet | Rang | Broke


class Tally:
    __slots__ = ("adds", "alarm", "last_push", "rang_at", "total")

    def __init__(self) -> None:
        self.total = 0
        self.adds = 0
        self.alarm: Timer | None = None
        self.rang_at = 0
        self.last_push = 0


class View(msgspec.Struct, frozen=True):
    total: int
    adds: int
    rang_at: int


class TallyType(EntityType[Tally]):
    kind = "tally"
    topic = "tallies"
    event_type: Any = Event
    command_type: Any = Add | Send | SetAlarm | Break
    fresh_codes = frozenset({"too_late"})
    fresh_roles = frozenset({"host"})
    limit = 10_000_000

    def create(self, id: str) -> Tally:
        return Tally()

    def decide(self, state: Tally, command: Any, ctx: Context) -> Decision | Rejected:
        match command:
            case Add(n) if state.rang_at:
                return Rejected("too_late", "the alarm rang")
            case Add(n) if n > self.limit:
                return Rejected("too_much", f"{n} is over {self.limit}")
            case Add(n):
                return Decision((Added(n),), {"total": state.total + n})
            case Send(to, n):
                return Decision((Sent(to, n),), {})
            case SetAlarm(at_ms):
                return Decision((AlarmSet(at_ms),), {})
            case Break("decide"):
                raise RuntimeError("planted in decide")
            case Break():
                return Decision((Broke(),), {})
        raise AssertionError(command)

    def fire(self, state: Tally, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        return (Rang(ctx.now_ms),)

    def apply(self, state: Tally, event: Any, seq: int, at_ms: int) -> None:
        match event:
            case Added(n):
                state.total += n
                state.adds += 1
            case AlarmSet(at):
                state.alarm = Timer(at, "alarm")
            case Rang(at):
                state.rang_at = at
                state.alarm = None
            case Broke():
                state.total += 1
                raise RuntimeError("planted in apply")

    def due(self, state: Tally) -> Timer | None:
        return state.alarm

    def pushes(self, state: Tally, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        prev, state.last_push = state.last_push, seq
        return (Push("all", prev, events, True),)

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        return [Reaction("tally", to, Add(e.n)) for e in events if isinstance(e, Sent) for to in e.to]

    def query(self, state: Tally, query: Any, ctx: Context) -> Any:
        return View(state.total, state.adds, state.rang_at)

    def encode(self, state: Tally) -> Iterator[bytes]:
        alarm = state.alarm.due_ms if state.alarm else 0
        yield msgspec.json.encode([state.total, state.adds, alarm, state.rang_at, state.last_push])

    def decode(self, id: str, parts: Sequence[bytes]) -> Tally:
        state = Tally()
        state.total, state.adds, alarm, state.rang_at, state.last_push = msgspec.json.decode(parts[0])
        state.alarm = Timer(alarm, "alarm") if alarm else None
        return state

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Tally]:
        """Rebuild in one step: it is small."""
        yield sum(map(len, parts))
        return self.decode(id, parts)

    def weight(self, state: Tally) -> int:
        return 100
