"""Safeguards of the gateway, the client's session and the hunt's rules, and how each is switched off.

Judged by the small world of `lab/sim/gateway_world.py`. Each `_without_...` takes away one rule of the product and
nothing else.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Push
from huntserver.game import hunt, views
from huntserver.game.channels import Telling
from huntserver.game.features.guessing import Guess, Guessed
from huntserver.game.features.page import PageQuery
from huntserver.game.features.treasures import Claim
from huntserver.game.hunt import HuntType
from huntserver.game.plan import HINTS_A_CLUE
from huntserver.game.state import Hunt
from huntserver.gateway.ring import Ring
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.subscriptions import Subscriptions
from huntserver.gateway.writer import SocketWriter
from huntserver.wire.session import Session
from lab.ablations.safeguard import GAME, GATEWAY, SESSION, Patches, Safeguard, no, nothing

# ---- gateway


def _without_bounded_outbox(patches: Patches) -> None:
    patches.replace(SocketWriter, "pause_writing", nothing)
    patches.replace(SocketWriter, "resume_writing", nothing)


def _without_pausing_reads(patches: Patches) -> None:
    patches.replace(SocketWriter, "flow", nothing)


def _without_gap_detection(patches: Patches) -> None:
    """The ring gives what it has, whether or not that is all."""

    def tail(self: Ring, seen: Any, last: Any, packed: bool, **_: int) -> list[bytes]:
        kept = [k for at in sorted(self._entries) for k in self.kept(at)]
        return [k.frame(self.hunt, packed) for k in kept if k.channel in last and k.seq > seen.get(k.channel, 0)]

    patches.replace(Ring, "tail", tail)


def _without_word_of_missing(patches: Patches) -> None:
    """Who was too slow for a push stays out of the room, and hears nothing of it."""
    patches.replace(Subscriptions, "catch_up", nothing)


def _without_where_it_broke_off(patches: Patches) -> None:
    """Who reads again goes on behind the push that it did not take."""

    def hasty(old: Any) -> Any:
        def fell_behind(self: Subscriptions, hunt: str, seq: int, channels: Any) -> None:
            old(self, hunt, seq + 1, dict.fromkeys(channels, seq + 1))

        return fell_behind

    patches.wrap(Subscriptions, "fell_behind", hasty)


def _without_leaving_when_slow(patches: Patches) -> None:
    """Who was too slow for a push gets the next one all the same."""
    patches.replace(Rooms, "_drop", nothing)


def _without_showing_once(patches: Patches) -> None:
    def forgetful(old: Any) -> Any:
        def publish(self: Rooms, kind: str, id: str, seq: int, *rest: Any) -> None:
            room = self._rooms.get(id)
            if room is None or seq > room.last_seq:
                old(self, kind, id, seq, *rest)
                return
            kept, room.ring, room.last_seq = (room.ring, room.last_seq), Ring(id), 0  # a ring takes rising seqs only
            old(self, kind, id, seq, *rest)
            room.ring, room.last_seq = kept

        return publish

    patches.wrap(Rooms, "publish", forgetful)


def _without_pushes_behind_a_view(patches: Patches) -> None:
    """A snapshot that left late is not followed by what was shown before it left."""

    def hasty(old: Any) -> Any:
        def snapshot(self: Subscriptions, entry: Any, page: Any, pos: int) -> None:
            rooms = self._services.rooms
            self._services.rooms = _NoTail(rooms)  # type: ignore[assignment]
            try:
                old(self, entry, page, pos)
            finally:
                self._services.rooms = rooms

        return snapshot

    patches.wrap(Subscriptions, "_snapshot", hasty)


class _NoTail:
    """Rooms that never have a tail to add."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def tail(self, *_: Any) -> list[bytes]:
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rooms, name)


# ---- session


def _without_pos_floor(patches: Patches) -> None:
    patches.replace(Session, "stale", no)


def _without_window(patches: Patches) -> None:
    patches.replace(Session, "_beyond_window", no)


# ---- rules and redaction


def _without_limit_of_treasure(patches: Patches) -> None:
    _in_another_state(patches, Claim, "claims")


def _without_one_first_finder(patches: Patches) -> None:
    _in_another_state(patches, Guess, "solves")


def _in_another_state(patches: Patches, command: type, counts: str) -> None:
    """Let a rule decide as if nothing had been counted."""

    def blind(old: Any) -> Any:
        def decide(state: Hunt, asked: Any, ctx: Any) -> Any:
            kept = getattr(state, counts)
            setattr(state, counts, [0] * len(kept))
            try:
                return old(state, asked, ctx)
            finally:
                setattr(state, counts, kept)

        return decide

    patches.replace(hunt, "DECIDE", hunt.DECIDE | {command: blind(hunt.DECIDE[command])})


