"""Parts of compound clues: each is done once for the whole team; the one that completes its clue solves it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from actors.entity import Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.desk import Photo
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes
from huntserver.game.features.solving import WAYS, GuessAnswer, Solved, solve
from huntserver.game.parts import PreparedPart
from huntserver.game.pool import give_back
from huntserver.game.roster import more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team, parts_done
from huntserver.game.unusual import GivenSolve

PART_DONE: Final = Rejected("already_solved", "your team has done this part")


class PartSolved(GameEvent, tag="part_solved", frozen=True, gc=False):
    """A part of a clue done, by a guess, a code, a check-in or a host; what completes the clue is `solved`, too.

    `given`: by a host, who can take it back. `at_ms`, `played_ms`: when its photo was handed in, in wall and play time.
    """

    team: str
    clue: str
    part: str
    how: str
    personal: Author
    given: bool = False
    at_ms: int = 0
    played_ms: int = 0


def part_of(state: Hunt, index: int, id: str) -> PreparedPart | Rejected:
    """Return a part of a clue that has some, or why there is none."""
    parts = state.plan.parts.of.get(index)
    if parts is None:
        code = "no_such_clue" if id else "wrong_kind"
        return Rejected(code, "this clue has no parts" if id else "this clue is not answered by text")
    ids = ", ".join(part.id for part in parts)
    if not id:
        return Rejected("wrong_kind", f"this clue is answered part by part; say which: {ids}")
    found = next((part for part in parts if part.id == id), None)
    return found or Rejected("no_such_clue", f"the clue has no such part; its parts are {ids}")


def open_part(state: Hunt, team: Team, index: int, id: str) -> PreparedPart | Rejected:
    """Return a part of a clue that is open to a team and that it has not done, or why there is none."""
    part = part_of(state, index, id)
    return PART_DONE if isinstance(part, PreparedPart) and part.id in parts_done(team, part.clue) else part


def solve_part(
    state: Hunt,
    team: Team,
    part: PreparedPart,
    *,
    how: str,
    author: Author,
    now_ms: int,
    handed_in: Photo | None = None,
    given: bool = False,
) -> Decision | Rejected:
    """Return the decision that a team has done a part of a clue that is open to it, and with it perhaps the clue; as
    of when it was `handed_in`, or `given` by a host."""
    done = parts_done(team, part.clue)
    if part.id in done:
        return PART_DONE
    at_ms, played_ms = (handed_in.at_ms, handed_in.played_ms) if handed_in is not None else (0, 0)
    event = PartSolved(team.id, part.clue, part.id, how, author, given, at_ms, played_ms)
    count, needed = len(done) + 1, state.plan.parts.needed[part.of]
    if count < needed:
        return Decision((event,), GuessAnswer("correct", done=count, needed=needed))
    if handed_in is not None and team.more is not None and part.clue in team.more.done_at:
        last_ms, last_played_ms = team.more.done_at[part.clue]
        handed_in = msgspec.structs.replace(
            handed_in, at_ms=max(at_ms, last_ms), played_ms=max(played_ms, last_played_ms)
        )
    solved = solve(state, team, part.of, how=how, author=author, now_ms=now_ms, handed_in=handed_in, given=given)
    answer = msgspec.structs.replace(solved.answer, done=count, needed=needed)
    return Decision((event, *solved.events), answer)


def completed_by_merging(state: Hunt, team: Team, other: Team, now_ms: int) -> Iterator[Solved]:
    """Yield the solves of clues that two teams have done all of together, and neither alone."""
    parts = state.plan.parts
    for index in parts.of if parts.of else ():
        clue = state.plan.clues[index].id
        both = {*parts_done(team, clue), *parts_done(other, clue)}
        if (team.solved | other.solved) >> index & 1 or len(both) < parts.needed[index]:
            continue
        decision = solve(state, team, index, how="host", author=Author(), now_ms=now_ms)
        event = decision.events[0]
        assert isinstance(event, Solved)
        yield msgspec.structs.replace(event, members=[*team.members, *other.members])


def join_parts(team: Team, other: Team) -> None:
    """Give a team the parts that a team has done which is merged into it."""
    for clue, theirs in (other.more.parts if other.more is not None else {}).items():
        ours = more_of(team).parts.setdefault(clue, [])
        ours += [id for id in theirs if id not in ours]
    if other.more is not None:
        for clue, at in other.more.done_at.items():
            more_of(team).done_at[clue] = max(at, more_of(team).done_at.get(clue, (0, 0)))
        other.more.parts, other.more.done_at = {}, {}


def _apply(state: Hunt, event: PartSolved, at_ms: int) -> None:
    team, part = state.teams[event.team], state.plan.parts.by_address[f"{event.clue}.{event.part}"]
    more_of(team).parts.setdefault(event.clue, []).append(event.part)
    if any(one.kind.reviewed for one in state.plan.parts.of[part.of]):
        new = (event.at_ms, event.played_ms) if event.at_ms else (at_ms, state.play_ms(at_ms))
        last = more_of(team).done_at.get(event.clue, (0, 0))
        more_of(team).done_at[event.clue] = max(last, new)
    if state.rest.pools and event.how in WAYS:
        give_back(state.rest.pools, state.plan.together(event.how), team, event.how)
    if event.given:
        address = f"{event.clue}.{event.part}"
        more_of(team).given[address] = GivenSolve(0, 0, event.part, [], team.score_at, team.score_at)
    way = WAYS.get(event.how)
    state.forget_tries(team, (part.number,) if way is None else (part.number, way))


def _show(tell: Telling, state: Hunt, event: PartSolved) -> None:
    team = state.teams[event.team]
    part = state.plan.parts.by_address[f"{event.clue}.{event.part}"]
    done, needed = len(parts_done(team, event.clue)), state.plan.parts.needed[part.of]
    shown = Shown("part_solved", clue=event.clue, part=event.part, how=event.how, done=done, needed=needed)
    tell.team(team, msgspec.structs.replace(shown, by=event.personal.by, clue_number=part.of + 1))
    kept = event.personal if part.kind.kept else None
    tell.hosts(msgspec.structs.replace(shown, team=team.id, name=team.name, personal=kept))


FEATURE: Final = Feature(
    makes=(Makes(PartSolved, _apply, _show, undo=lambda e: f"unsolve {e.team} {e.clue} --part {e.part}"),),
)
