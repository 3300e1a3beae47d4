"""Hosts' texts in a terminal."""

from __future__ import annotations

import pytest

from huntserver.cli.prose import shown

SHOWN = {
    "just words\n  indented\nlast": "just words\n  indented\nlast",
    "**b** and *e* `c`": "b and e c",
    "[the map](https://x.org/a_b)": "the map (https://x.org/a_b)",
    "![the gate](hunts/x/media/k/g.jpg#image/jpeg,1,2x3)": "[the gate: hunts/x/media/k/g.jpg]",
    "- a\n- b\n  1. c\n\n> said\n\n# Head\nend": "- a\n- b\n  1. c\n\nsaid\n\nHead\n\nend",
    "*verse*\nstays": "verse\nstays",
    "5 * 3 * 2, #1, T _ A\n_ _ _": "5 * 3 * 2, #1, T _ A\n_ _ _",
    "<b>x</b> &amp; [x](javascript:y)": "<b>x</b> &amp; [x](javascript:y)",
    "a\x1b[2Jb": "a[2Jb",
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_text_is_readable_in_a_terminal(text: str) -> None:
    assert shown(text).plain == SHOWN[text]


def test_emphasis_is_a_style_and_not_a_sign() -> None:
    bold = [span for span in shown("so **very** far").spans if getattr(span.style, "bold", False)]
    assert [(span.start, span.end) for span in bold] == [(3, 7)]
