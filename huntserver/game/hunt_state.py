"""The state of one hunt: phase, times, teams and what each has done. Changed only by `hunt_apply`. Pure.

Clues are numbered; what a team has solved and may see are bit masks. Judges, rules and standings are derived.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from actors.entity import Timer
from huntserver.game.answers import Judge
from huntserver.game.definition import Answer, Clue, Definition
from huntserver.game.standings import Standings
from huntserver.game.unlocks import Opens, compile_rule, parse

TRIED_MAX: Final = 64


class Phase(enum.IntEnum):
    """Where a hunt is in its life; NONE is a hunt that was never created."""

    NONE = 0
    DRAFT = 1
    PUBLISHED = 2
    RUNNING = 3
    PAUSED = 4
    ENDED = 5


class Attempt:
    """What a team tried at one clue: wrong guesses, until when it waits, marks of the youngest guesses."""

    __slots__ = ("tried", "until_ms", "wrong")

    def __init__(self, wrong: int = 0, until_ms: int = 0, tried: bytes = b"") -> None:
        self.wrong = wrong
        self.until_ms = until_ms
        self.tried = tried

    def has_tried(self, mark: bytes) -> bool:
        """Tell whether the mark (4 bytes) is among the youngest 64."""
        at = self.tried.find(mark)
        while at > 0 and at % 4:
            at = self.tried.find(mark, at + 1)
        return at >= 0


class Team:
    """One team, or one solo player. `channel` is where its pushes go, `seq` the last one's."""

    __slots__ = (
        "attempts",
        "bracket",
        "channel",
        "hints",
        "id",
        "index",
        "invite",
        "members",
        "name",
        "opened_ms",
        "out",
        "score",
        "score_at",
        "seq",
        "solved",
        "treasures",
        "unlocked",
    )

    def __init__(self, id: str, index: int, name: str, bracket: str, invite: str) -> None:
        self.id = id
        self.index = index
        self.name = name
        self.bracket = bracket
        self.invite = invite
        self.channel = f"team:{id}"
        self.members: list[str] = []
        self.score = 0
        self.score_at = 0
        self.solved = 0
        self.unlocked = 0
        self.opened_ms: dict[int, int] = {}
        self.attempts: dict[int, Attempt] = {}
        self.hints: tuple[str, ...] = ()
        self.treasures: tuple[str, ...] = ()
        self.out = False
        self.seq = 0


class Hunt:
    """See the module."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.phase = Phase.NONE
        self.owner = ""
        self.digest = ""
        self.source = ""
        self.definition: Definition | None = None
        self.started_ms = 0
        self.ends_ms = 0
        self.paused_ms = 0  # when the present pause began
        self.idle_ms = 0  # sum of the pauses so far
        self.ended_ms = 0
        self.released_s = 0  # clues that wait for this much play are open
        self.placed = 0  # players whose final place is written
        self.teams: dict[str, Team] = {}
        self.members: dict[str, Team] = {}
        self.invites: dict[str, Team] = {}
        self.names: dict[str, Team] = {}
        self.solves: list[int] = []  # per clue
        self.claims: list[int] = []  # per treasure
        self.hunt_seq = 0
        self.host_seq = 0
        self.announced: list[tuple[int, str]] = []
        # derived
        self.timer: Timer | None = None
        self.standings = Standings()
        self.clues: list[Clue] = []
        self.clue_index: dict[str, int] = {}
        self.judges: list[Judge | None] = []
        self.opens: list[Opens] = []
        self.after_s: list[int] = []
        self.codes: dict[str, int] = {}
        self.treasure_index: dict[str, int] = {}
        self.treasure_opens: list[Opens] = []
        # what the record being applied opened, for its pushes: (team, clue numbers)
        self.opened: list[tuple[Team, tuple[int, ...]]] = []

    def elapsed_s(self, at_ms: int) -> int:
        """Return the seconds of play at a time: pauses do not count."""
        if not self.started_ms:
            return 0
        until = self.paused_ms or self.ended_ms or at_ms
        return max(0, min(until, at_ms) - self.started_ms - self.idle_ms) // 1000

    def define(self, source: str, digest: str) -> None:
        """Take a definition and derive what judging needs from it."""
        d = self.definition = msgspec.json.decode(source.encode(), type=Definition)
        self.source, self.digest = source, digest
        self.clues = d.clues
        self.clue_index = {c.id: i for i, c in enumerate(d.clues)}
        self.judges = [_judge(c) for c in d.clues]
        rules = [parse(c.unlock) for c in d.clues]
        self.opens = [compile_rule(r, self.clue_index) for r in rules]
        treasure_rules = [parse(t.unlock) for t in d.treasures]
        self.treasure_opens = [compile_rule(r, self.clue_index) for r in treasure_rules]
        self.treasure_index = {t.id: i for i, t in enumerate(d.treasures)}
        self.after_s = sorted({s for r in (*rules, *treasure_rules) for s in r.after_s})
        self.codes = {code.strip().upper(): i for i, c in enumerate(d.clues) for code in c.codes}
        self.solves = self.solves if len(self.solves) == len(d.clues) else [0] * len(d.clues)
        self.claims = self.claims if len(self.claims) == len(d.treasures) else [0] * len(d.treasures)

    def open_clues(self, teams: Iterable[Team], at_ms: int) -> None:
        """Open to teams what their solves and the time allow; what is new is noted in `opened`."""
        elapsed = max(self.elapsed_s(at_ms), self.released_s)
        hinted = [bool(c.hints) for c in self.clues]
        found: dict[tuple[int, int], tuple[int, ...]] = {}  # teams that stand alike open alike
        for team in teams:
            alike = (team.solved, team.unlocked)
            new = found.get(alike)
            if new is None:
                new = found[alike] = tuple(
                    i
                    for i, opens in enumerate(self.opens)
                    if not team.unlocked >> i & 1 and opens(team.solved, elapsed)
                )
            for i in new:
                team.unlocked |= 1 << i
                if hinted[i]:
                    team.opened_ms[i] = at_ms
            if new:
                self.opened.append((team, new))

    def set_timer(self) -> None:
        """Derive the next timer from phase and times."""
        self.timer = self._next_timer()

    def _next_timer(self) -> Timer | None:
        d = self.definition
        if self.phase == Phase.PUBLISHED and d is not None and d.schedule.starts_at is not None:
            return Timer(ms(d.schedule.starts_at), "start")
        if self.phase == Phase.RUNNING:
            waiting = next((s for s in self.after_s if s > self.released_s), None)
            release = Timer(self.started_ms + self.idle_ms + waiting * 1000, "release") if waiting else None
            end = Timer(self.ends_ms, "end") if self.ends_ms else None
            if release is not None and (end is None or release.due_ms <= end.due_ms):
                return release
            return end
        if self.phase == Phase.ENDED and self.placed < len(self.members):
            return Timer(self.ended_ms, f"place-{self.placed}")
        return None


def ms(at: datetime) -> int:
    """Return ms since 1970."""
    return int(at.timestamp() * 1000)


def _judge(clue: Clue) -> Judge | None:
    if clue.kind != "text":
        return None
    texts = [a for a in clue.answers if isinstance(a, str)]
    rich = [a for a in clue.answers if isinstance(a, Answer)]
    return Judge(
        texts,
        [a.regex for a in rich if a.regex],
        [(repr(a.number), repr(a.tolerance)) for a in rich if a.number is not None],
        [(p.text, p.reply) for p in clue.partial],
    )
