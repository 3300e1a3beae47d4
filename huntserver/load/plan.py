"""What a run does, as one value: scenario, players, rate, time. Checked before anything is started. Pure.

Owns the bounds of a run and the table of scenarios.
"""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

PLAYERS_MAX: Final = 20_000
WORKERS_MAX: Final = 16
RATE_MAX: Final = 200_000.0
SECONDS_MAX: Final = 3_600.0
SENDS_MAX: Final = 40_000_000
"""Sends of one run: their times are laid out beforehand, eight bytes each."""

PER_ADDRESS: Final = 15_000
"""Connections from one source address: there are some 28,000 ports, and others use them too."""

Arrivals = Literal["poisson", "even", "bursts"]
Target = Literal["hunts", "echo", "peer"]


class PlanError(ValueError):
    """The run is not possible as asked for; the text is one line with the value, what is allowed, what to do."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Rates are of all players together, per second; 0 for `rate` is a closed loop.

    `exact` decodes every message and keeps what each session saw; else replies are cut out by place. `right_every`: one
    guess in so many is right (0: none). `storm_s`, `slow_share`, `announce_per_s` and `race` are the scenarios' own.
    """

    scenario: str
    host: str
    port: int
    path: str = "/ws"
    target: Target = "hunts"
    players: int = 100
    hunts: tuple[str, ...] = ()
    rate: float = 0.0
    seconds: float = 30.0
    warm_s: float = 1.0
    outstanding: int = 1
    arrivals: Arrivals = "poisson"
    burst_s: float = 5.0
    storm_s: float = 0.0
    storm_share: float = 1.0
    slow_share: float = 0.0
    announcers: int = 0
    announce_per_s: float = 0.0
    announce_bytes: int = 40
    race: bool = False
    right_every: int = 50
    connecting_max: int = 200
    workers: int = 1
    cores: tuple[int, ...] = ()
    exact: bool = True
    history: str = ""
    run: str = "0"
    seed: int = 1
    key: bytes = b""
    tokens: tuple[str, ...] = ()
    clock_offset_ms: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether players answer to answers instead of to a schedule."""
        return self.rate == 0.0


class Scenario(msgspec.Struct, frozen=True):
    """A line of the table: what it shows, and what it sets in a plan (users may override players, rate, hunts)."""

    about: str
    players: int
    hunts: int
    per_player_s: float
    settings: dict[str, float | int | str | bool]


SCENARIOS: Final[dict[str, Scenario]] = {
    "steady": Scenario("players guess independently, spread over the hunts", 1000, 50, 0.5, {}),
    "burst": Scenario(
        "everybody connects and joins at once, then all guess at the same moment, again and again",
        1000, 10, 0.2, {"arrivals": "bursts", "connecting_max": 2000},
    ),
    "hot": Scenario("all players are in one hunt", 2000, 1, 0.5, {}),
    "storm": Scenario(
        "all connections break at once, again and again, while play goes on; each resumes where it was",
        1000, 10, 0.2, {"storm_s": 10.0, "connecting_max": 2000},
    ),
    "race": Scenario(
        "all players claim the same limited treasure at the same moment, one treasure after the other",
        1000, 1, 0.2, {"arrivals": "bursts", "race": True},
    ),
    "slow": Scenario(
        "a tenth of the players stop reading for a while, with much to be shown; the others must not notice",
        500, 1, 0.5, {"slow_share": 0.1, "announcers": 4, "announce_per_s": 15.0, "announce_bytes": 480},
    ),
    "soak": Scenario("steady play for a long time, with connections lost now and then", 500, 20, 0.5,
                     {"storm_s": 60.0, "storm_share": 0.05}),
}  # fmt: skip


def address(url: str) -> tuple[str, int, str]:
    """Split a WebSocket address into host, port and path. Raises `PlanError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PlanError(f"--url {url!r}: {error}") from error
    if parts.scheme != "ws" or not parts.hostname:
        raise PlanError(f"--url {url!r} is not ws://HOST:PORT/ws (TLS is not spoken here: go to the server itself)")
    return parts.hostname, port or 80, parts.path or "/ws"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def check(plan: Plan) -> None:
    """Raise `PlanError` for what is out of bounds."""
    bounds: tuple[tuple[str, float, float, float], ...] = (
        ("players", plan.players, 1, PLAYERS_MAX),
        ("rate", plan.rate, 0, RATE_MAX),
        ("seconds", plan.seconds, 1, SECONDS_MAX),
        ("workers", plan.workers, 1, WORKERS_MAX),
        ("outstanding", plan.outstanding, 1, 16),
        ("hunts", len(plan.hunts), 0, 10_000),
        ("right-every", plan.right_every, 0, 1_000_000),
    )
    for name, value, least, most in bounds:
        if not least <= value <= most:
            raise PlanError(f"--{name} is {value:g}, allowed is {least:g} to {most:g}")
    if plan.workers > plan.players:
        raise PlanError(f"--workers is {plan.workers}, more than there are players")
    if plan.rate * plan.seconds > SENDS_MAX:
        raise PlanError(f"{plan.rate * plan.seconds:,.0f} sends are more than {SENDS_MAX:,}; shorten the run")
    if plan.exact and plan.closed and plan.outstanding > 8:
        raise PlanError("--outstanding over 8 needs --no-history: the window of keys is 16")
