"""A definition is played before anybody sees it, on the hunt's own rules."""

from __future__ import annotations

from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.game.rehearsal import tried

NOW_MS = 1_790_000_000_000
TWO = """
[[clues]]
id = "one"
title = "One"
text = "![A gate](gate.jpg)"
answers = ["lion"]
[[clues]]
id = "two"
title = "Two"
answers = ["seven"]
unlock = "one"
"""


def defined(text: str) -> Definition:
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, Definition), found
    return found


def test_a_hunt_is_played_although_its_media_are_not_sent_yet() -> None:
    first = tried(defined('title = "T"' + TWO), NOW_MS, clue="one", text="Lion")
    assert first.answer.verdict == "correct"
    assert [clue.id for clue in first.page.clues] == ["one", "two"]
    assert first.page.clues[0].text == "![A gate](gate.jpg)"


def test_a_team_that_begins_when_it_likes_has_begun() -> None:
    begun = tried(defined('title = "T"\n[schedule]\nstart = "own"\n' + TWO), NOW_MS, solved=["one"])
    assert [(clue.id, clue.solved) for clue in begun.page.clues] == [("one", True), ("two", False)]
