"""What a run does, as one value: scenario, players, rate, time. Checked before anything is started. Pure.

Owns the bounds of a run and the table of scenarios.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

SENDS_MAX: Final = 40_000_000
"""Sends of one run: their times are laid out beforehand, eight bytes each."""

PER_ADDRESS: Final = 15_000
"""Connections from one source address: there are some 28,000 ports, and others use them too."""

Arrivals = Literal["poisson", "even", "bursts"]
Target = Literal["hunts", "echo"]


class Bound(NamedTuple):
    """One line of the table of bounds: the option, the least and the most it may be, and why."""

    name: str
    least: float
    most: float
    reason: str


BOUNDS: Final = (
    Bound("players", 1, 50_000, "two open files for each on one machine, and about 2 KiB of memory here"),
    Bound("rate", 0, 200_000, "commands per second of all players; 0: each as fast as it is answered"),
    Bound("seconds", 1, 3_600, "longer is a deployment, not a test"),
    Bound("processes", 1, 16, "one for each core that the server does not need"),
    Bound("hunts", 1, 2_000, "each is set up by commands of its host before the run"),
    Bound("outstanding", 1, 16, "the width of the key window"),
    Bound("right-every", 0, 1_000_000, "one guess in so many is right; 0: none"),
    Bound("addresses", 1, 200, "source addresses 127.0.0.2 and on; only for a server on this machine"),
    Bound("announcers", 0, 64, "each is one session of the host"),
    Bound("witnesses", 0, 50_000, "players whose history is kept and judged; some 3 us of the generator a message"),
)  # fmt: skip


class PlanError(ValueError):
    """The run is not possible as asked for; the text is one line with the value, what is allowed, what to do."""


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Rates are of all players together, per second; 0 for `rate` is a closed loop.

    `exact` decodes every message, as coming back without a gap needs it; else replies are cut out by place, but for
    `witnesses` (so many players, spread evenly), whose histories are kept. `right_every`: one guess in so many is right
    (0: none). `at_once`: time counts from the moment when everybody wants in, not from when it is one's turn.
    `storm_s`, `slow_share`, `announce_per_s`, `race` and `large` are the scenarios' own.
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
    at_once: bool = False
    storm_s: float = 0.0
    storm_share: float = 1.0
    slow_share: float = 0.0
    announcers: int = 0
    announce_per_s: float = 0.0
    announce_bytes: int = 40
    race: bool = False
    large: bool = False
    right_every: int = 50
    connecting_max: int = 200
    workers: int = 1
    addresses: int = 1
    cores: tuple[int, ...] = ()
    exact: bool = False
    witnesses: int = 0
    history: str = ""
    run: str = "0"
    seed: int = 1
    key: bytes = b""
    host_tokens: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    clock_offset_ms: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether players answer to answers instead of to a schedule."""
        return self.rate == 0.0

    def is_witness(self, number: int) -> bool:
        """Tell whether a player's history is kept; the witnesses are spread evenly over the players."""
        return number * self.witnesses % self.players < self.witnesses

    def source(self, number: int) -> str:
        """Return the address that a player connects from; empty: the system chooses."""
        return f"127.0.0.{2 + number % self.addresses}" if self.addresses > 1 else ""


class Scenario(msgspec.Struct, frozen=True):
    """A line of the table: what it shows, and what it sets in a plan (users may override players, rate, hunts)."""

    about: str
    players: int
    hunts: int
    per_player_s: float
    settings: dict[str, float | int | str | bool]


