"""What one connection listens to: joining rooms, resuming, catching up after being slow.

Owns the connection's channels by hunt. Entering a room and sending what it rests on happen in one step, in the order
in which the runtime lets effects out: nothing is missed in between, and what could not be kept is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from actors.entity import Push, Rejected
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.gateway.listener import Listener
from huntserver.gateway.services import Services
from huntserver.wire.codecs import Snapshot, Sys, page_as_sent, refusal
from huntserver.wire.session import Session

TOO_MANY: Final = Rejected("rate_limited", "this connection listens to too many hunts; leave one")
PASSING: Final = frozenset({"unavailable", "unknown", "busy", "internal"})
"""Refusals of the server's, not of the rules: asked again by the gateway itself."""
SPREAD_S: Final = 0.5
RETRY_S: Final = (0.25, 0.5, 1.0, 2.0, 5.0)


class Seen:
    """How far a client has seen a hunt: a mapping from any channel to a seq."""

    __slots__ = ("_channels", "_seq", "highest")

    def __init__(self, seq: int, channels: Mapping[str, int]) -> None:
        self._seq = seq
        self._channels = channels
        self.highest = max(seq, *channels.values()) if channels else seq

    def get(self, channel: str, default: int = 0) -> int:
        """Return the last seq seen on a channel."""
        return self._channels.get(channel, self._seq)


class Subscriber(Listener, Protocol):
    """The connection that listens."""

    behind: bool
    closing: bool
    session: Session
    takes: frozenset[str]

    def send(self, struct: Any) -> None:
        """Send a push or system message."""
        ...

    def send_large(self, hunt: str, struct: Any) -> None:
        """Send a push of a hunt that may be large: in pieces, to a client that takes them."""
        ...

    def drop_large(self, hunt: str) -> None:
        """Send no more of what was to be sent in pieces of a hunt."""
        ...

    def write(self, data: bytes) -> None:
        """Write a whole frame."""
        ...


