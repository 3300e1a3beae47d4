"""The README's table of measured numbers, made from `bench/latest.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def table(latest: dict[str, Any]) -> str:
    """Return the table as Markdown."""
    lines = [
        f"Measured {latest['date']} at {latest['commit']} on {latest['machine']} (`make bench`).",
        "",
        "| what | value | ratio |",
        "|---|---|---|",
    ]
    for row in latest["rows"]:
        ratio = f"{row['ratio']:.2f} of `{row['ratio_to']}`" if row["ratio"] is not None else ""
        value = f"{row['value']:,.0f}" if row["value"] >= 100 else f"{row['value']:,.2f}"
        lines.append(f"| `{row['name']}` | {value} {row['unit']} | {ratio} |")
    return "\n".join(lines)


def with_table(readme: str, latest: dict[str, Any]) -> str:
    """Return the README with the table between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(latest)}\n{END}{after}"


def write_table(root: Path) -> None:
    """Put the table into README.md."""
    readme = root / "README.md"
    latest = json.loads((root / "bench" / "latest.json").read_text())
    readme.write_text(with_table(readme.read_text(), latest))
