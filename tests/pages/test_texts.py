"""Pages by digest in JavaScript: with their texts they are the pages that carry everything; what waits is shown so."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from huntserver.game.features.hints import TakeHint
from huntserver.game.features.page import PageQuery, TextsQuery
from lab.hunts import large_hunt, right
from lab.rigs.game import Table
from tests.pages.test_sources import node

PROGRAM = """
import { Texts } from "./client/texts.js";
import { page_of } from "./player/fold.js";
const { page, whole, blocks } = %s;
const asked = [];
globalThis.fetch = async (url) => {
  asked.push(url);
  const block = blocks[url.split("/").pop()];
  return { ok: Boolean(block), status: block ? 200 : 404, json: async () => block };
};
const texts = new Texts("ws://127.0.0.1:1/play/ws");
let shown = page_of(texts.filled(page));
const before = shown;
const steps = [];
const come = await texts.fetch("h1", page, () => {
  shown = texts.mended(shown);
  steps.push(shown.clues.filter(({ waits }) => waits).length);
});
await texts.fetch("h1", page, () => steps.push(-1));
console.log(JSON.stringify({ before, shown, wanted: page_of(whole), steps, asked, come }));
"""


def played() -> dict[str, Any]:
    """Return a page by digest, its blocks, and the same page with everything in it."""
    table = Table(large_hunt(70, 300, solo=True)).running("ann", "bob")
    for number in (1, 40, 70):
        table.guess(right(number), "ann", f"c{number}")
    table.send(TakeHint("c2", "h"))
    table.guess("wrong", "ann", "c3")
    page = json.loads(msgspec.json.encode(table.ask(PageQuery(texts=True))))
    blocks = {digest: json.loads(table.ask(TextsQuery(digest), "p:").body) for digest in page["texts"]}
    return {"page": page, "blocks": blocks, "whole": json.loads(msgspec.json.encode(table.ask(PageQuery())))}


def test_a_page_with_its_texts_is_the_page_that_carries_everything() -> None:
    found = node(PROGRAM % json.dumps(played()))
    assert found["come"]
    assert found["steps"] == [38, 6, 0]  # the first clues come first, and nothing is asked for twice
    shown = {name: value for name, value in found["shown"].items() if name != "texts"}
    assert shown == found["wanted"]
    assert found["asked"][0].startswith("http://127.0.0.1:1/play/hunts/h1/texts/")
    assert [c["title"] for c in found["before"]["clues"]] == ["…"] * 70


def test_texts_that_are_gone_are_said_to_be() -> None:
    given = played()
    given["blocks"] = {}
    assert node(PROGRAM % json.dumps(given))["come"] is False
