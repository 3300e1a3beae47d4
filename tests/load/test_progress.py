"""While a run lasts, a terminal shows a table that moves, and a file gets plain lines."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from huntserver.load.progress import Progress, line
from tests.load.rig import PLAN, collected


def shown(*, terminal: bool) -> str:
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, width=140, _environ={"TERM": "xterm"})
    with Progress(PLAN, console) as progress:
        progress.say("setting up 1 hunts")
        for moment in collected().moments:
            progress.tell(moment)
    return out.getvalue()


def test_a_file_gets_lines_without_any_control_sequence() -> None:
    text = shown(terminal=False)
    assert "\x1b" not in text
    assert text.splitlines()[0] == "setting up 1 hunts"
    assert text.splitlines()[1].startswith("second 5: 20 players, 10/s offered, 10/s answered, p50 ")
    assert len(text.splitlines()) == 2


def test_a_terminal_gets_a_table_of_the_last_seconds() -> None:
    text = shown(terminal=True)
    assert "answered/s" in text
    assert "second 6 of 5" in text or "second 5 of 5" in text
    assert "setting up 1 hunts" in text


def test_a_line_has_mean_rates_and_the_worst_latencies() -> None:
    moments = collected().moments
    assert "max 100." in line(moments)
    assert "max 100." not in line(moments[1:])
