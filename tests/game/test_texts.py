"""Pages by digest: put together they are the pages that carry everything; small ones, that give nothing away."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest

from huntserver.client.texts import missing, whole
from huntserver.game import texts as module
from huntserver.game.features.announcing import Announce
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.page import PageQuery, TextsQuery
from huntserver.wire.codecs import message, page_as_sent
from lab.hunts import large_hunt, right
from lab.rigs.game import SMALL, Table

AT_ONCE_BYTES_MAX = 64 * 1024


def page_of(table: Table, by: str = "p:ann", *, texts: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(table.ask(PageQuery(texts), by)))
    return found


def block_of(table: Table, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(table.ask(TextsQuery(digest), "p:").body or "{}")
    return found


def put_together(table: Table, by: str = "p:ann") -> dict[str, Any]:
    page = page_of(table, by)
    return whole(page, {digest: block_of(table, digest) for digest in missing(page, {})})


def large(clues: int = 100) -> Table:
    return Table(large_hunt(clues, solo=True)).running("ann", "bob")


def test_a_page_by_digest_put_together_is_the_page_that_carries_everything() -> None:
    table, dice = large(), random.Random(7)
    for step in range(120):
        number = dice.randint(1, 100)
        if step % 10 == 9:
            table.send(TakeHint(f"c{number}", "h"), dice.choice(("ann", "bob")))
        else:
            text = right(number) if dice.random() < 0.5 else "wrong"
            table.guess(text, dice.choice(("ann", "bob")), f"c{number}")
        if step % 20 == 0:
            table.host(Announce(f"step {step}"))
        for by in ("p:ann", "p:bob"):
            assert page_of(table, by)["texts"]
            assert put_together(table, by) == page_of(table, by, texts=False)


def test_what_a_team_earned_goes_into_blocks_once_it_is_much() -> None:
    toml = large_hunt(60, solo=True).replace(
        "[clues.attempts]", f'solved_text = "{"So it was. " * 60}"\n[clues.attempts]'
    )
    table = Table(toml).running("ann", "bob")
    for number in range(1, 61):
        table.guess(right(number), "ann", f"c{number}")
        if number in (1, 10, 20, 30, 60):
            assert put_together(table) == page_of(table, texts=False)
    assert len(json.dumps(page_of(table))) < 20_000
    assert "So it was" not in json.dumps([block_of(table, d) for d in page_of(table, "p:bob")["texts"]])


def test_a_long_description_comes_by_digest_and_a_small_hunt_as_it_always_did() -> None:
    intro = "It begins at the fountain. " * 100
    table = Table(large_hunt(60, solo=True).replace("A hunt of real size.", intro)).running("ann")
    assert page_of(table)["intro"] == ""
    assert put_together(table) == page_of(table, texts=False)
    small = Table(SMALL).running("ann")
    assert page_of(small) == page_of(small, texts=False)


@pytest.mark.parametrize("clues", [10, 100, 500])
def test_a_joining_player_gets_little_before_the_first_clue_is_shown(clues: int) -> None:
    table = large(clues)
    page = page_of(table)
    own = len(json.dumps(page, separators=(",", ":")))
    first = len(table.ask(TextsQuery(page["texts"][0]), "p:").body) if page.get("texts") else 0
    before = len(msgspec.json.encode(table.ask(PageQuery(), "p:ann")))
    print(f"{clues} clues of 1 KB: {own} bytes of page, {first} of the first texts; with all in it {before}")
    assert own < AT_ONCE_BYTES_MAX
    assert own + first < 2 * AT_ONCE_BYTES_MAX


def test_one_solve_changes_one_block_at_most() -> None:
    toml = large_hunt(100, solo=True).replace('title = "Clue 2"', 'title = "Clue 2"\nunlock = "c1"')
    table = Table(toml).running("ann", "bob")
    before = page_of(table)["texts"]
    table.guess(right(1), "ann", "c1")
    after = page_of(table)["texts"]
    assert len(set(after) - set(before)) == 1
    assert page_of(table, "p:bob")["texts"] == before


def test_a_digest_covers_what_its_readers_see_and_no_more() -> None:
    closed = large_hunt(60, solo=True).replace('title = "Clue 2"', 'title = "Clue 2"\nunlock = "c1"')
    one, other = (
        Table(closed).running("ann"),
        Table(closed.replace(right(1), "sesame").replace(right(2), "x")).running("ann"),
    )
    assert page_of(one)["texts"] == page_of(other)["texts"]  # answers and closed clues are not in it
    told = json.dumps([block_of(one, digest) for digest in page_of(one)["texts"]])
    assert '"c2"' not in told
    assert right(1) not in told
    reworded = Table(closed.replace("3. ", "3: ", 1)).running("ann")
    assert page_of(reworded)["texts"][0] != page_of(one)["texts"][0]


def test_a_digest_that_no_page_has_named_stands_for_nothing() -> None:
    table, twin = large(), large()
    digest = page_of(twin)["texts"][0]
    assert table.ask(TextsQuery("0" * 32), "p:").body == ""
    one = large_hunt(99, solo=True)
    assert Table(one).running("ann").ask(TextsQuery(digest), "p:").body == ""


def test_blocks_beyond_the_bound_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCKS_MAX", 4)
    table = large(200)
    digests = page_of(table)["texts"]
    assert len(digests) == 7
    told = [bool(table.ask(TextsQuery(digest), "p:").body) for digest in digests]
    assert told == [False] * 3 + [True] * 4


@pytest.mark.parametrize("packed", [False, True])
def test_the_clues_of_all_who_come_at_once_are_encoded_once_and_are_the_same_bytes(packed: bool) -> None:
    table = large()
    pages = [table.ask(PageQuery(True), by) for by in ("p:ann", "p:bob")]
    sent = [page_as_sent(page, packed) for page in pages]
    assert sent[0].own is sent[1].own
    assert sent[0].team != sent[1].team
    for page, data in zip(pages, sent, strict=True):
        assert len(page.own) == 100
        assert message(data, packed) == message(msgspec.structs.replace(page, own=list(page.own)), packed)


def test_who_has_done_something_shares_no_clues() -> None:
    table = large()
    table.ask(PageQuery(True), "p:bob")
    table.guess("wrong", "ann", "c3")
    page = table.ask(PageQuery(True), "p:ann")
    assert page_as_sent(page, False) is page
    assert page.own[2].wrong == 1


def test_the_digests_of_a_page_are_made_again_once_one_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    table = large()
    first = page_of(table)["texts"]
    monkeypatch.setattr(module, "BLOCKS_MAX", len(first))
    texts = table.state.plan.texts
    texts.digests(0b1010)
    assert not block_of(table, first[0])
    assert page_of(table)["texts"] == first
    assert block_of(table, first[0])
