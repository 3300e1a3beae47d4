"""What hunts tell players (reactions), and what players are asked. Pure data."""

from __future__ import annotations

from typing import TypeAlias

from actors.entity import Reaction
from huntserver.game.command import Command, Query


class EnterHunt(Command, tag="enter_hunt", frozen=True):
    """The player has joined a hunt. `admitted`: let in after having asked, so no answer to a command says it."""

    hunt: str
    title: str
    team: str
    admitted: bool = False


class ChangeTeam(Command, tag="change_team", frozen=True):
    """The player is in another team of a hunt; who had left it has entered it again."""

    hunt: str
    team: str
    title: str


class LeaveHunt(Command, tag="leave_hunt", frozen=True):
    """The player has left a team and with it the hunt; `kicked`: was taken out."""

    hunt: str
    team: str
    kicked: bool = False


class CreditSolve(Command, tag="credit_solve", frozen=True):
    """The player's team solved a clue; `first` if before every other team."""

    hunt: str
    clue: str
    points: int
    first: bool


class TakeCredit(Command, tag="take_credit", frozen=True):
    """A host took back what `credit_solve` told."""

    hunt: str
    clue: str
    points: int
    first: bool


class AwardTreasure(Command, tag="award_treasure", frozen=True):
    """A piece of treasure, `rank`-th of its kind, for the player's inventory."""

    hunt: str
    treasure: str
    title: str
    rank: int


class CloseHunt(Command, tag="close_hunt", frozen=True):
    """The hunt has ended; the team's place (1 is first; 0 when it is out of the standings) and points."""

    hunt: str
    place: int
    points: int


class ReopenHunt(Command, tag="reopen_hunt", frozen=True):
    """The hunt goes on after all: the place told by `close_hunt` does not hold."""

    hunt: str


PlayerCommand: TypeAlias = (
    EnterHunt | ChangeTeam | LeaveHunt | CreditSolve | TakeCredit | AwardTreasure | CloseHunt | ReopenHunt
)


class ProfileQuery(Query, tag="profile", frozen=True):
    """A player's own page: hunts joined, inventory, totals (asked of the player entity)."""


def to_player(by: str, command: PlayerCommand) -> Reaction:
    """Address a command to the player entity of a member (`p:ID`)."""
    return Reaction("player", by.partition(":")[2], command)
