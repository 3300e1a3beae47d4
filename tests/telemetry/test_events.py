"""Every event that a log line may carry is explained to the operator."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.sources import parsed

ROOT = Path(__file__).parents[2]
SAY = {"note", "warn", "fault", "trace"}


def events(source: str) -> set[str]:
    """Return the event names that a module reports."""
    return {
        node.args[0].value
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SAY
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_event_stands_on_the_operations_page() -> None:
    files = [path for package in ("actors", "huntserver") for path in (ROOT / package).rglob("*.py")]
    said = set().union(*(events(path.read_text()) for path in files)) | {"library_message", "log_lines_dropped"}
    explained = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert len(said) > 15
    assert sorted(said - explained) == []
    assert events('self.report.warn("unheard_of", shard=1)') == {"unheard_of"}
