"""The hunt as an entity: the one place that ties its features together. Pure.

A new feature is a file in `features` and a row in `FEATURES`; unions and tables are derived from that list.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Union

from actors.entity import Context, Decision, EntityType, Push, Reaction, Rejected, Timer
from huntserver.game import stored
from huntserver.game.channels import Telling
from huntserver.game.event import HostEvent
from huntserver.game.feature import AnswersTo, Apply, Decide, Feature, Makes, React, Show, Takes, Times
from huntserver.game.features import (
    admitting,
    amending,
    announcing,
    answering,
    asking,
    auditing,
    authoring,
    beginning,
    big_board,
    captaincy,
    checking_in,
    clearing,
    committing,
    completing,
    copying,
    enrolling,
    erasing,
    errata,
    extra_time,
    freezing,
    guessing,
    handing_in,
    hints,
    joining,
    leaderboard,
    leaving,
    media,
    merging,
    missing,
    moving,
    naming,
    overview,
    page,
    pairing,
    placing,
    queueing,
    releasing,
    reopening,
    rescheduling,
    reviewing,
    roles,
    scanning,
    schedule,
    solutions,
    solving,
    standing,
    treasures,
    unofficial,
    unsolving,
)
from huntserver.game.features.completing import PartSolved
from huntserver.game.features.guessing import Guessed, apply_guessed, replay_guessed, show_guessed
from huntserver.game.features.solving import Solved
from huntserver.game.permission import WATCHER, role_of
from huntserver.game.sealing import SealedFold, opened, sealed
from huntserver.game.state import Hunt
from huntserver.game.vault import Vault

FEATURES: Final[tuple[Feature, ...]] = (
    joining.FEATURE,
    guessing.FEATURE,
    scanning.FEATURE,
    checking_in.FEATURE,
    missing.FEATURE,
    solving.FEATURE,
    completing.FEATURE,
    unsolving.FEATURE,
    hints.FEATURE,
    asking.FEATURE,
    answering.FEATURE,
    queueing.FEATURE,
    handing_in.FEATURE,
    reviewing.FEATURE,
    treasures.FEATURE,
    authoring.FEATURE,
    media.FEATURE,
    amending.FEATURE,
    beginning.FEATURE,
    releasing.FEATURE,  # before the schedule: what opens at the end's own time opens before it
    freezing.FEATURE,  # before the end of the same time
    schedule.FEATURE,
    rescheduling.FEATURE,
    reopening.FEATURE,
    extra_time.FEATURE,
    clearing.FEATURE,
    placing.FEATURE,
    announcing.FEATURE,
    errata.FEATURE,
    standing.FEATURE,
    unofficial.FEATURE,
    naming.FEATURE,
    roles.FEATURE,
    pairing.FEATURE,
    leaving.FEATURE,
    captaincy.FEATURE,
    enrolling.FEATURE,
    admitting.FEATURE,
    moving.FEATURE,
    merging.FEATURE,
    erasing.FEATURE,
    page.FEATURE,
    leaderboard.FEATURE,
    overview.FEATURE,
    auditing.FEATURE,
    big_board.FEATURE,
    copying.FEATURE,
    solutions.FEATURE,
    committing.FEATURE,
)

TAKES: Final[tuple[Takes, ...]] = tuple(row for f in FEATURES for row in f.takes)
MAKES: Final[tuple[Makes, ...]] = tuple(row for f in FEATURES for row in f.makes)
ANSWERS: Final[tuple[AnswersTo, ...]] = tuple(row for f in FEATURES for row in f.answers)
TIMES: Final[tuple[Times, ...]] = tuple(row for f in FEATURES for row in f.times)

HuntCommand: Final[Any] = Union[(*(row.command for row in TAKES),)]
HuntEvent: Final[Any] = Union[(*(row.event for row in MAKES),)]
"""The closed unions of which decoders are made; made at run time, so of any type to mypy."""

DECIDE: Final[dict[type, Decide]] = {row.command: row.decide for row in TAKES}
QUERY: Final[dict[type, Callable[[Hunt, Any, Context], Any]]] = {row.query: row.answer for row in ANSWERS}
APPLY: Final[dict[type, Apply]] = {row.event: row.apply for row in MAKES}
SHOW: Final[dict[type, Show]] = {row.event: row.show for row in MAKES if row.show is not None}
REACT: Final[dict[type, React]] = {row.event: row.react for row in MAKES if row.react is not None}
UNDO: Final[dict[type, Callable[[Any], str]]] = {row.event: row.undo for row in MAKES if row.undo is not None}
MOVES_TIMERS: Final = frozenset(row.event for row in MAKES if row.times)


def apply(state: Hunt, event: Any, seq: int, at_ms: int) -> None:
    """Change the state by one event of the record with the hunt's seq `seq`, written at `at_ms`."""
    of = event.__class__
    if of is Guessed:  # nearly all records: spares two look-ups
        apply_guessed(state, event, at_ms)
        return
    APPLY[of](state, event, at_ms)
    if of in MOVES_TIMERS:
        state.timer = next_timer(state)
    if isinstance(event, HostEvent) or (isinstance(event, Solved | PartSolved) and event.given and event.how == "host"):
        undo = UNDO.get(of)
        auditing.note(state, event, seq, at_ms, undo(event) if undo is not None else "")


