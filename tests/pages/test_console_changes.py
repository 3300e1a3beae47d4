"""A hunt that changes under a host's eyes: texts that others change, teams that overtake, answers taken, an end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import WebSocketRoute, expect

from lab.machines.servers import LocalServer
from tests.pages.axe import faults
from tests.pages.desk import Desk
from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS
from tests.pages.talker import Cast
from tests.pages.test_console import host_of, signed_in

Desks = Callable[..., Desk]


def test_an_answer_that_was_accepted_is_not_taken_back_by_an_older_text(
    desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, runner = crew.hunt(teams(clue("a"), clue("b")))
    player = crew.player(hunt, "P", team="Reds")
    host = signed_in(desk(), office, host_of(crew, hunt, runner), hunt)
    host.view("Edit")
    host.sees(".verdict", "Can be played")
    host.no_more("[data-act='publish']")  # players are in already
    paper = host.page.locator("#source")
    host.view("Run")
    player.ask("guess", hunt=hunt, clue="a", text="nope")
    host.page.locator("[data-accept='nope']").click()
    host.agree()
    host.view("Edit")
    expect(paper).to_have_value(re.compile("nope"), timeout=WAIT_MS)  # nothing was typed: the text of now
    paper.fill(paper.input_value().replace('title = "Clue b"', 'title = "The bridge"'))
    host.sees(".verdict", "Can be played")
    host.view("Run")
    player.ask("guess", hunt=hunt, clue="b", text="nay")
    host.page.locator("[data-accept='nay']").click()
    host.agree()
    host.view("Edit")
    host.sees("[data-overtaken] .come", "nay")
    expect(host.page.locator("[data-act='save']")).to_be_disabled()
    assert faults(host) == []
    host.page.locator("[data-take='both']").click()
    host.no_more("[data-overtaken]")
    assert "nay" in paper.input_value()
    host.sees(".verdict", "Can be played")
    host.page.reload()  # nothing is followed from here on: the refusal tells it
    host.sees(".verdict", "Can be played")
    runner.ask("accept", hunt=hunt, clue="a", text="neither")
    host.button("save")
    host.sees("[data-overtaken] .come", "neither")
    host.page.locator("[data-take='both']").click()
    host.sees(".verdict", "Can be played")
    host.button("save")
    host.sees("dialog .changes", "title")
    host.agree()
    host.noted("Saved")
    for text in ("nope", "nay", "neither", "The bridge"):
        assert text in paper.input_value()
    host.troubles.clear()  # Chromium writes refusals down
    host.well()


def test_comments_of_a_published_text_stay_when_an_answer_is_accepted_and_another_browser_opens_it(
    desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, runner = crew.hunt(teams(clue("a"), clue("b")))
    subject = host_of(crew, hunt, runner)
    host = signed_in(desk(), office, subject, hunt)
    host.view("Edit")
    host.sees(".verdict", "Can be played")
    paper = host.page.locator("#source")
    text = "# For the summer party.\n" + paper.input_value().replace('id = "b"', 'id = "b"  # at the bridge')
    paper.fill(text)
    host.sees(".verdict", "Can be played")
    host.button("save")
    host.agree()
    host.noted("Saved.")
    runner.ask("accept", hunt=hunt, clue="a", text="chai")
    expect(paper).to_have_value(text.replace('["tea"]', '["tea", "chai"]', 1), timeout=WAIT_MS)
    other = signed_in(desk(), office, subject, hunt)
    other.view("Edit")
    expect(other.page.locator("#source")).to_have_value(paper.input_value(), timeout=WAIT_MS)
    for one in (host, other):
        one.well()


def test_before_it_is_done_a_host_sees_what_it_would_change(desk: Desks, office: LocalServer, crew: Cast) -> None:
    hunt, runner = crew.hunt(teams(clue("a"), clue("b")))
    reds, blues = (crew.player(hunt, name, team=name) for name in ("Reds", "Blues"))
    reds.ask("guess", hunt=hunt, clue="a", text="tea")
    blues.ask("guess", hunt=hunt, clue="a", text="chai")
    host = signed_in(desk(), office, host_of(crew, hunt, runner), hunt)
    host.view("Edit")
    host.sees(".verdict", "Can be played")
    paper = host.page.locator("#source")
    paper.fill(paper.input_value().replace('["tea"]', '["tea", "chai"]', 1) + "points = 30\n")
    host.sees(".verdict", "Can be played")
    host.button("save")
    host.page.locator("[data-foresee]").click()
    host.sees("[data-foreseen]", "No team’s place")
    host.fill(existing="rejudge")
    host.sees("[data-foreseen] caption", "1 of 2 teams would change")
    host.sees("[data-foreseen] tbody", re.compile("Blues.*0 → 10.*0 → 1", re.S))
    assert faults(host) == []
    host.key("Escape")
    host.no_more("dialog")
    assert [row["score"] for row in runner.ask("board", hunt=hunt)["rows"]] == [10, 0]
    host.view("Run")
    host.page.locator("[data-accept='chai']").click()
    host.page.locator("[data-foresee]").click()
    host.sees("[data-foreseen] tbody", "Blues")
    host.agree()
    host.well()


def test_a_console_hears_of_wrong_guesses_and_asks_nothing_while_nothing_happens(
    desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, runner = crew.hunt(teams(clue("a"), clue("b")))
    player = crew.player(hunt, "P", team="Reds")
    made, asked = desk(), []
    made.page.clock.install()

    def way(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def up(text: str | bytes) -> None:
            asked.append(json.loads(text)["op"])
            server.send(text)

        socket.on_message(up)

    made.page.route_web_socket("**/ws", way)
    host = signed_in(made, office, host_of(crew, hunt, runner), hunt)
    host.sees(".counts", "1 player")
    host.online()
    made.page.clock.run_for(3000)  # what was under way is answered
    host.online()
    asked.clear()
    made.page.clock.run_for(9000)
    host.online()
    assert "big_board" not in asked
    player.ask("guess", hunt=hunt, clue="a", text="coffee")
    host.sees(".stream", "coffee")
    host.well()


def test_the_team_that_is_chosen_stays_chosen_when_it_is_overtaken_and_only_what_can_be_done_is_offered(
    desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, runner = crew.hunt(teams(clue("a"), clue("b"), schedule={"duration_s": 3600}))
    reds, blues = (crew.player(hunt, name, team=name) for name in ("Reds", "Blues"))
    reds.ask("guess", hunt=hunt, clue="a", text="tea")
    blues.ask("guess", hunt=hunt, clue="a", text="eight")
    host = signed_in(desk(), office, host_of(crew, hunt, runner), hunt)
    expect(host.page.locator(".heard").first).to_contain_text("eight", timeout=WAIT_MS)  # the youngest, after loading
    host.no_more("[data-undo='started']")  # somebody solved
    host.page.locator("[data-team='t1'] .row-button").click()
    host.sees("dialog", "Reds")
    host.key("Escape")
    host.no_more("dialog")
    host.page.locator("[data-team='t1'] .row-button").focus()
    for letter in "ab":
        runner.ask("award", hunt=hunt, team="t2", clue=letter)
    host.sees("[data-team='t2'] .place", "1")
    expect(host.page.locator(".grid-row.chosen")).to_contain_text("Reds", timeout=WAIT_MS)
    expect(host.page.locator("[data-team='t1'] .row-button")).to_be_focused(timeout=WAIT_MS)
    host.key("Enter")
    host.sees("dialog", "Reds")
    host.key("Escape")
    host.no_more("dialog")
    host.page.locator("[data-accept='eight']").click()
    host.agree()
    host.sees(".heard.accepted", "accepted since")
    host.no_more("[data-accept]")
    host.sees(".trail", "answer accepted")
    host.sees(".trail .detail", "“eight” · 1. Clue a")
    host.button("invite")
    host.sees("dialog [data-invite]", f"?hunt={hunt}")
    host.page.locator("dialog .share-qr").wait_for()
    assert faults(host) == []
    host.key("Escape")
    host.no_more("dialog")
    host.button("extend")
    host.fill(minutes="-1000", reason="a long story")
    host.page.locator("#dialog-go").click()
    host.page.locator("dialog [role='alert']").wait_for()
    assert host.page.locator("#field-reason").input_value() == "a long story"
    host.fill(minutes="7")
    host.agree()
    host.sees(".trail .detail", "+7 min")
    host.button("end")
    host.fill(places="held")
    host.agree()
    host.sees(".run-top", "standings frozen")
    host.sees(".phase.ended", "over")
    host.page.set_viewport_size({"width": 390, "height": 844})
    assert host.page.evaluate("document.documentElement.scrollWidth") <= 390
    host.page.set_viewport_size({"width": 1280, "height": 800})
    host.view("Edit")
    host.sees("[data-phase='ended']", "reopened")
    expect(host.page.locator("[data-act='save']")).to_be_disabled()
    host.well()
