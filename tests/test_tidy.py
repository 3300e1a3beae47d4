"""The limits of the house's style, held: sizes, docstrings, words, and what must not stand in tracked files."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from lab import ROOT
from tests.sources import ROOTS, TOGETHER, dotted, files, names_of_tests, parsed, read

pytestmark = TOGETHER

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
BAD_WORDS = re.compile(r"(?:^|_)(?:manager|helper|helpers|util|utils|misc|common|data)(?:_|$)", re.IGNORECASE)
BAD_CLASS = re.compile(r"(?:Manager|Helper|Util|Utils|Misc|Common|Handler)$")
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
ADDRESSES = re.compile(r"pypi\.org|registry\.npmjs|repo1?\.maven|deb\.debian|/work/|/root/", re.IGNORECASE)
PROTOCOL_NAMES = {"data_received", "handle_starttag", "handle_endtag"}  # asyncio's and html.parser's own
KNOWN_LONG = {"__init__": "constructors that only bind what they are given"}
DEBTS = tomllib.loads((ROOT / "tests" / "debts.toml").read_text())
QUALIFIED = {
    "Answer": "of the client's actions: `a.Answer`; else what a clue accepts",
    "Awarded": "`toy.Awarded` is the simulation's own world",
    "Ended": "`toy.Ended` is the simulation's own world",
    "Event": "the client's actions stand beside the wire's frames: `a.Event`",
    "Limits": "each floor has its own: `actors.limits`, `huntserver.limits`",
    "Refused": "of the client's actions: `a.Refused`; else the exception that a user of the client catches",
    "Session": "the two halves of one protocol, never in one file: `wire.session`, `client.session`",
    "Snapshot": "as Event",
    "State": "as Event",
}
"""Class names with more than one meaning that read well because they are always used behind their module."""

EMPTY_DOCSTRING = re.compile(r"^(?:See the module|Fine\.$|See `)")


def faults(name: str, source: str) -> list[str]:
    """Return what is untidy in one file; tests need no docstrings but the module's."""
    found = []
    seen = read(source)
    if len(source.splitlines()) > FILE_LINES_MAX and name not in DEBTS["long_files"]:
        found.append(f"{name}: over {FILE_LINES_MAX} lines")
    if BAD_WORDS.search(Path(name).stem):
        found.append(f"{name}: a file's name says what it is")
    if source.strip() and seen.docstring is None:
        found.append(f"{name}: no module docstring")
    for one in seen.defined:
        if one.is_class:
            found += [f"{name}: {one.name} is no name"] if BAD_CLASS.search(one.name) else []
            continue
        if one.lines >= FUNCTION_LINES_MAX and one.name not in KNOWN_LONG:
            found.append(f"{name}: {one.name} has {one.lines} lines")
        named_by_us = one.name not in PROTOCOL_NAMES and not one.is_test  # a test's name is a sentence
        if named_by_us and (one.name.startswith("handle_") or BAD_WORDS.search(one.name)):
            found.append(f"{name}: {one.name} is no name")
    if name.startswith("tests/"):
        return found
    public = (one for one in seen.defined if one.is_top and one.name[0] != "_")
    return found + [f"{name}: {one.name} has no docstring" for one in public if one.docstring is None]


def test_every_file_of_every_root_is_tidy() -> None:
    assert [f for path in files(*ROOTS) for f in faults(str(path.relative_to(ROOT)), path.read_text())] == []


def test_a_class_name_has_one_meaning() -> None:
    where = defaultdict(list)
    for path in files("actors", "huntserver", "lab"):
        for one in read(path.read_text()).defined:
            if one.is_class and one.is_top:
                where[one.name].append(dotted(path))
    twice = {name: places for name, places in where.items() if len(places) > 1}
    assert {name: twice[name] for name in twice if name not in {*QUALIFIED, *DEBTS["two_meanings"]}} == {}


def test_a_docstring_says_what_a_thing_is() -> None:
    found = []
    for path in files(*ROOTS):
        for one in read(path.read_text()).defined:
            points = EMPTY_DOCSTRING.match((one.docstring or "").strip()) is not None
            if points and one.name not in DEBTS["empty_docstrings"]:
                found.append(f"{dotted(path)}: {one.name}")
    assert found == []


GAME = re.compile(r"(?i)(?<![a-z])(hunt|team|clue|guess|treasure|leaderboard|player)(e?s)?(?![a-z])")


def game_words(source: str) -> set[str]:
    """Return the game's words among the names and texts of a module; comments may give examples."""
    found = set()
    for node in ast.walk(parsed(source)):
        texts = [value for _, value in ast.iter_fields(node) if isinstance(value, str)]
        found |= {match[0].lower() for text in texts for match in GAME.finditer(text.replace("_", " "))}
    return found


def test_the_runtime_speaks_no_word_of_the_game() -> None:
    said = {str(path.relative_to(ROOT)): game_words(path.read_text()) for path in files("actors")}
    assert {name: words for name, words in said.items() if words and name not in DEBTS["game_words"]} == {}
    assert game_words("def join_team(): pass") == {"team"}
    assert game_words('x = "this hunt"') == {"hunt"}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("actors/x.py", '"""X."""\n' + "x = 1\n" * 400),
        ("actors/x.py", '"""X."""\ndef f():\n    """F."""\n' + "    x = 1\n" * 60),
        ("actors/util.py", '"""X."""\n'),
        ("actors/x.py", "x = 1\n"),
        ("actors/x.py", '"""X."""\nclass RoomManager:\n    """R."""\n'),
        ("actors/x.py", '"""X."""\ndef handle_it():\n    """H."""\n'),
        ("actors/x.py", '"""X."""\ndef f():\n    pass\n'),
    ],
)
def test_what_is_untidy_is_found(name: str, source: str) -> None:
    assert faults(name, source)


def tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def test_no_registry_address_or_path_of_a_machine_and_no_left_over_marks() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix not in (".py", ".md", ".toml", ".txt", ".sh", ".xml", ".yaml", ""):
            continue
        text = path.read_text(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in (ADDRESSES.search(text), MARKS.search(text)) if m]
    assert found == []


def test_no_tracked_file_is_over_a_mebibyte() -> None:
    assert [str(p) for p in tracked() if p.stat().st_size > 1 << 20] == []


def test_test_names_are_sentences() -> None:
    assert [name for name in names_of_tests((ROOT / "tests").rglob("test_*.py")) if len(name.split("_")) < 4] == []