def next_timer(state: Hunt) -> Timer | None:
    """Derive the timer that fires next; of two at one time, the one of the earlier feature."""
    due = [timer for row in TIMES if (timer := row.due(state)) is not None]
    return min(due, key=lambda timer: timer.due_ms) if due else None


def pushes(state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
    """Return the record's pushes."""
    if events[0].__class__ is Guessed:  # nearly all records: spares what the others need
        return show_guessed(state, events, seq)
    tell = Telling(state, seq)
    for event in events:
        show = SHOW.get(event.__class__)
        if show is not None:
            show(tell, state, event)
    state.opened = []
    return tell.made


def reactions(events: Sequence[Any], hunt: str) -> Sequence[Reaction]:
    """Return the commands that follow from a record's events, in order. A function of the events alone."""
    if events[0].__class__ is Guessed:
        return ()
    return [r for event in events if (react := REACT.get(event.__class__)) is not None for r in react(event, hunt)]


def decode(id: str, parts: Sequence[bytes], vault: Vault | None = None) -> Hunt:
    """Rebuild a hunt. Raises ValueError for bad bytes (msgspec's errors are)."""
    steps = decode_steps(id, parts, vault)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


def decode_steps(id: str, parts: Sequence[bytes], vault: Vault | None = None) -> Generator[int, None, Hunt]:
    """Rebuild a hunt in steps; see `actors.entity.EntityType`. Raises ValueError as `decode` does."""
    state = yield from stored.decode_steps(id, parts, vault)
    state.timer = next_timer(state)
    return state


def _by_class(table: dict[type, Any], cls: type) -> Any:
    """Find what deals with a class; the wire's structs are subclasses of the game's commands."""
    for base in cls.__mro__:
        if base in table:
            return table[base]
    raise AssertionError(f"no rule for {cls.__name__}")


NOT_WATCHING: Final = Rejected("not_allowed", "this link is not for this hunt, or was taken back")


class HuntType(EntityType[Hunt]):
    """Behaviour of hunts: see `actors.entity.EntityType`.

    With a `vault`, what is personal is sealed in the log and in snapshots, and opened with it; with `seals` off it is
    only opened.
    """

    kind = "hunt"
    topic = "hunts"
    event_type: Any = HuntEvent
    command_type: Any = HuntCommand
    fresh_codes = frozenset({"too_late", "lost"})
    fresh_roles = frozenset({"host", "admin"})

    # Plain functions, without a method around them: two calls fewer for every record that is replayed.
    apply: Any = staticmethod(apply)
    pushes: Any = staticmethod(pushes)
    reactions: Any = staticmethod(reactions)
    encode: Any = staticmethod(stored.encode)
    replayed: Any = MappingProxyType({Guessed: replay_guessed})

    def __init__(self, vault: Vault | None = None, *, seals: bool = True) -> None:
        self._decide: dict[type, Decide] = dict(DECIDE)
        self._query = dict(QUERY)
        self._vault = vault
        if vault is not None:
            reading = SealedFold(vault, apply, pushes)
            self.apply, self.pushes, self.readable = reading.apply, reading.pushes, reading.readable
            self.replayed = {Guessed: reading.replay_guessed}
            self.opened = partial(opened, vault)
            self.seal = partial(sealed, vault) if seals else None
            self.encode = stored.encode if seals else partial(stored.encode, seals=False)

    def create(self, id: str) -> Hunt:
        """Return a hunt that does not exist yet."""
        made = Hunt(id)
        made.vault = self._vault
        return made

    def decode(self, id: str, parts: Sequence[bytes]) -> Hunt:
        """Rebuild a hunt. Raises ValueError for bad bytes."""
        return decode(id, parts, self._vault)

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Hunt]:
        """Rebuild a hunt in steps. Raises ValueError as `decode` does."""
        return decode_steps(id, parts, self._vault)

    def fold(self, state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> None:
        """Apply a record that was read, as a replay does: making its pushes settles what they tell of."""
        for event in events:
            self.apply(state, event, seq, at_ms)
        self.pushes(state, events, seq, at_ms)

    def decide(self, state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
        """Judge a command by the rule for its class."""
        rule = self._decide.get(command.__class__)
        if rule is None:
            rule = self._decide[command.__class__] = _by_class(DECIDE, command.__class__)
        return rule(state, command, ctx)

    def fire(self, state: Hunt, timer: str, ctx: Context) -> Sequence[Any]:
        """Return a due timer's events."""
        return next(row for row in TIMES if timer.startswith(row.name)).fire(state, ctx)

    def due(self, state: Hunt) -> Timer | None:
        """Return the next timer; kept by `apply`."""
        return state.timer

    def query(self, state: Hunt, query: Any, ctx: Context) -> Any:
        """Answer a question by its class."""
        view = self._query.get(query.__class__)
        if view is None:
            view = self._query[query.__class__] = _by_class(QUERY, query.__class__)
        if ctx.role == WATCHER and not role_of(state, ctx):
            return NOT_WATCHING
        return view(state, query, ctx)

    def weight(self, state: Hunt) -> int:
        """Return an estimate of the memory in bytes."""
        return 20_000 + 8 * len(state.source) + 900 * len(state.teams) + 200 * len(state.members) + 300 * state.attempts
