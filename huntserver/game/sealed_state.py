"""What is personal in a hunt's state, sealed in its snapshots: by the same keys as in the log. Pure.

So a snapshot, wherever a copy of it lies, tells nothing of a person whose key is destroyed. What cannot be sealed any
more is written as what stands in its place: a state that still knows a name and one that could not read it give the
same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from huntserver.game.desk import Desk, HelpQuestion, Line, Photo, TakenBy
from huntserver.game.state import Hunt, Team
from huntserver.game.unusual import AuditLine, HuntMore, HuntRest
from huntserver.game.vault import ERASED, MARK, Vault, nameless, team_holder

Turn: TypeAlias = Callable[[str, str, str], str]
"""Seals or opens a text of a holder; the third is what stands in its place."""


def sealing(vault: Vault | None) -> Turn | None:
    """Return what seals texts for a snapshot; None: nothing is sealed."""
    if vault is None:
        return None

    def seal(holder: str, text: str, instead: str) -> str:
        if not text or text == instead or not holder.startswith(("p:", "t:")):
            return text
        kept = vault.seal(holder, text.encode())
        return MARK + kept if kept else instead

    return seal


def opening(vault: Vault | None) -> Turn:
    """Return what opens the texts of a snapshot, also of one from before anything was sealed."""

    def open_(holder: str, text: str, instead: str) -> str:
        if not text.startswith(MARK):
            return text
        if vault is None:
            raise ValueError("names in it are sealed, and there is no key ring")
        plain = vault.open(holder, text[len(MARK) :])
        return instead if plain is None else plain.decode()

    return open_


def turn_team(state: Hunt, turn: Turn, team: str, name: str) -> str:
    """Turn a team's name."""
    return turn(team_holder(state.id, team, state.rest.nameless.get(team, 0)), name, nameless(team))


def turn_names(turn: Turn, team: Team) -> tuple[str, ...]:
    """Turn the names of a team's members."""
    return tuple(turn(by, name, ERASED) for by, name in zip(team.members, team.names, strict=False))


def subject_of(line: AuditLine) -> str:
    """Return the player whom something is about that a host did; "": nobody in particular."""
    if '"player":"p:' not in line.detail:
        return ""
    return line.detail.partition('"player":"')[2].partition('"')[0]


def turn_more(turn: Turn, more: HuntMore) -> HuntMore:
    """Turn what is personal in what is not as usual of a hunt."""
    staff = more.staff
    if staff is not None and staff.roles:
        roles = {who: (role, turn(who, name, ERASED)) for who, (role, name) in staff.roles.items()}
        staff = msgspec.structs.replace(staff, roles=roles)
    about = (*more.left, *more.asking) or staff is not more.staff or any(map(subject_of, more.audit))
    if not about:
        return more
    return msgspec.structs.replace(
        more,
        staff=staff,
        left={by: (team, turn(by, name, ERASED)) for by, (team, name) in more.left.items()},
        asking={by: (team, turn(by, name, ERASED)) for by, (team, name) in more.asking.items()},
        audit=[msgspec.structs.replace(x, reason=turn(subject_of(x), x.reason, "")) for x in more.audit],
    )


def turn_rest(turn: Turn, rest: HuntRest) -> HuntRest:
    """Turn what is personal on the desk."""
    desk = rest.desk
    if desk is None:
        return rest
    questions = {n: _question(turn, question) for n, question in desk.questions.items()}
    photos = {n: _photo(turn, photo) for n, photo in desk.photos.items()}
    return msgspec.structs.replace(rest, desk=Desk(desk.asked, questions, desk.handed_in, photos))


def _question(turn: Turn, question: HelpQuestion) -> HelpQuestion:
    thread = [Line(x.at_ms, x.by, turn(x.by, x.name, ERASED), turn(x.by, x.text, ""), x.host) for x in question.thread]
    return msgspec.structs.replace(question, thread=thread, held=_held(turn, question.held))


def _photo(turn: Turn, photo: Photo) -> Photo:
    return msgspec.structs.replace(photo, name=turn(photo.by, photo.name, ERASED), held=_held(turn, photo.held))


def _held(turn: Turn, held: TakenBy | None) -> TakenBy | None:
    return TakenBy(held.by, turn(held.by, held.name, ERASED), held.at_ms) if held is not None else None
