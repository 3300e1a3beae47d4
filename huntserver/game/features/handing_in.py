"""Teams hand in photos, and take one back that nobody has judged. The bytes lie in the store of media. Pure.

A photo is stored, without what a camera writes beside the picture, before it is handed in here.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command, Query
from huntserver.game.desk import Photo, PhotoVerdict
from huntserver.game.event import Author, GameEvent, called
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.features.completing import open_part
from huntserver.game.features.media import StoredMedium
from huntserver.game.permission import NOT_JOINED, Role, not_open, not_playing, role_of
from huntserver.game.photos import OPEN_MAX, all_waiting, found, is_waiting, keep, latest, photo_view, photos, waiting
from huntserver.game.questions import desk
from huntserver.game.roster import name_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team

NO_PHOTO: Final = Rejected("no_such_photo", "there is no such photo of your team")
TYPE: Final = "image/jpeg"


class HandIn(Command, tag="hand_in", frozen=True):
    """Hand in a photo whose bytes are stored; `source` is the SHA-256 of what was sent, `key` secret.

    `part`: which part of a clue that is made of parts.
    """

    clue: str
    digest: str
    source: str
    bytes: int
    key: str
    width: int
    height: int
    part: str = ""


class TakeBack(Command, tag="take_back", frozen=True):
    """Take a photo back that nobody has judged yet (`p7`, as the page names it)."""

    photo: str


class MayHandInQuery(Query, tag="may_hand_in", frozen=True):
    """May the sender hand in a photo at this clue, or this part of it, now? Asked before anything is stored."""

    clue: str
    source: str
    part: str = ""


class PhotoQuery(Query, tag="photo", frozen=True):
    """Which bytes lie under a photo's key, for its team and those who run the hunt."""

    key: str


class Picture(Author, frozen=True, gc=False, omit_defaults=True):
    """Personal: who handed in a photo, and where its bytes lie: `digest` in the store, `key` in its address."""

    digest: str = ""
    source: str = ""
    bytes: int = 0
    key: str = ""
    width: int = 0
    height: int = 0


class PhotoHandedIn(GameEvent, tag="photo_handed_in", frozen=True, gc=False):
    """A team handed in a photo at a clue, or at a part of it; `number` names it. `personal`: who, and where it lies."""

    team: str
    clue: str
    number: int
    personal: Picture
    part: str = ""


class PhotoTakenBack(GameEvent, tag="photo_taken_back", frozen=True, gc=False):
    """A team took its photo back."""

    team: str
    number: int
    personal: Author


class MayHandIn(msgspec.Struct, frozen=True):
    """The sender may."""

    team: str


