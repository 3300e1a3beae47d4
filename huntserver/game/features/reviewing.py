"""Hosts and reviewers judge photos: an accepted one solves its clue as of when it was handed in. Pure.

A photo that was rejected can be accepted afterwards, until the team hands in another one.
"""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.desk import Photo, PhotoVerdict
from huntserver.game.event import Author, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.answering import by_host
from huntserver.game.features.completing import solve_part
from huntserver.game.features.guessing import cool_down_ms
from huntserver.game.features.handing_in import show_photo
from huntserver.game.features.queueing import open_photo
from huntserver.game.features.solving import solve
from huntserver.game.photos import WHY_MAX, found, number_of, part_of_photo
from huntserver.game.questions import desk
from huntserver.game.state import Attempt, Hunt, Phase


class AcceptPhoto(HostCommand, tag="accept_photo", frozen=True):
    """Accept a photo (`p7`, as the queue names it): its clue is solved (its part done) as of when it came."""

    photo: str


class RejectPhoto(HostCommand, tag="reject_photo", frozen=True):
    """Reject a photo (`p7`); `text`, at most 300 characters, tells the team why, and it may try again."""

    photo: str
    text: str


class PhotoJudged(HostEvent, tag="photo_judged", frozen=True, gc=False):
    """A host judged a photo: `accepted`, or why not; the next photo at this clue waits for `wait_ms` of play."""

    team: str
    clue: str
    number: int
    accepted: bool = False
    text: str = ""
    wait_ms: int = 0
    part: str = ""


def accept_photo(state: Hunt, command: AcceptPhoto, ctx: Context) -> Decision | Rejected:
    """Accept a photo."""
    photo = open_photo(state, command.photo, "accept_photo", ctx, judged=True)
    if isinstance(photo, Rejected):
        return photo
    team, index = state.teams[photo.team], state.plan.clue_index[photo.clue]
    author = Author(photo.by, name=photo.name)
    how: Any = {"how": "photo", "author": author, "now_ms": ctx.now_ms, "handed_in": photo, "given": True}
    part = part_of_photo(state, photo)
    solved = solve(state, team, index, **how) if part is None else solve_part(state, team, part, **how)
    if isinstance(solved, Rejected):
        return solved
    judged = PhotoJudged(team.id, photo.clue, photo.number, True, part=photo.part, personal=by_host(ctx, command))
    answer = {"photo": command.photo, "team": team.id, "points": solved.answer.points, "rank": solved.answer.rank}
    return Decision((judged, *solved.events), answer)


def reject_photo(state: Hunt, command: RejectPhoto, ctx: Context) -> Decision | Rejected:
    """Reject a photo."""
    photo = open_photo(state, command.photo, "reject_photo", ctx)
    if isinstance(photo, Rejected):
        return photo
    text = command.text.strip()
    if not 1 <= len(text) <= WHY_MAX:
        return Rejected("bad_text", f"{len(text)} characters, allowed is 1 to {WHY_MAX}: tell the team what is missing")
    team, index = state.teams[photo.team], state.plan.clue_index[photo.clue]
    attempt = (team.attempts or {}).get(number_of(state, photo))
    wait_ms = cool_down_ms(state.plan.attempts_of(index), (attempt.wrong if attempt is not None else 0) + 1)
    wait_ms = wait_ms if state.phase is not Phase.ENDED else 0
    author = by_host(ctx, command)
    event = PhotoJudged(team.id, photo.clue, photo.number, False, text, wait_ms, photo.part, personal=author)
    return Decision((event,), {"photo": command.photo, "team": team.id, "wait_ms": wait_ms})


def _apply_judged(state: Hunt, event: PhotoJudged, at_ms: int) -> None:
    photo = desk(state).photos[event.number]
    photo.verdict = PhotoVerdict.ACCEPTED if event.accepted else PhotoVerdict.REJECTED
    photo.why, photo.held = event.text, None
    if not event.accepted:
        _count(state, photo, event.wait_ms, at_ms)


def _count(state: Hunt, photo: Photo, wait_ms: int, at_ms: int) -> None:
    """A rejected photo is a wrong try at its clue; of a part, at both."""
    team, index = state.teams[photo.team], state.plan.clue_index[photo.clue]
    team.attempts = team.attempts or {}
    attempt = Attempt()
    for number in dict.fromkeys((index, number_of(state, photo))):
        if number not in team.attempts:
            team.attempts[number] = Attempt()
            state.attempts += 1
            state.tried[index] += number == index
        attempt = team.attempts[number]
        attempt.wrong += 1
    state.wrongs[index] += 1
    if state.plan.tallies:
        state.count_wrong(team)
    if wait_ms:
        attempt.until = (state.paused_ms or at_ms) - state.zero_ms + wait_ms


def _show_judged(tell: Telling, state: Hunt, event: Any) -> None:
    if found(state, f"p{event.number}") is not None:
        show_photo(tell, state, event)


FEATURE: Final = Feature(
    takes=(Takes(AcceptPhoto, accept_photo, SentBy.HOST), Takes(RejectPhoto, reject_photo, SentBy.HOST)),
    makes=(Makes(PhotoJudged, _apply_judged, _show_judged, times=True),),
)
