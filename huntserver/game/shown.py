"""What of a hunt is ever shown, as structs: pages, boards, overviews, events as others see them. Pure.

No field here may hold an accepted answer. Times are wall time in ms since 1970 and, where a pause can move them, right
until the next pause.
"""

from __future__ import annotations

import msgspec

from huntserver.game.hunt_events import Announced, Author, Guessed


class HintView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A hint, on offer from `offered_ms` on; `text` only when it was taken."""

    id: str
    price: int
    offered_ms: int
    text: str | None = None


class ClueView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A clue that a team can see. `number` counts from 1 in the order of the file; `points` is what it is worth now.

    `wrong`: the team's wrong guesses; `wait_until_ms`: no guess before. `final`: solving it finishes the hunt.
    """

    id: str
    number: int
    title: str
    text: str
    kind: str
    points: int
    solved: bool = False
    solved_text: str = ""
    hints: list[HintView] = []
    wrong: int = 0
    wait_until_ms: int = 0
    final: bool = False


class TreasureView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A treasure that a team can see, and how many pieces are left."""

    id: str
    title: str
    text: str
    points: int
    left: int
    mine: bool = False


class TeamView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The asker's own team. The first of `members` (names) made it: the captain. `place` 0: out of the standings."""

    id: str
    name: str
    score: int
    place: int
    members: tuple[str, ...]
    bracket: str = ""
    invite: str = ""
    finished: bool = False
    out: bool = False


class AnnouncementView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a host said, and when."""

    at_ms: int
    text: str


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that one player may see of a hunt; before joining: what it is, when, and how to enter.

    `channels` are those the asker may listen to, with the seq of the last push of each.
    """

    hunt: str
    title: str
    intro: str
    phase: str
    now_ms: int
    mode: str
    channels: dict[str, int]
    opens_ms: int = 0
    starts_ms: int = 0
    started_ms: int = 0
    ends_ms: int = 0
    paused_ms: int = 0
    brackets: list[str] = []
    clues_total: int = 0
    players: int = 0
    host: bool = False
    team: TeamView | None = None
    clues: list[ClueView] = []
    treasures: list[TreasureView] = []
    announcements: list[AnnouncementView] = []


class Membership(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which channels the asker may listen to, with the seq of the last push of each. `team` is empty for hosts."""

    ok: bool
    team: str
    channels: dict[str, int]


class Row(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the standings. `at_ms`: when the score was reached (ties go to the earlier)."""

    place: int
    team: str
    name: str
    score: int
    solved: int
    at_ms: int
    bracket: str = ""
    finished: bool = False


class Board(msgspec.Struct, frozen=True, omit_defaults=True):
    """The standings: how many teams stand, the first rows, and the asker's own."""

    teams: int
    rows: list[Row]
    mine: Row | None = None
    bracket: str = ""


class ClueFigures(msgspec.Struct, frozen=True, gc=False):
    """How a clue fares."""

    id: str
    title: str
    solves: int
    wrong: int


class Overview(msgspec.Struct, frozen=True):
    """What a host sees of a hunt: figures, the first 100 teams, the 30 youngest guesses that were not right."""

    hunt: str
    title: str
    phase: str
    owner: str
    digest: str
    players: int
    teams: int
    now_ms: int
    started_ms: int
    ends_ms: int
    clues: list[ClueFigures]
    treasures: dict[str, int]
    top: list[Row]
    guesses: list[tuple[int, Guessed]]
    announced: list[tuple[int, Announced]]


class Shown(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An event as it is shown on a channel; `type` is the event's, or `opened`, `first_finder`.

    `clue_number` stands for a clue where not everybody may know its id. `clues` and `treasures` have opened with it.
    """

    type: str
    team: str = ""
    name: str = ""
    by: str = ""
    clue: str = ""
    clue_number: int = 0
    treasure: str = ""
    title: str = ""
    verdict: str = ""
    reply: str = ""
    how: str = ""
    rank: int = 0
    left: int | None = None
    points: int = 0
    score: int | None = None
    text: str = ""
    reason: str = ""
    hint: str = ""
    back: bool = False
    final: bool = False
    ends_ms: int = 0
    for_ms: int = 0
    clues: list[ClueView] = []
    treasures: list[TreasureView] = []
    personal: Author | None = None
