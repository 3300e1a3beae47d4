"""What of a hunt is shown by several features, as structs: clues, treasures, rows, events as others see them. Pure.

No field here may hold an accepted answer. Times are wall time in ms since 1970 and, where a pause can move them, right
until the next pause.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Union

import msgspec

from huntserver.game.clues.kinds import KINDS
from huntserver.game.event import Author

Asks: Final[Any] = Union[(None, *(kind.shows for kind in KINDS.values() if kind.shows is not None))]
"""What a clue shows beside its text, by its kind."""


class HintView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A hint, on offer from `offered_ms` on; `text` only when it was taken. `needs`: hints that are taken before."""

    id: str
    price: int
    offered_ms: int
    text: str | None = None
    needs: list[str] = []


class ErratumView(msgspec.Struct, frozen=True, gc=False):
    """What a host corrected in a clue, and when."""

    at_ms: int
    text: str


class Sinks(msgspec.Struct, frozen=True, gc=False):
    """Points that sink with time: evenly from what they are worth at `from_ms` to `least` at `to_ms`."""

    from_ms: int
    to_ms: int
    least: int


class PartView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How a part of a clue stands: it is done, or there is no guess at it before `wait_until_ms`."""

    id: str
    done: bool = False
    wrong: int = 0
    wait_until_ms: int = 0


class ClueView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A clue that a team can see. `number` counts from 1 in the order of the file; `points` is what it is worth
    now, or was when it opened, where that `sinks` with time.

    `wrong`: the team's wrong guesses; `wait_until_ms`: no guess before. `final`: solving it finishes the hunt. `asks`:
    what its kind shows beside the text. `errata`: what hosts corrected, oldest first.
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
    asks: Asks = None
    errata: list[ErratumView] = []
    sinks: Sinks | None = None
    round: str = ""
    fed_by: list[int] = []
    """Of a meta: the numbers of the clues that feed it."""

    parts: list[PartView] = []
    """Of a compound clue: the parts that are done or were tried; what they say is in `asks`."""


class OwnClue(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A clue that a team can see without what is the same for all: that is in a block (`huntserver.game.texts`).

    `opened_ms`: where it has hints; each is on offer from its `after_ms` after that on. `taken`: texts of hints by id.
    The rest as in `ClueView`.
    """

    id: str
    number: int
    points: int
    solved: bool = False
    solved_text: str = ""
    opened_ms: int = 0
    taken: dict[str, str] = {}
    wrong: int = 0
    wait_until_ms: int = 0
    errata: list[ErratumView] = []
    sinks: Sinks | None = None
    round: str = ""
    fed_by: list[int] = []
    parts: list[PartView] = []


class SharedClues(list[OwnClue]):
    """Clues that are the same in the pages of many teams. Never changed: `encoded` keeps what they are as bytes, by
    encoding, for whoever sends them."""

    __slots__ = ("encoded",)

    def __init__(self, clues: Iterable[OwnClue]) -> None:
        super().__init__(clues)
        self.encoded: dict[bool, msgspec.Raw] = {}


class RoundView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A round of which a clue is open to the team."""

    id: str
    title: str
    text: str = ""


class OwnTreasure(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A treasure that a team can see without what is the same for all, which is in a block."""

    id: str
    left: int
    mine: bool = False
    tier: str = ""
    loot: list[str] = []
    from_ms: int = 0
    until_ms: int = 0


class TreasureView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A treasure that a team can see, and how many pieces are left."""

    id: str
    title: str
    text: str
    points: int
    left: int
    mine: bool = False
    tier: str = ""
    loot: list[str] = []
    """What is or may be in it, by title: of one's own, what was."""

    from_ms: int = 0
    until_ms: int = 0
    """When it can be claimed; 0: as long as it is open."""


class LineView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A line of a thread; `name` is empty for hosts, whom teams are told of as hosts only."""

    at_ms: int
    text: str
    name: str = ""
    host: bool = False


class QuestionView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A question as its team sees it. `turn`: `host` or `team` is to say something, "": it is answered; `paid`: what it
    cost; `full`: the team can add nothing more."""

    id: str
    clue: str
    thread: list[LineView]
    turn: str = ""
    paid: int = 0
    closed: bool = False
    full: bool = False
    held_until_ms: int = 0
    """A host has taken it up, until then."""


class PhotoView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A photo as its team and hosts see it: at `address`, relative to the site, with their token in a header. `verdict`
    is empty while it waits; `why`: what is missing. `held_until_ms`: a host has taken it up, until then."""

    id: str
    clue: str
    at_ms: int
    name: str
    address: str
    width: int
    height: int
    verdict: str = ""
    why: str = ""
    held_until_ms: int = 0
    part: str = ""


class HelpView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """When questions may be asked, and what an answer costs: as in the hunt's file."""

    price: int = 0
    after_s: int = 0
    after_wrong: int = 0
    open_max: int = 1


class Row(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the standings. `at_ms`: when the score was reached (ties go to the earlier); `used_ms`: after so much
    own time, where every team begins for itself."""

    place: int
    team: str
    name: str
    score: int
    solved: int
    at_ms: int
    bracket: str = ""
    finished: bool = False
    used_ms: int = 0


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
    loot: str = ""
    tier: str = ""
    back: bool = False
    final: bool = False
    ends_ms: int = 0
    row: int = 0
    for_ms: int = 0
    starts_ms: int = 0
    clues: list[ClueView] = []
    treasures: list[TreasureView] = []
    rounds: list[RoundView] = []
    personal: Author | None = None
    question: QuestionView | None = None
    item: str = ""
    waiting: int | None = None
    """How much waits for a host."""

    photo: PhotoView | None = None

    part: str = ""
    done: int = 0
    """Parts of a clue that the team has done, of so many that are `needed`."""

    needed: int = 0
