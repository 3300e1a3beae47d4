"""One team of a hunt, and what it tried at each clue. Changed only by what features apply. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.standings import Rank
from huntserver.game.unusual import TeamMore

TRIED_MAX: Final = 64


class Attempt:
    """What a team tried at one clue: wrong guesses, until when it waits (play time), marks of the youngest guesses."""

    __slots__ = ("tried", "until", "wrong")

    def __init__(self, wrong: int = 0, until: int = 0, tried: bytes = b"") -> None:
        self.wrong = wrong
        self.until = until
        self.tried = tried

    def has_tried(self, mark: bytes) -> bool:
        """Tell whether the mark (4 bytes) is among the youngest 64."""
        at = self.tried.find(mark)
        while at > 0 and at & 3:
            at = self.tried.find(mark, at + 1)
        return at >= 0


class Team:
    """One team, or one solo player. `channel` is where its pushes go, `seq` the last one's.

    `names` are its members' names, empty for a solo player, whose name is the team's. `opened` holds the play time at
    which a clue with timed hints opened, where that was not the start. `hints` are numbers (`Plan.hint_number`).
    """

    __slots__ = (
        "attempts",
        "bracket",
        "channel",
        "hints",
        "id",
        "index",
        "invite",
        "members",
        "more",
        "name",
        "names",
        "opened",
        "out",
        "rank",
        "score",
        "score_at",
        "seq",
        "solved",
        "treasures",
        "unlocked",
    )

    def __init__(self, id: str, index: int, name: str, *, bracket: str, invite: str) -> None:
        self.id = id
        self.index = index
        self.name = name
        self.bracket = bracket
        self.invite = invite
        self.channel = f"team:{id}"
        self.members: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()
        self.score = 0
        self.score_at = 0
        self.solved = 0
        self.unlocked = 0
        self.opened: dict[int, int] | None = None
        self.attempts: dict[int, Attempt] | None = None
        self.hints: tuple[int, ...] = ()
        self.treasures = 0
        self.out = False
        self.seq = 0
        self.more: TeamMore | None = None
        self.rank: Rank = ()

    @property
    def is_unofficial(self) -> bool:
        """Whether the team plays without counting."""
        return self.more is not None and self.more.unofficial

    @property
    def has_begun(self) -> bool:
        """Whether its own play has begun, where every team begins for itself."""
        return self.more is not None and self.more.began_ms >= 0

    @property
    def used_ms(self) -> int:
        """Own play when the score was reached, where every team begins for itself; else 0."""
        return self.more.tally.used_ms if self.more is not None and self.more.tally is not None else 0

    @property
    def stands(self) -> bool:
        """Whether the team is in the standings."""
        return not self.out and not self.is_unofficial

    @property
    def is_dissolved(self) -> bool:
        """Whether the team is no more."""
        return self.more is not None and self.more.dissolved
