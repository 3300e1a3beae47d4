"""A run's report as one HTML file that needs nothing else: verdict, figures, plots. Pure.

Owns the page's look, light and dark. The plots are `huntserver.load.plots`; there is no script and no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

from huntserver.load.histogram import KINDS
from huntserver.load.plots import Curve, by_percentile, number, over_time
from huntserver.load.report_text import COLUMNS, HEADS, ratios
from huntserver.load.results import Moment, Results

POINTS_MAX: Final = 180
STYLE: Final = Path(__file__).with_name("report.css")


def page(results: Results) -> str:
    """Return the whole page."""
    r = results
    title = f"{r.scenario}: {r.players:,} players"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text()}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>"
        f'<p class="sub">{r.plan["hunts"]} hunts, {r.seconds:g} s at {escape(r.url)}</p>'
        f'<p class="sub">{escape(r.began)} &middot; {escape(r.machine)}</p>'
        f"{_verdict(r)}"
        f'<div class="tiles">{"".join(_tiles(r))}</div>'
        f'<h2>Over time</h2><div class="plots">{"".join(_plots(r))}</div>'
        f"<h2>Latency, from the moment a command was meant to leave (ms)</h2>{_table(r)}"
        f"{_ceiling(r)}{_notes(r)}</main></body></html>\n"
    )


def _verdict(r: Results) -> str:
    if r.verdict is None:
        return '<div class="verdict bad"><b>Not judged.</b> The figures do not count.</div>'
    v = r.verdict
    chips = []
    for name, state in v["invariants"].items():
        kind = "held" if state.startswith("held") else "broken" if state == "BROKEN" else "open"
        said = "" if state == "held" else f" {state.removeprefix('held, ')}"
        chips.append(f'<span class="chip {kind}">{name}{escape(said)}</span>')
    totals = v["totals"]
    over = f"{totals['records']:,} records of the log" if v["log"] else "the histories alone: there was no log to read"
    shown = "".join(f"<li>{escape(text)}</li>" for text in v["violations"][:20])
    return (
        f'<div class="verdict{"" if v["holds"] else " bad"}">'
        f"<b>{'No violation.' if v['holds'] else str(len(v['violations'])) + ' violations.'}</b> "
        f"{totals['calls']:,} commands and {totals['pushes']:,} pushes held against {over}."
        f'<div class="chips">{"".join(chips)}</div>{f"<ul>{shown}</ul>" if shown else ""}</div>'
    )


def _tile(name: str, value: str, more: str = "") -> str:
    return f'<div class="tile"><small>{name}</small><strong>{value}</strong> <em>{more}</em></div>'


def _tiles(r: Results) -> Iterator[str]:
    yield _tile(
        "answered", f"{number(r.answered_per_s)}/s", f"of {number(r.offered_per_s)}/s" if r.plan["rate"] else ""
    )
    answer = r.latency.get("answer")
    if answer:
        yield _tile("p50", f"{answer['p50_ms']:.2f}", "ms")
        yield _tile("p99", f"{answer['p99_ms']:.2f}", "ms")
        yield _tile("p99.9", f"{answer['p999_ms']:.2f}", "ms")
    yield _tile("delivered", f"{number(r.pushes_per_s)}/s", "pushes")
    yield _tile("all in after", f"{r.connect_s:.2f}", "s")
    if r.server_bytes[1]:
        yield _tile("server", f"{r.server_cpu:.0%}", "of a core")
        each = r.bytes_per_player
        yield _tile("memory", number(r.server_bytes[2]) + "B", f"{each / 1024:.1f} KiB a player" if each > 0 else "")
    yield _tile("generator", f"{r.generator_cpu:.0%}", "of a core")
    if r.totals["reopened"]:
        yield _tile("came back", f"{r.totals['reopened']:,}", f"{r.totals['told_anew']:,} by snapshot")


class _Series:
    """Values over time, of long runs in stretches of several seconds: latencies the worst of each, rates the mean."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        length = -(-len(moments) // POINTS_MAX) or 1
        self._stretches = [moments[i : i + length] for i in range(0, len(moments), length)]
        self.xs = [float(stretch[0].at) for stretch in self._stretches]
        self.each = f", the worst of {length} s" if length > 1 else ""

    def worst(self, of: Callable[[Moment], float]) -> list[float | None]:
        """Return the highest of each stretch; None where nothing was measured."""
        return [max(of(m) for m in stretch) or None for stretch in self._stretches]

    def mean(self, of: Callable[[Moment], float]) -> list[float | None]:
        """Return the mean of each stretch."""
        return [sum(of(m) for m in stretch) / len(stretch) for stretch in self._stretches]


