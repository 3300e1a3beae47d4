"""Who else runs a hunt: its owner grants roles by one-time codes, and takes them back. Pure.

What each role may do stands in `permission.RIGHTS`.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command, HostCommand, Query
from huntserver.game.event import Author, GameEvent, HostEvent, called
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import letters_of
from huntserver.game.permission import GRANTED, NO_HUNT, WATCHER, Role, act, not_host, role_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase
from huntserver.game.unusual import NO_STAFF, Staff

CODE_LENGTH: Final = 10
"""Letters of a one-time code: 50 bits, and wrong ones cost."""
VALID_S: Final = 7 * 86_400
OFFERS_MAX: Final = 100
ROLES_MAX: Final = 500


class Grant(HostCommand, tag="grant", frozen=True):
    """Offer a role in this hunt (`host`, `reviewer`, `spectator`); the answer holds a code for one person, good for
    `valid_s` seconds (7 days at most)."""

    role: str
    valid_s: int = VALID_S


class TakeRole(Command, tag="take_role", frozen=True):
    """Take the role that a one-time code offers."""

    code: str


class Revoke(HostCommand, tag="revoke", frozen=True):
    """Take a role back from `who` (an id, as `people` lists it), or all codes that nobody has used (`codes`)."""

    who: str


class PeopleQuery(Query, tag="people", frozen=True):
    """Who has which role in this hunt. Its owner and hosts only."""


class People(msgspec.Struct, frozen=True):
    """The owner, the others with their roles as (id, role, name), and how many codes nobody has used yet."""

    owner: str
    roles: list[tuple[str, str, str]]
    offers: int


class RoleOffered(HostEvent, tag="role_offered", frozen=True, gc=False):
    """Whoever has the code of which this is the SHA-256 may take the role until then."""

    digest: str
    role: str
    until_ms: int


class RoleTaken(GameEvent, tag="role_taken", frozen=True, gc=False):
    """The code's role is `personal.by`'s; the code is used up."""

    digest: str
    role: str
    personal: Author


class RoleRevoked(HostEvent, tag="role_revoked", frozen=True, gc=False):
    """`who` has no role any more; "": no unused code is good any more."""

    who: str


def code_digest(hunt: str, code: str) -> str:
    """Return what stands for a one-time code of a hunt where it is stored."""
    return hashlib.sha256(f"{hunt}/{code}".encode()).hexdigest()


def kept(state: Hunt) -> Staff:
    """Return what is kept of roles and one-time codes, to be read."""
    return state.more.staff or NO_STAFF


def made(state: Hunt) -> Staff:
    """Return the same, to be changed."""
    state.more.staff = state.more.staff or Staff()
    return state.more.staff


def grant(state: Hunt, command: Grant, ctx: Context) -> Decision | Rejected:
    """Offer a role."""
    refused = not_host(state, ctx, least=Role.OWNER)
    if refused is not None:
        return refused
    if command.role not in GRANTED:
        return Rejected("bad_field", f"role is {command.role[:40]!r}, allowed are {', '.join(GRANTED)}")
    if not 60 <= command.valid_s <= VALID_S:
        return Rejected("bad_field", f"valid_s is {command.valid_s}, allowed is 60 to {VALID_S}")
    if sum(until > ctx.now_ms for _, until in kept(state).offers.values()) >= OFFERS_MAX:
        return Rejected("wrong_phase", f"{OFFERS_MAX} codes are unused; revoke codes first", retry=True)
    roll = ctx.roll()
    code = letters_of(roll, CODE_LENGTH)
    until_ms = ctx.now_ms + command.valid_s * 1000
    offered = RoleOffered(code_digest(state.id, code), command.role, until_ms, personal=act(ctx, command))
    return Decision((offered,), {"code": code, "role": command.role, "until_ms": until_ms})


def take_role(state: Hunt, command: TakeRole, ctx: Context) -> Decision | Rejected:
    """Take a role."""
    if state.phase is Phase.NONE:
        return NO_HUNT
    digest = code_digest(state.id, "".join(command.code.split()).upper())
    role, until_ms = kept(state).offers.get(digest, ("", 0))
    if not role or until_ms <= ctx.now_ms:
        return Rejected("no_such_offer", "this code offers nothing, or not any more")
    if role != Role.SPECTATOR.name.lower() and (ctx.role in ("player", WATCHER) or ctx.by in state.members):
        return Rejected("not_allowed", "players do not run the hunt they may play in; sign in as a host")
    if role_of(state, ctx) >= Role[role.upper()]:
        return Rejected("already_joined", "you may do all that already")
    if len(kept(state).roles) >= ROLES_MAX:
        return Rejected("hunt_full", f"{ROLES_MAX} people have roles in this hunt")
    return Decision((RoleTaken(digest, role, Author(ctx.by, name=ctx.name)),), {"role": role})


def revoke(state: Hunt, command: Revoke, ctx: Context) -> Decision | Rejected:
    """Take a role back."""
    refused = not_host(state, ctx, least=Role.OWNER)
    if refused is not None:
        return refused
    if command.who == "codes":
        return Decision((RoleRevoked("", personal=act(ctx, command)),), {"codes": len(kept(state).offers)})
    who = next((by for by in kept(state).roles if command.who in (by, by[2:])), None)
    if who is None:
        return Rejected("no_such_player", "nobody of this id has a role in this hunt")
    return Decision((RoleRevoked(who, personal=act(ctx, command)),), {"role": kept(state).roles[who][0]})


def people(state: Hunt, query: Any, ctx: Context) -> People | Rejected:
    """Answer a `PeopleQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    offers = sum(until > ctx.now_ms for _, until in kept(state).offers.values())
    return People(state.owner, [(by, role, name) for by, (role, name) in kept(state).roles.items()], offers)


def _apply_offered(state: Hunt, event: RoleOffered, at_ms: int) -> None:
    offers = made(state).offers
    for digest in [digest for digest, (_, until_ms) in offers.items() if until_ms <= at_ms]:
        del offers[digest]
    offers[event.digest] = (event.role, event.until_ms)


def _apply_taken(state: Hunt, event: RoleTaken, at_ms: int) -> None:
    made(state).offers.pop(event.digest, None)
    made(state).roles[event.personal.by] = (event.role, called(event.personal))


def _apply_revoked(state: Hunt, event: RoleRevoked, at_ms: int) -> None:
    if event.who:
        made(state).roles.pop(event.who, None)
    else:
        made(state).offers.clear()


def _show_offered(tell: Telling, state: Hunt, event: RoleOffered) -> None:
    tell.hosts(Shown("role_offered", how=event.role))


def _show_taken(tell: Telling, state: Hunt, event: RoleTaken) -> None:
    tell.hosts(Shown("role_taken", name=event.personal.name, by=event.personal.by, how=event.role))


def _show_revoked(tell: Telling, state: Hunt, event: RoleRevoked) -> None:
    if event.who:
        for channel in ("host", "hunt"):
            tell.parted_from(channel, event.who)
    tell.hosts(Shown("role_revoked", by=event.who))


FEATURE: Final = Feature(
    takes=(
        Takes(Grant, grant, SentBy.HOST),
        Takes(TakeRole, take_role, SentBy.BOTH),
        Takes(Revoke, revoke, SentBy.HOST),
    ),
    makes=(
        Makes(RoleOffered, _apply_offered, _show_offered, undo=lambda e: "revoke codes"),
        Makes(RoleTaken, _apply_taken, _show_taken),
        Makes(RoleRevoked, _apply_revoked, _show_revoked),
    ),
    answers=(AnswersTo(PeopleQuery, people, People),),
)
