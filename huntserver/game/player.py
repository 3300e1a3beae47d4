"""The player as an entity: hunts joined, inventory, totals. Fed by reactions alone; never refuses one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from actors.entity import Context, Decision, Push, Reaction, Rejected, Timer
from huntserver.game.commands import AwardTreasure, CloseHunt, CreditSolve, EnterHunt, PlayerCommand, ProfileQuery


class PlayerEvent(msgspec.Struct, frozen=True, tag_field="type", gc=False, omit_defaults=True):
    """Root of a player's events."""


class Entered(PlayerEvent, tag="entered", frozen=True, gc=False):
    """Joined a hunt."""

    hunt: str
    team: str


class Credited(PlayerEvent, tag="credited", frozen=True, gc=False):
    """The team solved a clue."""

    hunt: str
    clue: str
    points: int
    first: bool = False


class Awarded(PlayerEvent, tag="awarded", frozen=True, gc=False):
    """A piece of treasure came into the inventory."""

    hunt: str
    treasure: str
    title: str
    rank: int


class Closed(PlayerEvent, tag="closed", frozen=True, gc=False):
    """A hunt ended at this place."""

    hunt: str
    place: int
    points: int


class SetAside(PlayerEvent, tag="set_aside", frozen=True, gc=False):
    """A reaction that could not be applied, kept and counted: `what` names it, `why` the reason."""

    what: str
    hunt: str
    why: str


AnyPlayerEvent: TypeAlias = Entered | Credited | Awarded | Closed | SetAside


class Joining(msgspec.Struct, array_like=True):
    """One hunt in a player's life."""

    hunt: str
    team: str
    points: int = 0
    solves: int = 0
    place: int = -1


class Item(msgspec.Struct, array_like=True, frozen=True):
    """One piece of treasure."""

    hunt: str
    treasure: str
    title: str
    rank: int
    at_ms: int


class Player(msgspec.Struct, array_like=True):
    """The state."""

    hunts: dict[str, Joining] = {}
    inventory: list[Item] = []
    points: int = 0
    solves: int = 0
    firsts: int = 0
    wins: int = 0
    set_aside: int = 0
    seq: int = 0


class Profile(msgspec.Struct, frozen=True):
    """A player's own page."""

    player: str
    points: int
    solves: int
    firsts: int
    wins: int
    hunts: list[dict[str, Any]]
    inventory: list[dict[str, Any]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, Player]).decode


class PlayerType:
    """Behaviour of players: see `actors.entity.EntityType`."""

    kind = "player"
    topic = "players"
    event_type: Any = AnyPlayerEvent
    command_type: Any = PlayerCommand

    def create(self, id: str) -> Player:
        """Return a player nothing happened to."""
        return Player()

    def decide(self, state: Player, command: Any, ctx: Context) -> Decision | Rejected:
        """Turn a reaction into its event; one that does not fit is set aside, not refused."""
        if not ctx.by.startswith("entity:hunt/"):
            return Rejected("not_allowed", "a player's record follows from hunts alone")
        if not isinstance(command, EnterHunt) and command.hunt not in state.hunts:
            return Decision((SetAside(type(command).__name__, command.hunt, "not in this hunt"),), {})
        match command:
            case EnterHunt(hunt, team):
                return Decision((Entered(hunt, team),), {})
            case CreditSolve(hunt, clue, points, first):
                return Decision((Credited(hunt, clue, points, first),), {})
            case AwardTreasure(hunt, treasure, title, rank):
                return Decision((Awarded(hunt, treasure, title, rank),), {})
            case CloseHunt(hunt, place, points):
                return Decision((Closed(hunt, place, points),), {})
        raise AssertionError(command)

    def fire(self, state: Player, timer: str, ctx: Context) -> Sequence[Any]:
        """Players have no timers."""
        raise AssertionError(timer)

    def apply(self, state: Player, event: Any, seq: int, at_ms: int) -> None:
        """Change the state by one event."""
        match event:
            case Entered(hunt, team):
                state.hunts.setdefault(hunt, Joining(hunt, team))
            case Credited(hunt, _, points, first):
                joining = state.hunts[hunt]
                joining.points += points
                joining.solves += 1
                state.points += points
                state.solves += 1
                state.firsts += first
            case Awarded(hunt, treasure, title, rank):
                state.inventory.append(Item(hunt, treasure, title, rank, at_ms))
            case Closed(hunt, place, points):
                state.hunts[hunt].place = place
                state.hunts[hunt].points = points
                state.wins += place == 1
            case SetAside():
                state.set_aside += 1

    def due(self, state: Player) -> Timer | None:
        """Players have no timers."""
        return None

    def pushes(self, state: Player, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Show treasures and results to the player's own sessions."""
        shown = [e for e in events if isinstance(e, Awarded | Closed)]
        if not shown:
            return ()
        prev, state.seq = state.seq, seq
        return (Push("player", prev, shown),)

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        """Nothing follows from a player's events."""
        return ()

    def query(self, state: Player, query: Any, ctx: Context) -> Any:
        """Answer a `ProfileQuery`."""
        assert isinstance(query, ProfileQuery)
        hunts = [
            {"hunt": j.hunt, "team": j.team, "points": j.points, "solves": j.solves, "place": j.place}
            for j in state.hunts.values()
        ]
        items = [
            {"hunt": i.hunt, "treasure": i.treasure, "title": i.title, "rank": i.rank, "at_ms": i.at_ms}
            for i in state.inventory
        ]
        return Profile(ctx.by.partition(":")[2], state.points, state.solves, state.firsts, state.wins, hunts, items)

    def encode(self, state: Player) -> Iterator[bytes]:
        """Yield one part."""
        yield _encode(("1", state))

    def decode(self, id: str, parts: Sequence[bytes]) -> Player:
        """Rebuild a state. Raises ValueError for bad bytes."""
        return _decode(parts[0])[1]

    def weight(self, state: Player) -> int:
        """Return an estimate of the memory in bytes."""
        return 600 + 300 * len(state.hunts) + 250 * len(state.inventory)