class Subscriptions:
    """The hunts that one connection listens to. Made with its first join or resume; `end` with its socket."""

    __slots__ = ("_asked", "_connection", "_present", "_services", "channels", "missed")

    def __init__(self, services: Services, connection: Subscriber) -> None:
        self._services = services
        self._connection = connection
        self._asked: dict[str, _Entry] = {}  # hunt -> the question that it will be entered by
        self.channels: dict[str, tuple[str, ...]] = {}
        self._present: dict[str, str] = {}  # hunts in which this connection counts as connected, and of which team
        # hunts of which a push was not taken, and what was given before it ("": the player's own channel)
        self.missed: dict[str, Seen] | None = None

    @property
    def closing(self) -> bool:
        """Tell whether the connection ends or has ended."""
        return self._connection.closing

    # ---- ways in

    def join(self, hunt: str) -> None:
        """Listen to a hunt: ask for its page, and enter with the snapshot."""
        self._ask(_Entry(self, hunt, None))

    def resume(self, hunt: str, seq: int, pos: int, channels: Mapping[str, int]) -> None:
        """Listen again from where the client stands: with the exact tail, or a snapshot."""
        self._connection.session.saw(hunt, pos)
        self._ask(_Entry(self, hunt, Seen(seq, channels)))

    def parted(self, hunt: str) -> None:
        """The room has let go of this connection, whose client may not hear all of the hunt's channels any longer:
        enter anew, or hear why not, once the record that says so has been shown."""
        self.leave(hunt)
        self._connection.drop_large(hunt)
        self._services.clock.soon(self._enter_anew, hunt)

    def _enter_anew(self, hunt: str) -> None:
        if hunt not in self.channels and hunt not in self._asked:
            self._ask(_Entry(self, hunt, Seen(0, {}), parted=True))

    def _ask(self, entry: _Entry) -> None:
        connection = self._connection
        if connection.closing:
            return
        held = len(self.channels.keys() | self._asked.keys())
        if held >= self._services.limits.hunts_per_session and entry.hunt not in {*self.channels, *self._asked}:
            connection.send(Sys("sys", "refused", entry.hunt, err=refusal(TOO_MANY)))
            return
        caller = connection.session.caller
        assert caller is not None
        self.leave(entry.hunt)  # what is shown until it is entered again comes with the tail or the snapshot
        self._asked[entry.hunt] = entry
        self._services.rooms.expect(entry.hunt)
        query = PageQuery("texts" in connection.takes) if entry.seen is None else MembershipQuery()
        self._services.system.query("hunt", entry.hunt, query, entry, 0, caller)

    # ---- answers; each only if its question is still the one asked

    def viewed(self, entry: _Entry, view: Any, pos: int) -> None:
        """Enter with a snapshot, or with the exact tail if the ring has it, else ask for a snapshot."""
        if self._connection.closing or self._asked.get(entry.hunt) is not entry:
            return
        del self._asked[entry.hunt]
        session = self._connection.session
        if pos < self._services.rooms.parted(entry.hunt, self._connection.by):
            self._again(entry, 0)  # let out late: since then the client was taken out of a channel
            return
        if session.stale(entry.hunt, pos):
            if entry.tries < len(RETRY_S):
                self._again(entry, 0)
                return
            # No owner knows what the client says it saw: it saw another log. It is told what there is.
            session.lower(entry.hunt, pos)
        if entry.seen is None:
            self._snapshot(entry, view, pos)
        elif (
            entry.parted
            or entry.seen.highest > pos
            or entry.seen.highest < view.since
            or not self._recover(entry, entry.seen, view.channels, pos)
        ):
            self.join(entry.hunt)

    def _recover(self, entry: _Entry, seen: Seen, channels: dict[str, int], pos: int) -> bool:
        if entry.is_slow:
            return self._catch_up(entry.hunt, seen, channels, pos)
        hunt, connection = entry.hunt, self._connection
        tail = self._services.rooms.tail(hunt, seen, channels, connection.packed, pos)  # type: ignore[arg-type]
        if tail is None:
            return False
        self._enter(hunt, channels, pos)
        connection.drop_large(hunt)
        connection.send(Sys("sys", "resumed", hunt, recovered=True, seq=pos))
        for data in tail:
            connection.write(data)
        return True

    def _snapshot(self, entry: _Entry, page: Any, pos: int) -> None:
        hunt, connection = entry.hunt, self._connection
        # A view may be let out after younger pushes (it waited for a proof of ownership): those follow it.
        since = self._services.rooms.tail(hunt, page.channels, page.channels, connection.packed, pos)
        if since is None:
            self._again(entry, 0)
            return
        self._enter(hunt, page.channels, pos)
        connection.drop_large(hunt)
        connection.send(Sys("sys", "resumed", hunt, recovered=False, seq=pos))
        sent = page_as_sent(page, connection.packed)
        connection.send_large(hunt, Snapshot("snapshot", hunt, pos, page.channels, sent))
        for frame in since:
            connection.write(frame)

    def _enter(self, hunt: str, channels: dict[str, int], pos: int) -> None:
        self.channels[hunt] = tuple(channels)
        if channels:
            self._services.rooms.enter(hunt, channels, self._connection, pos)
            self._absent(hunt)
            team = next((name[5:] for name in channels if name.startswith("team:")), "")
            self._present[hunt] = team
            self._services.attendance.entered(self._connection, hunt, team)

    def _absent(self, hunt: str) -> None:
        team = self._present.pop(hunt, None)
        if team is not None:
            self._services.attendance.left(self._connection, hunt, team)

    def refused(self, entry: _Entry, rejected: Rejected, pos: int) -> None:
        """Say why a hunt is not heard; try again later if that can help."""
        connection = self._connection
        if connection.closing or self._asked.get(entry.hunt) is not entry:
            return
        del self._asked[entry.hunt]
        stale = pos >= 0 and connection.session.stale(entry.hunt, pos)  # who had not yet joined there has since
        if rejected.code in PASSING or (stale and entry.tries < len(RETRY_S)):
            self._again(entry, rejected.after_ms or 0)
        else:
            connection.send(Sys("sys", "refused", entry.hunt, err=refusal(rejected)))

    def _again(self, entry: _Entry, after_ms: int) -> None:
        wait_s = max(RETRY_S[min(entry.tries, len(RETRY_S) - 1)], after_ms / 1000) * (0.5 + self._services.clock.roll())
        entry.tries += 1
        self._asked[entry.hunt] = entry
        self._services.clock.later(wait_s, self._retry, entry)

    def _retry(self, entry: _Entry) -> None:
        if self._asked.get(entry.hunt) is entry:
            self._ask(entry)

    # ---- when what was heard is not whole

    def restart(self, hunt: str) -> None:
        """The room has let go of this listener: what it saw is gone from the log."""
        self.channels.pop(hunt, None)
        self._soon(_Entry(self, hunt, None))

    def take_up(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """The room has let go of this listener, which was given everything up to `seq`, and of `channels` further."""
        self.channels.pop(hunt, None)
        self._soon(_Entry(self, hunt, Seen(seq, channels)))

    def _soon(self, entry: _Entry) -> None:
        """Ask within a moment: all listeners of a room have to, and not all at once."""
        self._asked[entry.hunt] = entry
        self._services.clock.later(SPREAD_S * self._services.clock.roll(), self._retry, entry)

    # ---- being slow

    def fell_behind(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """The room has dropped this listener, which was given everything up to `seq`, and of `channels` further."""
        if self.missed is None:
            self.missed = {}
        self.missed.setdefault(hunt, Seen(seq, channels))
        self.channels.pop(hunt, None)

    def catch_up(self) -> None:
        """The socket is fast again: what was missed goes on where it broke off. What is on its way to a slow reader is
        not sent again: it would never come to an end."""
        missed, self.missed = self.missed, None
        for hunt, seen in sorted((missed or {}).items()):
            if hunt:
                self._ask(_Entry(self, hunt, seen, is_slow=True))
            else:
                self._connection.send(Sys("sys", "resumed", recovered=False))

    def _catch_up(self, hunt: str, seen: Seen, channels: dict[str, int], pos: int) -> bool:
        """Send a portion of what was missed, then the next one when it is gone; False: a snapshot must do."""
        connection = self._connection
        found = self._services.rooms.portion(hunt, seen, channels, connection.packed)  # type: ignore[arg-type]
        if found is None:
            return False
        frames, stands = found
        for data in frames:
            connection.write(data)
        if stands is None:
            self._enter(hunt, channels, pos)
        else:
            self.fell_behind(hunt, 0, stands)
            self._services.clock.soon(self._next_portion)
        return True

    def _next_portion(self) -> None:
        if self.missed is not None and not self._connection.behind and not self._connection.closing:
            self.catch_up()  # else when the outbox has drained

    # ---- ways out

    def leave(self, hunt: str) -> None:
        """Stop listening to a hunt."""
        self._asked.pop(hunt, None)
        if self.missed is not None:
            self.missed.pop(hunt, None)
        self._services.rooms.leave(hunt, self.channels.pop(hunt, ()), self._connection)
        self._absent(hunt)

    def end(self) -> None:
        """Leave every room."""
        self._asked.clear()
        for hunt in {**self.channels, **self._present}:  # also one that it reads too slowly to be in the room of
            self.leave(hunt)


class _Entry:
    """A question that a hunt will be entered by: its page (no `seen`), or the membership that a resume needs."""

    __slots__ = ("_subscriptions", "hunt", "is_slow", "parted", "seen", "tries")

    def __init__(
        self,
        subscriptions: Subscriptions,
        hunt: str,
        seen: Seen | None,
        *,
        is_slow: bool = False,
        parted: bool = False,
    ) -> None:
        self._subscriptions = subscriptions
        self.hunt = hunt
        self.seen = seen
        self.parted = parted  # it was in the room until the client left a channel: it begins anew
        self.is_slow = is_slow  # it was in the room until it read too slowly: it goes on without a word
        self.tries = 0

    @property
    def closing(self) -> bool:
        """Tell whether its client is gone."""
        return self._subscriptions.closing

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Pass it on."""
        self._subscriptions.refused(self, rejected, pos)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Pass it on."""
        self._subscriptions.viewed(self, view, pos)
