"""What solving a clue brings, however it was solved: points by rank, what opens, first finders. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Decision, Reaction
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.desk import Photo
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes
from huntserver.game.plan import CHECK_INS, CODES
from huntserver.game.player.commands import CreditSolve, to_player
from huntserver.game.pool import give_back
from huntserver.game.roster import more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team, parts_done
from huntserver.game.unusual import GivenSolve, HeldSolve, TeamTally
from huntserver.game.worth import row_after, worth_to

PLAYED: Final = ("guess", "code", "place", "photo")
WAYS: Final = {"code": CODES, "place": CHECK_INS}
"""Ways of solving whose wrong tries are counted over all clues; a right one ends the count."""


class Solved(GameEvent, tag="solved", frozen=True, gc=False):
    """A clue solved by a guess, a code or a check-in; `rank` 1 is the first finder; `points` with the bonus in.

    `rank` 0: the team does not count. `held`: the standings are frozen, so the players' totals have it afterwards.
    `used_ms`: since the team began, where every team does so for itself; nobody is first for good then. `at_ms`: when
    the photo was handed in that solved it; 0: it was solved when it was written. `given`: by a host, who can take it
    back.
    """

    team: str
    clue: str
    points: int
    rank: int
    how: str
    members: list[str]
    personal: Author
    held: bool = False
    used_ms: int = -1
    at_ms: int = 0
    given: bool = False


class GuessAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The verdict on a guess, code or check-in. `wait_ms`: before the next guess on this clue. `row`: solves in a row,
    where they bring more."""

    verdict: str
    points: int = 0
    score: int | None = None
    rank: int = 0
    wait_ms: int = 0
    reply: str = ""
    row: int = 0
    done: int = 0
    """Of a clue made of parts: how many the team has done, of so many that are `needed`."""
    needed: int = 0


def solve(
    state: Hunt,
    team: Team,
    index: int,
    *,
    how: str,
    author: Author,
    now_ms: int,
    handed_in: Photo | None = None,
    given: bool = False,
) -> Decision:
    """Return the decision that a team has solved a clue, now or as of when it was `handed_in`; `given`: by a host."""
    clue = state.plan.clues[index]
    solves = state.solves[index]
    rank = 0 if team.is_unofficial else solves + 1
    played_ms = handed_in.played_ms if handed_in is not None else state.play_ms(now_ms)
    points = worth_to(state, team, index, solves, played_ms)
    if 0 < rank <= len(clue.first_bonus):
        points += clue.first_bonus[rank - 1]
    row, streak = row_after(state, team, how, now_ms), state.plan.streak
    if streak is not None and row >= streak.after:
        points += streak.bonus
    held = state.rest.curtain is not None
    used_ms = state.zero_ms + played_ms - state.began_ms(team) if state.plan.own_start else -1
    at_ms = handed_in.at_ms if handed_in is not None else 0
    event = Solved(team.id, clue.id, points, rank, how, list(team.members), author, held, used_ms, at_ms, given)
    return Decision((event,), GuessAnswer("correct", points, team.score + points, rank, row=row if row > 1 else 0))


def _apply_solved(state: Hunt, event: Solved, at_ms: int) -> None:
    team = state.teams[event.team]
    clue = state.plan.clue_index[event.clue]
    solved_ms = event.at_ms or at_ms
    before_ms, before = team.score_at, _counted(team) if event.given else None
    if state.rest.pools and event.how in WAYS and clue not in state.plan.parts.of:
        give_back(state.rest.pools, state.plan.together(event.how), team, event.how)
    if state.plan.tallies:
        _count(state, team, event, solved_ms)
    team.solved |= 1 << clue
    if team.attempts is not None:
        way = WAYS.get(event.how)
        parts = [part.number for part in state.plan.parts.of.get(clue, ())]
        state.forget_tries(team, (clue, *parts) if way is None else (clue, way, *parts))
    if event.rank:
        state.solves[clue] += 1
    if event.held and event.rank:
        more_of(team).held.append(HeldSolve(event.clue, event.points, event.rank == 1 and event.used_ms < 0))
    if event.used_ms >= 0 and event.rank and event.how in PLAYED:
        fastest = state.rest.fastest
        if event.clue not in fastest or event.used_ms < fastest[event.clue][0]:
            fastest[event.clue] = (event.used_ms, event.team)
    state.score(team, event.points, max(solved_ms, team.score_at) if event.at_ms else at_ms)
    if event.given:
        part = (parts_done(team, event.clue) or ("",))[-1]
        more_of(team).given[event.clue] = GivenSolve(
            event.points, event.rank, part, event.members, before_ms, team.score_at, before, _counted(team)
        )
    if state.phase in (Phase.RUNNING, Phase.PAUSED):
        state.open_things((team,), at_ms, state.plan.dependents[clue])


def _counted(team: Team) -> TeamTally | None:
    """Return a copy of what is counted of a team."""
    tally = team.more.tally if team.more is not None else None
    return None if tally is None else msgspec.structs.replace(tally)


def _count(state: Hunt, team: Team, event: Solved, at_ms: int) -> None:
    row = row_after(state, team, event.how, at_ms)
    tally = state.tally(team)
    tally.first_ms = tally.first_ms or at_ms
    tally.last_ms = at_ms
    if state.plan.final >> state.plan.clue_index[event.clue] & 1:
        tally.final_ms = tally.final_ms or at_ms
    if row:
        tally.row, tally.row_ms = row, state.play_ms(at_ms)


def _is_fastest(state: Hunt, event: Solved) -> bool:
    """Tell whether nobody solved the clue in less own time so far."""
    return bool(event.rank) and state.rest.fastest.get(event.clue) == (event.used_ms, event.team)


def _row(team: Team) -> int:
    """Return how many a team has in a row, from the second on."""
    row = team.more.tally.row if team.more is not None and team.more.tally is not None else 0
    return row if row > 1 else 0


def _show_solved(tell: Telling, state: Hunt, event: Solved) -> None:
    team = state.teams[event.team]
    index = state.plan.clue_index[event.clue]
    clue = state.plan.clues[index]
    mask = state.opened_to(team)
    own = Shown(
        "solved",
        by=event.personal.by,
        clue=clue.id,
        clue_number=index + 1,
        rank=event.rank,
        points=event.points,
        score=team.score,
        text=clue.solved_text,
        how=event.how,
        row=_row(team),
        final=clue.final,
        **views.opened(state, team, mask),
    )
    tell.team(team, own)
    first = event.rank == 1 if event.used_ms < 0 else _is_fastest(state, event)
    if first and not event.held:
        # By number: the id and the title of a clue may give away what others have not come to.
        tell.news(Shown("first_finder", team.id, team.name, clue_number=index + 1))
    kept = event.personal if state.plan.kinds[index].kept else None
    tell.hosts(Shown("solved", team.id, team.name, clue=clue.id, points=event.points, rank=event.rank, personal=kept))
    if event.points:
        tell.board()


def _credit(event: Solved, hunt: str) -> Sequence[Reaction]:
    if event.held or not event.rank:
        return ()
    credit = CreditSolve(hunt, event.clue, event.points, event.rank == 1 and event.used_ms < 0)
    return tuple(to_player(by, credit) for by in event.members)


FEATURE: Final = Feature(
    makes=(Makes(Solved, _apply_solved, _show_solved, _credit, undo=lambda e: f"unsolve {e.team} {e.clue}"),),
)
