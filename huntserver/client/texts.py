"""What a page leaves out because it is the same for all: blocks by digest, and how the two are put together. Pure.

A page that was asked for with `texts` names the blocks; each is to be had at `hunts/ID/texts/DIGEST` and never
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Page = dict[str, Any]
Block = Mapping[str, Any]


def missing(page: Page, blocks: Mapping[str, Block]) -> list[str]:
    """Return the digests of blocks that a page needs and that are not there, in order."""
    return [digest for digest in page.get("texts", ()) if digest not in blocks]


def whole(page: Page, blocks: Mapping[str, Block]) -> Page:
    """Return the page as it is without `texts`. Raises KeyError for a block that is not there."""
    if not page.get("texts"):
        return page
    held = [blocks[digest] for digest in page["texts"]]
    clues = {clue["id"]: clue for block in held for clue in block.get("clues", ())}
    treasures = {treasure["id"]: treasure for block in held for treasure in block.get("treasures", ())}
    made = {name: value for name, value in page.items() if name not in ("texts", "own", "own_treasures")}
    for block in held:
        if "intro" in block:
            made["intro"] = block["intro"]
    if page.get("own"):
        made["clues"] = [_clue(own, clues[own["id"]]) for own in page["own"]]
    if page.get("own_treasures"):
        made["treasures"] = [{**treasures[own["id"]], **own} for own in page["own_treasures"]]
    return made


def _clue(own: Mapping[str, Any], text: Block) -> dict[str, Any]:
    made = {**text, **own}
    opened_ms, taken = made.pop("opened_ms", 0), made.pop("taken", {})
    if "hints" in text:
        made["hints"] = [_hint(hint, opened_ms, taken) for hint in text["hints"]]
    return made


def _hint(hint: Mapping[str, Any], opened_ms: int, taken: Mapping[str, str]) -> dict[str, Any]:
    made = dict(hint)
    made["offered_ms"] = opened_ms + made.pop("after_ms", 0)
    if made["id"] in taken:
        made["text"] = taken[made["id"]]
    return made
