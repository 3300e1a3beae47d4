"""The player as an entity: hunts joined, inventory, totals. Fed by reactions alone; never refuses one. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, EntityType, Push, Reaction, Rejected, Timer
from huntserver.game.player.commands import (
    AwardTreasure,
    ChangeTeam,
    CloseHunt,
    CreditSolve,
    EnterHunt,
    LeaveHunt,
    PlayerCommand,
    ProfileQuery,
    ReopenHunt,
    TakeCredit,
)
from huntserver.game.player.events import (
    AnyPlayerEvent,
    Awarded,
    Closed,
    Credited,
    CreditTaken,
    Entered,
    LeftHunt,
    PlaceWithdrawn,
    SetAside,
    TeamChanged,
)

SHOWN: Final = (Awarded, Closed, PlaceWithdrawn, TeamChanged, LeftHunt)
HUNTS_MAX: Final = 2_000
INVENTORY_MAX: Final = 10_000


class Joining(msgspec.Struct, array_like=True):
    """One hunt in a player's life. `place` is -1 until the hunt has ended."""

    hunt: str
    title: str
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

    id: str
    hunts: dict[str, Joining] = {}
    inventory: list[Item] = []
    solves: int = 0
    firsts: int = 0
    wins: int = 0
    set_aside: int = 0
    seq: int = 0


class HuntRow(msgspec.Struct, frozen=True):
    """A hunt on a player's page. `place`: 0 out of the standings, null while it is on."""

    hunt: str
    title: str
    team: str
    points: int
    solves: int
    place: int | None


class ItemRow(msgspec.Struct, frozen=True):
    """A piece of treasure on a player's page."""

    hunt: str
    treasure: str
    title: str
    rank: int
    at_ms: int


class ProfileView(msgspec.Struct, frozen=True):
    """A player's own page. `channels` as in a hunt's membership."""

    player: str
    points: int
    solves: int
    firsts: int
    wins: int
    hunts: list[HuntRow]
    inventory: list[ItemRow]
    channels: dict[str, int]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Player).decode


