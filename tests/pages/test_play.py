"""What one player does and sees on the page, from the door to a solve."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lab.machines.servers import LocalServer
from tests.pages.apart import apart
from tests.pages.hunts import RICH, WAIT_A_LITTLE, clue, solo, teams
from tests.pages.phone import FLAGS, WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def test_a_hunt_is_chosen_by_its_title_and_state(phone: Phones, cast: Cast, site: str, live: LocalServer) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.open(f"{site}?hunt={hunt}")
    ada.sees("h1", "A walk")
    ada.sees(".masthead", "Running")
    ada.join("Ada", team="Reds")
    ada.inside()
    ada.sees(".hunt-title", "A walk")
    ada.well()


@pytest.mark.parametrize(
    ("how", "field", "words"),
    [
        ({"team": "reds"}, "#team-fault", "Another team has this name. Choose another name"),
        ({"code": "ZZZZZZ"}, "#invite-fault", "No team has this invite code. Look at the code again"),
        ({"code": "FULL"}, "#invite-fault", "all the members it may have. Ask for another"),
    ],
    ids=["name taken", "wrong code", "team full"],
)
def test_a_refused_join_stands_at_its_field_with_the_way_out(
    phone: Phones, cast: Cast, site: str, how: dict[str, str], field: str, words: str
) -> None:
    hunt, _ = cast.hunt(teams(clue("a")) | {"teams": {"mode": "teams", "size_max": 1}})
    full = cast.player(hunt, "Bo", team="Reds").team["invite"]  # type: ignore[attr-defined]
    ada = phone()
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Ann", **{name: full if value == "FULL" else value for name, value in how.items()})
    ada.sees(field, words)
    invalid = ada.page.locator("input[aria-invalid='true']")
    expect(invalid).to_have_count(1)
    state(ada, {"#team-fault": "name-taken"}.get(field, "wrong-code" if how == {"code": "ZZZZZZ"} else "team-full"))
    expect(invalid).to_have_value(full if how.get("code") == "FULL" else next(iter(how.values())))
    expect(ada.page.locator("#name")).to_have_value("Ann")
    ada.page.get_by_text("New team", exact=True).click()
    ada.page.locator("#team").fill("Blues")
    ada.page.locator("#enter button.act").click()
    ada.inside()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"teams": {"mode": "solo", "players_max": 1}}, "as many players as it allows. Talk to your host."),
        ({"schedule": {"opens_at": "2036-01-01T10:00:00Z", "starts_at": "2036-01-01T11:00:00Z", "duration_s": 60}},
         "has not started yet. Possible again in"),
    ],
    ids=["hunt full", "doors closed"],
)  # fmt: skip
def test_who_cannot_join_a_hunt_is_told_why(
    phone: Phones, cast: Cast, site: str, more: dict[str, object], words: str
) -> None:
    hunt, _ = cast.hunt(solo() | more, start="schedule" not in more)
    if "teams" in more:
        cast.player(hunt)
    ada = phone()
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Ann")
    ada.sees("#fault-hunt", words)
    state(ada, "hunt-full" if "teams" in more else "doors-closed")


def test_a_link_to_a_hunt_that_is_not_there_says_so(phone: Phones, site: str) -> None:
    ada = phone()
    ada.open(f"{site}?hunt=never-made")
    ada.sees("[role=alert]", "There is no such hunt here")
    state(ada, "no-such-hunt")


def test_an_invite_link_fills_in_the_code(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    code = cast.player(hunt, "Bo", team="Reds").team["invite"]  # type: ignore[attr-defined]
    ada = phone()
    ada.open(f"{site}?hunt={hunt}&code={code.lower()}")
    expect(ada.page.locator("#invite")).to_have_value(code)
    state(ada, "invited")
    ada.page.locator("#name").fill("Ada")
    ada.page.locator("#enter button.act").click()
    ada.inside()
    ada.go("team")
    ada.sees(".members", "Ada")
    ada.sees("main", "2 members")


def test_what_a_player_types_survives_every_push(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    other = cast.player(hunt, "Bo", team="Blues")
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    field = ada.page.locator("#guess")
    field.press_sequentially("half a thought")
    field.evaluate("field => field.setSelectionRange(2, 6)")
    other.ask("guess", hunt=hunt, clue="a", text="tea")
    host.ask("announce", hunt=hunt, text="Hello")
    host.ask("adjust", hunt=hunt, team="t2", points=3, reason="kindness")
    ada.sees("[data-strip='told']", "Hello")
    expect(ada.page.locator(".views .new")).to_have_count(0)  # the bar is not on a clue's page
    ada.page.wait_for_function("document.querySelector('#guess') === document.activeElement")
    state = field.evaluate("field => [field.value, field.selectionStart, field.selectionEnd]")
    assert state == ["half a thought", 2, 6]
    ada.page.evaluate("history.back()")
    ada.sees(".news", "Hello")
    ada.sees(".progress", "3 points")
    ada.clue("a")
    expect(field).to_have_value("half a thought")
    ada.page.reload()
    expect(field).to_have_value("half a thought", timeout=WAIT_MS)


def test_at_an_open_clue_one_hears_the_hosts_an_accepted_answer_the_way_on_and_the_end(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.guess("coffee")
    ada.answer("clue:a", "is not it")
    host.ask("announce", hunt=hunt, text="The gate is shut.")
    ada.sees("[data-strip='told']", "The gate is shut.")
    host.ask("accept", hunt=hunt, clue="a", text="coffee")
    ada.sees(".found", "Solved")
    assert "is not it" not in ada.page.locator(".clue-page").inner_text()
    ada.no_more(".celebration")
    ada.sees("[data-strip='told']", "The gate is shut.")  # until it is put away
    ada.page.locator("[data-strip='told'] button").click()
    ada.no_more("[data-strip='told']")
    ada.page.locator("[data-next]").click()
    ada.sees("#clue-title", "Clue b")
    ada.page.reload()
    ada.sees("#clue-title", "Clue b")
    ada.no_more("[data-strip='told']")
    ada.guess("tea")
    ada.sees("[data-next]", "You have solved every clue.")
    ada.well()
    host.ask("end", hunt=hunt)
    ada.sees("[data-strip='over']", "1st place")


def test_a_word_that_an_input_method_composes_survives_a_push(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.page.locator("#guess").focus()
    devtools = ada.context.new_cdp_session(ada.page)
    devtools.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    host.ask("adjust", hunt=hunt, team="t1", points=3, reason="kindness")
    host.ask("announce", hunt=hunt, text="Hello")
    ada.until("state.page.announcements.length === 1")
    devtools.send("Input.insertText", {"text": "日本"})
    expect(ada.page.locator("#guess")).to_have_value("日本")


def test_verse_keeps_its_lines_and_an_address_is_a_link(phone: Phones, cast: Cast, site: str) -> None:
    verse = "My first is in tea but not in leaf,\nmy second in teapot,\nmy third in fire;\nsee https://example.org/map."
    wrapped = ("A line that an editor filled up to its margin, as files of hunts have them all the time,\n"
               "goes on in the next one, which is a line of the file and no line of any verse.")  # fmt: skip
    hunt, _ = cast.hunt(solo(clue("a", text=f"{verse}\n\n{wrapped}")))
    ada = phone(viewport={"width": 1280, "height": 800}, is_mobile=False)
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.clue("a")
    first, second = ada.page.locator(".paper p").all()
    assert first.inner_text().splitlines() == verse.splitlines()
    assert len(second.inner_text().splitlines()) == 1
    expect(first.locator("a[href='https://example.org/map']")).to_have_text("https://example.org/map")


def test_a_wrong_guess_says_how_long_to_wait_and_keeps_what_is_typed(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(clue("a", attempts=WAIT_A_LITTLE)))
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.guess("coffee")
    ada.answer("clue:a", re.compile(r"coffee.*is not it · wait \d:\d\d"))
    expect(ada.page.locator(".solve .ring")).to_have_text(re.compile(r"^\d:\d\d$"))
    ada.guess("tea")
    expect(ada.page.locator("#guess")).to_have_value("tea")
    ada.sees(".tries", "coffee")
    state(ada, "wait")
    ada.page.reload()
    expect(ada.page.locator(".solve .ring")).to_have_text(re.compile(r"^\d:\d\d$"), timeout=WAIT_MS)
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees("[data-clue='a']", re.compile(r"tried once · wait \d:\d\d"))


def test_before_the_start_the_page_says_when_it_is_and_begins_by_itself(phone: Phones, cast: Cast, site: str) -> None:
    starts_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    hunt, host = cast.hunt(solo(schedule={"starts_at": starts_at, "duration_s": 3600}), start=False)
    ada = phone()
    ada.open(f"{site}?hunt={hunt}")
    ada.sees(".masthead", "Starts")
    ada.join("Ada")
    ada.inside()
    expect(ada.page.locator(".hero time-left")).to_have_text(re.compile(r"^(5\d:\d\d|1:00:00)$"))
    state(ada, "before")
    host.ask("start", hunt=hunt)
    ada.sees("[data-clue='a']", "Clue a")
    expect(ada.page.locator(".bar time-left")).to_have_text(re.compile(r"^(5\d:\d\d|1:00:00)$"))
    host.ask("pause", hunt=hunt)
    ada.sees(".bar", "Paused")
    state(ada, "paused")
    host.ask("unpause", hunt=hunt)
    ada.no_more(".bar .clock b")
    host.ask("extend", hunt=hunt, by_s=3600)
    expect(ada.page.locator(".bar time-left")).to_have_text(re.compile(r"^(1:5\d:\d\d|2:00:00)$"), timeout=WAIT_MS)
    host.ask("end", hunt=hunt)
    ada.sees(".ended", "The hunt is over")
    ada.sees(".ended", "1st place")


def test_a_tablet_goes_from_one_person_to_the_next_and_back(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    tablet = phone()
    tablet.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    tablet.go("team")
    tablet.page.locator("#next").click()
    tablet.page.locator("#next-go").click()
    tablet.join("Zoe", team="The Zoes")
    tablet.inside()
    tablet.go("team")
    tablet.sees("h2", "The Zoes")
    tablet.page.locator("#next").click()
    tablet.page.locator("#next-go").click()
    tablet.page.locator(".known button", has_text="Ada").click()
    tablet.page.locator("#enter button.act").click()
    tablet.inside()
    tablet.go("team")
    tablet.sees("h2", "Reds")


def test_who_types_another_name_plays_as_somebody_else(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    tablet = phone()
    tablet.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    tablet.go("team")
    tablet.page.locator("#next").click()
    tablet.page.get_by_text("Same player, another hunt").click()
    expect(tablet.page.locator("#name")).to_have_value("Ada")
    tablet.join("Zoe", team="The Zoes")
    tablet.inside()
    tablet.go("team")
    tablet.sees("h2", "The Zoes")
    assert host.ask("overview", hunt=hunt)["players"] == 2


def test_only_a_final_refusal_ends_a_sign_in_and_the_page_offers_the_way_back(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    mate = cast.player(hunt, "Bo", team="Reds")
    ada = phone()
    url = f"{site}?hunt={hunt}"
    ada.play(url, "Ada", code=mate.team["invite"])  # type: ignore[attr-defined]
    ada.page.evaluate("""() => {
        const me = JSON.parse(localStorage.getItem('huntserver.me'));
        localStorage.setItem('huntserver.me', JSON.stringify({ ...me, token: me.token.slice(0, -3) + 'xxx' }));
    }""")
    ada.page.reload()
    ada.sees("[data-strip='refused']", "a team mate’s invite code brings you back")
    ada.page.locator("[data-strip='refused'] button").click()
    ada.join("Ada", code=mate.team["invite"])  # type: ignore[attr-defined]
    ada.inside()
    ada.go("team")
    ada.sees("h2", "Reds")


def test_a_sign_in_that_has_expired_says_so_and_offers_the_way_back(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    old = cast.token("player", "Ada", ttl_s=-3600)
    ada = phone()
    ada.open(site)
    ada.page.evaluate(
        """([hunt, token]) => {
        localStorage.setItem('huntserver.me', JSON.stringify({ player: 'old', name: 'Ada', token }));
        localStorage.setItem('huntserver.hunt', JSON.stringify(hunt));
    }""",
        [hunt, old],
    )
    ada.page.reload()
    ada.sees("[data-strip='refused']", "Your sign-in is no longer valid")
    state(ada, "expired")
    ada.page.locator("[data-strip='refused'] button").click()
    ada.sees("h1", "Treasure hunts")
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Ada", team="Reds")
    ada.inside()
    ada.well()


def test_a_hint_that_needs_another_is_shut_until_that_is_open(phone: Phones, cast: Cast, site: str) -> None:
    hints = [{"id": "far", "text": "Far away."}, {"id": "near", "text": "Quite near.", "needs": ["far"]}]
    hunt, _ = cast.hunt(teams(clue("a", hints=hints)))
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.sees("[data-hint='near']", "after hint 1")
    assert ada.page.locator("[data-hint='near'] button").count() == 0
    ada.page.locator("[data-hint='far'] button").click()
    ada.page.locator("[data-hint='far'] button.act").click()
    ada.sees("[data-hint='far']", "Far away.")
    ada.page.locator("[data-hint='near'] button").click()
    ada.page.locator("[data-hint='near'] button.act").click()
    ada.sees("[data-hint='near']", "Quite near.")
    ada.well()


def test_a_browser_that_keeps_nothing_can_play_and_says_what_to_allow(
    browser: Browser, cast: Cast, site: str, tmp_path: Path
) -> None:
    hunt, _ = cast.hunt(solo())
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text('{"profile": {"default_content_setting_values": {"cookies": 2}}}')
    with apart(browser.browser_type, tmp_path, FLAGS) as said:
        said.open(f"{site}?hunt={hunt}")
        said.join("Ada")
        said.inside()
        said.sees("[data-strip='storage']", "Cure: allow site data")
        state(said, "no-storage")
        said.clue("a")
        said.guess("tea")
        said.answer("clue:a", "Correct")


def test_hints_say_their_price_and_ask_once(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(RICH)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("gate")
    dear = ada.page.locator("[data-hint='sum']")
    expect(dear).to_contain_text("costs 4 points")
    expect(dear).to_contain_text("you have 0")
    expect(dear.locator("button")).to_have_count(0)
    host.ask("adjust", hunt=hunt, team="t1", points=6, reason="a song")
    dear.locator("button").click()
    dear.get_by_text("No", exact=True).click()
    dear.locator("button").click()
    dear.get_by_text("Yes, open").click()
    expect(ada.page.locator("[data-hint='sum'].opened")).to_contain_text("Add them.")
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees(".progress", "2 points")


def test_a_first_find_is_stamped_and_a_mates_solve_is_seen(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(RICH)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    mate = cast.player(hunt, "Bo", invite=ada.page.locator("p.code").inner_text())
    ada.sees(".members", "Bo")
    ada.go("clues")
    mate.ask("guess", hunt=hunt, clue="gate", text="tea")
    ada.sees(".celebration", "First to solve!")
    ada.sees(".progress", "1 of 5 solved · 15 points")
    ada.sees("[data-clue='stone']", "Clue stone")
    ada.sees("[data-treasure='shell']", "2 left")
    ada.celebrated()
    ada.page.locator("[data-treasure='shell'] button").click()
    ada.sees("[data-treasure='shell']", "yours")
    ada.sees(".progress", "20 points")


def test_a_near_answer_is_told_and_a_repeated_one_costs_nothing(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(RICH)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("verse")
    ada.guess("leaf")
    ada.answer("clue:verse", "Nearly.")
    ada.guess("coffee")
    ada.answer("clue:verse", "is not it")
    ada.guess("COFFEE")
    ada.answer("clue:verse", "was tried before")
