"""What wrong codes and check-ins of all teams together may come to, so that many guests find none by a few tries each.

A token bucket per way of trying and *standing* (how far its team has come), kept as the time at which it is full again.
A wrong try takes a token, right ones bring some back. When there is none left, only teams that a host brought in or
that have hardly tried in vain since their last find go on, by a reserve; the others wait for the next token. So
teams that get on are never held up by accounts that do not, and however many accounts there are, `RESERVE` times
`free` and what comes back with time is all that they can try at one standing. Pure; times are wall time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from huntserver.game.definition.shape import Together
from huntserver.game.plan import CHECK_INS, CODES
from huntserver.game.team import Team
from huntserver.game.unusual import Pool

Way: TypeAlias = Literal["code", "place"]
OF_WAY: Final[dict[str, int]] = {"code": CODES, "place": CHECK_INS}
RESERVE: Final = 4
"""How many times `free` the teams may try that are known, or have hardly tried in vain."""
HARDLY: Final = 1
"""So many tries in vain since a team's last find are a slip."""
RIGHT_FOR_WRONG: Final = {"code": 4, "place": 1}
"""So many right ones bring back what one in vain took: people mistype one in ten, and check in while they walk."""
STANDINGS: Final = 8


def standing(team: Team) -> int:
    """Return how far a team has come: 0 nothing is solved, then 1, 2 to 3, 4 to 7 clues, and so on."""
    return min(team.solved.bit_count().bit_length(), STANDINGS - 1)


def key(way: str, standing: int) -> str:
    """Return the name of the pool of a way and a standing."""
    return f"{way}.{standing}"


def is_known(team: Team) -> bool:
    """Tell whether a host vouches for a team: it came by the roster, or its wait was cleared."""
    return team.more is not None and (team.more.enrolled or team.more.vouched)


def token_ms(terms: Together) -> float:
    """Return how long a token takes to come back."""
    return 60_000 / terms.per_min


def wait_ms(pool: Pool, terms: Together, team: Team, way: Way, now_ms: int) -> int:
    """Return how long a team has to wait until it may try; 0: not at all."""
    token, missing = token_ms(terms), pool.full_ms - now_ms
    attempt = (team.attempts or {}).get(OF_WAY[way])
    newcomer = 0 < pool.teams < team.index
    hardly = not newcomer and (attempt is None or attempt.wrong <= HARDLY)
    return max(0, int(missing - (terms.free * (RESERVE if hardly else 1) - 1) * token))


def runs_out(pool: Pool, terms: Together, now_ms: int) -> bool:
    """Tell whether a try in vain takes the last token, and hosts have not been told that since it was half full."""
    token, missing = token_ms(terms), pool.full_ms - now_ms
    told = pool.teams and missing > terms.free * token / 2
    return not told and max(0, missing) + token > (terms.free - 1) * token


def take(pool: Pool, terms: Together, at_ms: int) -> None:
    """Take a token for a try in vain."""
    token = token_ms(terms)
    if pool.full_ms - at_ms <= terms.free * token / 2:
        pool.teams = 0
    pool.full_ms = int(min(max(pool.full_ms, at_ms) + token, at_ms + RESERVE * terms.free * token))


def spent(pools: Mapping[str, Pool], terms_of: Callable[[str], Together], now_ms: int) -> list[str]:
    """Return the ways, `code` or `place`, of which some teams have to wait because of what others tried in vain."""
    found = set()
    for name, pool in pools.items():
        way = name.partition(".")[0]
        terms = terms_of(way)
        if pool.teams and terms.per_min and pool.full_ms - now_ms > terms.free * token_ms(terms) / 2:
            found.add(way)
    return sorted(found)


def give_back(pools: Mapping[str, Pool], terms: Together, team: Team, way: str) -> None:
    """Give back what a right try brings, before it counts as solved."""
    pool = pools.get(key(way, standing(team)))
    if pool is not None and terms.per_min:
        pool.full_ms -= int(token_ms(terms) / RIGHT_FOR_WRONG[way])
