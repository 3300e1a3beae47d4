"""The table of features: what it says is shown is shown, and what is told is told somewhere."""

from __future__ import annotations

import re

from lab import ROOT

PAGE = ROOT / "docs" / "features.md"
NAMED = re.compile(r"`(tests/[\w/.]+|test_\w+)`")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("| feature")]


def test_every_row_names_a_test_that_exists_and_a_page_or_says_not_yet() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    wrong = []
    for feature, shown, told in rows():
        if shown == "not yet":
            wrong += [feature] if told else []
            continue
        named = NAMED.findall(shown)
        missing = [n for n in named if not ((ROOT / n).is_file() if "/" in n else f"def {n}(" in tests)]
        if not named or missing or not told.startswith("["):
            wrong.append(f"{feature}: {missing or shown}")
    assert wrong == []
    assert len(rows()) > 60