class PlayerType(EntityType[Player]):
    """Behaviour of players: see `actors.entity.EntityType`."""

    kind = "player"
    topic = "players"
    event_type: Any = AnyPlayerEvent
    command_type: Any = PlayerCommand
    fresh_codes: frozenset[str] = frozenset()
    fresh_roles = frozenset({"host", "admin"})

    def create(self, id: str) -> Player:
        """Return a player nothing happened to."""
        return Player(id)

    def decide(self, state: Player, command: Any, ctx: Context) -> Decision | Rejected:
        """Turn a reaction into its event; one that does not fit is set aside, not refused."""
        if not ctx.by.startswith("entity:hunt/"):
            return Rejected("not_allowed", "a player's record follows from hunts alone")
        why = _misfit(state, command)
        if why:
            return Decision((SetAside(command.__struct_config__.tag, command.hunt, why),), {})
        match command:
            case EnterHunt(hunt, title, team, admitted):
                return Decision((Entered(hunt, title, team, admitted),), {})
            case ChangeTeam(hunt, team, title):
                return Decision((TeamChanged(hunt, team, title),), {})
            case LeaveHunt(hunt, team, kicked):
                return Decision((LeftHunt(hunt, team, kicked),), {})
            case CreditSolve(hunt, clue, points, first):
                return Decision((Credited(hunt, clue, points, first),), {})
            case TakeCredit(hunt, clue, points, first):
                return Decision((CreditTaken(hunt, clue, points, first),), {})
            case AwardTreasure(hunt, treasure, title, rank):
                return Decision((Awarded(hunt, treasure, title, rank),), {})
            case CloseHunt(hunt, place, points):
                return Decision((Closed(hunt, place, points),), {})
            case ReopenHunt(hunt):
                return Decision((PlaceWithdrawn(hunt),), {})
        raise AssertionError(command)

    def fire(self, state: Player, timer: str, ctx: Context) -> Sequence[Any]:
        """Players have no timers."""
        raise AssertionError(timer)

    def apply(self, state: Player, event: Any, seq: int, at_ms: int) -> None:
        """Change the state by one event."""
        match event:
            case Entered(hunt, title, team):
                state.hunts[hunt] = Joining(hunt, title, team)
            case TeamChanged(hunt, team, title):
                state.hunts.setdefault(hunt, Joining(hunt, title, team)).team = team
            case LeftHunt(hunt, team):
                del state.hunts[hunt]
            case Credited(hunt, _, points, first):
                joining = state.hunts[hunt]
                joining.points += points
                joining.solves += 1
                state.solves += 1
                state.firsts += first
            case CreditTaken(hunt, _, points, first):
                joining = state.hunts[hunt]
                joining.points -= points
                joining.solves -= 1
                state.solves -= 1
                state.firsts -= first
            case Awarded(hunt, treasure, title, rank):
                state.inventory.append(Item(hunt, treasure, title, rank, at_ms))
            case Closed(hunt, place, points):
                joining = state.hunts[hunt]
                joining.place, joining.points = place, points
                state.wins += place == 1
            case PlaceWithdrawn(hunt):
                joining = state.hunts[hunt]
                state.wins -= joining.place == 1
                joining.place = -1
            case SetAside():
                state.set_aside += 1

    def due(self, state: Player) -> Timer | None:
        """Players have no timers."""
        return None

    def pushes(self, state: Player, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Show treasures, results and changes of teams to the player's own sessions."""
        shown = tuple(e for e in events if isinstance(e, SHOWN) or (isinstance(e, Entered) and e.admitted))
        if not shown:
            return ()
        prev, state.seq = state.seq, seq
        return (Push(f"player:{state.id}", prev, shown),)

    def reactions(self, events: Sequence[Any], id: str) -> Sequence[Reaction]:
        """Nothing follows from a player's events."""
        return ()

    def query(self, state: Player, query: Any, ctx: Context) -> Any:
        """Answer a `ProfileQuery`."""
        assert isinstance(query, ProfileQuery)
        if ctx.by != f"p:{state.id}" and ctx.role not in ("admin", "system"):
            return Rejected("not_allowed", "a profile is shown to its player alone")
        hunts = [
            HuntRow(j.hunt, j.title, j.team, j.points, j.solves, j.place if j.place >= 0 else None)
            for j in state.hunts.values()
        ]
        return ProfileView(
            player=state.id,
            points=sum(j.points for j in state.hunts.values()),
            solves=state.solves,
            firsts=state.firsts,
            wins=state.wins,
            hunts=hunts,
            inventory=[ItemRow(i.hunt, i.treasure, i.title, i.rank, i.at_ms) for i in state.inventory],
            channels={f"player:{state.id}": state.seq},
        )

    def encode(self, state: Player) -> Iterator[bytes]:
        """Yield one part."""
        yield _encode(state)

    def decode(self, id: str, parts: Sequence[bytes]) -> Player:
        """Rebuild a state. Raises ValueError for bad bytes (msgspec's errors are)."""
        if len(parts) != 1:
            raise ValueError(f"a player has 1 part, these are {len(parts)}")
        return _decode(parts[0])

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Player]:
        """Rebuild in one step: it is small."""
        yield sum(map(len, parts))
        return self.decode(id, parts)

    def weight(self, state: Player) -> int:
        """Return an estimate of the memory in bytes."""
        return 600 + 400 * len(state.hunts) + 350 * len(state.inventory)


def _misfit(state: Player, command: Any) -> str:
    """Return why a reaction cannot be applied, or ""."""
    known = command.hunt in state.hunts
    match command:
        case EnterHunt() if known:
            return "in this hunt already"
        case EnterHunt() | ChangeTeam() if not known:
            return "too many hunts" if len(state.hunts) >= HUNTS_MAX else ""
        case _ if not known:
            return "not in this hunt"
        case AwardTreasure() if len(state.inventory) >= INVENTORY_MAX:
            return "the inventory is full"
        case CloseHunt() if state.hunts[command.hunt].place >= 0:
            return "this hunt is closed already"
        case ReopenHunt() if state.hunts[command.hunt].place < 0:
            return "this hunt is open"
    return ""
