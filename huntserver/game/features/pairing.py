"""A place kept for a member's new device: a short-lived code, shown on the old one or given by a host. Pure.

Whoever types it in time, on any device, plays on as that member (the gateway makes the token). Used once.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.command import Command, HostCommand, Query
from huntserver.game.event import GameEvent, HostEvent
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import letters_of
from huntserver.game.features.roles import code_digest, kept, made
from huntserver.game.permission import NOT_JOINED, act, is_host, not_there
from huntserver.game.roster import name_of, player_of
from huntserver.game.state import Hunt

CODE_LENGTH: Final = 8
VALID_MS: Final = 300_000
"""Five minutes: the other phone is at hand."""
PAIRINGS_MAX: Final = 1000


class Pair(HostCommand, tag="pair", frozen=True):
    """Ask for a code that lets another device play on as oneself, for five minutes; hosts name the `player`."""

    player: str | None = None


class UsePairing(Command, tag="use_pairing", frozen=True):
    """Exchange a code for the player it stands for. The server sends it, for `POST /pair`."""

    code: str


class PairedNameQuery(Query, tag="paired_name", frozen=True):
    """What a member is called: asked by the server, for the token of a new device. No answer that is logged says it."""

    player: str


class PairedName(msgspec.Struct, frozen=True):
    """A member's name."""

    name: str


class PairingOffered(HostEvent, tag="pairing_offered", frozen=True, gc=False):
    """Whoever has the code of which this is the SHA-256 may play on as `player` until then."""

    digest: str
    player: str
    until_ms: int


class PairingUsed(GameEvent, tag="pairing_used", frozen=True, gc=False):
    """Another device plays as `player`; the code is used up."""

    digest: str
    player: str


def pair(state: Hunt, command: Pair, ctx: Context) -> Decision | Rejected:
    """Offer a place to another device."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if command.player is not None and not is_host(state, ctx):
        return Rejected("not_allowed", "only a host pairs the devices of others")
    if command.player is None and ctx.by not in state.members:
        return NOT_JOINED
    player = player_of(state, command.player) if command.player is not None else ctx.by
    if isinstance(player, Rejected):
        return player
    others = [of for of, until_ms in kept(state).pairings.values() if until_ms > ctx.now_ms and of != player]
    if len(others) >= PAIRINGS_MAX:
        return Rejected("wrong_phase", "too many codes are unused; try again in a minute", True, 60_000)
    roll = ctx.roll()
    code = letters_of(roll, CODE_LENGTH)
    until_ms = ctx.now_ms + VALID_MS
    offered = PairingOffered(code_digest(state.id, code), player, until_ms, personal=act(ctx, command))
    return Decision((offered,), {"code": code, "until_ms": until_ms})


def use_pairing(state: Hunt, command: UsePairing, ctx: Context) -> Decision | Rejected:
    """Say whom a code stands for."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if ctx.role != "system":
        return Rejected("not_allowed", "the server exchanges codes, by POST /pair")
    digest = code_digest(state.id, "".join(command.code.split()).replace("-", "").upper())
    player, until_ms = kept(state).pairings.get(digest, ("", 0))
    team = state.members.get(player)
    if team is None or until_ms <= ctx.now_ms:
        return Rejected("no_such_offer", "this code is not valid, or not any more")
    return Decision((PairingUsed(digest, player),), {"player": player})


def paired_name(state: Hunt, query: PairedNameQuery, ctx: Context) -> PairedName | Rejected:
    """Answer a `PairedNameQuery`: to the server alone."""
    team = state.members.get(query.player)
    if ctx.role != "system" or team is None:
        return NOT_JOINED
    return PairedName(name_of(team, query.player))


def _apply_offered(state: Hunt, event: PairingOffered, at_ms: int) -> None:
    pairings = made(state).pairings
    for digest in [d for d, (of, until_ms) in pairings.items() if of == event.player or until_ms <= at_ms]:
        del pairings[digest]
    pairings[event.digest] = (event.player, event.until_ms)


def _apply_used(state: Hunt, event: PairingUsed, at_ms: int) -> None:
    made(state).pairings.pop(event.digest, None)


FEATURE: Final = Feature(
    takes=(Takes(Pair, pair, SentBy.BOTH), Takes(UsePairing, use_pairing, SentBy.HTTP)),
    makes=(Makes(PairingOffered, _apply_offered), Makes(PairingUsed, _apply_used)),
    answers=(AnswersTo(PairedNameQuery, paired_name, PairedName, wire=False),),
)
