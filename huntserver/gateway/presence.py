"""Who is connected: of a team by player, of a hunt by number, over all devices and nodes. Pure.

Nothing of it is in the log. A player who goes is present for a grace of some seconds, so that a reconnect or a page
that is loaded again changes nothing. What changed is told in turns: of a hunt no more than once a second, what was
undone meanwhile not at all. Each node knows the players on it, and tells the others who came and who went.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

GRACE_S: Final = 5.0
"""A player without a connection is present for so long, and so is one of a node that is not reached."""
EVERY_S: Final = 1.0
"""What changed in a hunt is told this often at most."""
MEMO_PLAYERS_MAX: Final = 5_000
"""Players in one word to another node: some 300 KB."""

NOBODY: Final[frozenset[str]] = frozenset()


class PresenceMemo(msgspec.Struct, omit_defaults=True):
    """What a node tells another of a hunt: who came, by player the team, and who went."""

    hunt: str
    came: dict[str, str] = {}
    went: list[str] = []


class PresenceChange(NamedTuple):
    """What is to be told in a hunt: teams of which somebody came or went, and whether the number is another."""

    hunt: str
    teams: list[str]
    counted: bool


class _Here(msgspec.Struct, gc=False):
    team: str
    connections: int = 0


class _HuntPresence:
    """One hunt: who is here, who is elsewhere by node, and what follows: sources by player, by team."""

    __slots__ = ("dirty", "elsewhere", "here", "players", "teams", "told_count", "told_s")

    def __init__(self) -> None:
        self.here: dict[str, _Here] = {}
        self.elsewhere: dict[Hashable, dict[str, str]] = {}
        self.players: dict[str, int] = {}
        self.teams: dict[str, dict[str, int]] = {}
        self.dirty: dict[str, frozenset[str]] = {}  # teams, as they were last told
        self.told_count = 0
        self.told_s = float("-inf")

    def add(self, player: str, team: str) -> None:
        """One more source says that a player is there."""
        members = self.teams.setdefault(team, {})
        if team not in self.dirty:
            self.dirty[team] = frozenset(members) if members else NOBODY
        members[player] = members.get(player, 0) + 1
        self.players[player] = self.players.get(player, 0) + 1

    def remove(self, player: str, team: str) -> None:
        """One source fewer."""
        members = self.teams[team]
        self.dirty.setdefault(team, frozenset(members))
        for table in (members, self.players):
            table[player] -= 1
            if not table[player]:
                del table[player]
        if not members:
            del self.teams[team]


class Presence:
    """Who is connected here and elsewhere. Times are seconds of one monotonic clock; `turn` is called when `due`."""

    def __init__(self, grace_s: float = GRACE_S, every_s: float = EVERY_S) -> None:
        self._grace_s = grace_s
        self._every_s = every_s
        self._hunts: dict[str, _HuntPresence] = {}
        self._leaving: dict[tuple[str, str], float] = {}  # (hunt, player) -> when that is true, in that order
        self._lost: dict[Hashable, float] = {}  # nodes that are not reached -> until when what they said holds
        self._memos: dict[str, PresenceMemo] = {}
        self._dirty: dict[str, None] = {}  # hunts of which something is to be told

    # ---- what happens here

    def came(self, hunt: str, team: str, player: str) -> None:
        """A connection of a player listens to a hunt, as a member of a team."""
        of = self._hunts.setdefault(hunt, _HuntPresence())
        known = of.here.get(player)
        self._leaving.pop((hunt, player), None)
        others = known.connections if known is not None else 0  # each goes by itself, also from another team
        if known is not None and known.team != team:
            self._gone(hunt, of, player)
            known = None
        if known is None:
            of.here[player] = known = _Here(team, others)
            of.add(player, team)
            self._dirty[hunt] = None
            memo = self._memos.setdefault(hunt, PresenceMemo(hunt, {}, []))
            memo.came[player] = team
        known.connections += 1

    def went(self, hunt: str, player: str, now_s: float) -> None:
        """A connection of a player listens to the hunt no more."""
        of = self._hunts.get(hunt)
        known = of.here.get(player) if of is not None else None
        if known is None or not known.connections:
            return
        known.connections -= 1
        if not known.connections:
            self._leaving[hunt, player] = now_s + self._grace_s

    def _gone(self, hunt: str, of: _HuntPresence, player: str) -> None:
        of.remove(player, of.here.pop(player).team)
        self._dirty[hunt] = None
        memo = self._memos.setdefault(hunt, PresenceMemo(hunt, {}, []))
        if memo.came.pop(player, None) is None:
            memo.went.append(player)

    # ---- what other nodes say

    def told(self, node: Hashable, memo: PresenceMemo) -> None:
        """A node says who came there and who went."""
        of = self._hunts.setdefault(memo.hunt, _HuntPresence())
        self._dirty[memo.hunt] = None
        there = of.elsewhere.setdefault(node, {})
        for player in [*memo.went, *memo.came]:
            if player in there:
                of.remove(player, there.pop(player))
        for player, team in memo.came.items():
            there[player] = team
            of.add(player, team)

    def lost(self, node: Hashable, now_s: float) -> None:
        """A node is not reached any more: its players have the grace to come back by another one."""
        self._lost[node] = now_s + self._grace_s

    def whole(self) -> Iterator[PresenceMemo]:
        """Yield what a node is told that is new: everybody here."""
        for hunt, of in self._hunts.items():
            players = [(player, known.team) for player, known in of.here.items()]
            for at in range(0, len(players), MEMO_PLAYERS_MAX):
                yield PresenceMemo(hunt, dict(players[at : at + MEMO_PLAYERS_MAX]), [])

    # ---- what is told

    def due(self, now_s: float) -> float | None:
        """Return when the next turn is to be taken, now or later; None: nothing is to be told."""
        times = [*self._lost.values(), *islice(self._leaving.values(), 1)]
        times += [max(now_s, self._hunts[hunt].told_s + self._every_s) for hunt in self._dirty]
        if self._memos:
            times.append(now_s)
        return min(times, default=None)

    def turn(self, now_s: float) -> tuple[list[PresenceChange], list[PresenceMemo]]:
        """Return what is to be told in hunts by now, and what other nodes are to be told."""
        for (hunt, player), until in list(self._leaving.items()):
            if until > now_s:
                break
            del self._leaving[hunt, player]
            self._gone(hunt, self._hunts[hunt], player)
        for node, until in list(self._lost.items()):
            if until <= now_s:
                del self._lost[node]
                self._forget(node)
        changes = [change for hunt in list(self._dirty) if (change := self._change(hunt, now_s))]
        memos = [memo for memo in self._memos.values() if memo.came or memo.went]
        self._memos = {}
        return changes, memos

    def _forget(self, node: Hashable) -> None:
        for hunt, of in self._hunts.items():
            for player, team in of.elsewhere.pop(node, {}).items():
                of.remove(player, team)
                self._dirty[hunt] = None

    def _change(self, hunt: str, now_s: float) -> PresenceChange | None:
        of = self._hunts[hunt]
        if of.told_s + self._every_s > now_s:
            return None
        del self._dirty[hunt]
        teams = [team for team, before in of.dirty.items() if before != of.teams.get(team, {}).keys()]
        counted = len(of.players) != of.told_count
        of.dirty, of.told_count = {}, len(of.players)
        if not of.players and not of.here:
            del self._hunts[hunt]
        if not teams and not counted:
            return None
        of.told_s = now_s
        return PresenceChange(hunt, teams, counted)

    # ---- what is so

    def team(self, hunt: str, team: str) -> list[str]:
        """Return who of a team is present, sorted."""
        of = self._hunts.get(hunt)
        return sorted(of.teams.get(team, ())) if of is not None else []

    def count(self, hunt: str) -> int:
        """Return how many players of a hunt are present."""
        of = self._hunts.get(hunt)
        return len(of.players) if of is not None else 0
