"""Questions to hosts through the pages: asked on a phone, taken up and answered at a desk, and read after a reload."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from lab.machines.servers import LocalServer
from tests.pages.axe import faults
from tests.pages.desk import Desk, sign_in_link
from tests.pages.hunts import clue, teams
from tests.pages.phone import Phone
from tests.pages.talker import Cast, Talker
from tests.pages.test_fold import compared

Phones = Callable[..., Phone]
Desks = Callable[..., Desk]
HUNT = teams(clue("a"), clue("b"), help={"price": 3})


def ask(team: Phone, text: str) -> None:
    """Ask about the clue that is open."""
    team.page.locator(".asking > form.write textarea").fill(text)
    team.page.locator(".asking > form.write .act").click()


def at_queue(made: Desk, live: LocalServer, who: Talker, hunt: str) -> Desk:
    """Sit down as somebody who runs a hunt, before its queue."""
    made.open(sign_in_link(live, who.hello["player"][2:], "Ada Host"))
    made.sees("nav.rail", "Hunts")
    made.page.evaluate("hunt => { location.hash = `queue/${hunt}` }", hunt)
    made.sees("main h1", "Questions and photos")
    return made


def test_a_team_asks_a_host_answers_and_the_team_reads_it_after_a_reload(
    phone: Phones, desk: Desks, office: LocalServer, crew: Cast
) -> None:
    site = f"http://127.0.0.1:{office.port}/"
    hunt, owner = crew.hunt(HUNT)
    eve = crew.talker("host", "Eve")
    eve.ask("take_role", hunt=hunt, code=owner.ask("grant", hunt=hunt, role="reviewer")["code"])
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    owner.ask("adjust", hunt=hunt, team="t1", points=2, reason="to begin with")
    ada.clue("a")
    ada.sees(".asking", "an answer costs 3 points. Your team has 2 points")
    owner.ask("adjust", hunt=hunt, team="t1", points=8, reason="and more")
    ada.guess("coffee")
    ada.answer("clue:a", "is not it")
    ada.page.locator(".asking textarea").fill("Is it <hot>?")
    reviewer = desk()
    sent: list[str] = []
    reviewer.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    reviewer.page.clock.install()
    host, other = at_queue(desk(), office, owner, hunt), at_queue(reviewer, office, eve, hunt)
    host.sees(".empty", "Nothing waits")
    ada.page.locator(".asking button", has_text="Ask").click()
    ada.sees("[data-question='q1'] [data-status]", "Waits for a host")

    host.sees("nav.rail [data-waiting]", "1")
    host.sees("[data-item='q1']", "Reds")
    host.sees("[data-item='q1']", "coffee")
    assert faults(host) == []
    host.key("c")
    ada.sees("[data-question='q1'] [data-status]", "A host is looking at it")
    other.sees("[data-item='q1'] [data-held]", "Ada Host looks at it")
    expect(other.page.locator("[data-item-act='answer']")).to_have_count(0)
    compared(ada, hunt)
    host.key("a")
    host.fill(text="Yes, and\nit is wet.")
    host.agree()
    host.noted("The team has it")
    ada.sees("[data-question='q1'] .host .said", "it is wet.")
    compared(ada, hunt)
    ada.page.reload()
    ada.sees("[data-question='q1'] .host .said", "it is wet.")
    ada.sees("[data-question='q1']", "It cost 3 points")
    assert ada.state("state.page.team.score") == 7
    other.page.clock.run_for(20_000)  # whatever a reviewer's console does as time goes by
    asked = [op for frame in sent for op in ("big_board", "audit") if f'"op":"{op}"' in frame]
    assert asked.count("big_board") == 1, "who may not see the board asks for it once"
    assert asked.count("audit") <= 2, "many events are one look at the trail"
    assert faults(ada) == []
    for one in (ada, host, other):
        one.well()


def test_a_question_goes_on_is_closed_refunded_and_withdrawn(
    phone: Phones, desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, owner = crew.hunt(HUNT)
    ada, late = phone(), phone()
    ada.play(f"http://127.0.0.1:{office.port}/?hunt={hunt}", "Ada", team="Reds")
    owner.ask("adjust", hunt=hunt, team="t1", points=10, reason="to begin with")
    ada.clue("a")
    ask(ada, "Is it hot?")
    host = at_queue(desk(), office, owner, hunt)
    host.sees("[data-item='q1']", "Is it hot?")
    host.key("Enter")
    host.fill(text="Yes.")
    host.agree()
    late.play(f"http://127.0.0.1:{office.port}/?hunt={hunt}", "Bo", code=ada.state("state.page.team.invite"))
    late.clue("a")
    late.page.evaluate("dispatchEvent(new CustomEvent('language', { detail: 'de' }))")
    late.sees("[data-question='q1'] [data-status]", "Beantwortet")
    late.page.locator("[data-question='q1'] textarea").fill("Tee?")
    late.page.locator("[data-question='q1'] .act").click()
    ada.sees("[data-question='q1'] .thread", "Tee?")
    host.sees("[data-item='q1'] .age-of", "waits")
    host.key("x")
    ada.sees("[data-question='q1'] [data-status]", "Closed")
    host.page.locator("details.closed summary").click()
    host.page.locator("details.closed [data-item-act='refund']").click()
    ada.until("state.page.team.score === 10")
    ada.clue("b")
    for _ in range(6):
        ask(ada, "Once more")
        ada.page.locator("[data-withdraw]").click()
        ada.no_more("[data-withdraw]")
    ada.guess("tea")
    ada.answer("clue:b", "Correct")
    compared(ada, hunt)
    for one in (ada, late, host):
        one.well()
