"""The host's manual: its hunts can be played, and what it says happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from huntserver.game.clues.kinds import KINDS
from lab.rigs.golden import examples
from lab.rigs.transcript import play

MANUAL = Path(__file__).parents[2] / "docs" / "host"
PAGES = sorted(path for path in MANUAL.glob("*.md") if path.stem != "console")
"""Pages on how a hunt is written; the console is shown by tests in a browser."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_of_the_manual_plays_as_it_is_written(page: Path) -> None:
    text = page.read_text()
    found = examples(text)
    assert len(found) == text.count("```play") > 0, "an example is a hunt and what is said in it"
    for toml, transcript in found:
        assert play(toml, transcript) == []


def test_a_line_that_comes_out_otherwise_is_found() -> None:
    toml, transcript = examples((MANUAL / "clues.md").read_text())[0]
    assert play(toml, transcript.replace("points=15", "points=16")) != []
    assert play(toml, transcript.replace("-> incorrect", "-> cool_down")) != []
    assert play(toml, transcript.replace("Ann 10", "Ann 9")) != []


def test_every_clue_kind_has_its_example() -> None:
    titles = set(re.findall(r"^## (\w+):", (MANUAL / "clues.md").read_text(), re.MULTILINE))
    assert titles == set(KINDS)
