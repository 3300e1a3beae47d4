"""A hunt's state as bytes, in parts: the definition, the counters, the teams in ranges. Pure.

Only what events made is stored; judges, rules, standings and timers are derived again. The same state gives the same
bytes in any process.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice, repeat
from operator import itemgetter
from typing import Final

import msgspec

from huntserver.game.features.announcing import Announced
from huntserver.game.features.guessing import Guessed
from huntserver.game.sealed_state import Turn, opening, sealing, turn_more, turn_names, turn_rest, turn_team
from huntserver.game.state import Attempt, Hunt, Phase, Team
from huntserver.game.unusual import HuntMore, HuntRest, TeamMore
from huntserver.game.vault import Vault

TEAMS_A_PART: Final = 100
VERSION: Final = 1
USUAL: Final = HuntMore()
USUAL_TEAM: Final = TeamMore()
USUAL_REST: Final = HuntRest()


class _Head(msgspec.Struct, array_like=True):
    version: int
    phase: int
    owner: str
    digest: str
    started_ms: int
    zero_ms: int
    ends_ms: int
    paused_ms: int
    ended_ms: int
    released_s: int
    placed: int
    solves: list[int]
    wrongs: list[int]
    claims: list[int]
    hunt_seq: int
    host_seq: int
    recent: list[tuple[int, Guessed]]
    announced: list[tuple[int, Announced]]


class _HeadAndMore(_Head, array_like=True):
    """A head with what is not as usual; written only then, so that the bytes of all others stay as they were."""

    more: HuntMore = msgspec.field(default_factory=HuntMore)


class _HeadAndRest(_HeadAndMore, array_like=True):
    """A head with the rest of that: a longer table of `more` would be written otherwise than it was."""

    rest: HuntRest = msgspec.field(default_factory=HuntRest)


class _TeamRow(msgspec.Struct, array_like=True):
    id: str
    name: str
    bracket: str
    invite: str
    members: tuple[str, ...]
    names: tuple[str, ...]
    joined: tuple[int, ...]
    """Each member's place in the order of joining: final places are written in this order."""
    score: int
    score_at: int
    solved: bytes
    unlocked: bytes
    opened: list[tuple[int, int]]
    attempts: list[tuple[int, int, int, bytes]]
    hints: tuple[int, ...]
    treasures: bytes
    out: bool
    seq: int


class _TeamRowAndMore(_TeamRow, array_like=True):
    """The same for a team."""

    more: TeamMore | None = None


_encode: Final = msgspec.msgpack.Encoder().encode
_head: Final = msgspec.msgpack.Decoder(_HeadAndRest).decode
_rows: Final = msgspec.msgpack.Decoder(list[_TeamRowAndMore]).decode


def encode(state: Hunt, *, seals: bool = True) -> Iterator[bytes]:
    """Yield the definition's source, the head, and the teams in parts of 100; what is personal sealed, if there is a
    vault and `seals` is on."""
    yield state.source.encode()
    head = (
        VERSION,
        state.phase,
        state.owner,
        state.digest,
        state.started_ms,
        state.zero_ms,
        state.ends_ms,
        state.paused_ms,
        state.ended_ms,
        state.released_s,
        state.placed,
        state.solves,
        state.wrongs,
        state.claims,
        state.hunt_seq,
        state.host_seq,
        list(state.recent),
        state.announced,
    )
    seal, more, rest = sealing(state.vault if seals else None), state.more, state.rest
    if seal is not None:
        more, rest = turn_more(seal, more), turn_rest(seal, rest)
    if rest != USUAL_REST:
        yield _encode(_HeadAndRest(*head, more, rest))
    else:
        yield _encode(_Head(*head) if more == USUAL else _HeadAndMore(*head, more))
    joined = {by: n for n, by in enumerate(state.members)}
    teams = iter(state.teams.values())
    while some := list(islice(teams, TEAMS_A_PART)):
        yield _encode([_row(state, team, joined, seal) for team in some])


