"""The pages' tables of measured numbers, made from `lab/bench/latest.json`.

Six figures for the README, and for `docs/proof/benchmark.md` the rows side by side and every one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lab import ROOT

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

LATEST: Final = ROOT / "lab" / "bench" / "latest.json"
README: Final = ROOT / "README.md"
PAGE: Final = ROOT / "docs" / "proof" / "benchmark.md"

COLUMNS: Final = ("huntserver, Kafka", "huntserver, SQLite", "bare echo", "FastAPI + aiokafka")
OURS: Final = 2
"""The first columns are ours: a line without a figure in one of them says nothing."""

PLACES: Final = ("p50", "p99", "p999")
SUMMARY: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("commands/s, 100 players", ("durable_kafka_100", "durable_sqlite_100", "echo_bare_kafka_100", "peer_fastapi_100")),
    (
        "commands/s, 2,000 players",
        ("durable_kafka_2000", "durable_sqlite_2000", "echo_bare_kafka_2000", "peer_fastapi_2000"),
    ),
    (
        "CPU us a command, 2,000 players",
        ("cpu_us_kafka_2000", "cpu_us_sqlite_2000", "cpu_us_echo_kafka_2000", ""),
    ),
    (
        "ms p50 / p99 / p99.9 at 2,000 commands/s, 50 hunts",
        ("latency_kafka_2000_*", "", "latency_echo_2000_*", "latency_peer_fastapi_2000_*"),
    ),
    ("the same in one hunt", ("latency_kafka_2000_one_hunt_*", "", "", "")),
    ("the same with 50 news a second for all 2,000", ("latency_kafka_2000_news_*", "", "", "")),
    ("the same at 20,000 commands/s, 16 hunts", ("latency_kafka_fast_*", "", "", "")),
    ("500 clues, 3,000 teams: commands/s, 100 players", ("large_kafka_100", "", "echo_bare_kafka_100", "")),
    ("500 clues, 3,000 teams: commands/s, 2,000 players", ("large_kafka_2000", "", "echo_bare_kafka_2000", "")),
)
"""What a line of the short table is called, and the row that each of `COLUMNS` shows; `*` is each of `PLACES`."""

SIX: Final[tuple[tuple[str, str, str], ...]] = (
    ("durable commands/s on Kafka, 2,000 players", "durable_kafka_2000", "{value} ({ratio} of a bare echo)"),
    ("durable commands/s on SQLite, 2,000 players", "durable_sqlite_2000", "{value} ({ratio} of a bare echo)"),
    ("an answer at 2,000 commands/s on Kafka: p50", "latency_kafka_2000_p50", "{value} ms"),
    ("the same: p99", "latency_kafka_2000_p99", "{value} ms"),
    ("memory of a connection", "bytes_per_connection", "{value} bytes"),
    ("records replayed after a crash", "replay_events", "{value} a second"),
)
"""The README's six: what each is called, its row, how it is said."""


def figure(value: float) -> str:
    """Return a number as it is printed."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _cell(values: Mapping[str, float], name: str) -> str:
    names = [name.replace("*", place) for place in PLACES] if "*" in name else [name]
    return " / ".join(figure(values[n]) for n in names) if all(n in values for n in names) else ""


def six(latest: dict[str, Any]) -> str:
    """Return the README's figures as Markdown; one that was not measured is left out."""
    rows = {row["name"]: row for row in latest["rows"]}
    lines = ["| figure | measured |", "|---|---|"]
    for what, name, said in SIX:
        if name in rows:
            row = rows[name]
            ratio = f"{row['ratio']:.2f}" if row["ratio"] is not None else "-"
            lines.append(f"| {what} | {said.format(value=figure(row['value']), ratio=ratio)} |")
    return "\n".join(lines)


def short_table(latest: dict[str, Any]) -> str:
    """Return what the rows say side by side, as Markdown; a cell whose row was not measured is empty."""
    values = {row["name"]: row["value"] for row in latest["rows"]}
    lines = [f"| durable commands | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    lines += [
        f"| {what} | {' | '.join(_cell(values, name) for name in names)} |"
        for what, names in SUMMARY
        if any(_cell(values, name) for name in names[:OURS])
    ]
    return "\n".join(lines)


def table(latest: dict[str, Any]) -> str:
    """Return every row as Markdown."""
    lines = ["| what | value | ratio |", "|---|---|---|"]
    for row in latest["rows"]:
        ratio = f"{row['ratio']:.2f} of `{row['ratio_to']}`" if row["ratio"] is not None else ""
        lines.append(f"| `{row['name']}` | {figure(row['value'])} {row['unit']} | {ratio} |")
    return "\n".join(lines)


def measured(latest: dict[str, Any]) -> str:
    """Return when, at which commit and on what it was measured."""
    return f"Measured {latest['date']} at {latest['commit']} on {latest['machine']} (`make bench`)."


def in_readme(latest: dict[str, Any]) -> str:
    """Return what stands between the README's markers."""
    return f"{measured(latest)}\n\n{six(latest)}"


def in_page(latest: dict[str, Any]) -> str:
    """Return what stands between the benchmark page's markers."""
    return f"{measured(latest)}\n\n{short_table(latest)}\n\n## Every row\n\n{table(latest)}"


def between(text: str, tables: str) -> str:
    """Return a page with the tables between its markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def write_tables() -> None:
    """Put the tables into the pages."""
    latest = json.loads(LATEST.read_text())
    makes: tuple[tuple[Path, Callable[[dict[str, Any]], str]], ...] = ((README, in_readme), (PAGE, in_page))
    for page, make in makes:
        page.write_text(between(page.read_text(), make(latest)))
