"""Media as a hunt knows them: what texts name, when it may change, and who is told an address before its time."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from actors.entity import Rejected
from huntserver.game.definition.shape import source
from huntserver.game.features.amending import Accept
from huntserver.game.features.announcing import Announce
from huntserver.game.features.authoring import Define
from huntserver.game.features.errata import Erratum
from huntserver.game.features.guessing import Guess
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.media import MediaQuery, MediumQuery, RemoveMedium
from huntserver.game.features.page import PageQuery
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.hunt import decode
from huntserver.game.media import named, pictures, shown
from huntserver.game.stored import encode
from lab.rigs.game import HUNT, Table, add_medium

HARBOUR = """
title = "Harbour"
intro = "![The bay](bay.png)"
[[clues]]
id = "gate"
title = "Gate"
text = "![An iron gate](gate.jpg) and [a chart](chart.pdf)"
answers = ["lion"]
solved_text = "![Inside](inside.webp)"
hints = [{ id = "h", text = "![Closer](closer.gif)" }]
[[clues]]
id = "bell"
title = "Bell"
text = "![Seven strokes](bell.mp3)"
round = "shore"
answers = ["seven"]
unlock = "gate"
[[rounds]]
id = "shore"
title = "Shore"
text = "![The shore](shore.png)"
[[treasures]]
id = "coin"
title = "Coin"
text = "![A coin](coin.avif)"
unlock = "gate"
"""
NAMED = {
    "![a](gate.jpg) [b](plan.pdf)": ["gate.jpg", "plan.pdf"],
    '![a]( <gate.jpg> "title")': ["gate.jpg"],
    "![a](GATE.JPG)": ["GATE.JPG"],
    "![a](https://x.org/a.jpg) [b](c) f[0](x)": [],
    "gate.jpg (gate.jpg)": [],
    "![a](../gate.jpg) ![a](.jpg)": [],
}


@pytest.mark.parametrize("text", NAMED)
def test_what_a_text_names(text: str) -> None:
    assert named(text) == NAMED[text]


def test_what_stands_in_place_has_its_words() -> None:
    assert pictures("![ a gate ](gate.jpg) ![](bell.mp3) [b](c.pdf)") == [("a gate", "gate.jpg"), ("", "bell.mp3")]
    assert shown("![a](x.png) [x.png](y.png)", {"x.png": "hunts/h/media/k/x.png#image/png,1"}) == (
        "![a](hunts/h/media/k/x.png#image/png,1) [x.png](y.png)"
    )


def keys(table: Table) -> dict[str, str]:
    return {name: medium.key for name, medium in table.state.rest.media.items()}


def test_no_byte_before_its_time_holds_the_key_of_a_medium() -> None:
    table = Table(HARBOUR).published()
    key = keys(table)
    steps: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: None, {"bay.png"}),
        (lambda: table.send(TakeHint("gate", "h"), "p:ann"), {"closer.gif"}),
        (lambda: table.send(Guess("gate", "lion"), "p:ann"), {"inside.webp", "bell.mp3", "coin.avif", "shore.png"}),
    ]
    seen: set[str] = set()

    def sent() -> set[str]:
        """The media whose keys stand in a push so far, or in a page."""
        pages = [table.ask(PageQuery(texts), "p:ann", "player") for texts in (False, True)]
        told = [push.events for _, push in table.shown if push.channel != "host"]
        bytes_ = msgspec.json.encode([told, pages])
        return {name for name, secret in key.items() if secret.encode() in bytes_}

    table.join("ann")
    table.host(Start())
    seen |= {"gate.jpg", "chart.pdf"}
    for act, opens in steps:
        act()
        seen |= opens
        assert sent() == seen
    assert seen == key.keys()
    assert not any(secret in name or secret in str(table.ask(MediumQuery(name), "p:ann", "player"))
                   for name, secret in key.items())  # fmt: skip


def test_a_hunt_that_lacks_a_medium_is_not_published_nor_amended_to_that() -> None:
    table = Table(HARBOUR).draft()
    lacks = table.host(Publish())
    assert isinstance(lacks, Rejected)
    assert (lacks.code, len(lacks.why or ())) == ("bad_definition", 8)
    assert "clues[0].text: names 'gate.jpg', which is not here; upload it" in str(lacks.why)
    for name in ("bay.png", "gate.jpg", "chart.pdf", "inside.webp", "closer.gif", "bell.mp3", "coin.avif", "shore.png"):
        assert table.host(add_medium(name))["bytes"] == 1000
    assert table.host(Publish())["phase"] == "published"
    text = source(table.state.definition).replace("bell.mp3", "gong.mp3")
    assert "names 'gong.mp3'" in str(table.host(Define(text)))
    table.host(add_medium("gong.mp3"))
    assert table.host(Define(text))["changed"] == 1  # the gate's own texts are as they were


def test_what_a_published_hunt_shows_stays_and_the_rest_may_go() -> None:
    table = Table(HARBOUR).published()
    assert table.host(add_medium("gate.jpg", b"another")).code == "wrong_phase"
    assert table.host(RemoveMedium("gate.jpg")).code == "wrong_phase"
    before = keys(table)
    assert table.host(add_medium("gate.jpg"))["name"] == "gate.jpg"  # the very same again
    assert keys(table) == before
    assert table.host(add_medium("gate.png"))["type"] == "image/png"
    assert table.host(RemoveMedium("gate.png")) == {}
    assert table.host(RemoveMedium("gate.png")).code == "no_such_medium"
    assert table.send(add_medium("x.png"), "p:ann").code == "not_allowed"
    assert table.ask(MediaQuery(), "p:ann", "player").code == "not_allowed"
    told = table.ask(MediaQuery(), "h:owner", "host")
    assert [(m.name, m.used) for m in told.media][:2] == [("bay.png", True), ("bell.mp3", True)]


def test_what_hosts_say_shows_media_and_names_what_is_missing() -> None:
    table = Table(HARBOUR).running("ann")
    assert table.host(Announce("![x](nowhere.png)")).code == "no_such_medium"
    table.host(Announce("![The bay](bay.png)"))
    table.host(Erratum("gate", "![Better](bay.png)"))
    page = table.ask(PageQuery(), "p:ann", "player")
    assert keys(table)["bay.png"] in page.announcements[0].text
    assert keys(table)["bay.png"] in page.clues[0].errata[0].text


def test_media_survive_a_snapshot_and_an_answer_that_is_added() -> None:
    table = Table(HARBOUR).running("ann")
    assert table.host(Accept("gate", "griffin"))["changed"] == 1
    assert "media/" not in table.state.source
    page = table.ask(PageQuery(), "p:ann", "player")
    assert "/gate.jpg#image/jpeg,1000" in page.clues[0].text
    again = decode(table.state.id, list(encode(table.state)))
    assert again.rest.media == table.state.rest.media
    assert again.plan.clues[0].text == table.state.plan.clues[0].text
    assert HUNT.create("other").rest.media == {}


def test_media_are_kept_when_a_start_is_undone() -> None:
    table = Table(HARBOUR).running("ann")
    before, told = keys(table), table.ask(MediaQuery(), "h:owner", "host")
    assert before
    assert table.host(Unstart()) == {"phase": "published"}
    assert keys(table) == before
    assert table.ask(MediaQuery(), "h:owner", "host") == told
    assert keys(table) == {name: m.key for name, m in decode("h", list(encode(table.state))).rest.media.items()}
