"""What an entity is: pure behaviour that turns commands into events and events into state.

Owns nothing and does nothing: no clock, no randomness, no sockets, no logging. The runtime (`actors.shard`) holds the
one working state of each entity, calls `decide`, writes the events, and lets answers and pushes out when they are
durable. Time and random numbers arrive in `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

State = TypeVar("State")


class Rejected(msgspec.Struct, frozen=True):
    """A refusal: the command is against the rules now. Nothing happened and nothing is logged.

    `code` stands in the error table; `msg` is for a person and never holds an answer or a token. `retry` tells whether
    the same command may be accepted later, `after_ms` when. `why` is a short chain of causes for "why?" questions.
    """

    code: str
    msg: str = ""
    retry: bool = False
    after_ms: int | None = None
    why: tuple[str, ...] | None = None


class Decision(NamedTuple):
    """An accepted command: its events (at least one) and the answer to its sender.

    `answer` is a msgspec struct (or dict) with verdicts and numbers, at most 200 bytes as JSON: it is kept for
    de-duplication and given again to a repeated command. Longer things travel in pushes.
    """

    events: Sequence[msgspec.Struct]
    answer: Any


class Push(msgspec.Struct, frozen=True, gc=False):
    """What one record shows on one channel: all its visible events, in one frame.

    A plain struct that the collector never looks at: rings keep hundreds of thousands of them, and a collection that
    walked them stopped the loop for a quarter of a second.

    `channel` is a name that the entity gives to one audience; `prev` is the seq of that channel's push before this one
    (0: none). `events` are the structs or views to show, encoded lazily and once. With `told` the answer says all of
    it, so the session that sent the command needs no second frame. `state` names conflated state that changed with
    this record, instead of events: who shows it asks for it at a rate of its own. `parted` names a client (`X:ID`) that
    may hear the channel no longer, instead of events: it is taken out before anything of this record is shown. With
    `can_wait` it hurries nobody: who shows it may give it together with later ones of its channel, a moment later.
    """

    channel: str
    prev: int
    events: Sequence[Any] = ()
    told: bool = False
    state: str | None = None
    parted: str = ""
    can_wait: bool = False

    @property
    def tells(self) -> bool:
        """Whether it is one of the channel's pushes, with events and a place in its chain."""
        return self.state is None and not self.parted


class Reaction(NamedTuple):
    """A command that follows from an event, to another entity, delivered until it is durable there, applied once."""

    kind: str
    id: str
    command: msgspec.Struct


class Timer(NamedTuple):
    """The next timer of an entity: fires as a command at `due_ms`; `id` is stable for what it is about."""

    due_ms: int
    id: str


class Context:
    """What a decision may know beside state and command. One object per shard, refilled for each command.

    `by` is who commands: a client (`X:ID`, one letter for what it is), `system`, `timer`, `entity:KIND/ID` for a
    reaction. `role` is `system` or one of the application's. `now_ms` never goes back within a shard. `roll` draws a
    random 53-bit integer: what is made of it goes into the event. `name` is the sender's display name from the
    token (personal). `seq` is the entity's seq that an accepted command will get. `key` is the command's id.
    """

    __slots__ = ("by", "key", "name", "now_ms", "role", "roll", "seq")

    def __init__(self) -> None:
        self.by = "system"
        self.role = "system"
        self.name = ""
        self.now_ms = 0
        self.roll: Callable[[], int] = int
        self.seq = 1
        self.key = ""


class EntityType(Protocol, Generic[State]):
    """Behaviour of one kind of entity. Stateless and pure; every method is deterministic in its arguments.

    A state is one mutable object per entity, changed only by `apply`. The same events in the same order give an equal
    state (and an equal `encode`) in any process, with any hash seed: never iterate over a set into anything stored.
    """

    kind: str
    topic: str
    event_type: Any
    """The closed union of tagged event structs (hand-written tags): the codec's decoder is made from it."""

    command_type: Any
    """The closed union of tagged command structs this kind takes, reactions included."""

    fresh_codes: frozenset[str]
    """Codes of refusals that must miss nothing: they leave only behind a batch handed to the log after the command."""

    fresh_roles: frozenset[str]
    """Roles whose every refusal must miss nothing, like those of `fresh_codes`."""

    seal: Callable[[State, Sequence[Any]], Sequence[Any]] | None = None
    """Returns a record's events as they are written, where that is not as they are; asked before they are applied."""

    readable: Callable[[str, Sequence[Push]], Sequence[Push]] | None = None
    """Returns the pushes of a replayed record of an entity, by its id, as they are shown, where a replay makes them of
    what is sealed."""

    replayed: Mapping[type, Callable[[State, Sequence[Any], int, int], Sequence[Push]]] = MappingProxyType({})
    """For events that nearly all records hold alone, and that nothing follows from: applies such a record, as read, and
    returns its pushes. The same as `apply` and `pushes`, in one call."""

    opened: Callable[[str, Any], Any] | None = None
    """Returns an event of an entity, by its id, with what is sealed in it, for who reads the log. Raises ValueError for
    what no key here has sealed."""

    def create(self, id: str) -> State:
        """Return the state of an entity with no events."""
        ...

    def decide(self, state: State, command: Any, ctx: Context) -> Decision | Rejected:
        """Judge a command on `state` without changing it."""
        ...

    def fire(self, state: State, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        """Return the events of the timer that `due` named and that is due by `ctx.now_ms`; at least one, and after
        they are applied `due` names another timer or a later time (else the runtime stops the entity)."""
        ...

    def apply(self, state: State, event: Any, seq: int, at_ms: int) -> None:
        """Change `state` by one event of the record with entity seq `seq`, written at `at_ms`. Never refuses."""
        ...

    def due(self, state: State) -> Timer | None:
        """Return the next timer, or None. O(1) or O(log n): asked after every command."""
        ...

    def pushes(self, state: State, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Return what the record shows, called once right after its events were applied, live and in replay.

        It also moves the channels' last seqs, which are part of the state. Its events must not refer to live state.
        """
        ...

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        """Return the commands that follow from a record's events, in a fixed order. Pure: no state."""
        ...

    def query(self, state: State, query: Any, ctx: Context) -> Any:
        """Compute a view (a msgspec struct, JSON-able) or a `Rejected`. Must not refer to live state afterwards."""
        ...

    def encode(self, state: State) -> Iterable[bytes]:
        """Yield the state in parts, each costing at most about 1 ms. No event is applied in between."""
        ...

    def decode(self, id: str, parts: Sequence[bytes]) -> State:
        """Rebuild a state from its parts, derived structures included. Raises ValueError for bad bytes."""
        ...

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, State]:
        """Rebuild like `decode`, yielding the size of each part once it is decoded, and return the state: a large
        entity is activated in many turns of the loop."""
        ...

    def weight(self, state: State) -> int:
        """Return an estimate of the state's memory in bytes; O(1)."""
        ...
