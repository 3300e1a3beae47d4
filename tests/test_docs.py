"""The pages: what they show is true."""

from __future__ import annotations

import re
from pathlib import Path

from huntserver.errors import REFUSALS
from huntserver.game.definition import Definition
from huntserver.game.solvability import check_definition

DOCS = Path(__file__).parents[1] / "docs"


def test_the_hunt_in_the_page_on_hunts_can_be_played() -> None:
    snippets = re.findall(r"```toml\n(.*?)```", (DOCS / "hunts.md").read_text(), re.DOTALL)
    assert snippets
    for snippet in snippets:
        assert isinstance(check_definition(snippet.encode(), "toml"), Definition)


def test_every_link_between_the_pages_leads_somewhere() -> None:
    broken = []
    for page in [*DOCS.glob("**/*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_the_codes_that_the_protocol_page_names_are_in_the_table() -> None:
    assert "unknown" in REFUSALS
    assert REFUSALS["unknown"].retry