def _plots(r: Results) -> Iterator[str]:
    ms = [m for m in r.moments if m.at < r.plan["warm_s"] + r.seconds]
    s = _Series(ms)
    yield over_time("Command to answer", f"ms, logarithmic{s.each}", s.xs, (
        Curve("p50", 1, s.worst(lambda m: m.p50_ms)), Curve("p99", 2, s.worst(lambda m: m.p99_ms)),
        Curve("highest", 3, s.worst(lambda m: m.max_ms)),
    ), log=True)  # fmt: skip
    offered = (Curve("offered", 6, s.mean(lambda m: m.offered), filled=True),) if r.plan["rate"] else ()
    yield over_time("Commands", "per second", s.xs, (
        *offered, Curve("answered", 1, s.mean(lambda m: m.counts["answered"])),
    ))  # fmt: skip
    board = (Curve("board p50", 5, s.worst(lambda m: m.board_p50_ms)),) if "board" in r.latency else ()
    yield over_time("Freshness: from commit to the player", f"ms, logarithmic{s.each}", s.xs, (
        Curve("push p50", 4, s.worst(lambda m: m.push_p50_ms)), Curve("push p99", 2, s.worst(lambda m: m.push_p99_ms)),
        *board,
    ), log=True)  # fmt: skip
    yield over_time("Deliveries to players", "per second", s.xs, (
        Curve("pushes", 4, s.mean(lambda m: m.counts["pushes"])),
        Curve("boards", 5, s.mean(lambda m: m.counts["states"])),
    ))  # fmt: skip
    if any(m.server_bytes for m in ms):
        yield over_time("Server memory", "bytes", s.xs, (
            Curve("resident", 1, s.mean(lambda m: m.server_bytes), filled=True),
        ))  # fmt: skip
    broker = (Curve("broker", 5, s.mean(lambda m: 100 * m.broker_cpu)),) if r.broker_cpu else ()
    yield over_time("CPU", "% of a core", s.xs, (
        Curve("server", 1, s.mean(lambda m: 100 * m.server_cpu)),
        Curve("generator", 2, s.mean(lambda m: 100 * sum(m.generator_cpu))), *broker,
    ))  # fmt: skip
    if any(m.players != r.players for m in ms):
        yield over_time("Players connected", "", s.xs, (Curve("players", 4, s.mean(lambda m: m.players), filled=True),))
    kinds = [kind for kind in KINDS if kind in r.latency and kind != "late"]
    lines = [(k, i % 6 + 1, [r.latency[k][c] for c in COLUMNS[:-1]]) for i, k in enumerate(kinds)]
    yield by_percentile("Latency by percentile", "ms, logarithmic", lines)


def _table(r: Results) -> str:
    rows = []
    for kind, about in KINDS.items():
        held = r.latency.get(kind)
        if held:
            cells = "".join(f"<td>{held[c]:,.2f}</td>" for c in COLUMNS)
            rows.append(f"<tr><td>{kind}</td><td>{held['count']:,.0f}</td>{cells}<td>{escape(about)}</td></tr>")
    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    return f'<div class="box"><table><tr><th></th><th>count</th>{heads}<th></th></tr>{"".join(rows)}</table></div>'


def _ceiling(r: Results) -> str:
    if not r.ceiling:
        return ""
    said = "\n".join(line.removeprefix("ceiling").strip() for line in ratios(r))
    head = "<h2>The ceiling of this machine, measured in the same run</h2>"
    return f'{head}<div class="box"><pre>{escape(said)}</pre></div>'


def _notes(r: Results) -> str:
    notes = [escape(note) for note in r.notes]
    for name, counts in (("refusals", r.refusals), ("closes", r.closes)):
        if counts:
            notes.append(f"{name}: " + escape(", ".join(f"{code} {count:,}" for code, count in counts.items())))
    plan = escape(", ".join(f"{key}={value}" for key, value in r.plan.items()))
    items = "".join(f"<li>{note}</li>" for note in notes)
    held = f'<h2>Notes</h2><div class="box"><ul class="notes">{items}</ul></div>' if items else ""
    return f'{held}<h2>Plan</h2><div class="box"><pre>{plan}</pre></div>'
