"""How hosts' texts are read on the page: CommonMark, and what people wrote before there was any."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pages.test_sources import node

PROGRAM = """
import { reading, tokens_of } from "./player/reading.js";
await reading();
const named = ({ type, href }) => (href ? `${type} ${href}` : type);
const leaf = ({ type, text, raw }) => (type === "text" || type === "escape" ? text : [type, text ?? raw]);
const said = (tokens) => tokens.map((token) => {
  const own = token.tokens || token.items;
  return own ? [named(token), ...said(own)] : leaf(token);
});
const read = (text) => { const tokens = tokens_of(text); return tokens && said(tokens); };
console.log(JSON.stringify(%s.map(read)));
"""

MARKED: dict[str, Any] = {
    "**b** *e* `c`": [["paragraph", ["strong", "b"], " ", ["em", "e"], " ", ["codespan", "c"]]],
    "a [link](https://x.org/a_b_c)": [["paragraph", "a ", ["link https://x.org/a_b_c", "link"]]],
    "![the gate](gate.jpg)": [["paragraph", ["image gate.jpg", "the gate"]]],
    "# one\ntwo": [["heading", "one"], ["paragraph", "two"]],
    "- a\n- b": [["list", ["list_item", ["text", "a"]], ["list_item", ["text", "b"]]]],
    "> said\n> so": [["blockquote", ["paragraph", "said\nso"]]],
    "*first*\nsecond\n  third": [["paragraph", ["em", "first"], "\nsecond\n  third"]],
}
"""Lines of verse stay: a newline in a paragraph is one on the page."""
PLAIN: list[str] = [
    "a * alone", "5 * 3 * 2 = 30", "#1 is first", "an _ in a snake_case_word", "T _ A _\n_ _ _ _ _\nnext",
    "<b>not bold</b> & <3 &amp;", "<div>\nx\n\ny</div>", "[sic] and f[0]", "[foo]: http://x.org", "C:\\new",
]  # fmt: skip
"""Paragraphs of nothing but the words as they stand."""
UNTOUCHED = ["just words", "one\n  two\n    three", "    four spaces are no code", ">" * 3000, "> " * 30 + "x"]
"""Without a mark, or nested so deep that nobody reads it: shown as written."""


def words(read: Any) -> str:
    assert all(block == ["space", "\n\n"] or block[0] == "paragraph" for block in read), read
    assert all(isinstance(part, str) for block in read if block[0] == "paragraph" for part in block[1:]), read
    return "\n\n".join("".join(block[1:]) for block in read if block[0] == "paragraph")


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    texts = [*MARKED, *PLAIN, *UNTOUCHED]
    return dict(zip(texts, node(PROGRAM % json.dumps(texts)), strict=True))


def test_commonmark_is_read(read: dict[str, Any]) -> None:
    assert {text: read[text] for text in MARKED} == MARKED


def test_what_people_wrote_before_reads_as_it_did(read: dict[str, Any]) -> None:
    assert {text: words(read[text]) for text in PLAIN} == {text: text for text in PLAIN}
    assert [text for text in UNTOUCHED if read[text] is not None] == []
