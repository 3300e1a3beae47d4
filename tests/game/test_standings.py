"""The leaderboard against plain sorting."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.standings import Standings


@dataclass(eq=False)
class Entry:
    index: int
    bracket: str
    score: int = 0
    score_at: int = 0
    rank: tuple[int, ...] = ()


CHANGES = st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 5)), max_size=60)


@given(CHANGES)
def test_the_board_is_the_sorted_list_after_every_change(changes: list[tuple[int, int]]) -> None:
    entries = [Entry(i, "ab"[i % 2]) for i in range(10)]
    board: Standings[Entry] = Standings()
    for entry in entries:
        board.add(entry)
    for at, (i, points) in enumerate(changes):
        board.remove(entries[i])
        entries[i].score += points
        entries[i].score_at = at
        board.add(entries[i])
        wanted = sorted(entries, key=lambda e: (-e.score, e.score_at, e.index))
        assert list(board.top(10)) == wanted
        assert [board.place(e) for e in wanted] == list(range(1, 11))
        of_a = [e for e in wanted if e.bracket == "a"]
        assert list(board.top(3, "a")) == of_a[:3]
        assert board.place(of_a[-1], "a") == 5


def test_who_came_to_a_score_first_stands_above_who_came_to_it_later() -> None:
    board: Standings[Entry] = Standings()
    late, early = Entry(1, "", 10, 200), Entry(2, "", 10, 100)
    board.add(late)
    board.add(early)
    assert list(board.top(5)) == [early, late]


def test_a_bracket_nobody_is_in_is_empty() -> None:
    board: Standings[Entry] = Standings()
    assert board.size("x") == 0
    assert list(board.top(5, "x")) == []
