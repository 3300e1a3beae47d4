"""The page for everybody: axe, narrow and enlarged screens, right-to-left names, the keyboard alone, two languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.pages.axe import faults, looked_at
from tests.pages.hunts import RICH, clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
WIDE = "Ｗ" * 40


def sideways(phone: Phone) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return int(phone.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def tour(phone: Phone, cast: Cast, hunt: str, host: Any, site: str, look: Callable[[str], None]) -> None:
    """Go through the states of the page; look at each."""
    phone.open(f"{site}?hunt={hunt}")
    phone.sees(".masthead", "Not started yet")
    look("entrance")
    phone.join("Ada", team="")
    phone.inside()
    look("before the start")
    host.ask("start", hunt=hunt)
    phone.sees("[data-clue='gate']", "open")
    look("clues")
    phone.clue("verse")
    phone.guess("coffee")
    phone.answer("clue:verse", "is not it")
    look("a wrong guess")
    phone.clue("gate")
    phone.page.locator("[data-hint='wings'] button").click()
    look("a hint")
    phone.guess("tea")
    phone.sees(".celebration", "First to solve")
    look("a solve")
    phone.celebrated()
    look("a solved clue")
    phone.clue("stone")
    look("a code")
    phone.clue("pier")
    look("a place")
    phone.page.locator("a.back").click()
    host.ask("announce", hunt=hunt, text="Beware of the dog.")
    phone.sees(".news", "Beware")
    look("news")
    for view in ("map", "team", "board", "feed"):
        phone.go(view)
        expect(phone.page.locator("main .skeleton")).to_have_count(0, timeout=WAIT_MS)
        look(view)
    phone.page.locator(".dot").click()
    look("connection")
    phone.page.keyboard.press("Escape")
    phone.no_more("dialog")
    host.ask("pause", hunt=hunt)
    phone.go("clues")
    phone.sees(".notice", "paused")
    look("paused")
    host.ask("end", hunt=hunt)
    phone.sees(".ended", "over")
    look("ended")


def test_axe_finds_nothing_in_any_state(phone: Phones, cast: Cast, site: str) -> None:
    """In light and English, in the dark and German; what has a picture is looked at where that is taken."""
    hunt, host = cast.hunt(RICH, start=False)
    ada = phone()
    found: dict[str, list[str]] = {}

    def look(seen: str) -> None:
        if seen == "clues":
            state(ada, "running")
            ada.page.emulate_media(color_scheme="dark")
            state(ada, "dark")
            ada.page.emulate_media(color_scheme="light")
        elif said := looked_at(ada):
            found[seen] = said

    ada.open(site)
    ada.sees("h1", "Treasure hunts")
    state(ada, "first-visit")
    tour(ada, cast, hunt, host, site, look)
    assert found == {}


def test_axe_finds_what_is_wrong(phone: Phones, site: str) -> None:
    ada = phone()
    ada.open(site)
    ada.sees("h1", "Treasure hunts")
    ada.page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert [fault.partition(":")[0] for fault in faults(ada)] == ["label"]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"viewport": {"width": 320, "height": 568}}, "100%"),
        ({"viewport": {"width": 390, "height": 844}}, "200%"),
        ({"viewport": {"width": 844, "height": 390}}, "100%"),
        ({"viewport": {"width": 1440, "height": 900}, "is_mobile": False, "has_touch": False}, "100%"),
    ],
    ids=["320 px", "letters twice as large", "on its side", "a desktop"],
)
def test_nothing_is_cut_off_or_scrolls_sideways(
    phone: Phones, cast: Cast, site: str, options: dict[str, Any], size: str
) -> None:
    hunt, host = cast.hunt(RICH | {"title": WIDE}, start=False)
    ada = phone(**options)
    ada.page.add_init_script(
        f"document.addEventListener('DOMContentLoaded', () => {{ document.documentElement.style.fontSize = '{size}' }})"
    )
    wide: dict[str, int] = {}

    def look(seen: str) -> None:
        if sideways(ada) > 0:
            wide[seen] = sideways(ada)
        if size == "200%" and seen == "clues":
            state(ada, "twice-as-large")

    tour(ada, cast, hunt, host, site, look)
    assert wide == {}


def test_german_and_names_without_a_space_fit_on_the_smallest_phone(phone: Phones, cast: Cast, site: str) -> None:
    name, team = "Ｄ" * 40, "Donaudampfschifffahrtsgesellschaftskapit"
    hunt, _ = cast.hunt(RICH | {"title": "W" * 80})
    ada = phone(locale="de-DE", viewport={"width": 320, "height": 568})
    wide: dict[str, int] = {}

    def look(seen: str) -> None:
        if sideways(ada) > 0 or ada.page.evaluate(
            "Boolean(document.querySelector('dialog')?.scrollWidth > innerWidth)"
        ):
            wide[seen] = sideways(ada)
        if folder := os.environ.get("HUNTSERVER_LOOK"):
            ada.page.screenshot(path=f"{folder}/{seen}.png", full_page=True)

    ada.open(f"{site}?hunt={hunt}")
    ada.page.locator("#pairs").click()
    look("pairing")
    ada.page.locator("#pairs").click()
    ada.join(name, team=team)
    ada.inside()
    invite = ada.state("state.page.team.invite")
    cast.player(hunt, "Ｂ" * 40, invite=invite)
    for view in ("clues", "map", "team", "board", "feed"):
        ada.go(view)
        expect(ada.page.locator("main .skeleton")).to_have_count(0, timeout=WAIT_MS)
        look(view)
    ada.go("team")
    ada.page.locator("#rename").click()
    look("renaming")
    ada.page.locator(".members button").click()
    ada.sees("dialog", "Führung übergeben")
    look("member")
    ada.page.keyboard.press("Escape")
    ada.page.locator("#pair").click()
    ada.sees("[data-pair]", "")
    look("other phone")
    ada.page.keyboard.press("Escape")
    ada.page.locator(".dot").click()
    ada.sees("dialog", "W" * 80)  # the bar cuts a long title; here it is whole
    look("connection")
    assert wide == {}


def test_targets_are_large_enough_for_a_thumb(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(RICH, start=False)
    ada = phone()
    small: dict[str, list[Any]] = {}

    def look(seen: str) -> None:
        found = ada.page.evaluate("""() => [...document.querySelectorAll("button, a.card, nav a, input, select")]
            .filter((e) => e.checkVisibility({ contentVisibilityAuto: true }) && getComputedStyle(e).opacity !== "0")
            .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)""")
        if found:
            small[seen] = found

    tour(ada, cast, hunt, host, site, look)
    assert small == {}


def test_names_from_right_to_left_and_wide_names_are_shown_whole(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(clue("a", title="أين البوابة؟", text="ابحث عن المفتاح تحت الحجر.")))
    cast.player(hunt, "Bo", team=WIDE)
    ada = phone(viewport={"width": 320, "height": 568})
    ada.play(f"{site}?hunt={hunt}", "ليلى", team="فريق الشمس")
    assert sideways(ada) <= 0
    assert ada.page.locator(".clue .title").evaluate("e => getComputedStyle(e).direction") == "rtl"
    state(ada, "right-to-left")
    ada.go("board")
    ada.sees(".board", WIDE)
    ada.sees(".mine", "فريق الشمس")
    state(ada, "wide-names")
    assert sideways(ada) <= 0


def test_a_hunt_is_played_with_the_keyboard_alone(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(viewport={"width": 1280, "height": 800}, is_mobile=False, has_touch=False)
    ada.open(f"{site}?hunt={hunt}")
    keys = ada.page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(40):
            if ada.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            keys.press("Tab")
        raise AssertionError(f"{selector} cannot be reached by the tabulator")

    ada.sees("#enter", "Play")
    tab_to("#name")
    keys.type("Ada")
    tab_to("#team")
    keys.type("Reds")
    keys.press("Enter")
    ada.inside()
    tab_to("a[data-clue='a']")
    assert ada.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    state(ada, "keyboard", focused=True)
    keys.press("Enter")
    expect(ada.page.locator("#clue-title")).to_be_focused(timeout=WAIT_MS)
    tab_to("#guess")
    keys.type("tea")
    keys.press("Enter")
    ada.answer("clue:a", "Correct")
    tab_to("a.back")
    keys.press("Enter")
    tab_to("nav a[href='#board']")
    keys.press("Enter")
    ada.sees(".mine", "Reds")
    tab_to("button.dot")
    keys.press("Enter")
    expect(ada.page.locator("dialog")).to_be_visible()
    keys.press("Escape")
    ada.no_more("dialog")
    expect(ada.page.locator("button.dot")).to_be_focused(timeout=WAIT_MS)


def test_answers_are_told_to_a_screen_reader_as_they_come(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    line = ada.page.locator("[data-answer='clue:a']")
    assert line.get_attribute("role") == "status"  # there before anything is said: else it would not be read out
    handle = line.element_handle()
    ada.guess("coffee")
    ada.answer("clue:a", "is not it")
    assert handle is not None
    assert handle.evaluate("e => e.isConnected && e.textContent.includes('is not it')")


def test_what_is_chosen_and_the_light_are_seen_where_a_person_chose_the_colours(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(forced_colors="active")
    ada.open(f"{site}?hunt={hunt}")
    look = "one => getComputedStyle(one).outlineStyle + getComputedStyle(one).borderTopWidth"
    chosen, other = (ada.page.locator(f".segments input[value='{how}'] + span") for how in ("new", "code"))
    assert chosen.evaluate(look).startswith("solid")
    assert other.evaluate(look).startswith("none")
    ada.join("Ada", team="Reds")
    ada.inside()
    ada.online()
    assert ada.page.locator(".dot .light").evaluate(look).endswith("7px")
    ada.go("team")
    expect(ada.page.locator(".qr")).to_have_css("background-color", "rgb(255, 255, 255)")  # else no camera reads it
    ada.well()


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_those_who_asked_for_rest(
    phone: Phones, cast: Cast, site: str, motion: str, moves: bool
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(reduced_motion=motion)
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.guess("tea")
    ada.sees(".celebration", "First to solve")
    assert (ada.page.locator(".big-stamp").evaluate("e => e.getAnimations().length") > 0) is moves


def test_the_page_speaks_the_persons_language_and_changes_it(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(locale="de-DE")
    ada.open(f"{site}?hunt={hunt}")
    ada.sees("#enter", "Mitspielen")
    assert ada.page.locator("html").get_attribute("lang") == "de"
    ada.join("Ada", team="Die Roten")
    ada.inside()
    ada.sees(".progress", "0 von 2 gelöst · 0 Punkte")
    state(ada, "german")
    ada.page.locator(".dot").click()
    ada.page.get_by_role("button", name="English").click()
    ada.sees(".progress", "0 of 2 solved · 0 points")
    ada.page.reload()
    ada.sees(".progress", "0 of 2 solved · 0 points")
