"""The README's tables of measured numbers, made from `lab/bench/latest.json`: one to read, one with every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

COLUMNS: Final = ("huntserver, Kafka", "huntserver, SQLite", "bare echo", "FastAPI + aiokafka")
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
    ("the same at 20,000 commands/s, 16 hunts", ("latency_kafka_fast_*", "", "", "")),
)
"""What a line of the short table is called, and the row that each of `COLUMNS` shows; `*` is each of `PLACES`."""


def figure(value: float) -> str:
    """Return a number as it is printed."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _cell(values: Mapping[str, float], name: str) -> str:
    names = [name.replace("*", place) for place in PLACES] if "*" in name else [name]
    return " / ".join(figure(values[n]) for n in names) if all(n in values for n in names) else ""


def short_table(latest: dict[str, Any]) -> str:
    """Return what the rows say side by side, as Markdown; a cell whose row was not measured is empty."""
    values = {row["name"]: row["value"] for row in latest["rows"]}
    lines = [f"| durable commands | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    lines += [
        f"| {what} | {' | '.join(_cell(values, name) for name in names)} |"
        for what, names in SUMMARY
        if any(_cell(values, name) for name in names)
    ]
    return "\n".join(lines)


def table(latest: dict[str, Any]) -> str:
    """Return every row as Markdown."""
    lines = ["| what | value | ratio |", "|---|---|---|"]
    for row in latest["rows"]:
        ratio = f"{row['ratio']:.2f} of `{row['ratio_to']}`" if row["ratio"] is not None else ""
        lines.append(f"| `{row['name']}` | {figure(row['value'])} {row['unit']} | {ratio} |")
    return "\n".join(lines)


def with_table(readme: str, latest: dict[str, Any]) -> str:
    """Return the README with the tables between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    measured = f"Measured {latest['date']} at {latest['commit']} on {latest['machine']} (`make bench`)."
    all_rows = f"<details><summary>Every row of the benchmark</summary>\n\n{table(latest)}\n\n</details>"
    return f"{before}{BEGIN}\n{measured}\n\n{short_table(latest)}\n\n{all_rows}\n{END}{after}"


def write_table(root: Path) -> None:
    """Put the tables into README.md."""
    readme = root / "README.md"
    latest = json.loads((root / "lab" / "bench" / "latest.json").read_text())
    readme.write_text(with_table(readme.read_text(), latest))
