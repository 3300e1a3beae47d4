"""The ceiling of this machine in the same run: the same players and schedule against a bare echo server.

Owns the two measurements: by the run's schedule (latency, CPU a message), and as fast as it answers (messages/s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from huntserver.load.conductor import Conductor, MeasuredProcesses
from huntserver.load.own_server import cores, echo_server
from huntserver.load.plan import LoadPlan
from huntserver.load.results import Results

SECONDS_MAX: Final = 10.0
SATURATED_S: Final = 3.0


def measure(plan: LoadPlan, say: Callable[[str], None]) -> dict[str, float]:
    """Return the echo's figures by name. Raises `LoadError` and `NotServing`."""
    echoed = msgspec.structs.replace(
        plan, target="echo", path="/", hunts=(), storm_s=0.0, slow_share=0.0, announcers=0, race=False, exact=False,
        witnesses=0, right_every=0, seconds=min(plan.seconds, SECONDS_MAX), cores=cores()[1], tokens=(),
    )  # fmt: skip
    found: dict[str, float] = {}
    say("measuring the ceiling: a bare echo server, as fast as it answers")
    full = _run(msgspec.structs.replace(echoed, rate=0.0, arrivals="poisson", seconds=SATURATED_S))
    found["per_s"] = full.answered_per_s
    found["us_per_message"] = full.server_us_per_command
    if not plan.closed:
        say("and by the schedule of this run")
        paced = _run(echoed)
        found |= {name: paced.latency["answer"][name] for name in ("p50_ms", "p99_ms", "p999_ms")}
        found["paced_us_per_message"] = paced.server_us_per_command
    return found


def _run(plan: LoadPlan) -> Results:
    with echo_server() as (port, pid):
        return Conductor(
            msgspec.structs.replace(plan, host="127.0.0.1", port=port), MeasuredProcesses(server=pid)
        ).run()
