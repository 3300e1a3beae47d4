"""The state of one hunt: phase, times, teams and what each has done. Changed only by what features apply. Pure.

Clues and treasures are numbered, clues first; what a team has solved and may see are bit masks over these numbers.
What happens in play is kept in *play time*, ms since the start without the pauses, so that a pause moves nothing.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

from actors.entity import Timer
from huntserver.game.bits import bits
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.unlocks import NEWCOMER, Own
from huntserver.game.look_alikes import looks_of
from huntserver.game.media import Medium
from huntserver.game.plan import NO_DEFINITION, Plan, plan_for
from huntserver.game.standings import Standings
from huntserver.game.team import TRIED_MAX, Attempt, Team
from huntserver.game.unusual import HuntMore, HuntRest, TeamMore, TeamTally
from huntserver.game.vault import Vault

RECENT_MAX: Final = 30
__all__ = ["RECENT_MAX", "TRIED_MAX", "Attempt", "Hunt", "Phase", "Team", "bits", "once_a_reopening", "parts_done"]


class Phase(enum.IntEnum):
    """Where a hunt is in its life; NONE is a hunt that was never created."""

    NONE = 0
    DRAFT = 1
    PUBLISHED = 2
    RUNNING = 3
    PAUSED = 4
    ENDED = 5


def once_a_reopening(state: Hunt, name: str) -> str:
    """Return a timer's name that a second end, or a second reopening, in the same ms does not share."""
    return f"{name}.{state.more.reopenings}" if state.more.reopenings else name


