"""A host's TOML keeps its comments, order and spaces when the definition changes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from huntserver.game.definition.rewritten import BOTH_BYTES_MAX, WRITTEN_BYTES_MAX, as_written, rewritten
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.definition.written import as_toml
from huntserver.game.features.amending import Accept
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.schedule import Publish
from huntserver.game.hunt import HuntType
from lab.rigs.game import Table

TEXT = """# A walk for the summer party.
title   = "A walk"   # short, for the phones

[[clues]]
id = "tea"
title = "What is hot?"
# Ask Ada before adding more.
answers = [
  "tea",   # also in the song
  "chai",
]

[[clues]]   # by Bo
title = "What is cold?"
id = "ice"
answers = ["ice"]
points = 20
"""
Change = Callable[[Definition], Definition]


def read(text: str) -> Definition:
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, Definition), found
    return found


def clue(index: int, **new: object) -> Change:
    def change(d: Definition) -> Definition:
        clues = list(d.clues)
        clues[index] = msgspec.structs.replace(clues[index], **new)
        return msgspec.structs.replace(d, clues=clues)

    return change


@pytest.mark.parametrize(
    ("change", "lost", "come"),
    [
        (lambda d: d, [], []),
        (clue(0, answers=["tea", "chai", "cocoa"]), [], ["cocoa"]),
        (clue(1, answers=["ice", "snow"]), ['answers = ["ice"]'], ['answers = ["ice", "snow"]']),
        (clue(1, points=30), ["points = 20"], ["points = 30"]),
        (clue(1, points=10), ["points = 20"], []),
        (lambda d: msgspec.structs.replace(d, title="A run"), ['"A walk"'], ['"A run"   # short, for the phones']),
    ],
)
def test_only_what_is_otherwise_changes(change: Change, lost: list[str], come: list[str]) -> None:
    wanted = source(change(read(TEXT)))
    made = rewritten(TEXT, wanted)
    assert source(read(made)) == wanted
    for words in lost:
        assert words in TEXT
        assert words not in made
    for words in come:
        assert words in made
    assert [line for line in TEXT.splitlines() if "#" in line and line.split("#")[1] not in made] == []


def test_what_cannot_be_put_into_the_text_is_written_anew() -> None:
    d = read(TEXT)
    wanted = source(msgspec.structs.replace(d, clues=d.clues[:1]))
    assert source(read(rewritten(TEXT, wanted))) == wanted
    assert rewritten("no = file", wanted) == as_toml(wanted)


@pytest.mark.parametrize(
    ("body", "style", "kept"),
    [
        (TEXT.encode(), "toml", TEXT),
        (b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(), "toml", TEXT),
        (TEXT.encode(), "yaml", ""),
        (b"#" * (WRITTEN_BYTES_MAX + 1), "toml", ""),
    ],
)
def test_a_toml_file_is_kept_with_plain_ends_of_lines(body: bytes, style: str, kept: str) -> None:
    assert as_written(body, style) == kept


def test_a_hunt_keeps_the_text_until_it_has_another_and_puts_accepted_answers_into_it() -> None:
    table = Table(TEXT)
    text = source(read(TEXT))
    table.host(Create())
    table.host(Define(text, written=TEXT))
    table.host(Publish())
    table.host(Accept("ice", "snow"))
    assert table.state.rest.written == TEXT
    assert 'answers = ["ice", "snow"]' in rewritten(TEXT, table.state.source)
    kind = HuntType()
    assert kind.decode("h", list(kind.encode(table.state))).rest.written == TEXT
    table.host(Define(text, written="#" * WRITTEN_BYTES_MAX))
    assert table.state.rest.written
    table.host(Define(text, written="#" * (WRITTEN_BYTES_MAX + 1)))  # longer than what is kept
    assert table.state.rest.written == ""
    table.host(Define(text, written=TEXT))
    table.host(Define(text))  # as JSON
    assert table.state.rest.written == ""
    assert len(text) + WRITTEN_BYTES_MAX <= BOTH_BYTES_MAX
