"""The hunts that are played under load: their definition, and the host who sets them up.

Owns what is right and wrong in them. Clues have no cool-down; a player's wrong guesses all differ.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from huntserver.client import Client, Refused, connect
from huntserver.client.http import http, http_base

RIGHT_CLUES: Final = 20
WRONG_CLUES: Final = 8
TREASURES: Final = 60
QUANTITY: Final = 10
LARGE_CLUES: Final = 500
LARGE_TEXT: Final = ("Where the old wall meets the river a bell is cast into the stone; read it. " * 15)[:920]
"""With it a hunt of 500 clues and their hints has half a megabyte."""

HUNTS_A_SESSION: Final = 10
SESSIONS: Final = 8


SECRET: Final = b"open sesame"
"""In the answer of every clue that players guess at in vain: nobody is told it before the end."""


def wrong_clue(number: int) -> str:
    """Return the clue that a player guesses at in vain."""
    return f"w{number % WRONG_CLUES}"


def right_clue(which: int) -> str:
    """Return the clue of a player's right guess, counted from 0."""
    return f"r{which}"


def right_text(which: int) -> str:
    """Return its answer."""
    return f"right {which}"


def treasure(wave: int) -> str:
    """Return the treasure that is raced for, counted from 0."""
    return f"t{wave % TREASURES}"


def definition(players: int, *, race: bool = False, large: bool = False) -> bytes:
    """Return the definition, as JSON, for `players` in one hunt; treasures are in it for a race only.

    `large`: with as many clues, texts and hints as a hunt may have, beside those that are guessed at.
    """
    attempts = {"cool_down_s": 0.0}
    clues: list[dict[str, Any]] = [
        {"id": wrong_clue(i), "title": f"Wall {i}", "answers": [f"{SECRET.decode()} {i}"], "attempts": attempts}
        for i in range(WRONG_CLUES)
    ]
    clues += [
        {
            "id": right_clue(i), "title": f"Door {i}", "answers": [right_text(i)], "points": 10 + i,
            "attempts": attempts,
        }
        for i in range(RIGHT_CLUES)
    ]  # fmt: skip
    clues += [
        {
            "id": f"l{i}", "title": f"Room {i}", "text": LARGE_TEXT, "answers": [f"{SECRET.decode()} room {i}"],
            "hints": [{"id": "h", "text": "Look up.", "price": 1}], "attempts": attempts,
        }
        for i in range(LARGE_CLUES - len(clues) if large else 0)
    ]  # fmt: skip
    treasures = [
        {"id": treasure(i), "title": f"Chest {i}", "quantity": QUANTITY, "points": 5}
        for i in range(TREASURES if race else 0)
    ]
    made = {
        "title": "Load",
        "intro": "For machines.",
        "teams": {"mode": "solo", "players_max": max(20_000, players)},
        "clues": clues,
        "treasures": treasures,
    }
    return msgspec.json.encode(made)


async def set_up(
    url: str,
    token: str,
    hunts: list[str],
    *,
    players: int,
    race: bool = False,
    large: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> float:
    """Create, define, publish and start hunts. Return the server's clock minus ours, in ms.

    Raises `Refused` (the token is no host's, a hunt exists) and `Unreachable`.
    """
    body = definition(players, race=race, large=large)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def some(part: list[str]) -> None:
        async with connect(url, token) as client:
            for hunt in part:
                await client.command("create", hunt=hunt)
                put = f"{http_base(url)}/hunts/{hunt}/definition"
                status, answer = await asyncio.to_thread(http, "PUT", put, body, headers)
                if status != 200:
                    raise Refused(answer)
                await client.command("publish", hunt=hunt)
                await client.command("start", hunt=hunt)

    async with connect(url, token) as client:
        offset_ms = await clock_offset_ms(client)
    # Commands are rate-limited per session: ten hunts or two hundred take about the same time.
    parts = [hunts[i : i + HUNTS_A_SESSION] for i in range(0, len(hunts), HUNTS_A_SESSION)]
    for i in range(0, len(parts), SESSIONS):
        await asyncio.gather(*(some(part) for part in parts[i : i + SESSIONS]))
        say(f"{min(len(hunts), (i + SESSIONS) * HUNTS_A_SESSION)} of {len(hunts)} hunts are set up")
    return offset_ms


async def clock_offset_ms(client: Client, tries: int = 9) -> float:
    """Return the server's wall clock minus ours, by the quickest of some pings; good to half its round trip."""
    best = (1e9, 0.0)
    for _ in range(tries):
        began = time.time_ns()
        answer = await client.question("ping")
        took_ms = (time.time_ns() - began) / 1e6
        best = min(best, (took_ms, answer["ts"] + 0.5 - (began / 1e6 + took_ms / 2)))
    return best[1]


async def take_down(url: str, token: str, hunts: list[str]) -> None:
    """End the hunts. Raises as `set_up`."""
    async with connect(url, token) as client:
        for hunt in hunts:
            await client.command("end", hunt=hunt)
