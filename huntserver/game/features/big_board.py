"""The big board of hosts: every team and how it stands at every clue, in portions; what an answer would change. Pure.

A client asks for all teams once and from then on for those that changed since: a team's seq is that of the last record
that it was told of, so nothing of it needs to be kept.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import amend
from huntserver.game.command import Query
from huntserver.game.definition.shape import source as source_of
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.features.amending import answered_in_words
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.page import Page, page_of
from huntserver.game.permission import not_host, team_of
from huntserver.game.plan import plan_with_answers, worth
from huntserver.game.pool import spent
from huntserver.game.sealing import recent
from huntserver.game.state import Hunt, Team, parts_done
from huntserver.game.worth import worth_to

TEAMS_MAX: Final = 500
"""Teams of one answer: some 50 KiB with twenty clues."""
CELLS_MAX: Final = 200_000
"""Cells of one answer, where a hunt has many clues."""
MANY: Final = 9
DIGITS: Final = "0123456789"
OPEN: Final = {ord("0"): "-", ord("1"): "0"}
NOBODY_NEW: Final = 1 << 31


class BigBoardQuery(Query, tag="big_board", frozen=True):
    """Teams that changed after the seq `since`, those that changed first ahead; of that very seq, those whose number is
    above `after`. Teams whose number is above `known` come first, changed or not: they are new.

    Never answers unless the sender is a host.
    """

    since: int = -1
    after: int = 0
    known: int = NOBODY_NEW


class WouldAcceptQuery(Query, tag="would_accept", frozen=True):
    """What `accept` of this text at this clue, or this part of it, would change. Never answers unless the sender is a
    host."""

    clue: str
    text: str
    part: str = ""


class ViewAsQuery(Query, tag="view_as", frozen=True):
    """The page as a team sees it. `team` is its id or its name. Never answers unless the sender is a host."""

    team: str


class SourceQuery(Query, tag="source", frozen=True):
    """The definition, answers and all. Never answers unless the sender is a host."""


class TeamRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A team: id, name, score, when that was reached (ms), seq of its last record, number of members, bracket, whether
    it is out, its number by joining, extra time in ms, and a letter for each clue.

    A team without members is none any more.
    `-` locked, `s` solved, else open with so many wrong guesses: 0 to 9, 9 for more.
    """

    id: str
    name: str
    score: int
    at_ms: int
    seq: int
    members: int
    bracket: str
    out: bool
    number: int
    extra_ms: int
    cells: str


class ClueHead(msgspec.Struct, frozen=True, gc=False):
    """A clue of the board: what it is, what it is worth now, teams that solved it, wrong guesses at it."""

    id: str
    title: str
    kind: str
    points: int
    solves: int
    wrong: int
    needed: int | msgspec.UnsetType = msgspec.UNSET
    """How many parts solve it, where it is made of parts."""


