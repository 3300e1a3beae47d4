"""Answers to questions about a hunt: what is shown to whom. Never an answer to a clue. Pure."""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Context, Rejected
from huntserver.game.commands import BoardQuery
from huntserver.game.hunt_host import is_host
from huntserver.game.hunt_plan import HINTS_A_CLUE
from huntserver.game.hunt_play import NOT_JOINED, not_there, worth
from huntserver.game.hunt_state import Hunt, Phase, Team, bits
from huntserver.game.shown import (
    AnnouncementView,
    Board,
    ClueFigures,
    ClueView,
    HintView,
    Membership,
    Overview,
    Page,
    Row,
    TeamView,
    TreasureView,
)

BOARD_MAX: Final = 500
OVERVIEW_TEAMS: Final = 100


def channels(state: Hunt, team: Team | None, host: bool) -> dict[str, int]:
    """Return the channels one may listen to, with their last seqs."""
    made = {"hunt": state.hunt_seq} if team is not None or host else {}
    if team is not None:
        made[team.channel] = team.seq
    if host:
        made["host"] = state.host_seq
    return made


def membership(state: Hunt, query: Any, ctx: Context) -> Membership | Rejected:
    """Answer a `MembershipQuery`."""
    team = state.members.get(ctx.by)
    host = state.phase is not Phase.NONE and is_host(state, ctx)
    if team is None and not host:
        return not_there(state) or NOT_JOINED
    return Membership(True, team.id if team else "", channels(state, team, host))


def page(state: Hunt, query: Any, ctx: Context) -> Page | Rejected:
    """Answer a `PageQuery`."""
    host = state.phase is not Phase.NONE and is_host(state, ctx)
    if not host:
        refused = not_there(state)
        if refused is not None:
            return refused
    team, plan, d = state.members.get(ctx.by), state.plan, state.definition
    return Page(
        hunt=state.id,
        title=d.title,
        intro=d.intro,
        phase=state.phase.name.lower(),
        now_ms=ctx.now_ms,
        mode=d.teams.mode,
        channels=channels(state, team, host),
        opens_ms=plan.opens_ms,
        starts_ms=plan.starts_ms,
        started_ms=state.started_ms,
        ends_ms=state.ends_ms,
        paused_ms=state.paused_ms,
        brackets=d.brackets,
        clues_total=len(d.clues),
        players=len(state.members),
        host=host,
        team=_team_view(state, team) if team else None,
        clues=[clue_view(state, team, i) for i in bits(team.unlocked & plan.clue_bits)] if team else [],
        treasures=opened_treasures(state, team, team.unlocked) if team else [],
        announcements=[
            AnnouncementView(at, a.text)
            for at, a in state.announced
            if not (a.team or a.bracket)
            or (team is not None and (a.team == team.id or a.bracket == team.bracket != ""))
        ],
    )


def _team_view(state: Hunt, team: Team) -> TeamView:
    return TeamView(
        id=team.id,
        name=team.name,
        score=team.score,
        place=0 if team.out else state.standings.place(team),
        members=team.names or (team.name,),
        bracket=team.bracket,
        invite=team.invite,
        finished=bool(team.solved & state.plan.final),
        out=team.out,
    )


def clue_view(state: Hunt, team: Team, index: int) -> ClueView:
    """Return a clue as the team may see it."""
    plan = state.plan
    clue = plan.clues[index]
    attempt = team.attempts.get(index) if team.attempts else None
    opened_ms = state.zero_ms + (team.opened.get(index, 0) if team.opened else 0)
    solved = bool(team.solved >> index & 1)
    return ClueView(
        id=clue.id,
        number=index + 1,
        title=clue.title,
        text=clue.text,
        kind=clue.kind,
        points=worth(clue, state.solves[index]),
        solved=solved,
        solved_text=clue.solved_text if solved else "",
        hints=[
            HintView(
                h.id,
                h.price,
                opened_ms + h.after_s * 1000,
                h.text if index * HINTS_A_CLUE + i in team.hints else None,
            )
            for i, h in enumerate(clue.hints)
        ],
        wrong=attempt.wrong if attempt else 0,
        wait_until_ms=state.zero_ms + attempt.until if attempt and attempt.until else 0,
        final=clue.final,
    )


def opened_treasures(state: Hunt, team: Team, mask: int) -> list[TreasureView]:
    """Return the treasures among the things of `mask`."""
    first = len(state.plan.clues)
    made = []
    for i in bits(mask >> first):
        t = state.plan.treasures[i]
        left = t.quantity - state.claims[i]
        made.append(TreasureView(t.id, t.title, t.text, t.points, left, bool(team.treasures >> i & 1)))
    return made


def row(state: Hunt, team: Team, place: int) -> Row:
    """Return a team's line of the standings."""
    solved = team.solved.bit_count()
    finished = bool(team.solved & state.plan.final)
    return Row(place, team.id, team.name, team.score, solved, team.score_at, team.bracket, finished)


def board(state: Hunt, query: BoardQuery, ctx: Context) -> Board | Rejected:
    """Answer a `BoardQuery`."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if not 1 <= query.top <= BOARD_MAX:
        return Rejected("bad_field", f"top is {query.top}, allowed is 1 to {BOARD_MAX}")
    if query.bracket is not None and query.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    top = state.standings.top(query.top, query.bracket)
    rows = [row(state, team, i + 1) for i, team in enumerate(top)]
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
    plan = state.plan
    return Overview(
        hunt=state.id,
        title=plan.definition.title,
        phase=state.phase.name.lower(),
        owner=state.owner,
        digest=state.digest,
        players=len(state.members),
        teams=len(state.teams),
        now_ms=ctx.now_ms,
        started_ms=state.started_ms,
        ends_ms=state.ends_ms,
        clues=[ClueFigures(c.id, c.title, state.solves[i], state.wrongs[i]) for i, c in enumerate(plan.clues)],
        treasures={t.id: t.quantity - state.claims[i] for i, t in enumerate(plan.treasures)},
        top=[row(state, t, i + 1) for i, t in enumerate(state.standings.top(OVERVIEW_TEAMS))],
        guesses=list(state.recent),
        announced=list(state.announced),
    )
