"""The leaderboard of a hunt: overall and per bracket, kept in order as scores change.

Order, unless the hunt says otherwise: more points first; then who reached them earlier; then who joined earlier.
O(log n) a change. Derived: rebuilt from the teams, never stored. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from sortedcontainers import SortedKeyList

Rank: TypeAlias = tuple[int, ...]
NEVER: Final = 1 << 62
"""When something happened that has not: after everything that has."""


class Scored(Protocol):
    """What the leaderboard needs of a team. `rank`: what it stands by, kept by the leaderboard itself."""

    index: int
    bracket: str
    score: int
    score_at: int
    rank: Rank


T = TypeVar("T", bound=Scored)
_ranked = attrgetter("rank")


def by_score(team: Scored) -> Rank:
    """Return what a team stands by where a hunt says nothing of it: the least is first."""
    return (-team.score, team.score_at, team.index)


def _tally(name: str) -> Callable[[Any], int]:
    """Return what reads a time of a team's tally."""

    def read(team: Any) -> int:
        more = team.more
        return getattr(more.tally, name) or NEVER if more is not None and more.tally is not None else NEVER

    return read


def _wrong(team: Any) -> int:
    return team.more.tally.wrong if team.more is not None and team.more.tally is not None else 0


def _used(team: Any) -> int:
    return team.more.tally.used_ms if team.more is not None and team.more.tally is not None else 0


_READ: Final[dict[str, Callable[[Any], int]]] = {
    "score": lambda team: -team.score,
    "reached": lambda team: team.score_at,
    "solves": lambda team: -team.solved.bit_count(),
    "hints": lambda team: len(team.hints),
    "first_solve": _tally("first_ms"),
    "last_solve": _tally("last_ms"),
    "final": _tally("final_ms"),
    "wrong": _wrong,
    "time": _used,
}
COUNTED: Final = frozenset({"first_solve", "last_solve", "final", "wrong"})
"""What is counted of a team only where the hunt ranks by it."""


def order_of(ranking: Sequence[str]) -> Callable[[Any], Rank]:
    """Return the order of a hunt's `ranking`; of equal teams, the one that joined earlier is first."""
    if not ranking or list(ranking) == ["score", "reached"]:
        return by_score
    read = [_READ[name] for name in ranking]
    return lambda team: (*(of(team) for of in read), team.index)


class Standings(Generic[T]):
    """Sorted teams. What a team is put in with it is taken out with, so it may change in between."""

    __slots__ = ("_brackets", "_order", "_overall")

    def __init__(self, order: Callable[[T], Rank] = by_score) -> None:
        self._order = order
        self._overall = SortedKeyList(key=_ranked)
        self._brackets: dict[str, SortedKeyList] = {}

    def add(self, team: T) -> None:
        """Put a team in."""
        team.rank = self._order(team)
        self._overall.add(team)
        if team.bracket:
            held = self._brackets.get(team.bracket)
            if held is None:
                held = self._brackets[team.bracket] = SortedKeyList(key=_ranked)
            held.add(team)

    def fill(self, teams: Iterable[T]) -> None:
        """Put many teams in at once: sorted once."""
        all_of = list(teams)
        for team in all_of:
            team.rank = self._order(team)
        self._overall.update(all_of)
        for bracket in {team.bracket for team in all_of if team.bracket}:
            held = self._brackets[bracket] = SortedKeyList(key=_ranked)
            held.update(team for team in all_of if team.bracket == bracket)

    def remove(self, team: T) -> None:
        """Take a team out, by what it was put in with."""
        self._overall.remove(team)
        if team.bracket:
            self._brackets[team.bracket].remove(team)

    def moved(self, team: T) -> None:
        """Put a team that stands here where it belongs by now."""
        if self._order(team) != team.rank:
            self.remove(team)
            self.add(team)

    def _list(self, bracket: str | None) -> SortedKeyList:
        return self._overall if bracket is None else self._brackets.get(bracket, SortedKeyList(key=_ranked))

    def place(self, team: T, bracket: str | None = None) -> int:
        """Return the team's place, 1 is first."""
        return int(self._list(bracket).index(team)) + 1

    def top(self, count: int, bracket: str | None = None) -> Iterator[T]:
        """Yield the first `count` teams."""
        return iter(self._list(bracket)[:count])

    def size(self, bracket: str | None = None) -> int:
        """Return how many teams stand."""
        return len(self._list(bracket))