def _without_redaction_for_all(patches: Patches) -> None:
    """What all hear of a first finder says what the clue was."""

    def chatty(old: Any) -> Any:
        def tell_all(tell: Telling, shown: Any) -> None:
            if shown.type == "first_finder":
                clue = tell.state.plan.clues[shown.clue_number - 1]
                shown = msgspec.structs.replace(shown, text=clue.solved_text)
            old(tell, shown)

        return tell_all

    patches.wrap(Telling, "news", chatty)


def _without_own_channel(patches: Patches) -> None:
    """A team's wrong guesses are shown to all."""

    def chatty(old: Any) -> Any:
        def pushes(state: Hunt, events: Any, seq: int, at_ms: int) -> Any:
            made = old(state, events, seq, at_ms)
            if isinstance(events[0], Guessed):
                made = [*made, Push("hunt", state.hunt_seq, events)]
                state.hunt_seq = seq
            return made

        return staticmethod(pushes)

    patches.wrap(HuntType, "pushes", lambda old: chatty(old.__func__))


def _without_paid_hints(patches: Patches) -> None:
    def generous(old: Any) -> Any:
        def clue_view(state: Hunt, team: Any, index: int) -> Any:
            kept = team.hints
            team.hints = tuple(index * HINTS_A_CLUE + i for i in range(len(state.plan.clues[index].hints)))
            try:
                return old(state, team, index)
            finally:
                team.hints = kept

        return clue_view

    patches.wrap(views, "clue_view", generous)


def _without_locks_on_pages(patches: Patches) -> None:
    def generous(old: Any) -> Any:
        def page(state: Hunt, query: Any, ctx: Any) -> Any:
            team = state.members.get(ctx.by)
            if team is None:
                return old(state, query, ctx)
            kept, team.unlocked = team.unlocked, team.unlocked | state.plan.clue_bits
            try:
                return old(state, query, ctx)
            finally:
                team.unlocked = kept

        return page

    patches.replace(hunt, "QUERY", hunt.QUERY | {PageQuery: generous(hunt.QUERY[PageQuery])})


SAFEGUARDS: Final = {
    s.name: s
    for s in (
        Safeguard(
            "bounded outbox",
            GATEWAY,
            "a client that does not read costs no more than its outbox",
            ("BOUND",),
            _without_bounded_outbox,
        ),
        Safeguard(
            "paused reads",
            GATEWAY,
            "a client with 16 commands unanswered is not read from",
            ("BOUND",),
            _without_pausing_reads,
        ),
        Safeguard(
            "gap detection",
            GATEWAY,
            "a tail is given only if it is known to be whole",
            ("I4",),
            _without_gap_detection,
        ),
        Safeguard(
            "out of the room when slow",
            GATEWAY,
            "who could not take a push gets none after it without a snapshot",
            ("I4",),
            _without_leaving_when_slow,
        ),
        Safeguard(
            "where it broke off",
            GATEWAY,
            "who reads again goes on with the first push that it did not take",
            ("I4",),
            _without_where_it_broke_off,
        ),
        Safeguard(
            "word of what was missed",
            GATEWAY,
            "who was too slow gets what it missed when it reads again",
            ("I4",),
            _without_word_of_missing,
        ),
        Safeguard(
            "shown once",
            GATEWAY,
            "a record that a recovery shows again is not pushed again",
            ("I4",),
            _without_showing_once,
        ),
        Safeguard(
            "pushes behind a view",
            GATEWAY,
            "a snapshot that waited is followed by what was shown meanwhile",
            ("I4",),
            _without_pushes_behind_a_view,
        ),
        Safeguard(
            "pos floor of a session",
            SESSION,
            "an answer of an owner of before is asked for again",
            ("I7",),
            _without_pos_floor,
        ),
        Safeguard(
            "key window of a session",
            SESSION,
            "a key 16 beyond one that waits is not passed on",
            ("I2",),
            _without_window,
        ),
        Safeguard(
            "limited treasure",
            GAME,
            "no more pieces than there are",
            ("I8",),
            _without_limit_of_treasure,
        ),
        Safeguard(
            "first finder",
            GAME,
            "one first finder a clue",
            ("I8",),
            _without_one_first_finder,
        ),
        Safeguard(
            "redaction",
            GAME,
            "what all hear of a solve holds no text of the clue",
            ("I9",),
            _without_redaction_for_all,
        ),
        Safeguard(
            "a team's own channel",
            GAME,
            "what a team tried is shown to that team",
            ("I9",),
            _without_own_channel,
        ),
        Safeguard(
            "hints when taken",
            GAME,
            "a hint's text is shown to the team that took it",
            ("I9",),
            _without_paid_hints,
        ),
        Safeguard(
            "locked clues",
            GAME,
            "a page shows what the team has opened",
            ("I9",),
            _without_locks_on_pages,
        ),
    )
}
