"""Plots of a run as inline SVG: lines over time, and latency by percentile. Pure: values in, text out.

Owns scales, ticks and colours (CSS variables of the page). No script and nothing from the network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 640
HEIGHT: Final = 250
LEFT: Final = 52
RIGHT: Final = 14
TOP: Final = 12
BOTTOM: Final = 30
DECADES: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
PLACES: Final = ((50.0, "50"), (90.0, "90"), (99.0, "99"), (99.9, "99.9"), (99.99, "99.99"))


class Curve(NamedTuple):
    """One line of a plot: its name, its colour (1 to 6), one value for each x; None leaves a gap."""

    name: str
    colour: int
    values: Sequence[float | None]
    filled: bool = False


class Scale(NamedTuple):
    """Where a value stands on the y axis, and the ticks with their texts."""

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def y(self, value: float) -> float:
        """Return the place of a value in pixels."""
        low, high, value = (_log(v) if self.log else v for v in (self.low, self.high, value))
        share = (min(max(value, low), high) - low) / (high - low)
        return TOP + (1.0 - share) * (HEIGHT - TOP - BOTTOM)


def _log(value: float) -> float:
    return math.log10(max(value, DECADES[0]))


def number(value: float) -> str:
    """Return a number as people write it: 1.2k, 3M, 0.25."""
    for unit, text in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{text}"
    return f"{value:.3g}"


def linear(values: Iterable[float]) -> Scale:
    """Return a scale from 0 to above the highest value, with four or five round ticks."""
    top = max(max(values, default=0.0), 1e-9)
    step = 10.0 ** math.floor(math.log10(top / 4))
    step = next((step * factor for factor in (1, 2, 2.5, 5, 10) if step * factor * 4.6 >= top), step * 10)
    count = math.ceil(top / step - 1e-9)
    return Scale(0.0, step * count, False, tuple((step * i, number(step * i)) for i in range(count + 1)))


def logarithmic(values: Iterable[float]) -> Scale:
    """Return a scale of whole decades around the values."""
    seen = [value for value in values if value > 0]
    low = max((d for d in DECADES if d <= min(seen, default=0.1)), default=DECADES[0])
    high = min((d for d in DECADES if d >= max(seen, default=1.0)), default=DECADES[-1])
    if high <= low:
        high = low * 10
    return Scale(low, high, True, tuple((d, number(d)) for d in DECADES if low <= d <= high))


def over_time(title: str, unit: str, xs: Sequence[float], lines: Sequence[Curve], *, log: bool = False) -> str:
    """Return a figure with lines over the seconds of the run, and how each stood at its highest and in the middle."""
    values = [v for line in lines for v in line.values if v is not None]
    if not values or not xs:
        return ""
    scale = logarithmic(values) if log else linear(values)
    left, right = min(xs), max(xs)
    span = (right - left) or 1.0

    def x(at: float) -> float:
        return LEFT + (at - left) / span * (WIDTH - LEFT - RIGHT)

    parts = [_grid(scale)]
    step = _step(span)
    at = math.ceil(left / step) * step
    while at <= right + 1e-9:
        parts.append(_x_tick(x(at), f"{at:g} s" if at == math.ceil(left / step) * step else f"{at:g}"))
        at += step
    for line in lines:
        parts.append(_path(line, [x(at) for at in xs], scale))
    return _figure(title, unit, "".join(parts), [(line, _said(line)) for line in lines])


def by_percentile(title: str, unit: str, lines: Sequence[tuple[str, int, Sequence[float]]]) -> str:
    """Return a figure of values at p50, p90, p99, p99.9, p99.99, each nine as wide as the one before."""
    values = [v for _, _, held in lines for v in held]
    if not values:
        return ""
    scale = logarithmic(values)
    places = [LEFT + 18 + i * (WIDTH - LEFT - RIGHT - 36) / (len(PLACES) - 1) for i in range(len(PLACES))]
    parts = [_grid(scale)]
    parts += [_x_tick(x, f"p{text}") for x, (_, text) in zip(places, PLACES, strict=True)]
    made = [Curve(name, colour, held) for name, colour, held in lines]
    for line in made:
        parts.append(_path(line, places, scale))
        for x, value in zip(places, line.values, strict=True):
            if value is not None:
                dot = f'<circle cx="{x:.1f}" cy="{scale.y(value):.1f}" r="3" class="d c{line.colour}">'
                parts.append(
                    f"{dot}<title>{escape(line.name)}: {number(value)} {unit.partition(',')[0]}</title></circle>"
                )
    return _figure(title, unit, "".join(parts), [(line, "") for line in made])


def _step(span: float) -> float:
    return next((s for s in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if span / s <= 8), 1200)


def _grid(scale: Scale) -> str:
    parts = []
    for value, text in scale.ticks:
        y = scale.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="g"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" class="t e">{text}</text>')
    return "".join(parts)


def _x_tick(x: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT - 9}" class="t m">{text}</text>'


def _path(line: Curve, places: Sequence[float], scale: Scale) -> str:
    """Return the line, broken where it has no value."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(places, line.values, strict=True):
        if value is None or (scale.log and value <= 0):
            runs.append([])
        else:
            runs[-1].append((x, scale.y(value)))
    parts = []
    for run in runs:
        if not run:
            continue
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        if len(run) == 1:
            parts.append(f'<circle cx="{run[0][0]:.1f}" cy="{run[0][1]:.1f}" r="2" class="d c{line.colour}"/>')
            continue
        if line.filled:
            floor = HEIGHT - BOTTOM
            area = f"{run[0][0]:.1f},{floor} {points} {run[-1][0]:.1f},{floor}"
            parts.append(f'<polygon points="{area}" class="a c{line.colour}"/>')
        parts.append(f'<polyline points="{points}" class="l c{line.colour}"/>')
    return "".join(parts)


def _said(line: Curve) -> str:
    held = sorted(v for v in line.values if v is not None)
    return f"median {number(held[len(held) // 2])}, highest {number(held[-1])}" if held else "none"


def _figure(title: str, unit: str, inside: str, legend: Iterable[tuple[Curve, str]]) -> str:
    keys = []
    for line, said in legend:
        more = f" <small>{said}</small>" if said else ""
        keys.append(f'<span class="k"><i class="c{line.colour}"></i>{escape(line.name)}{more}</span>')
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{inside}</svg>'
        f'<div class="keys">{"".join(keys)}</div></figure>'
    )