def _may(state: Hunt, clue: str, part: str, source: str, ctx: Context) -> Team | Rejected:
    """Return the sender's team, or why it may not hand in a photo at this clue, or this part of it, now."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.clue_index.get(clue, -1)
    refused = not_open(team, index)
    if refused is not None:
        return refused
    number, kind = index, state.plan.kinds[index]
    if part or kind.made_of is not None:
        of = open_part(state, team, index, part)
        if isinstance(of, Rejected):
            return of
        number, kind = of.number, of.kind
    if not kind.reviewed:
        return Rejected("wrong_kind", "this part takes no photo" if part else "this clue takes no photo")
    last = latest(state, team, clue, part)
    if last is not None and is_waiting(state, last):
        return Rejected("photo_waiting", f"p{last.number} of your team waits for the hosts; take it back first")
    if last is not None and last.source == source and last.verdict == PhotoVerdict.REJECTED:
        return Rejected("duplicate", "your team has handed in this very photo before")
    attempt = (team.attempts or {}).get(number)
    wait_ms = attempt.until - (ctx.now_ms - state.zero_ms) if attempt is not None and attempt.until else 0
    if wait_ms > 0:
        return Rejected("cool_down", "wait before the next photo", True, wait_ms)
    if waiting(state) >= OPEN_MAX:
        return Rejected("photo_waiting", f"{OPEN_MAX} photos wait for the hosts; send it later", retry=True)
    return team


def may_hand_in(state: Hunt, query: MayHandInQuery, ctx: Context) -> MayHandIn | Rejected:
    """Answer a `MayHandInQuery`."""
    team = _may(state, query.clue, query.part, query.source, ctx)
    return team if isinstance(team, Rejected) else MayHandIn(team.id)


def hand_in(state: Hunt, command: HandIn, ctx: Context) -> Decision | Rejected:
    """Hand in a photo."""
    team = _may(state, command.clue, command.part, command.source, ctx)
    if isinstance(team, Rejected):
        return team
    number = (state.rest.desk.handed_in if state.rest.desk is not None else 0) + 1
    picture = Picture(
        ctx.by, name=name_of(team, ctx.by), digest=command.digest, source=command.source, bytes=command.bytes,
        key=command.key, width=command.width, height=command.height,
    )  # fmt: skip
    handed_in = PhotoHandedIn(team.id, command.clue, number, picture, command.part)
    return Decision((handed_in,), {"photo": f"p{number}"})


def take_back(state: Hunt, command: TakeBack, ctx: Context) -> Decision | Rejected:
    """Take a photo back."""
    team, photo = state.members.get(ctx.by), found(state, command.photo)
    if team is None:
        return NOT_JOINED
    if photo is None or photo.team != team.id:
        return NO_PHOTO
    if not is_waiting(state, photo):
        return Rejected("photo_judged", "this photo does not wait any more")
    author = Author(ctx.by, name=name_of(team, ctx.by))
    return Decision((PhotoTakenBack(team.id, photo.number, author),), {"photo": command.photo})


def photo(state: Hunt, query: PhotoQuery, ctx: Context) -> StoredMedium:
    """Answer a `PhotoQuery`: who may not see it is told what is told of one that is not there."""
    one = next((p for p in photos(state) if p.key == query.key), None)
    team = state.members.get(ctx.by)
    if one is None or not ((team is not None and team.id == one.team) or role_of(state, ctx) >= Role.REVIEWER):
        return StoredMedium()
    return StoredMedium(one.digest, one.bytes, TYPE)


def _apply_handed_in(state: Hunt, event: PhotoHandedIn, at_ms: int) -> None:
    by = event.personal
    keep(state, Photo(
        event.number, event.team, event.clue, at_ms, state.play_ms(at_ms), by.by, called(by), by.digest, by.source,
        by.bytes, by.key, by.width, by.height, part=event.part,
    ))  # fmt: skip


def _apply_taken_back(state: Hunt, event: PhotoTakenBack, at_ms: int) -> None:
    kept = desk(state).photos[event.number]
    kept.verdict, kept.held = PhotoVerdict.TAKEN_BACK, None


def show_photo(tell: Telling, state: Hunt, event: Any) -> None:
    """Show a photo to its team as it is now, and to hosts that there is something new."""
    kept = desk(state).photos[event.number]
    team, tag = state.teams[kept.team], str(event.__struct_config__.tag)
    for_ms = getattr(event, "wait_ms", 0)
    tell.team(team, Shown(tag, clue=kept.clue, part=kept.part, photo=photo_view(state, kept), for_ms=for_ms))
    shown = Shown(tag, team.id, team.name, clue=kept.clue, item=f"p{kept.number}", waiting=all_waiting(state))
    tell.hosts(msgspec.structs.replace(shown, part=kept.part) if kept.part else shown)


FEATURE: Final = Feature(
    takes=(Takes(HandIn, hand_in, SentBy.HTTP), Takes(TakeBack, take_back)),
    makes=(
        Makes(PhotoHandedIn, _apply_handed_in, show_photo, times=True),
        Makes(PhotoTakenBack, _apply_taken_back, show_photo, times=True),
    ),
    answers=(
        AnswersTo(MayHandInQuery, may_hand_in, MayHandIn, wire=False),
        AnswersTo(PhotoQuery, photo, StoredMedium, wire=False),
    ),
)
