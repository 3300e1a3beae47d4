"""The pages: what they show is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from huntserver.errors import REFUSALS
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from lab import ROOT
from tests.sources import TOGETHER, names_of_tests
from tools.docs.navigation import menu

pytestmark = TOGETHER
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
TABLES = [(ROOT / "README.md", "Promises, and the tests that hold them"), (ARCHITECTURE, "Failures")]
TABLES += [(ARCHITECTURE, "Limits"), (ARCHITECTURE, "Hard questions")]
TEST = re.compile(r"test_\w+(?:\.\.\.)?")
FILE = re.compile(r"(?:tests|actors|huntserver|lab|docs|tools|examples)/[\w./-]*")
ROOT_PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES = [*ROOT_PAGES, *sorted(DOCS.glob("**/*.md"))]
HARD_QUESTIONS = (
    "refusal_is_held_behind", "failed_batch_under_speculation", "abandoned_batch_that_lands_late",
    "key_below_the_window", "guess_after_the_end_that_was_due", "timer_fires_once_over_a_takeover",
    "when_the_clock_does", "snapshot_in_many_parts", "bad_snapshot", "probe_proves_ownership_after_a_pause",
    "sick_partition_keeps_its_producer",
)  # fmt: skip


@cache
def all_tests() -> frozenset[str]:
    """Return the names of all tests; the contract of the logs is no test module itself."""
    return frozenset(names_of_tests((ROOT / "tests").rglob("*.py")))


@cache
def targets() -> set[str]:
    """Return what `make` can make."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def rows(page: Path, title: str) -> Iterator[list[str]]:
    """Yield the rows of the table under a title, without its head."""
    _, _, rest = page.read_text().partition(f"\n## {title}\n")
    assert rest, f"{page.name} has no part {title!r}"
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(lines) > 5
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def missing(text: str, known: frozenset[str]) -> list[str]:
    """Return the tests, files and targets that a text names in back-ticks and that do not exist."""
    found = []
    for word in re.findall(r"`([^`]+)`", text):
        if TEST.fullmatch(word):
            stem = word.removesuffix("...")
            there = any(name.startswith(stem) for name in known) if stem != word else word in known
        elif FILE.fullmatch(word):
            there = (ROOT / word).exists() or any(ROOT.glob(f"{word}-*.md"))
        elif word.startswith("make "):
            there = word.split()[1] in targets()
        else:
            continue
        if not there:
            found.append(word)
    return found


def test_the_hunt_in_the_page_on_hunts_can_be_played() -> None:
    snippets = re.findall(r"```toml\n(.*?)```", (DOCS / "hunts.md").read_text(), re.DOTALL)
    assert snippets
    for snippet in snippets:
        assert isinstance(check_definition(snippet.encode(), "toml"), Definition)


def test_every_link_between_the_pages_leads_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


@pytest.mark.parametrize(("page", "title"), TABLES, ids=[title.split()[0] for _, title in TABLES])
def test_every_row_names_a_test_that_exists(page: Path, title: str) -> None:
    known = all_tests()
    for row in rows(page, title):
        shown = row[-1]
        assert missing(shown, known) == [], row[0]
        named = [
            w for w in re.findall(r"`([^`]+)`", shown) if TEST.fullmatch(w) or w.endswith(".py") or w[:5] == "make "
        ]
        assert named, f"{row[0]}: nothing shows it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_pages_name_exists(page: Path) -> None:
    assert missing(page.read_text(), all_tests()) == []


def test_what_does_not_exist_is_found() -> None:
    text = "`test_every_row_names_a_test_that_exists`, `test_every_row_...`, `make test`, `tests/test_docs.py`, `x.py`"
    assert missing(text, all_tests()) == []
    wrong = "`test_nothing_of_this_name`, `test_never_written_...`, `make tea`, `tests/test_tea.py`, `docs/adr/0000`"
    assert len(missing(wrong, all_tests())) == 5


def test_every_hard_question_has_a_test_that_names_it() -> None:
    shown = " ".join(row[-1] for row in rows(ARCHITECTURE, "Hard questions"))
    assert [question for question in HARD_QUESTIONS if question not in shown] == []


def test_every_adr_is_short_and_says_what_was_rejected() -> None:
    for page in sorted((DOCS / "adr").glob("*.md")):
        text = page.read_text()
        assert len(text.splitlines()) < 80, page.name
        assert "Rejected" in text or "rejected" in text, page.name


def test_the_codes_that_the_protocol_page_names_are_in_the_table() -> None:
    assert "unknown" in REFUSALS
    assert REFUSALS["unknown"].retry


def built(folder: Path, docs: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder of pages, as `make docs` does."""
    config = folder / "mkdocs.yml"
    ours = (ROOT / "mkdocs.yml").read_text().replace("docs_dir: docs", f"docs_dir: {docs}")
    config.write_text(ours.replace("tools/docs/", f"{ROOT}/tools/docs/"))
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--config-file",
        str(config),
        "--site-dir",
        str(folder / "site"),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_is_built_with_every_page_and_can_be_searched(tmp_path: Path) -> None:
    done = built(tmp_path, DOCS)
    assert done.returncode == 0, done.stderr
    index = json.loads((tmp_path / "site" / "search" / "search_index.json").read_text())
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {str(page.relative_to(DOCS).with_suffix(".html")) for page in DOCS.glob("**/*.md")} <= found


@pytest.mark.parametrize("dead", ["[a](nowhere.md)", "[a](index.md#nowhere)", "[a](/protocol.md)"])
def test_a_dead_link_or_anchor_fails_the_site(dead: str, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Start\n\nHere.\n")
    assert built(tmp_path, docs).returncode == 0
    (docs / "index.md").write_text(f"# Start\n\n{dead}\n")
    assert built(tmp_path, docs).returncode != 0


def test_the_menu_has_every_page_once_and_those_of_no_group_at_the_end(tmp_path: Path) -> None:
    for name in ("index.md", "protocol.md", "adr/0002-b.md", "adr/0001-a.md", "new/page.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# Page `{name}`\n")
    found = menu(tmp_path)
    assert [next(iter(group)) for group in found] == ["Start", "Clients", "How it works", "More"]
    assert found[2]["How it works"] == [
        {"Page adr/0001-a.md": "adr/0001-a.md"},
        {"Page adr/0002-b.md": "adr/0002-b.md"},
    ]
