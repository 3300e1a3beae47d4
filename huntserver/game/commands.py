"""The commands that hunts and players take: what a client, a host, a timer or another entity can ask for.

Pure data. The wire adds an envelope (request id, key, hunt) to those that clients may send (`huntserver.wire`).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Command(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=False, gc=False):
    """Root of all commands; the tag is the operation's name on the wire."""


# ---- players in a hunt


class Join(Command, tag="join", frozen=True):
    """Enter a hunt: alone, with a new team (`team` its name), or with `invite` into one that exists."""

    team: str | None = None
    invite: str | None = None
    bracket: str | None = None


class Guess(Command, tag="guess", frozen=True, gc=False):
    """Answer a text clue. `text` is at most 200 characters."""

    clue: str
    text: str


class Scan(Command, tag="scan", frozen=True):
    """Give a code read from the world (QR, NFC, or typed); the hunt knows which clue it belongs to."""

    code: str


class CheckIn(Command, tag="checkin", frozen=True):
    """Say where one is, in degrees (WGS 84); solves the location clues within reach, or the one named."""

    lat: float
    lon: float
    clue: str | None = None
    accuracy_m: float | None = None


class TakeHint(Command, tag="hint", frozen=True):
    """Take a hint of a clue and pay its price."""

    clue: str
    hint: str


class Claim(Command, tag="claim", frozen=True):
    """Claim one piece of a limited treasure."""

    treasure: str


# ---- hosts


class Create(Command, tag="create", frozen=True):
    """Make a hunt, owned by the sender. Its id is the envelope's `hunt`, or a hash of (sender, key)."""


class Define(Command, tag="define", frozen=True):
    """Give the hunt its definition, JSON text in normal form (at most 512 KiB); replaces a draft's earlier one."""

    definition: str


class Publish(Command, tag="publish", frozen=True):
    """Fix the version and open the doors: players may join."""


class Start(Command, tag="start", frozen=True):
    """Start play now."""


class Pause(Command, tag="pause", frozen=True):
    """Stop play; the time does not count."""


class Unpause(Command, tag="unpause", frozen=True):
    """Go on after a pause; ends and cool-downs move by its length."""


class End(Command, tag="end", frozen=True):
    """End play for good."""


class Extend(Command, tag="extend", frozen=True):
    """Move the end by `by_s` seconds."""

    by_s: int


class Announce(Command, tag="announce", frozen=True):
    """Tell everybody, or one team, or one bracket."""

    text: str
    team: str | None = None
    bracket: str | None = None


class Adjust(Command, tag="adjust", frozen=True):
    """Give or take points, with the reason the team is shown."""

    team: str
    points: int
    reason: str


class Disqualify(Command, tag="disqualify", frozen=True):
    """Take a team out of the standings and stop its play; `back` undoes it."""

    team: str
    reason: str
    back: bool = False


# ---- from hunts to players (reactions)


class EnterHunt(Command, tag="enter_hunt", frozen=True):
    """The player has joined a hunt."""

    hunt: str
    title: str
    team: str


class CreditSolve(Command, tag="credit_solve", frozen=True):
    """The player's team solved a clue; `first` if before every other team."""

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


PlayerCommand: TypeAlias = EnterHunt | CreditSolve | AwardTreasure | CloseHunt
ClientCommand: TypeAlias = (
    Join
    | Guess
    | Scan
    | CheckIn
    | TakeHint
    | Claim
    | Create
    | Publish
    | Start
    | Pause
    | Unpause
    | End
    | Extend
    | Announce
    | Adjust
    | Disqualify
)
HuntCommand: TypeAlias = ClientCommand | Define


# ---- questions


class Query(msgspec.Struct, frozen=True, tag_field="op"):
    """Root of all questions: they change nothing."""


class PageQuery(Query, tag="page", frozen=True):
    """All that one player may see of a hunt: title, phase, times, clues, hints, team, treasures, seqs of channels."""


class MembershipQuery(Query, tag="membership", frozen=True):
    """What a session needs to know to listen: may it, which team, the last seq of each of its channels."""


class BoardQuery(Query, tag="board", frozen=True):
    """The standings: the first `top` rows (1-500), overall or of a bracket, and the asker's own row."""

    bracket: str | None = None
    top: int = 50


class OverviewQuery(Query, tag="overview", frozen=True):
    """What a host sees: phase, counts, per-clue figures, teams. Never answers unless the sender is a host."""


class ProfileQuery(Query, tag="profile", frozen=True):
    """A player's own page: hunts joined, inventory, totals (asked of the player entity)."""


HuntQuery: TypeAlias = PageQuery | MembershipQuery | BoardQuery | OverviewQuery
