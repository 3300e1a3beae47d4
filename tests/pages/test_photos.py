"""Photo clues through the pages: over a bad network one arrives once; it is rejected, and the next one solves."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import FilePayload, Route, expect

from lab.machines.servers import LocalServer
from tests.media.test_stripping import photo
from tests.pages.axe import faults
from tests.pages.desk import Desk
from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.talker import Cast
from tests.pages.test_asking import at_queue
from tests.pages.test_fold import compared

Phones = Callable[..., Phone]
Desks = Callable[..., Desk]
HUNT = teams(clue("vane", kind="photo", answers=[], text="The golden cock."), clue("b", unlock="vane"))


def picture(width: int) -> FilePayload:
    """Return a photo as a phone gives it."""
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": photo(width=width, height=300)}


def test_a_photo_arrives_once_over_a_bad_network_and_is_judged(
    phone: Phones, desk: Desks, office: LocalServer, crew: Cast
) -> None:
    hunt, owner = crew.hunt(HUNT)
    ada = phone()
    ada.play(f"http://127.0.0.1:{office.port}/?hunt={hunt}", "Ada", team="Reds")
    ada.clue("vane")
    sent: list[str] = []

    def cut(route: Route) -> None:
        sent.append(route.request.method)
        route.abort()

    ada.page.route("**/photos/vane", cut)
    ada.page.locator("[data-pick='file']").set_input_files(picture(400))
    ada.sees("[data-sending]", "Waits for the connection")
    ada.page.reload()
    ada.sees("[data-sending]", "Waits for the connection")
    assert len(sent) >= 2
    ada.page.unroute("**/photos/vane")
    ada.sees("[data-photo='p1'] [data-status]", "Waits for a host")
    ada.no_more("[data-sending]")
    expect(ada.page.locator("team-photo canvas")).to_be_visible(timeout=WAIT_MS)
    assert faults(ada) == []

    host = at_queue(desk(), office, owner, hunt)
    host.sees("[data-item='p1']", "Reds")
    expect(host.page.locator("[data-item='p1'] canvas")).to_be_visible(timeout=WAIT_MS)
    assert host.page.locator("[data-item='p1'] canvas").get_attribute("width") == "300"
    assert faults(host) == []
    host.key("c")
    ada.sees("[data-photo='p1'] [data-status]", "A host is looking at it")
    host.key("x")
    host.fill(text="The cock is cut off.")
    host.agree()
    ada.sees("[data-photo='p1'] [data-why]", "The cock is cut off.")
    compared(ada, hunt)
    ada.page.locator("[data-pick='camera']").set_input_files(picture(500))
    ada.sees("[data-photo='p2'] [data-status]", "Waits for a host")
    ada.page.locator("[data-take-back]").click()
    ada.no_more("[data-photo='p2']")
    ada.page.locator("[data-pick='file']").set_input_files(picture(600))
    host.sees("[data-item='p3']", "Reds")
    compared(ada, hunt)
    host.key("a")
    host.noted("Accepted")
    ada.sees(".celebration", "Clue vane")
    ada.celebrated()
    ada.sees(".found", "Solved")
    compared(ada, hunt)
    ada.page.reload()
    ada.sees(".found", "Solved")
    ada.well(lost=True)
    host.well()
