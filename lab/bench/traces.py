"""What traces cost: CPU of the server for a command with traces off, at 1 %, and of every command.

    python -m lab.bench.traces [--seconds 4] [--rounds 3]

Closed loop, 100 players in one hunt, SQLite, a collector of ours beside it. Each round runs all three on fresh servers,
one after the other; the least of the rounds counts. Prints a row for each.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

from lab.bench.__main__ import our_server
from lab.bench.processes import generate
from lab.machines.collector import TraceReceiver

RATIOS: Final = (0.0, 0.01, 1.0)
PLAYERS: Final = "100"


def cost_us(ratio: float, collector: str, seconds: str) -> float:
    """Return the server's CPU in us for a command."""
    more = f'[telemetry]\ntraces = "{collector}"\ntraces_ratio = {ratio}\n' if ratio else ""
    with (
        tempfile.TemporaryDirectory(prefix="traces-") as name,
        our_server(f"sqlite:{name}/hunts.db", Path(name), more=more) as server,
    ):
        to = ("--port", str(server.port), "--key-file", f"{name}/token.key")
        found = generate(server.pid, *to, "--players", PLAYERS, "--hunts", "1", "--seconds", seconds)
        return 1e6 * float(found["server_cpu"]) / float(found["per_s"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="lab.bench.traces", description=__doc__)
    parser.add_argument("--seconds", default="4", help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    collector = TraceReceiver()
    try:
        runs = [[cost_us(ratio, collector.url, asked.seconds) for ratio in RATIOS] for _ in range(asked.rounds)]
    finally:
        collector.close()
    least = [min(run[at] for run in runs) for at in range(len(RATIOS))]
    for ratio, cost in zip(RATIOS, least, strict=True):
        print(f"traces of {ratio:>4.0%} of commands: {cost:6.2f} us/command, {cost / least[0]:.3f} of those without")
    print(f"{len(collector.spans):,} spans came")


if __name__ == "__main__":
    main()
