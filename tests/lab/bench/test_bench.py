"""The benchmark's tables: what stands in the pages is what was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import ROOT
from lab.bench.batch_latency import mean_ms, read
from lab.bench.table import COLUMNS, PAGE, README, SIX, SUMMARY, between, in_page, in_readme, short_table, six


@pytest.fixture
def latest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "lab" / "bench" / "latest.json").read_text())
    return found


@pytest.mark.parametrize(("page", "make"), [(README, in_readme), (PAGE, in_page)], ids=["readme", "page"])
def test_the_pages_show_what_was_measured_last(
    page: Path, make: Callable[[dict[str, Any]], str], latest: dict[str, Any]
) -> None:
    assert between(page.read_text(), make(latest)) == page.read_text()


def test_the_readme_has_six_figures(latest: dict[str, Any]) -> None:
    assert len(six(latest).splitlines()) == 2 + len(SIX) == 8


def test_every_line_of_the_short_table_was_measured(latest: dict[str, Any]) -> None:
    lines = short_table(latest).splitlines()
    assert 8 <= len(lines) <= len(SUMMARY) + 2
    assert all(line.split(" | ")[1].strip() for line in lines[2:])


def test_a_row_that_was_not_measured_leaves_its_cell_empty() -> None:
    row = {"name": "durable_sqlite_100", "value": 1234.4, "unit": "1/s", "ratio_to": "", "ratio": None}
    shown = short_table({"rows": [row]}).splitlines()
    assert shown[2:] == ["| commands/s, 100 players |  | 1,234 |  |  |"]
    assert shown[0].count("|") == shown[2].count("|") == len(COLUMNS) + 2


def test_the_mean_of_batches_is_read_from_a_page_of_metrics() -> None:
    def page(waited_s: float, count: int) -> str:
        lines = ["# TYPE huntserver_batch_seconds histogram"]
        for kind, times in (("player", 9), ("hunt", 1)):
            label = f'kind="{kind}"'
            lines += [
                f'huntserver_batch_seconds_bucket{{{label},le="+Inf"}} {count * times}',
                f"huntserver_batch_seconds_sum{{{label}}} {waited_s * times}",
                f"huntserver_batch_seconds_count{{{label}}} {count * times}",
            ]
        return "\n".join(lines) + "\n"

    assert mean_ms(read(page(1.0, 100)), read(page(1.6, 400))) == pytest.approx(2.0)
    assert mean_ms(read(page(1.0, 100)), read(page(1.0, 100))) == 0
    with pytest.raises(KeyError):
        read("")
