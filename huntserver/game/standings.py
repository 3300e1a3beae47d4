"""The leaderboard of a hunt: overall and per bracket, kept in order as scores change.

Order: more points first; then who reached them earlier; then who joined earlier. O(log n) a change. Derived: rebuilt
from the teams, never stored. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from sortedcontainers import SortedKeyList


class Scored(Protocol):
    """What the leaderboard needs of a team."""

    index: int
    bracket: str
    score: int
    score_at: int


T = TypeVar("T", bound=Scored)


def _order(team: Scored) -> tuple[int, int, int]:
    return (-team.score, team.score_at, team.index)


class Standings(Generic[T]):
    """Sorted teams; a team is taken out before its score changes and put back after."""

    __slots__ = ("_brackets", "_overall")

    def __init__(self) -> None:
        self._overall = SortedKeyList(key=_order)
        self._brackets: dict[str, SortedKeyList] = {}

    def add(self, team: T) -> None:
        """Put a team in."""
        self._overall.add(team)
        if team.bracket:
            held = self._brackets.get(team.bracket)
            if held is None:
                held = self._brackets[team.bracket] = SortedKeyList(key=_order)
            held.add(team)

    def fill(self, teams: Iterable[T]) -> None:
        """Put many teams in at once: sorted once."""
        all_of = list(teams)
        self._overall.update(all_of)
        for bracket in {team.bracket for team in all_of if team.bracket}:
            held = self._brackets[bracket] = SortedKeyList(key=_order)
            held.update(team for team in all_of if team.bracket == bracket)

    def remove(self, team: T) -> None:
        """Take a team out, by the score that it was put in with."""
        self._overall.remove(team)
        if team.bracket:
            self._brackets[team.bracket].remove(team)

    def _list(self, bracket: str | None) -> SortedKeyList:
        return self._overall if bracket is None else self._brackets.get(bracket, SortedKeyList(key=_order))

    def place(self, team: T, bracket: str | None = None) -> int:
        """Return the team's place, 1 is first."""
        return int(self._list(bracket).index(team)) + 1

    def top(self, count: int, bracket: str | None = None) -> Iterator[T]:
        """Yield the first `count` teams."""
        return iter(self._list(bracket)[:count])

    def size(self, bracket: str | None = None) -> int:
        """Return how many teams stand."""
        return len(self._list(bracket))
