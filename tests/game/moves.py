"""The hunt of the random machine, and what is sent in it."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any

from hypothesis import strategies as st

from huntserver.game.command import Command
from huntserver.game.features.admitting import Admit
from huntserver.game.features.amending import Amended
from huntserver.game.features.answering import Answer, CloseQuestion, QuestionAnswered, QuestionRefunded, Refund
from huntserver.game.features.captaincy import Approval, HandOver, NewInvite
from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.extra_time import RemoveInterval
from huntserver.game.features.freezing import Freeze, Reveal, Unfreeze
from huntserver.game.features.hints import HintTaken
from huntserver.game.features.leaving import Kick, LeaveTeam
from huntserver.game.features.merging import Merge, Merged
from huntserver.game.features.moving import MovePlayer
from huntserver.game.features.queueing import PutBack, TakeUp
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from huntserver.game.features.schedule import Extend
from huntserver.game.features.solving import Solved
from huntserver.game.features.standing import Adjusted
from huntserver.game.features.treasures import Claimed
from huntserver.game.features.unofficial import Unofficial
from huntserver.game.features.unsolving import SolveUndone
from huntserver.game.parts import FIRST
from huntserver.game.state import Hunt, parts_done
from lab.rigs.game import Table

TOML = """
title = "Machine"
brackets = ["young", "old"]
[schedule]
duration_s = 9000
[teams]
mode = "teams"
size_max = 2
players_max = 5
[tries.codes_together]
free = 2
per_min = 0.2
[help]
price = 1
open_max = 3
[[clues]]
id = "c1"
title = "T"
answers = ["secretalpha", { number = 77123, tolerance = 1 }]
partial = [{ text = "almost", reply = "warm" }]
points = 10
decay = 3
points_min = 2
first_bonus = [5, 3]
attempts = { free = 1, cool_down_s = 5 }
[[clues]]
id = "c2"
title = "T"
kind = "code"
codes = ["SECRETBETA"]
unlock = "c1"
hints = [{ id = "h", text = "secrethint", price = 3, after_s = 30 }]
[[clues]]
id = "c3"
title = "T"
answers = ["secretgamma"]
unlock = "1 of (c1, c2) and after 0:05"
final = true
solved_text = "secretending"
solution = "secretsolution"
[[clues]]
id = "c4"
title = "T"
kind = "compound"
parts_needed = 2
attempts = { free = 0, cool_down_s = 5 }
parts = [
    { id = "word", answers = ["secretepsilon"] },
    { id = "pick", kind = "choice", options = ["oak", "ash", "elm"], right = ["elm"] },
    { id = "tag", kind = "code", codes = ["SECRETZETA"] },
]
[[clues]]
id = "c5"
title = "T"
kind = "photo"
attempts = { free = 1, cool_down_s = 5 }
[[treasures]]
id = "coin"
title = "Coin"
quantity = 2
points = 4
bonus = [2, 1]
unlock = "c1 or after 0:20"
[[treasures]]
id = "crown"
title = "Crown"
quantity = 1
unlock = "c3"
"""
NEW_CLUE = """
[[clues]]
id = "c0"
title = "T"
answers = ["secretdelta"]
"""
PLAYERS = st.integers(0, 9)
"""Mostly one of those who are in the hunt; 8 and 9 may be strangers."""

CLUES = st.sampled_from(["c1", "c1", "c1", "c2", "c3", "c4", "c9"])
TEAMS = st.sampled_from(["t1", "t2", "t9"])
TEXTS = st.sampled_from(
    ["secretalpha", "Secret-Alpha", "77122.5", "secretgamma", "almost", "wrong a", "wrong b", "?", ""]
)
SECOND_THOUGHTS: list[Command] = [Reopen(), Extend(3600), Unstart(), RemoveInterval(60), ClearCoolDown("t1")]
TEAM_COMMANDS: list[Command] = [
    LeaveTeam(),
    Kick("p:q0"),
    HandOver("p:q1"),
    NewInvite(),
    Approval("ask"),
    Approval("open"),
    Admit("p:q8"),
    Admit("p:q9", refuse=True),
]
HOSTS_OF_TEAMS: list[Command] = [
    Approval("ask", "t1"),
    Approval("ask", "t2"),
    MovePlayer("p:q0", "t2"),
    MovePlayer("p:q1", "t1"),
    Merge("t1", "t2"),
    Merge("t3", "t1"),
    Kick("p:q2"),
]
CURTAIN: list[Command] = [
    Freeze(),
    Freeze(),
    Unfreeze(),
    Reveal(),
    Reveal(1),
    Unofficial("t1"),
    Unofficial("t1", True),
]
DESK: list[Command] = [
    TakeUp(""),
    PutBack(""),
    Answer("", "Nearly."),
    Answer("", "Where are you?", back=True),
    Refund(""),
    CloseQuestion(""),
]
DARKROOM: list[Command] = [RejectPhoto("", "Too dark."), RejectPhoto("", "Still too dark."), AcceptPhoto("")]
PARTS = st.sampled_from(
    [("word", "secretepsilon"), ("word", "secret eps"), ("pick", "oak"), ("pick", "elm"), ("tag", "x"), ("none", "x")]
)
SECRETS = (
    "secretalpha",
    "77123",
    "secretbeta",
    "secretgamma",
    "secretdelta",
    "secretsolution",
    "secretepsilon",
    "secretzeta",
)


def parts_hold(state: Hunt) -> bool:
    """Tell whether no part of c4 is done twice, enough of them have solved it, and no try is kept that is needed no
    more."""
    plan = state.plan
    index = plan.clue_index["c4"]
    for team in state.teams.values():
        done, solved = parts_done(team, "c4"), bool(team.solved >> index & 1)
        tried = [plan.parts.numbered(n).id for n in team.attempts or () if n <= FIRST]
        enough = len(done) >= plan.parts.needed[index]
        if len(done) != len(set(done)) or (enough and not solved) or set(tried) & set(done) or (tried and solved):
            return False
    return True


class Happened:
    """What was recorded at a table, by kind; each record is looked at once, however often one asks."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._seen = 0
        self._events: dict[type, list[tuple[int, int, Any]]] = {}

    def numbered(self, *kinds: type) -> list[tuple[int, Any]]:
        """Return the events of some kinds in their order, each with its record's seq."""
        for record in self._table.log[self._seen :]:
            for place, event in enumerate(record.events):
                self._events.setdefault(type(event), []).append((record.seq, place, event))
        self._seen = len(self._table.log)
        found = [one for kind in kinds for one in self._events.get(kind, ())]
        return [(seq, event) for seq, _, event in sorted(found, key=itemgetter(0, 1))]


