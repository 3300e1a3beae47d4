"""The two hunts that the laboratory plays: a small one for many players at once, and a large one of real size.

Owns their texts. Both are without cool-down, so that machines can guess as fast as they like.
"""

from __future__ import annotations

from typing import Final

CROWNS: Final = 1
SMALL_CLUES: Final = 12

LARGE_CLUES: Final = 500
LARGE_TEXT_BYTES: Final = 1024
"""500 such clues with their hints nearly fill the largest file that is taken."""

LARGE_TEAMS: Final = 3_000
LARGE_TEAM_SIZE: Final = 4
LARGE_GUESSES: Final = 1_000_000

SENTENCE: Final = "Where the old wall meets the river a bell is cast into the stone; read what stands below it. "


def right(clue: int) -> str:
    """Return the answer of a clue, counted from 1, in either hunt."""
    return f"right c{clue}"


def campaign_hunt(coins: int = 10, duration_s: int = 0) -> str:
    """Return the small hunt as TOML: twelve clues, two treasures that run out. `coins`: pieces of the larger one;
    `duration_s`: how long it is played (0: until a host ends it)."""
    schedule = f"[schedule]\nduration_s = {duration_s}\n" if duration_s else ""
    clues = "".join(_clue(i, f"Say: {right(i)}", 10 * i) for i in range(1, SMALL_CLUES + 1))
    return f'title = "Campaign"\nintro = "For machines."\n{schedule}[teams]\nmode = "solo"\n{clues}{_treasures(coins)}'


def large_hunt(
    clues: int = LARGE_CLUES, text_bytes: int = LARGE_TEXT_BYTES, *, solo: bool = False, coins: int = 1000
) -> str:
    """Return the large hunt as TOML: `clues` clues with texts of `text_bytes` and a hint each, and two treasures.

    `solo`: players join without a team, as those of the campaigns do.
    """
    text = (SENTENCE * (text_bytes // len(SENTENCE) + 1))[:text_bytes].strip()
    body = "".join(
        _clue(i, f"{i}. {text}"[:text_bytes], 10) + f'[[clues.hints]]\nid = "h"\ntext = "Say: {right(i)}"\nprice = 2\n'
        for i in range(1, clues + 1)
    )
    return (
        'title = "Large"\nintro = "A hunt of real size."\n'
        f'[teams]\nmode = "{"solo" if solo else "teams"}"\nsize_max = {LARGE_TEAM_SIZE}\nplayers_max = 100000\n'
        f"{body}{_treasures(coins)}"
    )


def _treasures(coins: int) -> str:
    return (
        f'\n[[treasures]]\nid = "coin"\ntitle = "Coin"\nquantity = {coins}\npoints = 5\n'
        f'\n[[treasures]]\nid = "crown"\ntitle = "Crown"\nquantity = {CROWNS}\npoints = 50\n'
    )


def _clue(number: int, text: str, points: int) -> str:
    return (
        f'\n[[clues]]\nid = "c{number}"\ntitle = "Clue {number}"\ntext = "{text}"\n'
        f'answers = ["{right(number)}"]\npoints = {points}\n[clues.attempts]\ncool_down_s = 0\n'
    )
