"""A hunt's state as bytes, in parts: the definition, the counters, the teams in ranges. Pure.

Only what events made is stored; judges, rules, standings and timers are derived again. The same state gives the same
bytes in any process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from huntserver.game.hunt_state import Attempt, Hunt, Phase, Team

TEAMS_A_PART: Final = 100


class _Head(msgspec.Struct, array_like=True):
    phase: int
    owner: str
    digest: str
    started_ms: int
    ends_ms: int
    paused_ms: int
    idle_ms: int
    ended_ms: int
    released_s: int
    placed: int
    solves: list[int]
    claims: list[int]
    hunt_seq: int
    host_seq: int
    announced: list[tuple[int, str]]
    joined: list[str]
    """Members in the order in which they joined: final places are written in this order."""


class _Row(msgspec.Struct, array_like=True):
    id: str
    index: int
    name: str
    bracket: str
    invite: str
    members: list[str]
    score: int
    score_at: int
    solved: bytes
    unlocked: bytes
    opened_ms: list[tuple[int, int]]
    attempts: list[tuple[int, int, int, bytes]]
    hints: tuple[str, ...]
    treasures: tuple[str, ...]
    out: bool
    seq: int


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head).decode
_rows = msgspec.msgpack.Decoder(list[_Row]).decode


def encode(state: Hunt) -> Iterator[bytes]:
    """Yield the definition's source, the head, and the teams in parts of 100."""
    yield state.source.encode()
    yield _encode(
        _Head(
            state.phase,
            state.owner,
            state.digest,
            state.started_ms,
            state.ends_ms,
            state.paused_ms,
            state.idle_ms,
            state.ended_ms,
            state.released_s,
            state.placed,
            state.solves,
            state.claims,
            state.hunt_seq,
            state.host_seq,
            state.announced,
            list(state.members),
        )
    )
    rows: list[_Row] = []
    for team in state.teams.values():
        rows.append(_row(team))
        if len(rows) == TEAMS_A_PART:
            yield _encode(rows)
            rows = []
    if rows:
        yield _encode(rows)


def _row(t: Team) -> _Row:
    return _Row(
        t.id,
        t.index,
        t.name,
        t.bracket,
        t.invite,
        t.members,
        t.score,
        t.score_at,
        _mask(t.solved),
        _mask(t.unlocked),
        sorted(t.opened_ms.items()),
        [(clue, a.wrong, a.until_ms, a.tried) for clue, a in sorted(t.attempts.items())],
        t.hints,
        t.treasures,
        t.out,
        t.seq,
    )


def _mask(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def decode(id: str, parts: Sequence[bytes]) -> Hunt:
    """Rebuild a hunt. Raises ValueError (msgspec's errors are) for bad bytes."""
    state = Hunt(id)
    head = _head(parts[1])
    source = parts[0].decode()
    state.solves, state.claims = head.solves, head.claims
    if source:
        state.define(source, head.digest)
    state.phase = Phase(head.phase)
    state.owner = head.owner
    state.started_ms, state.ends_ms = head.started_ms, head.ends_ms
    state.paused_ms, state.idle_ms, state.ended_ms = head.paused_ms, head.idle_ms, head.ended_ms
    state.released_s, state.placed = head.released_s, head.placed
    state.hunt_seq, state.host_seq = head.hunt_seq, head.host_seq
    state.announced = head.announced
    of: dict[str, Team] = {}
    for part in parts[2:]:
        for row in _rows(part):
            team = _team(row)
            state.teams[team.id] = team
            state.names[team.name.casefold()] = team
            if team.invite:
                state.invites[team.invite] = team
            if not team.out:
                state.standings.add(team)
            for by in team.members:
                of[by] = team
    state.members = {by: of[by] for by in head.joined}
    state.set_timer()
    return state


def _team(row: _Row) -> Team:
    team = Team(row.id, row.index, row.name, row.bracket, row.invite)
    team.members = row.members
    team.score, team.score_at = row.score, row.score_at
    team.solved = int.from_bytes(row.solved, "little")
    team.unlocked = int.from_bytes(row.unlocked, "little")
    team.opened_ms = dict(row.opened_ms)
    team.attempts = {clue: Attempt(wrong, until_ms, tried) for clue, wrong, until_ms, tried in row.attempts}
    team.hints, team.treasures = row.hints, row.treasures
    team.out, team.seq = row.out, row.seq
    return team
