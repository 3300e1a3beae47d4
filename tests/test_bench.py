"""The benchmark's tables: what stands in the README is what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.table import COLUMNS, SUMMARY, short_table, with_table

ROOT = Path(__file__).parents[1]


@pytest.fixture
def latest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "bench" / "latest.json").read_text())
    return found


def test_the_readme_shows_what_was_measured_last(latest: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text()
    assert with_table(readme, latest) == readme


def test_every_line_of_the_short_table_was_measured(latest: dict[str, Any]) -> None:
    lines = short_table(latest).splitlines()
    assert len(lines) == len(SUMMARY) + 2
    assert all(line.split(" | ")[1].strip() for line in lines[2:])


def test_a_row_that_was_not_measured_leaves_its_cell_empty() -> None:
    row = {"name": "durable_sqlite_100", "value": 1234.4, "unit": "1/s", "ratio_to": "", "ratio": None}
    shown = short_table({"rows": [row]}).splitlines()
    assert shown[2:] == ["| commands/s, 100 players |  | 1,234 |  |  |"]
    assert shown[0].count("|") == shown[2].count("|") == len(COLUMNS) + 2
