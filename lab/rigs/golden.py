"""Golden logs: written once from a worked example, kept for ever. `python -m lab.rigs.golden NAME PAGE [NUMBER]`.

Plays the example of that number (from 1) on a page of the host's manual and writes `tests/game/golden/NAME.jsonl` with
the digest that it folds to. Never writes over a log that is there: a new event gets a new log.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec

from lab.rigs.game import Table, digest
from lab.rigs.transcript import play_on

GOLDEN = Path(__file__).parents[2] / "tests" / "game" / "golden"
EXAMPLE = re.compile(r"```toml\n(.*?)```\s+```play\n(.*?)```", re.DOTALL)


def examples(page: str) -> list[tuple[str, str]]:
    """Return the hunts of a page of the manual, each with what is said in it."""
    return EXAMPLE.findall(page)


def lines(table: Table) -> bytes:
    """Return a table's history in the form of golden logs: a record a line."""
    records = [{"pos": r.seq, "at": r.at_ms, "events": r.events} for r in table.log]
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def main(name: str, page: str, number: str = "1") -> None:
    """Write one golden log."""
    path = GOLDEN / f"{name}.jsonl"
    if path.exists():
        sys.exit(f"{path} exists already: golden logs are never written again; choose another name")
    toml, transcript = examples(Path(page).read_text())[int(number) - 1]
    table = Table(toml).published()
    differ = play_on(table, transcript)
    if differ:
        sys.exit("\n".join(differ))
    path.write_bytes(lines(table))
    path.with_suffix(".digest").write_text(digest(table.state) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
