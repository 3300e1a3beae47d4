"""What a run shows while it lasts: a table that moves on a terminal, plain lines elsewhere.

Owns the console while it is open. Shows only; measures nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from huntserver.load.plan import LoadPlan
from huntserver.load.results import Moment

ROWS: Final = 12
PLAIN_EVERY: Final = 5


class Progress:
    """The display of a run while it lasts, used as a context."""

    def __init__(self, plan: LoadPlan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._moments: deque[Moment] = deque(maxlen=ROWS)
        self._said = ""
        self._came_in = 0

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Show what is done now."""
        self._said = text
        if self._live is None:
            self._console.print(Text(text), soft_wrap=True)
        else:
            self._show()

    def tell(self, moment: Moment) -> None:
        """Show a second of the run."""
        if moment.at < 0:
            self._came_in += moment.counts["snapshots"]
            if self._live is not None:
                self._said = f"{self._came_in} of {self._plan.players} players are in"
                self._show()
            return
        self._moments.append(moment)
        if self._live is not None:
            self._said = ""
            self._show()
        elif moment.at % PLAIN_EVERY == PLAIN_EVERY - 1:
            self._console.print(Text(line(list(self._moments)[-PLAIN_EVERY:])), soft_wrap=True)

    def _show(self) -> None:
        assert self._live is not None
        total = int(self._plan.warm_s + self._plan.seconds)
        head = Text(f"{self._plan.scenario}  {self._plan.players} players", style="bold")
        if self._moments:
            head.append(f"  second {self._moments[-1].at + 1} of {total}", style="dim")
        parts: list[RenderableType] = [head]
        if self._said:
            parts.append(Text(self._said, style="cyan"))
        parts.append(table(list(self._moments)))
        self._live.update(Group(*parts), refresh=True)


def line(moments: list[Moment]) -> str:
    """Return some seconds as a line: rates are their mean, latencies those of the worst second."""
    last, count = moments[-1], len(moments)

    def mean(of: Callable[[Moment], float]) -> float:
        return sum(of(m) for m in moments) / count

    def worst(of: Callable[[Moment], float]) -> float:
        return max(of(m) for m in moments)

    return (
        f"second {last.at + 1}: {last.players} players, {mean(lambda m: m.offered):,.0f}/s offered, "
        f"{mean(lambda m: m.counts['answered']):,.0f}/s answered, p50 {worst(lambda m: m.p50_ms):.1f} "
        f"p99 {worst(lambda m: m.p99_ms):.1f} max {worst(lambda m: m.max_ms):.1f} ms, "
        f"{mean(lambda m: m.counts['pushes'] + m.counts['states']):,.0f} pushes/s, "
        f"server {mean(lambda m: m.server_cpu):.0%} {last.server_bytes / 1e6:.0f} MB, "
        f"generator {mean(lambda m: sum(m.generator_cpu)):.0%}"
    )


def table(moments: list[Moment]) -> Table:
    """Return the last seconds as a table."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    heads = ("s", "players", "offered/s", "answered/s", "p50 ms", "p99 ms", "max ms", "pushes/s", "push p99", "server",
             "MB", "generator", "broker")  # fmt: skip
    for head in heads:
        made.add_column(head, justify="right")
    for m in moments:
        slow = "red" if m.p99_ms > 100 else "yellow" if m.p99_ms > 20 else "green"
        made.add_row(
            str(m.at + 1), f"{m.players:,}", f"{m.offered:,}", f"{m.counts['answered']:,}", f"{m.p50_ms:.2f}",
            Text(f"{m.p99_ms:.2f}", style=slow), f"{m.max_ms:.1f}", f"{m.counts['pushes'] + m.counts['states']:,}",
            f"{m.push_p99_ms:.1f}", f"{m.server_cpu:.0%}", f"{m.server_bytes / 1e6:.0f}",
            f"{sum(m.generator_cpu):.0%}", f"{m.broker_cpu:.0%}",
            style="dim" if m.warm else "",
        )  # fmt: skip
    return made
