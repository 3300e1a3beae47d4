"""What of a hunt is shown to whom when it asks: pages, boards, overviews. Never an answer. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.commands import BoardQuery
from huntserver.game.hunt_host import is_host
from huntserver.game.hunt_play import NOT_JOINED, not_there
from huntserver.game.hunt_state import Hunt, Phase, Team

BOARD_MAX = 500


class HintView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A hint on offer; `text` only when it was taken."""

    id: str
    price: int
    offered_ms: int
    text: str | None = None


class ClueView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A clue that a team can see."""

    id: str
    title: str
    text: str
    kind: str
    points: int
    solved: bool = False
    solved_text: str = ""
    hints: list[HintView] = []
    wrong: int = 0
    wait_until_ms: int = 0


class TreasureView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A treasure that a team can see, and how many are left."""

    id: str
    title: str
    text: str
    points: int
    left: int
    mine: bool = False


class TeamView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The asker's own team."""

    id: str
    name: str
    score: int
    place: int
    members: int
    bracket: str = ""
    invite: str = ""
    treasures: tuple[str, ...] = ()
    out: bool = False


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that one player may see of a hunt."""

    hunt: str
    title: str
    intro: str
    phase: str
    now_ms: int
    started_ms: int
    ends_ms: int
    channels: dict[str, int]
    team: TeamView | None = None
    clues: list[ClueView] = []
    clues_total: int = 0
    treasures: list[TreasureView] = []
    announcements: list[tuple[int, str]] = []


class Membership(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which channels the asker may listen to, with the seq of the last push of each."""

    team: str
    channels: dict[str, int]


class Row(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the standings."""

    place: int
    team: str
    name: str
    score: int
    solved: int
    at_ms: int
    bracket: str = ""


class Board(msgspec.Struct, frozen=True, omit_defaults=True):
    """The standings: the first rows, and the asker's own."""

    teams: int
    rows: list[Row]
    mine: Row | None = None
    bracket: str = ""


class ClueFigures(msgspec.Struct, frozen=True, gc=False):
    """How a clue fares."""

    id: str
    title: str
    solves: int


class Overview(msgspec.Struct, frozen=True):
    """What a host sees of a hunt."""

    hunt: str
    title: str
    phase: str
    owner: str
    players: int
    teams: int
    started_ms: int
    ends_ms: int
    clues: list[ClueFigures]
    treasures: dict[str, int]
    top: list[Row]


class Shown(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An event as others see it, without anything personal."""

    type: str
    team: str = ""
    name: str = ""
    clue: str = ""
    treasure: str = ""
    title: str = ""
    rank: int = 0
    points: int = 0
    score: int | None = None
    text: str = ""
    reason: str = ""
    hint: str = ""
    ends_ms: int = 0
    how: str = ""
    clues: list[ClueView] = []
    back: bool = False


def channels(state: Hunt, team: Team | None, host: bool) -> dict[str, int]:
    """Return the channels one may listen to, with their last seqs."""
    made = {"hunt": state.hunt_seq}
    if team is not None:
        made[team.channel] = team.seq
    if host:
        made["host"] = state.host_seq
    return made


def membership(state: Hunt, query: Any, ctx: Context) -> Membership | Rejected:
    """Answer a `MembershipQuery`."""
    team = state.members.get(ctx.by)
    host = is_host(state, ctx)
    if team is None and not (host and state.phase is not Phase.NONE):
        return not_there(state) or NOT_JOINED
    return Membership(team.id if team else "", channels(state, team, host))


def page(state: Hunt, query: Any, ctx: Context) -> Page | Rejected:
    """Answer a `PageQuery`."""
    host = is_host(state, ctx)
    if state.phase is Phase.NONE or (state.phase is Phase.DRAFT and not host) or state.definition is None:
        return Rejected("no_such_hunt", "there is no hunt with this id")
    team = state.members.get(ctx.by)
    d = state.definition
    elapsed = max(state.elapsed_s(ctx.now_ms), state.released_s)
    return Page(
        state.id,
        d.title,
        d.intro,
        state.phase.name.lower(),
        ctx.now_ms,
        state.started_ms,
        state.ends_ms,
        channels(state, team, host),
        _team_view(state, team) if team else None,
        [clue_view(state, team, i) for i in range(len(state.clues)) if team.unlocked >> i & 1] if team else [],
        len(state.clues),
        [
            TreasureView(t.id, t.title, t.text, t.points, max(0, t.quantity - state.claims[i]), t.id in team.treasures)
            for i, t in enumerate(d.treasures)
            if state.phase is not Phase.PUBLISHED and state.treasure_opens[i](team.solved, elapsed)
        ]
        if team
        else [],
        list(state.announced),
    )


def _team_view(state: Hunt, team: Team) -> TeamView:
    place = 0 if team.out else state.standings.place(team)
    return TeamView(
        team.id, team.name, team.score, place, len(team.members), team.bracket, team.invite, team.treasures, team.out
    )


def clue_view(state: Hunt, team: Team, index: int) -> ClueView:
    clue = state.clues[index]
    solved = bool(team.solved >> index & 1)
    attempt = team.attempts.get(index)
    opened = team.opened_ms.get(index, 0)
    hints = [
        HintView(h.id, h.price, opened + h.after_s * 1000, h.text if f"{clue.id}/{h.id}" in team.hints else None)
        for h in clue.hints
    ]
    return ClueView(
        clue.id,
        clue.title,
        clue.text,
        clue.kind,
        clue.points,
        solved,
        clue.solved_text if solved else "",
        hints,
        attempt.wrong if attempt else 0,
        attempt.until_ms if attempt else 0,
    )


def row(state: Hunt, team: Team, place: int) -> Row:
    """Return a team's line of the standings."""
    return Row(place, team.id, team.name, team.score, team.solved.bit_count(), team.score_at, team.bracket)


def board(state: Hunt, query: BoardQuery, ctx: Context) -> Board | Rejected:
    """Answer a `BoardQuery`."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if not 1 <= query.top <= BOARD_MAX:
        return Rejected("bad_field", f"top is {query.top}, allowed is 1 to {BOARD_MAX}")
    assert state.definition is not None
    if query.bracket is not None and query.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    top = state.standings.top(query.top, query.bracket)
    rows = [row(state, team, i + 1) for i, team in enumerate(top) if isinstance(team, Team)]
    team = state.members.get(ctx.by)
    mine = None
    if team is not None and not team.out and query.bracket in (None, team.bracket):
        mine = row(state, team, state.standings.place(team, query.bracket))
    return Board(state.standings.size(query.bracket), rows, mine, query.bracket or "")


def overview(state: Hunt, query: Any, ctx: Context) -> Overview | Rejected:
    """Answer an `OverviewQuery`: hosts only."""
    if state.phase is Phase.NONE:
        return Rejected("no_such_hunt", "there is no hunt with this id")
    if not is_host(state, ctx):
        return Rejected("not_allowed", "only the hunt's host may see this")
    d = state.definition
    return Overview(
        state.id,
        d.title if d else "",
        state.phase.name.lower(),
        state.owner,
        len(state.members),
        len(state.teams),
        state.started_ms,
        state.ends_ms,
        [ClueFigures(c.id, c.title, state.solves[i]) for i, c in enumerate(state.clues)],
        {t.id: t.quantity - state.claims[i] for i, t in enumerate(d.treasures)} if d else {},
        [row(state, t, i + 1) for i, t in enumerate(state.standings.top(10)) if isinstance(t, Team)],
    )
