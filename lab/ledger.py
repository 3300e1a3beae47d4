"""The ledger of campaigns: `lab/ledger.json`, one row a campaign, and `docs/proof/ledger.md` made from it."""

from __future__ import annotations

import datetime
import json
from typing import Any

from lab import ROOT
from lab.checkout import commit

LEDGER = ROOT / "lab" / "ledger.json"
PAGE = ROOT / "docs" / "proof" / "ledger.md"


def append_row(
    campaign: str, amount: int, faults: dict[str, int], violations: int, command: str, *, note: str = ""
) -> None:
    """Append a campaign: its amount (seeds or commands), faults by kind, violations, date, commit, command line."""
    rows: list[dict[str, Any]] = json.loads(LEDGER.read_text()) if LEDGER.exists() else []
    rows.append(
        {
            "campaign": campaign,
            "amount": amount,
            "faults": faults,
            "violations": violations,
            "commit": commit(),
            "date": datetime.date.today().isoformat(),
            "command": command,
        }
        | ({"note": note} if note else {})
    )
    LEDGER.parent.mkdir(exist_ok=True)
    LEDGER.write_text(json.dumps(rows, indent=1) + "\n")
    PAGE.write_text(page(rows))


def page(rows: list[dict[str, Any]]) -> str:
    """Return the ledger as a page."""
    lines = [
        "# Ledger of campaigns",
        "",
        "Made from `lab/ledger.json`; every campaign appends a row, also those that found something.",
        "",
        "| date | commit | campaign | seeds or commands | faults | violations | command | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        faults = ", ".join(f"{count} {kind}" for kind, count in row["faults"].items())
        lines.append(
            f"| {row['date']} | {row['commit']} | {row['campaign']} | {row['amount']:,} | {faults} "
            f"| {row['violations']} | `{row['command']}` | {row.get('note', '')} |"
        )
    return "\n".join(lines) + "\n"
