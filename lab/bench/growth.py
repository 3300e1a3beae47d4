"""`make growth`: what a command costs while one thing grows and all else stays: clues, teams, guesses, the log.

Real servers on SQLite, one for each point, 100 players in a closed loop; the cost is the server's CPU time a command.
Writes `docs/proof/growth.md` with the table, and the curve beside it.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

from lab import ROOT
from lab.bench.large import Size, large_server, play
from lab.bench.rows import Rows
from lab.checkout import commit

PAGE: Final = ROOT / "docs" / "proof" / "growth.md"
PICTURE: Final = ROOT / "docs" / "proof" / "growth.svg"
PLAYERS: Final = 100
RUNS: Final = 3

SMALL: Final = Size(clues=12, text_bytes=100, teams=25, guesses=1_000)
STEPS: Final[dict[str, tuple[Size, ...]]] = {
    "clues": tuple(SMALL._replace(clues=n) for n in (12, 50, 150, 500)),
    "teams": tuple(SMALL._replace(teams=n) for n in (25, 100, 1_000, 3_000)),
    "guesses": tuple(SMALL._replace(guesses=n) for n in (1_000, 10_000, 100_000, 1_000_000)),
    "log length": tuple(SMALL._replace(elsewhere=n) for n in (0, 10_000, 100_000, 1_000_000)),
    "all of them": (
        SMALL,
        Size(clues=50, text_bytes=300, teams=100, guesses=10_000),
        Size(clues=150, text_bytes=600, teams=1_000, guesses=100_000),
        Size(guesses=1_000_000),
    ),
}
"""What grows, and the points at which it is measured; the first is the small hunt each time."""

COLOURS: Final = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 320, 48, 40, 16


class Point(NamedTuple):
    """A size, and what a command cost there, in us of the server's CPU."""

    size: Size
    cost_us: float


def cost_us(size: Size, seconds: str, runs: int) -> float:
    """Return what a command costs on a hunt of a size: the median of some runs on one server."""
    with large_server("sqlite", size) as server:
        results = [play(server, PLAYERS, seconds, tag=f"run{i}") for i in range(runs)]
    return float(statistics.median(1e6 * r["server_cpu"] / r["per_s"] for r in results))


def measured(seconds: str, runs: int, most: int) -> dict[str, list[Point]]:
    """Measure every point, of each curve the first `most`; a size that two curves share is measured once."""
    known: dict[Size, float] = {}
    found: dict[str, list[Point]] = {}
    for what, sizes in STEPS.items():
        for size in sizes[:most]:
            if size not in known:
                known[size] = cost_us(size, seconds, runs)
            found.setdefault(what, []).append(Point(size, known[size]))
            print(f"{what:12} {said(what, size):28} {known[size]:7.1f} us  {ratio(found[what]):.2f}", flush=True)
    return found


def ratio(points: Sequence[Point]) -> float:
    """Return the cost at the last point as a share of that at the first."""
    return points[-1].cost_us / points[0].cost_us


def said(what: str, size: Size) -> str:
    """Return how large what grows is at a point."""
    if what == "all of them":
        return f"{size.clues} clues, {size.teams:,} teams, {size.guesses:,} guesses"
    return f"{getattr(size, 'elsewhere' if what == 'log length' else what):,}"


def ends(rows: Rows, seconds: str, *, large: Size | None = None) -> None:
    """Add what a command costs at the far end of each curve, as a ratio to the small hunt; `large`: in their place."""
    small_us = cost_us(SMALL, seconds, RUNS)
    rows.add("cpu_us_small_hunt", small_us, "us/command")
    for what, sizes in ({"large": (large,)} if large else STEPS).items():
        name = "growth_" + what.replace(" ", "_")
        rows.add(name, cost_us(sizes[-1], seconds, RUNS) / small_us, "of the small hunt's")


def table(found: dict[str, list[Point]]) -> str:
    """Return the points as Markdown."""
    lines = ["| what grows | to | us a command | of the small hunt's |", "|---|---|---|---|"]
    for what, points in found.items():
        for i, point in enumerate(points):
            share = ratio(points[: i + 1])
            lines.append(f"| {what} | {said(what, point.size)} | {point.cost_us:.1f} | {share:.2f} |")
    return "\n".join(lines)


def picture(found: dict[str, list[Point]]) -> str:
    """Return the curves as SVG: cost as a share of the small hunt's, from the small hunt to the large one."""
    most = max(1.5, *(p.cost_us / points[0].cost_us for points in found.values() for p in points)) * 1.05
    steps = max(len(points) for points in found.values()) - 1 or 1

    def place(step: int, share: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - 150) * step / steps
        return x, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share / most

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>')
    for mark in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0):
        if mark <= most:
            (x0, y), (x1, _) = place(0, mark), place(steps, mark)
            dash = "" if mark == 1.0 else ' stroke-dasharray="2 4"'
            parts.append(f'<line x1="{x0:.0f}" x2="{x1:.0f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#9ca3af"{dash}/>')
            parts.append(f'<text x="8" y="{y + 4:.1f}" font-size="12" fill="#374151">{mark:.1f}</text>')
    for number, (what, points) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        at = [place(i, p.cost_us / points[0].cost_us) for i, p in enumerate(points)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
        label = f"{what} {ratio(points):.2f}"
        y = TOP + 14 + 18 * number
        parts.append(f'<text x="{WIDTH - 140}" y="{y}" font-size="13" fill="{colour}">{label}</text>')
    parts.append(
        f'<text x="{LEFT}" y="{HEIGHT - 12}" font-size="12" fill="#374151">'
        "cost of a command, as a share of the small hunt's; to the right all grows</text></svg>"
    )
    return "\n".join(parts) + "\n"


def page(found: dict[str, list[Point]]) -> str:
    """Return the page."""
    return (
        "# Growth\n\nWhat a command costs the server (CPU time, SQLite, 100 players in a closed loop) while one thing "
        "grows and all else stays; at last all of them together. Made by `make growth`, "
        f"{datetime.date.today().isoformat()}, commit {commit()}.\n\n"
        f"![the curves](growth.svg)\n\n{table(found)}\n"
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="lab.bench.growth", description=__doc__)
    parser.add_argument("--seconds", default="3", help="of each run")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each point; the median counts")
    parser.add_argument("--points", type=int, default=4, help="of each curve at most, 1 to 4")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    if not 1 <= asked.points <= 4 or not 1 <= asked.runs <= 100:
        parser.error("--points is 1 to 4, --runs 1 to 100")
    found = measured(asked.seconds, asked.runs, asked.points)
    if not asked.no_write:
        PAGE.write_text(page(found))
        PICTURE.write_text(picture(found))


if __name__ == "__main__":
    main()