SCENARIOS: Final[dict[str, Scenario]] = {
    "steady": Scenario("players guess independently of each other, spread over the hunts", 1000, 50, 0.5, {}),
    "start-burst": Scenario(
        "everybody connects and joins at once, then all guess at the same moment, again and again",
        1000, 10, 0.2, {"arrivals": "bursts", "connecting_max": 2000, "at_once": True},
    ),
    "hot-hunt": Scenario("all players are in one hunt", 2000, 1, 0.5, {}),
    "large-hunt": Scenario("all players are in one hunt of 500 clues with long texts", 2000, 1, 0.5, {"large": True}),
    "reconnect-storm": Scenario(
        "all connections break at once, again and again, while play goes on; each resumes where it was",
        1000, 10, 0.2, {"storm_s": 10.0, "connecting_max": 2000, "at_once": True, "exact": True},
    ),
    "treasure-race": Scenario(
        "all players claim the same limited treasure at the same moment, one treasure after the other",
        1000, 1, 0.2, {"arrivals": "bursts", "race": True},
    ),
    "slow-readers": Scenario(
        "a tenth of the players stop reading for a while, with much to be shown; the others must not notice",
        500, 1, 0.5,
        {"slow_share": 0.1, "announcers": 8, "announce_per_s": 15.0, "announce_bytes": 490, "exact": True},
    ),
    "fan-out": Scenario(
        "hosts announce to one hunt as fast as they are answered; players only listen",
        1000, 1, 0.0, {"announcers": 32},
    ),
    "soak": Scenario("steady play for a long time, with connections lost now and then", 500, 20, 0.5,
                     {"storm_s": 60.0, "storm_share": 0.05, "exact": True}),
}  # fmt: skip


def address(url: str) -> tuple[str, int, str]:
    """Split a WebSocket address into host, port and path. Raises `PlanError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PlanError(f"{url!r}: {error}; write ws://HOST:PORT/ws") from error
    if parts.scheme == "wss":
        raise PlanError(f"{url!r}: TLS is not spoken here; aim at the server itself with ws://HOST:PORT/ws")
    if parts.scheme != "ws" or not parts.hostname:
        raise PlanError(f"{url!r} is no address of a server; write ws://HOST:PORT/ws")
    return parts.hostname, port or 80, parts.path or "/ws"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def addresses_for(players: int, asked: int, host: str) -> int:
    """Return how many source addresses are used: as asked, or as many as the ports need. Raises `PlanError`."""
    on_loopback = is_loopback(host) and host != "::1"
    if asked > 1 and not on_loopback:
        raise PlanError(f"--addresses is {asked}, but {host} is not 127.0.0.1: from here there is one way to it")
    needed = -(-players // PER_ADDRESS)
    if needed > 1 and not on_loopback:
        raise PlanError(
            f"--players is {players}; to {host} one machine has ports for {PER_ADDRESS}, use several machines"
        )
    return max(asked, needed)


def check(plan: LoadPlan) -> None:
    """Raise `PlanError` for what is out of bounds."""
    values = {
        "players": plan.players, "rate": plan.rate, "seconds": plan.seconds, "processes": plan.workers,
        "hunts": len(plan.hunts) or 1, "outstanding": plan.outstanding, "right-every": plan.right_every,
        "addresses": plan.addresses, "announcers": plan.announcers, "witnesses": plan.witnesses,
    }  # fmt: skip
    for bound in BOUNDS:
        value = values[bound.name]
        if not bound.least <= value <= bound.most:
            raise PlanError(
                f"--{bound.name} is {value:g}, allowed is {bound.least:g} to {bound.most:g} ({bound.reason})"
            )
    if plan.workers > plan.players:
        raise PlanError(f"--processes is {plan.workers}, more than the {plan.players} players; give fewer")
    if plan.witnesses > plan.players:
        raise PlanError(f"--witnesses is {plan.witnesses}, more than the {plan.players} players; give fewer")
    if plan.rate * plan.seconds > SENDS_MAX:
        raise PlanError(
            f"--rate {plan.rate:g} for --seconds {plan.seconds:g} is {plan.rate * plan.seconds:,.0f} commands, "
            f"allowed are {SENDS_MAX:,} (their times lie in memory); shorten the run"
        )
    if plan.tokens and len(plan.tokens) < plan.players:
        raise PlanError(f"--tokens holds {len(plan.tokens)} tokens for {plan.players} players; give one for each")