def ranks_hold(events: list[Any]) -> bool:
    """Tell whether ranks of solves count up, and a team solves a clue once, but for what was taken back."""
    ranks, solved = Counter[str](), set[tuple[str, str]]()
    for x in events:
        if isinstance(x, SolveUndone):
            ranks[x.clue] -= x.last
            solved -= {(x.team, x.clue)} if not x.only_part else set()
            continue
        ranks[x.clue] += x.rank > 0
        if x.rank not in (0, ranks[x.clue]) or (x.team, x.clue) in solved:
            return False
        solved.add((x.team, x.clue))
    return True


def scores(happened: Happened, teams: list[str]) -> Counter[str]:
    """Return each team's score as the sum of what its events brought and took."""
    parts: Counter[str] = Counter()
    for _, x in happened.numbered(Solved, Claimed, Adjusted, QuestionRefunded, Merged):
        parts[x.team] += x.points
    for _, x in happened.numbered(HintTaken, QuestionAnswered):
        parts[x.team] -= x.price
    for _, x in happened.numbered(SolveUndone):
        parts[x.team] -= x.points
    solves = happened.numbered(Solved)
    undone = [(n, x) for n, x in happened.numbered(SolveUndone) if not x.only_part]
    for n, x in happened.numbered(Amended):
        for id in teams if x.paid else ():
            held = held_by(happened, id, n)
            those = Counter(s.clue for m, s in solves if m < n and s.team in held)
            those -= Counter(s.clue for m, s in undone if m < n and s.team in held)
            parts[id] += sum(points for clue, points in x.paid.items() if those[clue] > 0)
    return parts


def held_by(happened: Happened, team: str, seq: int) -> set[str]:
    """Return the teams whose solves are a team's by then: its own, and those of teams merged with it."""
    held = {team}
    for merged_at, x in reversed(happened.numbered(Merged)):
        if merged_at < seq and x.team in held:
            held.add(x.other)
    return held
