"""A run's report as plain text, for the terminal and for files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from huntserver.load.histogram import KINDS, PERCENTILES
from huntserver.load.results import Results

COLUMNS = (*(f"{name}_ms" for name in PERCENTILES), "max_ms")
HEADS = ("p50", "p90", "p99", "p99.9", "p99.99", "max")
NOT_SEEN = "not seen (the server is not on this machine)"


def text(results: Results) -> str:
    """Return the report."""
    return "\n".join(_lines(results)) + "\n"


def _lines(r: Results) -> Iterator[str]:
    yield f"{r.scenario}: {r.players:,} players in {r.plan['hunts']} hunts for {r.seconds:g} s at {r.url}"
    yield f"{r.began}  {r.machine}"
    yield ""
    yield from _load(r)
    yield ""
    yield from _latency(r)
    if r.ceiling:
        yield ""
        yield from ratios(r)
    yield ""
    yield from _resources(r)
    if r.refusals:
        yield "refusals   " + ", ".join(f"{code} {count:,}" for code, count in r.refusals.items())
    if r.closes:
        yield "closes     " + ", ".join(f"{code} {count:,}" for code, count in r.closes.items())
    for note in r.notes:
        yield f"note       {note}"
    yield ""
    yield from verdict_lines(r)


def _load(r: Results) -> Iterator[str]:
    rate = "as fast as answered" if not r.plan["rate"] else f"{r.offered_per_s:,.1f}/s offered"
    yield f"commands   {rate}, {r.answered_per_s:,.1f}/s answered; {r.unanswered} unanswered, {r.unsent} unsent"
    yield f"pushes     {r.pushes_per_s:,.0f}/s delivered, {r.totals['bytes_in'] / 1e6 / max(1.0, r.seconds):,.1f} MB/s"
    cost = f"generator {r.connect_generator_s:.1f} s of CPU"
    if r.connect_server_s:
        cost = f"server {r.connect_server_s:.1f}, {cost}"
    yield f"came in    {r.players:,} in {r.connect_s:.2f} s ({cost}), {r.players_out} refused for good"
    if r.totals["reopened"]:
        yield (
            f"came back  {r.totals['reopened']:,}: {r.totals['recovered']:,} with exactly what they missed, "
            f"{r.totals['told_anew']:,} with a snapshot"
        )
    if r.totals["fell_behind"]:
        yield f"too slow   {r.totals['fell_behind']:,} times a player did not read, and a snapshot made up for it"


def _latency(r: Results) -> Iterator[str]:
    yield f"{'latency, ms':12}{'count':>11}" + "".join(f"{head:>10}" for head in HEADS)
    for kind, about in KINDS.items():
        held = r.latency.get(kind)
        if held:
            row = "".join(f"{held[column]:>10.2f}" for column in COLUMNS)
            yield f"{kind:12}{held['count']:>11,.0f}{row}  {about}"


def _resources(r: Results) -> Iterator[str]:
    before, joined, after = (value / 1e6 for value in r.server_bytes)
    if joined:
        yield f"server     {r.server_cpu:.0%} of a core, {r.server_us_per_command:,.0f} us a command"
        each = f", {r.bytes_per_player / 1024:.1f} KiB a player" if r.bytes_per_player > 0 else ""
        yield f"memory     {before:.1f} MB before, {joined:.1f} with all players, {after:.1f} at the end{each}"
    else:
        yield f"server     {NOT_SEEN}"
    if r.broker_cpu:
        yield f"broker     {r.broker_cpu:.0%} of a core"
    yield f"generator  {r.generator_cpu:.0%} of a core in {r.plan['workers']} processes"


def ratios(r: Results) -> Iterator[str]:
    """Yield the ceiling's figures, and ours as shares or multiples of them."""
    c = r.ceiling or {}
    yield f"ceiling    bare echo {c['per_s']:,.0f}/s as fast as it answers, {c['us_per_message']:.1f} us a message"
    if "p50_ms" in c and "answer" in r.latency:
        ours = r.latency["answer"]
        yield (
            f"           by this schedule p50 {c['p50_ms']:.2f}, p99 {c['p99_ms']:.2f}, p99.9 {c['p999_ms']:.2f} ms; "
            f"this run {ours['p50_ms'] / c['p50_ms']:.1f}, {ours['p99_ms'] / c['p99_ms']:.1f}, "
            f"{ours['p999_ms'] / c['p999_ms']:.1f} times that"
        )
    if not r.plan["rate"] and r.answered_per_s:
        yield f"           this run reached {r.answered_per_s / c['per_s']:.2f} of it"
    paced = c.get("paced_us_per_message", c["us_per_message"])
    if r.server_us_per_command and paced:
        yield f"           a command costs the server {r.server_us_per_command / paced:.1f} times an echoed message"


def verdict_lines(r: Results) -> Iterable[str]:
    """Return the verdict: what held, what did not, what was not judged."""
    if r.verdict is None:
        return ["verdict    none was asked for: the figures do not count"]
    v = r.verdict
    totals = v["totals"]
    over = (
        f"{totals['records']:,} records of {v['log']}" if v["log"] else "the histories alone, there was no log to read"
    )
    found = [
        f"verdict    {'no violation' if v['holds'] else 'VIOLATIONS'}: {totals['calls']:,} commands and "
        f"{totals['pushes']:,} pushes held against {over} ({v['seconds']:.1f} s)"
    ]
    held = [name for name, state in v["invariants"].items() if state == "held"]
    if held:
        found.append(f"           held: {' '.join(held)}")
    for name, state in v["invariants"].items():
        if state != "held":
            found.append(f"           {name}: {state}")
    found += [f"  VIOLATION {violation}" for violation in v["violations"][:20]]
    if len(v["violations"]) > 20:
        found.append(f"  and {len(v['violations']) - 20} more in the JSON report")
    return found
