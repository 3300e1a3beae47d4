"""A person is erased: what the hunt knows of them goes, what was played stays. Pure.

The player's id stays where it is in the log: who it belongs to is known nowhere any more. Points, solves and places are
the team's and do not move. After this event a state that could read everything equals one that could not read what was
sealed under the person's key: so the key may be destroyed at any time after it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.desk import Desk, HelpQuestion, Line, TakenBy
from huntserver.game.event import Author, GameEvent, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import free_invite
from huntserver.game.features.leaving import left
from huntserver.game.permission import RIGHTS, act, not_host
from huntserver.game.roster import not_changing
from huntserver.game.sealed_state import subject_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team
from huntserver.game.vault import ERASED, nameless

TEAMS_MAX: Final = 20


class Erase(HostCommand, tag="erase", frozen=True):
    """Erase a player from this hunt, as a part of `huntserver erase`, which destroys the player's key, too: by itself
    it is half of that. `teams`: ids, with commas between, of teams whose names go with the player."""

    player: str
    teams: str = ""


class Erased(HostEvent, tag="erased", frozen=True, gc=False):
    """Nothing in the hunt tells any more who `person` is. Of `teams` the names went, too."""

    person: str
    teams: list[str] = []


def erase(state: Hunt, command: Erase, ctx: Context) -> Decision | Rejected:
    """Erase a player."""
    refused = not_host(state, ctx, least=RIGHTS["erase"])
    if refused is not None:
        return refused
    person = command.player if command.player.startswith("p:") else f"p:{command.player}"
    given = [id for id in command.teams.split(",") if id]
    unknown = [id for id in given if id not in state.teams]
    if unknown or len(given) > TEAMS_MAX:
        return Rejected("no_such_team", f"teams is {command.teams[:80]!r}, allowed are {TEAMS_MAX} ids of this hunt")
    team = state.members.get(person)
    named = [t.id for t in state.teams.values() if t.id in given or _is_called_after(state, t, person)]
    if person in state.rest.erased and not named and not is_known(state, person):
        return Rejected("no_such_player", "this player is erased here already")
    events: list[GameEvent] = []
    if team is not None and not_changing(state) is None:
        invite = free_invite(state, ctx.roll()) if team.invite else ""
        events.append(left(team, person, Author(ctx.by, name=ERASED), kicked=True, invite=invite))
    return Decision((*events, Erased(person, named, personal=act(ctx, command))), {"teams": len(named)})


def _is_called_after(state: Hunt, team: Team, person: str) -> bool:
    """Tell whether a team's name is the person's own: it plays alone, or nobody else is in the team."""
    alone = team.members == (person,) or (not team.members and state.more.left.get(person, ("",))[0] == team.id)
    return alone and team.name != nameless(team.id)


def is_known(state: Hunt, person: str) -> bool:
    """Tell whether the hunt holds anything of a person beside the id in what was played."""
    team, more, desk = state.members.get(person), state.more, state.rest.desk
    if team is not None and (not team.names or team.names[team.members.index(person)] != ERASED):
        return bool(team.names) or team.name != nameless(team.id)
    staff, desk = more.staff, desk or Desk()
    return (
        person in more.left
        or person in more.asking
        or (staff is not None and (person in staff.roles or any(of == person for of, _ in staff.pairings.values())))
        or any(line.by == person and line.text for q in desk.questions.values() for line in q.thread)
        or any(photo.by == person for photo in desk.photos.values())
    )


def _apply_erased(state: Hunt, event: Erased, at_ms: int) -> None:
    person, more, rest = event.person, state.more, state.rest
    for id in event.teams:
        team = state.teams[id]
        if team.is_dissolved:
            team.name = nameless(id)
        else:
            state.rename(team, nameless(id))
        rest.nameless[id] = rest.nameless.get(id, 0) + 1
    own = state.members.get(person)
    if own is not None and own.names:
        own.names = tuple(ERASED if by == person else name for by, name in zip(own.members, own.names, strict=True))
    for known in (more.left, more.asking, more.moved):
        known.pop(person, None)
    if more.staff is not None:
        more.staff.roles.pop(person, None)
        for digest in [digest for digest, (of, _) in more.staff.pairings.items() if of == person]:
            del more.staff.pairings[digest]
    more.audit = [msgspec.structs.replace(x, reason="") if subject_of(x) == person else x for x in more.audit]
    for at, (guessed_ms, guess) in enumerate(state.recent):
        if guess.personal.by == person:
            state.recent[at] = (guessed_ms, msgspec.structs.replace(guess, personal=Author(person)))
    if rest.desk is not None:
        _clear_desk(rest.desk, person)
    if person not in rest.erased:
        rest.erased.append(person)


def _clear_desk(desk: Desk, person: str) -> None:
    for question in desk.questions.values():
        if any(line.by == person for line in question.thread):
            question.closed = question.closed or _is_all_of(question, person)
            question.thread = [
                Line(x.at_ms, x.by, ERASED, "", x.host) if x.by == person else x for x in question.thread
            ]
        question.held = _held(question.held, person)
    for number in [n for n, photo in desk.photos.items() if photo.by == person]:
        del desk.photos[number]
    for photo in desk.photos.values():
        photo.held = _held(photo.held, person)


def _is_all_of(question: HelpQuestion, person: str) -> bool:
    return all(line.by == person for line in question.thread if not line.host)


def _held(held: TakenBy | None, person: str) -> TakenBy | None:
    return None if held is not None and held.by == person else held


def _show_erased(tell: Telling, state: Hunt, event: Erased) -> None:
    for id in event.teams:
        shown = Shown("renamed", id, state.teams[id].name)
        tell.team(state.teams[id], shown)
        tell.hosts(shown)
    tell.hosts(Shown("erased", by=event.person))
    tell.board()


FEATURE: Final = Feature(
    takes=(Takes(Erase, erase, SentBy.HOST, confirm="what the hunt knows of a player goes for good"),),
    makes=(Makes(Erased, _apply_erased, _show_erased, times=True),),
)
