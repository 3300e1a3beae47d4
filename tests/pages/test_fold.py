"""A page that heard every push is the page that a snapshot would give: compared over a whole game, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.pages.hunts import RICH, clue
from tests.pages.phone import Phone
from tests.pages.talker import Cast, Refusal

Phones = Callable[..., Phone]

PARTS = [
    {"id": "word", "answers": ["bell"]},
    {"id": "pick", "kind": "choice", "options": ["in", "out"], "right": ["in"]},
    {"id": "tag", "kind": "code", "codes": ["TAG-4711"]},
]
GAME = RICH | {
    "clues": [
        *RICH["clues"],
        clue("late", unlock="gate or after 0:30", decay=2, first_bonus=[4]),
        clue("pick", kind="choice", answers=[], options=["up", "down", "left"], right=["left"], attempts={"free": 5}),
        clue(
            "tour", kind="compound", answers=[], parts_needed=2, parts=PARTS, attempts={"free": 0, "cool_down_s": 300}
        ),
    ]
}
NOT_TOLD = ("now_ms", "players", "channels")
"""What differs by nature: the moment of asking; members of other teams, who are not told; seqs are compared apart."""

SNAPSHOT = """async (hunt) => {
    const { modules } = await import(document.querySelector("script[type=module]").src);
    const wanted = ["player/store.js", "player/fold.js", "client.js"];
    const [{ state }, { page_of }, { Client, Outbox }] = wanted.map((name) => modules[name]);
    const { token, player } = JSON.parse(localStorage.getItem("huntserver.me"));
    const url = new URL("ws", document.baseURI).href.replace("http", "ws");
    const fresh = await Client.open({ url, token, player, outbox: new Outbox(null) });
    await fresh.start();
    const { ok } = await fresh.ask("page", { hunt });
    fresh.stop();
    return { folded: state.page, fresh: page_of(ok) };
}"""


def compared(ada: Phone, hunt: str) -> None:
    """Wait until the page has heard all; compare it with a fresh snapshot."""
    for _ in range(200):
        both = ada.page.evaluate(SNAPSHOT, hunt)
        folded, fresh = both["folded"], both["fresh"]
        if folded["channels"] == fresh["channels"]:
            break
    for page in (folded, fresh):
        for name in NOT_TOLD:
            page.pop(name, None)
    heard, given = told(folded), told(fresh)
    for one, other in zip(heard.pop("clues"), given.pop("clues"), strict=True):
        assert one == other
    assert heard == given


def told(page: dict[str, Any]) -> dict[str, Any]:
    """Return a page with what has its usual value left out, and times that an answer tells to the second."""
    made = {name: value for name, value in page.items() if value not in (None, 0, False, "", [])}
    made["clues"] = [{k: v for k, v in one.items() if v not in (None, 0, False, "", [])} for one in page["clues"]]
    for one in made["clues"]:
        if "parts" in one:
            one["parts"] = [{k: v for k, v in part.items() if v not in (None, 0, False)} for part in one["parts"]]
        for timed in (one, *one.get("parts", ())):
            if "wait_until_ms" in timed:
                timed["wait_until_ms"] = round(timed["wait_until_ms"], -5)
        one.pop("points")  # sinks as others solve: asked for anew after a first find
    made["treasures"] = [{k: v for k, v in one.items() if v not in (None, False)} for one in page["treasures"]]
    made["team"] = {k: v for k, v in page["team"].items() if v not in (None, False, 0, "", []) and k != "place"}
    return made


def test_a_page_that_heard_every_push_is_the_page_that_a_snapshot_gives(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(GAME, start=False)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    mate = cast.player(hunt, "Bo", invite=ada.page.locator("p.code").inner_text())
    other = cast.player(hunt, "Cy", team="Blues")
    here = {"lat": 54.0, "lon": 10.0, "accuracy_m": 5.0}
    steps: list[Callable[[], Any]] = [
        lambda: host.ask("start", hunt=hunt),
        lambda: mate.ask("guess", hunt=hunt, clue="gate", text="coffee"),
        lambda: mate.ask("guess", hunt=hunt, clue="verse", text="leaf"),
        lambda: other.ask("guess", hunt=hunt, clue="gate", text="tea"),
        lambda: mate.ask("hint", hunt=hunt, clue="gate", hint="wings"),
        lambda: mate.ask("guess", hunt=hunt, clue="gate", text="tea"),
        lambda: host.ask("announce", hunt=hunt, text="Beware of the dog."),
        lambda: host.ask("announce", hunt=hunt, text="For you alone.", team="t1"),
        lambda: host.ask("announce", hunt=hunt, text="Not for you.", team="t2"),
        lambda: host.ask("adjust", hunt=hunt, team="t1", points=30, reason="a song"),
        lambda: other.ask("claim", hunt=hunt, treasure="shell"),
        lambda: mate.ask("claim", hunt=hunt, treasure="shell"),
        lambda: mate.ask("guess", hunt=hunt, clue="pick", text="up"),
        lambda: mate.ask("guess", hunt=hunt, clue="tour", part="word", text="gong"),
        lambda: mate.ask("scan", hunt=hunt, code="TAG-4711"),
        lambda: host.ask("erratum", hunt=hunt, clue="verse", text="It is tee, not tea."),
        lambda: host.ask("pause", hunt=hunt),
        lambda: host.ask("unpause", hunt=hunt),
        lambda: host.ask("clear_cool_down", hunt=hunt, team="t1"),
        lambda: mate.ask("guess", hunt=hunt, clue="tour", part="pick", text="out"),
        lambda: mate.ask("guess", hunt=hunt, clue="tour", part="word", text="bell"),
        lambda: host.ask("extend", hunt=hunt, by_s=600),
        lambda: mate.ask("scan", hunt=hunt, code="STONE-17"),
        lambda: mate.ask("checkin", hunt=hunt, clue="pier", **here),
        lambda: mate.ask("guess", hunt=hunt, clue="lamp", text="wrong"),
        lambda: host.ask("disqualify", hunt=hunt, team="t1", reason="shoes", back=False),
        lambda: host.ask("disqualify", hunt=hunt, team="t1", reason="sorry", back=True),
        lambda: host.ask("rename", hunt=hunt, team="t1", name="The Reds"),
        lambda: host.ask("captain", hunt=hunt, team="t1", player="Bo"),
        lambda: mate.ask("approval", hunt=hunt, mode="ask"),
        lambda: mate.ask("new_invite", hunt=hunt),
        lambda: mate.ask("captain", hunt=hunt, player="Ada"),
        lambda: mate.ask("leave_team", hunt=hunt),
        lambda: host.ask("end", hunt=hunt),
    ]
    for step in steps:
        try:
            step()
        except Refusal as refusal:
            raise AssertionError(str(refusal)) from None
        compared(ada, hunt)
    ada.well()


def test_events_that_the_page_has_no_words_for_are_asked_for(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(GAME)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    told = ada.page.evaluate("""async () => {
        const { modules } = await import(document.querySelector("script[type=module]").src);
        const { stale } = modules["player/fold.js"];
        return ["announced", "of_tomorrow"].map((type) => stale({ events: [{ type }] }));
    }""")
    assert told == [False, True]


def test_ones_own_guesses_fold_as_a_mates_do(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(GAME)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("verse")
    for text, words in (("coffee", "is not it"), ("leaf", "Nearly"), ("milk", "is not it"), ("tea", "Correct")):
        ada.guess(text)
        ada.answer("clue:verse", words)
        compared(ada, hunt)
    ada.clue("pick")
    ada.page.locator("button.option", has_text="up").click()
    ada.answer("clue:pick", "is not it")
    compared(ada, hunt)
    ada.page.locator("button.option", has_text="left").click()
    ada.answer("clue:pick", "Correct")
    compared(ada, hunt)


def test_parts_have_inputs_of_their_own_and_what_is_done_stays_for_the_team(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, host = cast.hunt(GAME)
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    mate = cast.player(hunt, "Bo", invite=ada.page.locator("p.code").inner_text())
    ada.sees(".members li:nth-child(1)", "connected: Ada")
    ada.sees(".members li:nth-child(2)", "connected: Bo")
    mate.close()
    ada.sees(".members li:nth-child(2)", "away: Bo")
    mate = cast.player(hunt, "Cy", invite=ada.page.locator("p.code").inner_text())
    ada.clue("tour")
    ada.sees("[data-parts-done]", "0 of 2 are done. Any 2 of the 3 solve the clue.")
    box = ada.page.locator("[id='guess-tour.word']")
    box.fill("gong")
    box.press("Enter")
    ada.answer("clue:tour.word", "is not it")
    compared(ada, hunt)
    host.ask("clear_cool_down", hunt=hunt, team="t1")
    compared(ada, hunt)
    mate.ask("scan", hunt=hunt, code="TAG-4711")
    ada.sees("[data-part='tag'].done", "done")
    ada.sees("[data-parts-done]", "1 of 2")
    ada.page.reload()
    ada.sees("[data-part='tag'].done", "done")
    ada.page.locator("[data-part='pick'] button.option", has_text="in").click()
    ada.sees("article .found", "Solved")
    compared(ada, hunt)
    ada.well()
