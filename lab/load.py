"""`huntserver load` as a campaign: runs it with the arguments given, and appends its row to the ledger.

    python -m lab.load --scenario hot-hunt --seconds 60

Owns nothing but the row; the exit status is the run's. A run that was not judged, or did not end, leaves no row.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab.ledger import append_row


def row(report: dict[str, Any], arguments: list[str]) -> dict[str, Any] | None:
    """Return the arguments of a row for a report; None when it was not judged."""
    verdict = report["verdict"]
    if verdict is None:
        return None
    log = verdict["log"].partition(":")[0] or "histories alone"
    faults = {"connection lost": report["closes"].get("dropped", 0)}
    return {
        "campaign": f"load {report['scenario']} {log}",
        "amount": verdict["totals"]["commands"] or verdict["totals"]["calls"],
        "faults": {kind: count for kind, count in faults.items() if count},
        "violations": len(verdict["violations"]),
        "command": " ".join(["huntserver load", *arguments]),
    }


def main() -> None:
    """Run it and write the row."""
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        report = Path(name) / "report.json"
        command = [sys.executable, "-m", "huntserver", "load", *arguments, "--json", str(report)]
        code = subprocess.run(command, check=False).returncode
        made = row(json.loads(report.read_text()), arguments) if report.exists() else None
    if made is not None:
        append_row(**made)
    sys.exit(code)


if __name__ == "__main__":
    main()
