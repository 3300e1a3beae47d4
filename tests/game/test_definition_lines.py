"""Where faults of a hunt file stand, and files written from a definition."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from huntserver.game.definition.formats import style_of
from huntserver.game.definition.lines import lines_of, places
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.definition.written import as_toml

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
TOML = '''title = "A walk"
intro = """
[[clues]]
title = "no table: a text"
"""
[schedule]
duration_s = 60

[[clues]]
id = "a"
title = "A"
answers = [
  "one",
  "two",
]
[clues.attempts]
free = 1

[[clues]]
id = "b"  # [[clues]]
title = "B [x"
hints = [{ id = "h", text = "x" }]
[[clues.hints]]
id = "k"
'''
YAML = "title: A walk\nclues:\n  - id: a\n    title: A\n  - id: b\n    title: B\n    hints:\n      - {id: h, text: x}\n"
JSON = '{\n "title": "A walk",\n "clues": [\n  {"id": "a",\n   "title": "A"},\n  {"id": "b"}\n ]\n}'


@pytest.mark.parametrize(
    ("style", "text", "path", "line"),
    [
        ("toml", TOML, "title", 1),
        ("toml", TOML, "schedule.duration_s", 7),
        ("toml", TOML, "clues[0].id", 10),
        ("toml", TOML, "clues[0].answers[1]", 12),
        ("toml", TOML, "clues[0].attempts.free", 17),
        ("toml", TOML, "clues[0].text", 9),
        ("toml", TOML, "clues[1].title", 21),
        ("toml", TOML, "clues[1].hints[0].id", 24),
        ("toml", TOML, "brackets", 0),
        ("yaml", YAML, "clues[1].title", 6),
        ("yaml", YAML, "clues[1].hints[0].text", 8),
        ("json", JSON, "clues[0].title", 5),
        ("json", JSON, "clues[1].title", 6),
    ],
)  # fmt: skip
def test_a_fault_stands_on_the_line_of_its_part(style: str, text: str, path: str, line: int) -> None:
    assert lines_of([Problem(path, "", "")], text, style) == [line]


@pytest.mark.parametrize(
    ("style", "text", "line"),
    [("toml", 'title = "x"\n\n[[clues\n', 3), ("yaml", "title: x\nclues: [\n", 3), ("json", '{\n"title": x}', 2)],
)
def test_a_fault_of_syntax_stands_where_the_parser_says(style: str, text: str, line: int) -> None:
    found = check_definition(text.encode(), style)
    assert isinstance(found, list)
    assert lines_of(found[:1], text, style) == [line]


@pytest.mark.parametrize("style", ["toml", "yaml", "json"])
@pytest.mark.parametrize(
    "text",
    ["\n" * 300_000, "#\n\n" * 100_000, "[" + " " * 300_000, "a" * 300_000, "a=" + "\n" * 300_000, "{" + "," * 300_000],
    ids=["lines", "comments", "spaces", "letters", "value", "commas"],
)
def test_a_long_run_of_one_sign_is_judged_at_once(text: str, style: str) -> None:
    found = check_definition(f"{text}!".encode(), style)  # backtracking would take hours
    assert isinstance(found, list)
    assert len(lines_of(found, text, style)) == len(found)
    assert places(text, "toml") in ({}, {("a",): 1})


@given(some.text(max_size=200), some.sampled_from(["toml", "yaml", "json"]))
def test_any_text_has_lines_or_none(text: str, style: str) -> None:
    count = text.count("\n") + len(text.splitlines()) + 1
    assert all(1 <= line <= count for line in places(text, style).values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_that_is_written_anew_is_the_same_hunt(path: Path) -> None:
    before = check_definition(path.read_bytes(), style_of(path.suffix))
    assert isinstance(before, Definition)
    assert check_definition(as_toml(source(before)).encode(), "toml") == before


@given(
    some.text(
        some.characters(exclude_categories=["Cs", "Cc"]) | some.sampled_from("\n\"\\'#[]="), min_size=1, max_size=80
    )
)
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    definition = Definition(title="x", intro=text)
    found = check_definition(as_toml(source(definition)).encode(), "toml")
    assert not isinstance(found, list) or all("intro" not in problem.path and problem.path != "$" for problem in found)
    if isinstance(found, Definition):
        assert found.intro == text
