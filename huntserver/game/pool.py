"""What wrong codes and check-ins of all teams together may come to, so that many guests find none by a few tries each.

Two token buckets per way of trying and *standing* (how far a team has come), each kept as the time at which it is full
again. A wrong try takes a token, right ones bring some back. Who has hardly tried in vain since its last find takes
from the large one; who has, and who came after hosts were told, from the small one, `REST`. Teams that a host vouches
for take from neither. So teams that get on are not held up by accounts that do not, and however many accounts there
are, `FIRST + 1` times `free`, and what comes back with time, is all that they can try at one standing. Pure; times
are wall time.
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
FIRST: Final = 10
"""How many times `free` those may try together that have tried nothing in vain since their last find."""
RESERVE: Final = 4
"""How many times `free` those may try together that have hardly tried in vain."""
REST: Final = ".rest"
"""What the name of the small bucket ends with."""
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


def pool_of(pools: Mapping[str, Pool], team: Team, way: Way) -> str:
    """Return the name of the bucket that a team takes from."""
    name = key(way, standing(team))
    attempt = (team.attempts or {}).get(OF_WAY[way])
    newcomer = name in pools and 0 < pools[name].teams < team.index
    return name + REST if newcomer or (attempt is not None and attempt.wrong > HARDLY) else name


def _missing(pools: Mapping[str, Pool], name: str, at_ms: int) -> int:
    """Return how long a bucket takes until it is full."""
    pool = pools.get(name)
    return max(0, pool.full_ms - at_ms) if pool is not None else 0


def _holds(terms: Together, name: str) -> int:
    return terms.free if name.endswith(REST) else terms.free * FIRST


def wait_ms(pools: Mapping[str, Pool], terms: Together, team: Team, way: Way, now_ms: int) -> int:
    """Return how long a team has to wait until it may try; 0: not at all."""
    name = pool_of(pools, team, way)
    slipped = OF_WAY[way] in (team.attempts or {}) and not name.endswith(REST)
    most = terms.free * RESERVE if slipped else _holds(terms, name)
    return max(0, int(_missing(pools, name, now_ms) - (most - 1) * token_ms(terms)))


def _is_spent(pools: Mapping[str, Pool], terms: Together, name: str, now_ms: int) -> bool:
    """Tell whether hosts were told of a standing's buckets, and neither has come to be half full of `free` since."""
    large, half_ms = name.removesuffix(REST), terms.free * token_ms(terms) / 2
    told = large in pools and bool(pools[large].teams)
    return told and any(_missing(pools, one, now_ms) > half_ms for one in (large, large + REST))


def runs_out(pools: Mapping[str, Pool], terms: Together, name: str, now_ms: int) -> bool:
    """Tell whether a try in vain takes the last of `free`, and hosts are to be told."""
    token = token_ms(terms)
    out = _missing(pools, name, now_ms) + token > (terms.free - 1) * token
    return out and not _is_spent(pools, terms, name, now_ms)


def take(pools: dict[str, Pool], terms: Together, name: str, at_ms: int) -> None:
    """Take a token for a try in vain."""
    token, large = token_ms(terms), name.removesuffix(REST)
    if large in pools and not _is_spent(pools, terms, name, at_ms):
        pools[large].teams = 0
    full_ms = at_ms + _missing(pools, name, at_ms) + token
    pools.setdefault(name, Pool()).full_ms = int(min(full_ms, at_ms + _holds(terms, name) * token))


def spent(pools: Mapping[str, Pool], terms_of: Callable[[str], Together], now_ms: int) -> list[str]:
    """Return the ways, `code` or `place`, of which some teams have to wait because of what others tried in vain."""
    found = {way for name in pools for way in (name.partition(".")[0],) if terms_of(way).per_min}
    return sorted(
        way
        for way in found
        if any(_is_spent(pools, terms_of(way), name, now_ms) for name in pools if name.startswith(f"{way}."))
    )


def give_back(pools: Mapping[str, Pool], terms: Together, team: Team, way: str) -> None:
    """Give back what a right try brings, before it counts as solved."""
    name = key(way, standing(team))
    for pool in (pools.get(name), pools.get(name + REST)):
        if pool is not None and terms.per_min:
            pool.full_ms -= int(token_ms(terms) / RIGHT_FOR_WRONG[way])
