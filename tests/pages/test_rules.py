"""Rules that a player meets on the page: a start of one's own, rounds, a meta and what feeds it, loot that opens."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.hunts import clue, solo
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def test_who_begins_sees_rounds_and_what_feeds_a_meta_and_opens_a_clue_by_loot(
    phone: Phones, cast: Cast, site: str
) -> None:
    loot = [{"id": "lamp", "title": "A lamp", "points": 2}]
    hunt, _ = cast.hunt(
        solo(
            clue("one", round="east"),
            clue("two", round="east"),
            clue("sun", round="east", meta_of=["east"], meta_needs=1),
            clue("cave", unlock="has lamp", points=40, points_min=10, decay_s=36_000),
        )
        | {
            "schedule": {"start": "own", "limit_s": 3600},
            "rounds": [{"id": "east", "title": "The east wing", "text": "Dark, and cold."}],
            "treasures": [{"id": "chest", "title": "A chest", "tier": "wood", "loot": loot}],
        }
    )
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.sees(".begin", "You have 60 minutes from when you begin")
    ada.no_more("[data-clue]")
    ada.page.locator("[data-begin]").click()
    ada.sees("[data-round='east']", "The east wing")
    ada.sees("[data-round='east']", "Dark, and cold.")
    expect(ada.page.locator("[data-round='east'] [data-clue]")).to_have_count(2, timeout=WAIT_MS)
    ada.no_more("[data-begin]")
    ada.sees("[data-treasure='chest']", "One of: A lamp")
    ada.page.locator("[data-treasure='chest'] button").click()
    ada.sees("[data-treasure='chest'] [data-loot]", "In it: A lamp")
    ada.clue("cave")
    ada.sees(".clue-page", "sinks to 10 until")
    ada.clue("one")
    ada.guess("tea")
    ada.answer("clue:one", "Correct")
    ada.clue("sun")
    ada.sees("[data-fed]", "Fed by 1 of 2 · Clue one")
    ada.well()
