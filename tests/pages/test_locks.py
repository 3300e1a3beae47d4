"""Why a clue is locked, in the words that a player reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.hunts import clue, teams
from tests.pages.phone import Phone
from tests.pages.talker import Cast
from tests.pages.test_sources import node

Phones = Callable[..., Phone]
PROGRAM = """
const { left } = await import("./player/locks.js");
await import("./player/game_words.js");
const { game_words, speak } = await import("./player/words.js");
globalThis.document = { documentElement: {} };
const { page, cases, language } = %s;
speak([language]);
await game_words();
console.log(JSON.stringify(cases.map((need) => left(page, need, 0))));
"""
PAGE: dict[str, Any] = {
    "phase": "running",
    "team": {"score": 12},
    "clues": [
        {"number": 1, "title": "The gate", "solved": True},
        {"number": 2, "title": "The pier"},
        {"number": 3, "title": "The lamp"},
    ],
}
CASES: list[tuple[dict[str, Any], str]] = [
    ({"clues": [2]}, "after “The pier”"),
    ({"clues": [1, 2]}, "after “The pier”"),
    ({"clues": [2, 3]}, "after “The pier” and “The lamp”"),
    ({"clues": [2, 3], "least": 1}, "after “The pier” or “The lamp”"),
    ({"clues": [1, 2, 3, 4], "least": 3}, "after 2 of “The pier”, “The lamp”, one that is locked itself"),
    ({"clues": [7]}, "after one more solve"),
    ({"clues": [7, 8, 9]}, "after 3 more solves"),
    ({"clues": [2, 9]}, "after “The pier” and one that is locked itself"),
    ({"points": 20}, "with 8 more points (20 in all)"),
    ({"after_s": 1800}, "after 30 min of play"),
    ({"any": [{"clues": [2]}, {"after_s": 1800}]}, "after “The pier” or after 30 min of play"),
    ({"all": [{"clues": [1]}, {"points": 20}, {"other": True}]},
     "with 8 more points (20 in all) and by something that you will find out"),
]  # fmt: skip


def test_what_is_missing_is_said_in_words() -> None:
    told = {"page": PAGE, "cases": [need for need, _ in CASES], "language": "en"}
    assert node(PROGRAM % json.dumps(told)) == [words for _, words in CASES]


@pytest.mark.parametrize("language", ["de"])
def test_and_in_other_languages(language: str) -> None:
    told = {"page": PAGE, "cases": [{"clues": [2, 3], "least": 1}, {"points": 13}], "language": language}
    assert node(PROGRAM % json.dumps(told)) == [
        "nach „The pier“ oder „The lamp“", "mit einem Punkt mehr (13 insgesamt)",
    ]  # fmt: skip


def test_a_player_reads_why_and_a_solve_changes_it(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(
        teams(clue("a"), clue("b"), clue("c", unlock="a and b"), clue("d", title="Nobody knows", unlock="c"))
    )
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.sees("[data-locked='3']", "Opens after “Clue a” and “Clue b”")
    ada.sees("[data-locked='4']", "Opens after one more solve")
    mate = cast.player(hunt, "Bo", invite=ada.state("state.page.team.invite"))
    mate.ask("guess", hunt=hunt, clue="a", text="tea")
    ada.celebrated()
    ada.sees("[data-locked='3']", "Opens after “Clue b”")
    mate.ask("guess", hunt=hunt, clue="b", text="tea")
    ada.celebrated()
    ada.no_more("[data-locked='3']")
    ada.sees("[data-locked='4']", "Opens after “Clue c”")
    assert "Nobody knows" not in json.dumps(ada.state("state.page"))
    ada.well()
