"""What is stored of a hunt and of a team only where it is not as usual: by name, so that fields may be added. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from huntserver.game.commitment import Committed
from huntserver.game.desk import Desk
from huntserver.game.media import Medium

NOT_BEGUN: Final = -1
TAKEN_BACK: Final = -2
"""In the place of when a team began: it has not; a host took it back, so that it is not begun for it in turn."""


class AuditLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that a host did: the event's tag, who, why, its public fields as JSON, and what would undo it."""

    seq: int
    at_ms: int
    what: str
    by: str
    reason: str
    detail: str
    undo: str


class Staff(msgspec.Struct, omit_defaults=True):
    """Who runs a hunt beside its owner, or watches it: id -> (role, name); digests of codes: (role, until when)."""

    roles: dict[str, tuple[str, str]] = {}
    offers: dict[str, tuple[str, int]] = {}
    pairings: dict[str, tuple[str, int]] = {}
    """Digests of codes for new devices: (player, until when)."""


NO_STAFF: Final = Staff()


class HuntMore(msgspec.Struct, omit_defaults=True):
    """What is stored of a hunt only where it is not as usual, by name: new fields may be added, none renamed."""

    audit: list[AuditLine] = []
    starts_ms: int | None = None
    """The scheduled start, where it was moved; 0: by a host."""

    scheduled_end_ms: int | None = None
    """The end of the schedule, where it was moved before play began."""

    withdrawing: int = 0
    """How many final places were written when the hunt was reopened; 0: none is to be withdrawn."""

    reopened_ms: int = 0
    rejudging: dict[str, list[bytes]] = {}
    """Per clue, the marks of guesses that an amended definition made right; empty when all teams were looked at."""

    rejudge_ms: int = 0
    rejudge_next: int = 0
    rejudge_steps: int = 0
    reopenings: int = 0
    errata: dict[str, list[tuple[int, str]]] = {}
    """Per clue, what hosts corrected: (ms, text)."""

    left: dict[str, tuple[str, str]] = {}
    """Who left a team while the hunt ran: (team, name). Without a host they come back to that team only."""

    moved: dict[str, int] = {}
    """The seq at which a player came to the present team from another: what was seen before was not this team's."""

    asking: dict[str, tuple[str, str]] = {}
    """Who asks to be let in: (team, name)."""

    staff: Staff | None = None
    """Who else runs the hunt. (The fifteenth field; with more, MessagePack writes a longer header, and the bytes of
    every stored hunt change: put what comes next into a struct of its own under one of these.)"""


class TeamMore(msgspec.Struct, omit_defaults=True):
    """What is stored of a team only where it is not as usual, by name: new fields may be added, none renamed."""

    extra_ms: int = 0
    """Play that this team has beyond the hunt's end."""

    dissolved: bool = False
    """Nobody is in it and nobody will be: its name and its invite code are free."""

    enrolled: bool = False
    """A host brought it in: it stays when nobody is in it."""

    approval: bool = False
    """Who comes by the invite code is let in by the captain or a host."""

    unofficial: bool = False
    """It plays, and does not count: it is on nobody's board, and takes no rank, bonus or piece from others."""

    tally: TeamTally | None = None
    """What is counted of it where the hunt ranks by it."""

    began_ms: int = NOT_BEGUN
    """When it began, in play time of the hunt, where every team does so for itself."""

    released_s: int = 0
    """Of what waits for its own time, what is released."""

    loot: list[str] = []
    """What claims of treasures brought it."""

    held: list[HeldSolve] = []
    """What it solved while the standings are frozen: its players' totals, which others see, have it afterwards."""

    parts: dict[str, list[str]] = {}
    """Per compound clue the parts that are done, in the order in which they were."""

    done_at: dict[str, tuple[int, int]] = {}
    """Of compound clues with photos among their parts: when the last part was done, or its photo handed in: wall time
    and play time. What completes the clue counts as of then."""

    given: dict[str, GivenSolve] = {}
    """What a host gave it and can take back, by clue or by CLUE.PART."""

    vouched: bool = False
    """A host cleared its wait: what others try in vain does not hold it up."""


class TeamTally(msgspec.Struct, omit_defaults=True):
    """What is counted of a team where a hunt ranks by it or rewards rows: times are ms since 1970, of solves."""

    first_ms: int = 0
    last_ms: int = 0
    final_ms: int = 0
    wrong: int = 0
    """Wrong guesses, codes and check-ins, whatever was solved since."""

    row: int = 0
    """Solves in a row, the last of them at `row_ms` of play."""

    row_ms: int = 0
    used_ms: int = 0
    """Own play when its score was reached, where every team begins for itself."""


class GivenSolve(msgspec.Struct, array_like=True):
    """A solve that a host gave and can take back: its points and rank, by which `part` it came, who was credited, and
    what it changed: when the score was reached, and what is counted of the team, before and after."""

    points: int
    rank: int
    part: str
    members: list[str]
    before_ms: int
    after_ms: int
    before: TeamTally | None = None
    after: TeamTally | None = None


class HeldSolve(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A solve that is not told outside of the team yet."""

    clue: str
    points: int
    first: bool


class FrozenRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a team stood when the standings froze."""

    team: str
    score: int
    solved: int
    at_ms: int
    bracket: str
    finished: bool
    used_ms: int = 0


class Pool(msgspec.Struct, omit_defaults=True):
    """What is left of the tries in vain that teams of a standing have together: all of them at `full_ms`. `teams`: how
    many there were when hosts were told that they ran out; 0: they were not, or there are some again."""

    full_ms: int = 0
    teams: int = 0


class Curtain(msgspec.Struct):
    """Standings that are frozen since `at_ms`. `hidden`: so many places from the top are still to be revealed, the
    others are told as they are; -1: none is."""

    at_ms: int
    rows: list[FrozenRow]
    hidden: int = -1


class HuntRest(msgspec.Struct, omit_defaults=True):
    """More of the same of a hunt: new fields may be added, none renamed."""

    seed: int = 0
    """Of what teams draw, where the hunt has draws: rolled when play begins."""

    curtain: Curtain | None = None
    fastest: dict[str, tuple[int, str]] = {}
    """Per clue, the least own time in which a team has solved it, and the team, where every team begins for itself."""

    thaws: int = 0
    """How often a host let the standings go on, or revealed them, last at `thawed_ms`: from the first time on they do
    not freeze by themselves."""

    thawed_ms: int = 0
    media: dict[str, Medium] = {}
    """What the hunt holds beside its definition, by name."""

    desk: Desk | None = None
    """What waits for a host's eye."""

    committed: Committed | None = None
    """What was committed to before play began."""

    pools: dict[str, Pool] = {}
    """By way of trying and standing (`code.0`, `code.0.rest`): what all teams there may still try in vain."""

    erased: list[str] = []
    """Players that are erased: nobody comes in under these ids again."""

    nameless: dict[str, int] = {}
    """Teams whose name was erased, and how often: a name that is given afterwards has a key of its own."""

    written: str = ""
    """The TOML that the definition was read of, as its author wrote it; answers may have been accepted since."""