def _row(state: Hunt, t: Team, joined: dict[str, int], seal: Turn | None) -> _TeamRow:
    row = (
        t.id,
        t.name if seal is None else turn_team(state, seal, t.id, t.name),
        t.bracket,
        t.invite,
        t.members,
        t.names if seal is None else turn_names(seal, t),
        tuple(joined[by] for by in t.members),
        t.score,
        t.score_at,
        _mask(t.solved),
        _mask(t.unlocked),
        list((t.opened or {}).items()),
        [(clue, a.wrong, a.until, a.tried) for clue, a in (t.attempts or {}).items()],
        t.hints,
        _mask(t.treasures),
        t.out,
        t.seq,
    )
    return _TeamRow(*row) if t.more is None or t.more == USUAL_TEAM else _TeamRowAndMore(*row, t.more)


def _mask(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _bits(mask: bytes) -> int:
    return int.from_bytes(mask, "little")


def decode_steps(id: str, parts: Sequence[bytes], vault: Vault | None = None) -> Generator[int, None, Hunt]:
    """Rebuild a hunt, yielding the size of each part once it is in. Raises ValueError for bad bytes (msgspec's are)."""
    try:
        return (yield from _rebuilt(id, parts, vault))
    except (LookupError, TypeError, ArithmeticError) as error:  # numbers and names that do not fit the definition
        raise ValueError(f"its parts do not fit together: {error!r}") from error


def _rebuilt(id: str, parts: Sequence[bytes], vault: Vault | None) -> Generator[int, None, Hunt]:
    if len(parts) < 2:
        raise ValueError(f"a hunt has at least 2 parts, these are {len(parts)}")
    state, open_ = Hunt(id), opening(vault)
    state.vault = vault
    head = _head(parts[1])
    if head.version != VERSION:
        raise ValueError(f"a stored hunt of version {head.version}; this server reads {VERSION}")
    source = parts[0].decode()
    state.rest = turn_rest(open_, head.rest)  # before the definition: its media stand in the texts
    if source:
        state.define(source, head.digest)
    state.solves, state.wrongs, state.claims = head.solves, head.wrongs, head.claims
    state.phase = Phase(head.phase)
    state.owner = head.owner
    state.started_ms, state.zero_ms = head.started_ms, head.zero_ms
    state.ends_ms, state.paused_ms, state.ended_ms = head.ends_ms, head.paused_ms, head.ended_ms
    state.released_s, state.placed = head.released_s, head.placed
    state.hunt_seq, state.host_seq = head.hunt_seq, head.host_seq
    state.recent.extend(head.recent)
    state.announced = head.announced
    state.more = turn_more(open_, head.more)
    yield len(parts[0]) + len(parts[1])
    order: list[tuple[int, str, Team]] = []
    for part in parts[2:]:
        for row in _rows(part):
            team = _team(row, len(state.teams) + 1)
            team.name, team.names = turn_team(state, open_, team.id, team.name), turn_names(open_, team)
            state.enlist(team)
            if team.stands:
                state.standings.add(team)
            state.attempts += len(row.attempts)
            for clue, *_ in row.attempts:
                if clue >= 0:
                    state.tried[clue] += 1
            if len(row.joined) != len(team.members):
                raise ValueError(f"team {team.id!r} has {len(team.members)} members, {len(row.joined)} places")
            order.extend(zip(row.joined, team.members, repeat(team)))
        yield len(part)
    state.find_overtime()
    state.find_held()
    state.members = {by: team for _, by, team in sorted(order, key=itemgetter(0))}
    return state


def _team(row: _TeamRowAndMore, index: int) -> Team:
    team = Team(row.id, index, row.name, bracket=row.bracket, invite=row.invite)
    team.members, team.names = row.members, row.names
    team.score, team.score_at = row.score, row.score_at
    team.solved, team.unlocked, team.treasures = _bits(row.solved), _bits(row.unlocked), _bits(row.treasures)
    if row.opened:
        team.opened = dict(row.opened)
    if row.attempts:
        team.attempts = {clue: Attempt(wrong, until, tried) for clue, wrong, until, tried in row.attempts}
    team.hints = row.hints
    team.out, team.seq, team.more = row.out, row.seq, row.more
    return team