class Hunt:
    """One hunt: what events made of it, and below that what is derived and never stored."""

    __slots__ = (
        "announced",
        "apart",
        "attempts",
        "claims",
        "digest",
        "ended_ms",
        "ends_ms",
        "fresh",
        "holding",
        "host_seq",
        "hunt_seq",
        "id",
        "invites",
        "looks",
        "members",
        "more",
        "names",
        "opened",
        "overtime_ms",
        "owner",
        "paused_ms",
        "phase",
        "placed",
        "plan",
        "recent",
        "released_s",
        "rest",
        "solves",
        "source",
        "standings",
        "started_ms",
        "teams",
        "timer",
        "tried",
        "vault",
        "wrongs",
        "zero_ms",
    )
    # With slots: beyond thirty attributes an instance's dictionary is no longer shared, and every look-up dearer.

    def __init__(self, id: str) -> None:
        self.id = id
        self.phase = Phase.NONE
        self.owner = ""
        self.digest = ""
        self.source = ""
        self.started_ms = 0
        self.zero_ms = 0  # wall time of play time 0: the start, moved by the pauses
        self.ends_ms = 0
        self.paused_ms = 0  # when the present pause began
        self.ended_ms = 0
        self.released_s = 0  # things that wait for this much play are open
        self.placed = 0  # players whose final place is written
        self.teams: dict[str, Team] = {}
        self.members: dict[str, Team] = {}
        self.invites: dict[str, Team] = {}
        self.names: dict[str, Team] = {}
        self.solves: list[int] = []  # per clue
        self.wrongs: list[int] = []  # per clue
        self.tried: list[int] = []  # per clue: teams that have tried it and not solved it
        self.claims: list[int] = []  # per treasure
        self.recent: deque[tuple[int, Any]] = deque(maxlen=RECENT_MAX)  # (ms, the `Guessed`)
        self.announced: list[tuple[int, Any]] = []  # (ms, the `Announced`)
        self.hunt_seq = 0
        self.host_seq = 0
        self.more = HuntMore()
        self.rest = HuntRest()
        # derived
        self.plan = Plan(NO_DEFINITION)
        self.timer: Timer | None = None
        self.standings: Standings[Team] = Standings()
        self.looks: dict[str, Team] = {}  # what names look like, so that none is taken for another
        self.attempts = 0
        self.apart = False  # teams' time ends, or begins, at times of their own
        self.overtime_ms = 0  # the longest extra time of any team
        self.holding = ""  # the first team with solves that are not told outside of it
        self.fresh: tuple[Any, Any] | None = None  # the clues of a team that has done nothing, and what they rest on
        self.vault: Vault | None = None  # opens what stays sealed in it; none: nothing does
        # what the record being applied opened, for its pushes: (team, bits); empty between records
        self.opened: list[tuple[Team, int]] = []

    @property
    def definition(self) -> Definition:
        """The definition; that of an empty hunt before there is one."""
        return self.plan.definition

    def play_ms(self, at_ms: int) -> int:
        """Return the play time at a wall time."""
        if not self.started_ms:
            return 0
        return max(0, (self.paused_ms or self.ended_ms or at_ms) - self.zero_ms)

    @property
    def starts_ms(self) -> int:
        """When play starts by itself; 0: when a host starts it."""
        moved = self.more.starts_ms
        return self.plan.starts_ms if moved is None else moved

    @property
    def scheduled_end_ms(self) -> int:
        """The end of the schedule; 0: none, or a duration."""
        moved = self.more.scheduled_end_ms
        return self.plan.ends_ms if moved is None else moved

    def ends_of(self, team: Team | None) -> int:
        """Return when play ends for a team, with its extra time; 0: when a host ends it."""
        more = team.more if team is not None else None
        extra_ms = more.extra_ms if more is not None else 0
        ends_ms = self.ends_ms + extra_ms if self.ends_ms else 0
        limit_s = self.definition.schedule.limit_s
        if limit_s is None or more is None or more.began_ms < 0:
            return ends_ms
        own_ms = self.zero_ms + more.began_ms + limit_s * 1000 + extra_ms
        return min(own_ms, ends_ms) if ends_ms else own_ms

    def began_ms(self, team: Team) -> int:
        """Return when play began for a team, in wall time without the pauses since."""
        own_ms = team.more.began_ms if team.more is not None else 0
        return self.zero_ms + max(own_ms, 0) if self.plan.own_start else self.zero_ms

    def own_play_ms(self, team: Team, at_ms: int) -> int:
        """Return how long a team has played at a wall time, by its own beginning where it has one."""
        return self.zero_ms + self.play_ms(at_ms) - self.began_ms(team)

    def find_overtime(self) -> None:
        """Derive the longest extra time."""
        self.overtime_ms = max((t.more.extra_ms for t in self.teams.values() if t.more is not None), default=0)
        self.apart = bool(self.overtime_ms) or self.plan.own_start

    def find_held(self) -> None:
        """Derive whose solves are to be told once the standings are."""
        teams = self.teams.items()
        self.holding = next((id for id, team in teams if team.more is not None and team.more.held), "")

    def define(self, source: str, digest: str) -> None:
        """Take a definition and derive what judging needs from it."""
        self.source, self.digest = source, digest
        before = self.plan.order
        self.plan = plan_for(source, self.id, self.rest.media)
        self.apart = bool(self.overtime_ms) or self.plan.own_start
        if self.plan.order is not before:
            self.stand_anew()
        self.solves = [0] * len(self.plan.clues)
        self.wrongs = [0] * len(self.plan.clues)
        self.tried = [0] * len(self.plan.clues)
        self.claims = [0] * len(self.plan.treasures)

    def hold_media(self, media: dict[str, Medium]) -> None:
        """Hold these media, by name, and show texts with their addresses."""
        self.rest.media = media
        if self.source:
            self.plan = plan_for(self.source, self.id, self.rest.media)

    def enlist(self, team: Team) -> None:
        """Put a team into the tables that find it."""
        self.teams[team.id] = team
        if team.is_dissolved:
            return
        self._take_name(team)
        if team.invite:
            self.names.setdefault(team.name.casefold(), team)
            self.invites[team.invite] = team

    def rename(self, team: Team, name: str) -> None:
        """Call a team by another name, and find it by that alone."""
        self._free_name(team)
        if team.invite:
            self._forget_name(team)
            self.names.setdefault(name.casefold(), team)
        team.name = name
        self._take_name(team)

    def _forget_name(self, team: Team) -> None:
        """Find no team by the name of this one; another may have it, where a name could not be read."""
        if self.names.get(team.name.casefold()) is team:
            del self.names[team.name.casefold()]

    def _take_name(self, team: Team) -> None:
        for look in looks_of(team.name):
            self.looks.setdefault(look, team)

    def _free_name(self, team: Team) -> None:
        for look in looks_of(team.name):
            if self.looks.get(look) is team:
                del self.looks[look]

    def dissolve(self, team: Team) -> None:
        """Take an empty team out of all tables that find it; its number is not given again."""
        if team.stands:
            self.standings.remove(team)
        team.out = True
        team.more = team.more or TeamMore()
        team.more.dissolved = True
        self._free_name(team)
        if team.invite:
            self._forget_name(team)
            del self.invites[team.invite]

    def open_things(self, teams: Iterable[Team], at_ms: int, candidates: Iterable[int] | None = None) -> None:
        """Open to teams what their solves and the time allow; what is new is noted in `opened`.

        `candidates`: the only things that can have become open (default: all).
        """
        plan, play = self.plan, self.play_ms(at_ms)
        things = range(len(plan.opens)) if candidates is None else candidates
        found: dict[tuple[int, int, Own, int], int] = {}  # teams that stand alike open alike
        released_s = self.released_s
        if candidates is None and plan.plain:
            found[0, 0, NEWCOMER, released_s] = plan.open_to_newcomers(released_s)
        for team in teams:
            if plan.own_start:
                if team.more is None or not team.has_begun:
                    continue
                released_s = team.more.released_s
            own = NEWCOMER if plan.plain else self.own(team)
            alike = (team.solved, team.unlocked, own, released_s)
            new = found.get(alike, -1)
            if new < 0:
                new = 0
                for i in things:
                    if not team.unlocked >> i & 1 and plan.opens[i](team.solved, released_s, own):
                        new |= 1 << i
                found[alike] = new
            if new:
                team.unlocked |= new
                if play and new & plan.clocked:
                    team.opened = (team.opened or {}) | dict.fromkeys(bits(new & plan.clocked), play)
                self.opened.append((team, new))

    def own(self, team: Team) -> Own:
        """Return what rules may look at of a team, beside its solves and time."""
        plan = self.plan
        drawn = plan.drawn(self.rest.seed, team.id) if plan.draws else ()
        seat = (team.index - 1) % plan.seats
        return Own(plan.reached(team.score), self.items(team) if plan.of_items else 0, seat, drawn)

    def items(self, team: Team) -> int:
        """Return a team's inventory: a bit for each treasure and each loot that it has."""
        loot = team.more.loot if team.more is not None else ()
        index = self.plan.item_index
        held = team.treasures
        for name in loot:
            if name in index:
                held |= 1 << index[name]
        return held

    def compensate(self, points: dict[str, int]) -> None:
        """Give those who have solved a clue, by its id, the difference of its points. O(n), whatever n moves."""
        of_bits = [(1 << self.plan.clue_index[clue], more) for clue, more in points.items()]
        alike: dict[int, int] = {}
        for team in self.teams.values():
            more = alike.get(team.solved)
            if more is None:
                more = alike[team.solved] = sum(some for bit, some in of_bits if team.solved & bit)
            team.score += more
            for clue, given in (team.more.given if team.more is not None else {}).items():
                given.points += points.get(clue, 0)
        self.stand_anew()

    def stand_anew(self) -> None:
        """Put all teams in order."""
        self.standings = Standings(self.plan.order)
        self.standings.fill(team for team in self.teams.values() if team.stands)

    def score(self, team: Team, points: int, at_ms: int, *, reached: bool = True) -> None:
        """Give or take points (0: only something else that ranks changed), and put the team where it belongs in the
        standings. O(log n). `reached`: more points are reached now, and are not a correction."""
        team.score += points
        if points > 0 and reached:
            team.score_at = at_ms
            if self.plan.own_start:
                self.tally(team).used_ms = self.own_play_ms(team, at_ms)
        if team.stands:
            self.standings.moved(team)
        if points and self.plan.scored and self.phase in (Phase.RUNNING, Phase.PAUSED):
            self.open_things((team,), at_ms, self.plan.scored)

    def opened_to(self, team: Team) -> int:
        """Return what the record being applied opened to a team."""
        return sum(mask for of, mask in self.opened if of is team)

    def forget_tries(self, team: Team, numbers: Iterable[int]) -> None:
        """Forget what a team tried at clues, parts or ways of these numbers."""
        attempts = team.attempts or {}
        for number in numbers:
            if attempts.pop(number, None) is not None:
                self.attempts -= 1
                if number >= 0:
                    self.tried[number] -= 1

    def tally(self, team: Team) -> TeamTally:
        """Return what is counted of a team, to be changed."""
        team.more = team.more or TeamMore()
        if team.more.tally is None:
            team.more.tally = TeamTally()
        return team.more.tally

    def count_wrong(self, team: Team) -> None:
        """Count a try in vain, where the hunt counts them."""
        tally = self.tally(team)
        tally.wrong += 1
        tally.row = 0
        self.score(team, 0, 0)


def parts_done(team: Team, clue: str) -> Sequence[str]:
    """Return the ids of the parts of a compound clue that a team has done."""
    return team.more.parts.get(clue, ()) if team.more is not None else ()
