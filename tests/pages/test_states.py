"""States of the player's page that come from what hosts and captains do, and what is told after the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.pages.desk import office_in
from tests.pages.hunts import RICH, clue, solo, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import HOSTED, PLAYED, ROOT, STATES, state
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def test_after_the_end_a_team_has_its_receipt_and_the_solutions_of_what_it_did_not_solve(
    phone: Phones, tmp_path: Path
) -> None:
    clues = [
        clue("gate", solution="Count *both* wings."), clue("verse", points=30),
        clue("lamp", unlock="verse", solution="The **first** letters."),
    ]  # fmt: skip
    with office_in(tmp_path) as office:
        cast = Cast(office)
        hunt, host = cast.hunt(teams(*clues))
        cast.player(hunt, "Cy", team="Lanterns").ask("guess", hunt=hunt, clue="gate", text="tea")
        ada = phone()
        ada.play(f"http://127.0.0.1:{office.port}/?hunt={hunt}", "Ada", team="The Night Owls")
        ada.clue("gate")
        ada.guess("tea")
        ada.answer("clue:gate", "Correct")
        host.ask("adjust", hunt=hunt, team="The Night Owls", points=7, reason="the song")
        cast.player(hunt, "Bo", invite=ada.state("state.page.team.invite"))
        assert ada.state("state.page.phase") == "running"
        ada.no_more(".solution")
        host.ask("end", hunt=hunt)
        asked = f"/api/players/{ada.state('state.me.player').removeprefix('p:')}/solves?hunt={hunt}"
        bearer = f"Bearer {cast.token('admin')}"
        while b"gate" not in office.http("GET", asked, authorization=bearer)[1]:
            ada.page.wait_for_timeout(100)  # the read models follow the log
        ada.page.locator("a.back").click()
        ada.sees(".ended", "over")
        state(ada, "over")
        ada.page.locator("a#receipt").click()
        ada.sees("[data-solve='gate']", re.compile(r"Clue gate.*2nd to solve.*\+10", re.DOTALL))
        ada.sees(".receipt", "+7")
        ada.sees(".receipt .total >> nth=0", "17 points")
        ada.sees(".receipt .total >> nth=1", "1st of 2")
        ada.page.locator(".proof summary").click()
        ada.sees(".proof li >> nth=0", ":")
        ada.page.locator(".proof summary").click()
        ada.sees("[data-solution='lamp']", "The first letters.")
        state(ada, "receipt")
        ada.clue("verse")
        expect(ada.page.locator(".solution")).to_have_count(0)
        ada.page.evaluate("location.hash = 'clue/gate'")
        ada.sees(".solution", "Count both wings.")
        cast.close()
        ada.well()


def test_a_ghost_runs_on_the_board_beside_the_teams_and_is_marked(phone: Phones, cast: Cast, site: str) -> None:
    ghost = {"name": "Owls of last year", "course": [[0, 5, 1], [100_000, 900, 9]]}
    hunt, host = cast.hunt({**solo(clue("gate")), "ghosts": [ghost]})
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.page.evaluate("location.hash = 'board'")
    ada.sees("[data-team='ghost-0']", re.compile(r"Owls of last year.*ghost, not counted.*5", re.DOTALL))
    expect(ada.page.locator(".board li")).to_have_count(2)
    ada.sees(".board li >> nth=1", "Ada")
    ada.clue("gate")
    ada.guess("tea")
    ada.answer("clue:gate", "Correct")
    ada.page.evaluate("location.hash = 'board'")
    ada.sees(".board li >> nth=0", "Ada")
    assert host.ask("board", hunt=hunt)["teams"] == 1


def test_a_server_without_read_models_gives_a_receipt_without_times(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(solo())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    host.ask("end", hunt=hunt)
    ada.page.evaluate("location.hash = 'receipt'")
    ada.sees("[data-solve='a']", "Clue a")
    ada.sees(".receipt .total", "10 points")


def test_a_frozen_board_says_since_when_and_goes_on(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    other = cast.player(hunt, "Bo", team="Blues")
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("board")
    ada.sees(".board", "Blues")
    host.ask("freeze", hunt=hunt)
    ada.sees("[data-frozen]", "Frozen since")
    other.ask("guess", hunt=hunt, clue="a", text="tea")
    state(ada, "frozen")
    host.ask("unfreeze", hunt=hunt)
    ada.no_more("[data-frozen]")
    expect(ada.page.locator(".board .score").first).to_have_text("10", timeout=WAIT_MS)


def test_a_team_that_is_taken_out_is_told_and_told_again_when_it_is_back(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    invite = ada.state("state.page.team.invite")
    host.ask("disqualify", hunt=hunt, team="Reds", reason="They drove.", back=False)
    ada.sees(".strip.bad", "taken out of the standings")
    state(ada, "taken-out")
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "taken out")
    bo = phone()
    bo.open(f"{site}?hunt={hunt}&code={invite}")
    bo.page.locator("#name").fill("Bo")
    bo.page.locator("#enter button.act").click()
    bo.sees("#invite-fault", "This team was taken out of the hunt. Talk to your host, or make a new team.")
    state(bo, "taken-out-joining")
    host.ask("disqualify", hunt=hunt, team="Reds", reason="They walked.", back=True)
    ada.no_more(".strip.bad")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    ada.well()


def test_who_is_taken_out_of_a_team_is_told_and_can_come_in_again(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada, bo = phone(), phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    bo.play(f"{site}?hunt={hunt}", "Bo", code=ada.state("state.page.team.invite"))
    bo.clue("a")
    ada.go("team")
    ada.sees(".members", "Bo")
    ada.page.locator(".members button").click()
    ada.sees("dialog", "Bo leaves the team")
    ada.page.locator("#kick").click()
    ada.sees("main", "1 member")
    bo.sees("#fault-hunt", "You are not in this team any more")
    state(bo, "kicked")
    bo.page.get_by_text("Join with a code").click()
    bo.page.locator("#invite").fill(ada.state("state.page.team.invite"))
    bo.page.locator("#enter button.act").click()
    bo.sees(".clue-page", "Clue a")
    bo.page.locator("a.back").click()
    bo.go("team")
    bo.page.locator("#leave").click()
    bo.page.locator("#sure-go").click()
    bo.sees("#enter", "Play")
    ada.sees("main", "1 member")
    ada.well()
    bo.well()


def test_a_captain_lets_in_who_asks_and_who_asks_hears_it(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada, bo, cy = phone(), phone(), phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    ada.page.locator("#approval").check()
    ada.until("state.page.team.approval")
    invite = ada.state("state.page.team.invite")
    for one, name in ((bo, "Bo"), (cy, "Cy")):
        one.open(f"{site}?hunt={hunt}")
        one.join(name, code=invite)
        one.sees("[data-waits]", "You asked to join Reds.")
    bo.page.reload()
    bo.sees("[data-waits]", "You asked to join Reds.")
    state(bo, "asks")
    ada.go("team")
    ada.page.locator(".asking li", has_text="Bo").get_by_text("Let in").click()
    bo.inside()
    ada.page.locator(".asking li", has_text="Cy").get_by_text("No").click()
    cy.sees("#invite-fault", "The captain did not let you in.")
    ada.no_more(".asking")
    for one in (ada, bo, cy):
        one.well()


def test_wrong_codes_say_how_long_to_wait(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(RICH | {"tries": {"codes": {"free": 0, "cool_down_s": 300}}})
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("gate")
    ada.guess("tea")
    ada.answer("clue:gate", "Correct")
    ada.celebrated()
    ada.clue("stone")
    ada.page.locator("#code").fill("STONE-18")
    ada.page.locator("#code").press("Enter")
    ada.answer("clue:stone", re.compile(r"STONE-18.*belongs to nothing.*wait \d:\d\d"))
    state(ada, "code-wait")
    ada.page.locator("#code").fill("STONE-17")
    ada.page.locator("#code").press("Enter")
    expect(ada.page.locator(".solve .ring")).to_have_text(re.compile(r"^\d:\d\d$"))
    expect(ada.page.locator("#code")).to_have_value("STONE-17")


def test_every_state_has_a_test_and_a_picture_in_the_docs() -> None:
    page = (ROOT / "docs" / "proof" / "states.md").read_text()
    shown = re.findall(r"pictures/state-([a-z-]+)\.png", page)
    assert sorted(set(shown)) == sorted(STATES)
    assert [name for name in STATES if not (ROOT / "docs" / "pictures" / f"state-{name}.png").is_file()] == []
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 30
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_the_docs_show_pictures_that_are_taken() -> None:
    for page in (ROOT / "docs" / "play.md", ROOT / "docs" / "host" / "console.md", ROOT / "README.md"):
        shown = [part.partition(".png")[0] for part in page.read_text().split("pictures/")[1:]]
        assert shown
        assert [name for name in shown if not (ROOT / "docs" / "pictures" / f"{name}.png").is_file()] == []
        assert set(shown) <= {*PLAYED, *HOSTED, *(f"state-{name}" for name in STATES)}