class BigBoard(msgspec.Struct, frozen=True):
    """Teams that changed, and how the hunt stands. `more`: ask again from the last of `rows`."""

    phase: str
    digest: str
    now_ms: int
    started_ms: int
    ends_ms: int
    paused_ms: int
    starts_ms: int
    teams: int
    players: int
    brackets: list[str]
    clues: list[ClueHead]
    rows: list[TeamRow]
    guesses: list[tuple[int, Guessed]]
    more: bool = False
    frozen_ms: int | msgspec.UnsetType = msgspec.UNSET
    """Since when the standings are frozen; `hidden`: so many places from the top are not revealed yet."""

    hidden: int | msgspec.UnsetType = msgspec.UNSET
    unofficial: list[str] | msgspec.UnsetType = msgspec.UNSET
    """The teams, of all, that do not count."""

    parts: dict[str, dict[str, int]] | msgspec.UnsetType = msgspec.UNSET
    """Of the teams in `rows`, by id: how many parts each has done of compound clues, by the clue's id."""

    spent: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Ways of trying, `code` or `place`, of which some teams wait because many wrong ones were tried."""


class WouldAccept(msgspec.Struct, frozen=True):
    """What accepting a text would change: teams that tried it and would solve the clue, their points in all, and the
    players in them. `already`: it is accepted as it is."""

    teams: int
    players: int
    points: int
    names: list[str]
    already: bool = False


class Source(msgspec.Struct, frozen=True):
    """A hunt's definition, JSON text in normal form, empty without one; the hunt's phase; the text's digest; the TOML
    that it was read of, if that is kept."""

    definition: str
    phase: str
    digest: str = ""
    written: str = ""


def big_board(state: Hunt, query: BigBoardQuery, ctx: Context) -> BigBoard | Rejected:
    """Answer a `BigBoardQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    teams = state.teams.values()
    new = [t for t in teams if t.index > query.known]
    since, after, known = query.since, query.after, query.known
    moved = [t for t in teams if t.seq >= since and (t.seq > since or t.index > after) and t.index <= known]
    plan = state.plan
    most = max(1, min(TEAMS_MAX, CELLS_MAX // max(1, len(plan.clues))))
    told = new[:most]
    told += nsmallest(most - len(told), moved, _changed)  # not all sorted: a walk over 20,000 teams asks 40 times
    curtain, unofficial = state.rest.curtain, [t.id for t in teams if t.is_unofficial]
    return BigBoard(
        phase=state.phase.name.lower(),
        digest=state.digest,
        now_ms=ctx.now_ms,
        started_ms=state.started_ms,
        ends_ms=state.ends_ms,
        paused_ms=state.paused_ms,
        starts_ms=state.starts_ms,
        teams=len(state.teams),
        players=len(state.members),
        brackets=state.definition.brackets,
        clues=[
            ClueHead(
                c.id,
                c.title,
                c.kind,
                worth(c, state.solves[i]),
                state.solves[i],
                state.wrongs[i],
                plan.parts.needed.get(i, msgspec.UNSET),
            )
            for i, c in enumerate(plan.clues)
        ],
        rows=[_row(state, team) for team in told],
        guesses=recent(state),
        more=most < len(new) + len(moved),
        frozen_ms=msgspec.UNSET if curtain is None else curtain.at_ms,
        hidden=msgspec.UNSET if curtain is None or curtain.hidden < 0 else curtain.hidden,
        unofficial=unofficial or msgspec.UNSET,
        parts={t.id: _parts(t) for t in told if t.more is not None and t.more.parts} or msgspec.UNSET,
        spent=spent(state.rest.pools, plan.together, ctx.now_ms) or msgspec.UNSET,
    )


def _changed(team: Team) -> tuple[int, int]:
    return team.seq, team.index


def _row(state: Hunt, team: Team) -> TeamRow:
    extra_ms = team.more.extra_ms if team.more is not None else 0
    members = 0 if team.is_dissolved else len(team.members)
    return TeamRow(
        team.id, team.name, team.score, team.score_at, team.seq, members, team.bracket, team.out, team.index,
        extra_ms, _cells(team, len(state.plan.clues)),
    )  # fmt: skip


def _parts(team: Team) -> dict[str, int]:
    return {clue: len(done) for clue, done in team.more.parts.items()} if team.more is not None else {}


def _cells(team: Team, clues: int) -> str:
    """Return a letter for each clue, at the cost of those that the team has tried or solved."""
    if not clues:
        return ""
    cells = list(f"{team.unlocked & ~(-1 << clues):0{clues}b}"[::-1].translate(OPEN))
    for index, attempt in (team.attempts or {}).items():
        if 0 <= index < clues and cells[index] == "0":
            cells[index] = DIGITS[min(MANY, attempt.wrong)]
    solved = team.solved & ~(-1 << clues)
    while solved:
        last = solved.bit_length() - 1
        cells[last] = "s"
        solved ^= 1 << last
    return "".join(cells)


def would_accept(state: Hunt, query: WouldAcceptQuery, ctx: Context) -> WouldAccept | Rejected:
    """Answer a `WouldAcceptQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    plan = state.plan
    found = answered_in_words(state, query.clue, query.part)
    if isinstance(found, Rejected):
        return found
    index, number, judge = found
    clue = plan.clues[index]
    if judge.read(query.text)[2]:
        return WouldAccept(0, 0, 0, [], already=True)
    wider = amend.with_answer(state.definition, clue, query.text, query.part)
    new = plan_with_answers(plan, index, wider, source_of(wider))
    part = next((p for p in new.clues[index].parts if p.id == query.part), None)
    marks = amend.tried_marks(state, new, new.clues[index], part)
    gaining = [t for t in state.teams.values() if _gains(state, t, number, marks)]
    solves = state.solves[index]
    bonus = clue.first_bonus
    points = sum(
        worth_to(state, team, index, solves + n, state.play_ms(ctx.now_ms))
        + (bonus[solves + n] if solves + n < len(bonus) else 0)
        for n, team in enumerate(gaining)
    )
    return WouldAccept(len(gaining), sum(len(t.members) for t in gaining), points, [t.name for t in gaining[:20]])


def _gains(state: Hunt, team: Team, number: int, marks: list[bytes]) -> bool:
    """Tell whether a team would solve a clue, or complete it by one part, because it tried what these marks are of."""
    attempt = (team.attempts or {}).get(number)
    part = state.plan.parts.numbered(number) if number < 0 else None
    index = number if part is None else part.of
    last = part is None or len(parts_done(team, part.clue)) + 1 >= state.plan.parts.needed[index]
    is_open = (team.unlocked & ~team.solved) >> index & 1
    return attempt is not None and bool(is_open) and last and not team.out and any(map(attempt.has_tried, marks))


def view_as(state: Hunt, query: ViewAsQuery, ctx: Context) -> Page | Rejected:
    """Answer a `ViewAsQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    team = team_of(state, query.team)
    return team if isinstance(team, Rejected) else page_of(state, team, ctx.now_ms)


def source(state: Hunt, query: Any, ctx: Context) -> Source | Rejected:
    """Answer a `SourceQuery`."""
    return not_host(state, ctx) or Source(state.source, state.phase.name.lower(), state.digest, state.rest.written)


FEATURE: Final = Feature(
    answers=(
        AnswersTo(BigBoardQuery, big_board, BigBoard),
        AnswersTo(WouldAcceptQuery, would_accept, WouldAccept),
        AnswersTo(ViewAsQuery, view_as, Page),
        AnswersTo(SourceQuery, source, Source, wire=False),
    ),
)
