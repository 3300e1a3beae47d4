"""The hunts that a client listens to, and its player's own channel: takes pushes in order, and notices gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huntserver.client.actions import Action, Event, Gap, Message, Refused, Resumed, Snapshot, State
from huntserver.client.channels import Following, PagePieces, Place
from huntserver.client.incoming import Envelope


class Hunts:
    """Every hunt that is listened to. What a call returns is to be told; a `Gap` of a hunt is to be resumed as well."""

    def __init__(self) -> None:
        self._followed: dict[str, Following] = {}
        self._own: dict[str, int] = {}  # the player's own channel, as heard on this connection
        self._named: set[str] = set()  # in this connection's hello

    def __contains__(self, hunt: str) -> bool:
        return hunt in self._followed

    def __iter__(self) -> Iterator[str]:
        return iter(self._followed)

    def get(self, hunt: str) -> Following | None:
        """Return what was seen of a hunt, None if it is not listened to."""
        return self._followed.get(hunt)

    def follow(self, hunt: str) -> Following:
        """Listen to a hunt from here on."""
        return self._followed.setdefault(hunt, Following())

    def leave(self, hunt: str) -> bool:
        """Forget a hunt; False: it was not listened to."""
        return self._followed.pop(hunt, None) is not None

    # ---- connections

    def points(self) -> list[Message]:
        """Return where we stand in each hunt, for hello; the server's word on each is awaited."""
        self._own.clear()
        self._named = set(self._followed)
        for following in self._followed.values():
            following.asked, following.pieces = True, None
        return [following.point(hunt) for hunt, following in self._followed.items()]

    def since_hello(self) -> tuple[list[str], list[str]]:
        """Return the hunts that hello did not name although we listen to them by now, and the reverse."""
        return [hunt for hunt in self._followed if hunt not in self._named], sorted(self._named - self._followed.keys())

    # ---- pushes

    def event(self, m: Envelope, message: Message) -> list[Action]:
        """Take a push of events."""
        if not m.hunt:
            return self._own_event(m, message)
        following = self._followed.get(m.hunt)
        if following is not None and following.pieces is not None:
            following.pieces.held.append((m, message))
            return []
        place = Place.EARLY if following is None else following.take(m.ch, m.seq, m.prev)
        if place is Place.NEXT:
            return [Event(message)]
        return [self._gap(m.hunt, m.ch, m.prev)] if place is Place.GAP else []

    def told(self, hunt: str, m: Envelope) -> list[Action]:
        """Take what an answer says about its hunt: how far it stands, and the push whose place it takes, if any."""
        following = self._followed.get(hunt)
        if following is None:
            return []
        following.pos = max(following.pos, m.pos)
        if m.ch and following.pieces is not None:
            following.pieces.held.append((m, None))
            return []
        if m.ch and following.take(m.ch, m.pos, m.prev) is Place.GAP:
            return [self._gap(hunt, m.ch, m.prev)]
        return []

    def _gap(self, hunt: str, channel: str, prev: int) -> Gap:
        return Gap(hunt, channel, self._followed[hunt].seen(channel), prev)

    def _own_event(self, m: Envelope, message: Message) -> list[Action]:
        """The player's own channel begins anew with each connection, and cannot be resumed."""
        seen = self._own.get(m.ch, max(m.prev, 0))
        if m.seq <= seen:
            return []
        self._own[m.ch] = m.seq
        missed: list[Action] = [Gap("", m.ch, seen, m.prev), Resumed("", False, True)] if m.prev > seen else []
        return [*missed, Event(message)]

    def piece(self, m: Envelope, text: str) -> str | None:
        """Take a piece of a large push; return the push's text once it is whole. Raises ValueError for a piece that is
        not the next."""
        following = self._followed.get(m.hunt)
        if following is None:
            return None
        if m.n == 0:
            following.pieces = PagePieces(m.of)
        if following.pieces is None:
            raise ValueError(f"piece {m.n} of {m.of} without the first")
        return following.pieces.add(m.n, m.of, text)

    def held(self, hunt: str) -> list[tuple[Envelope, Message | None]]:
        """Return what was heard of a hunt while its large push came in pieces; no message: an answer's push."""
        following = self._followed.get(hunt)
        if following is None or following.pieces is None:
            return []
        pieces, following.pieces = following.pieces, None
        return pieces.held

    def late(self, hunt: str, m: Envelope, message: Message | None) -> list[Action]:
        """Take what was held."""
        if message is None:
            return self.told(hunt, m)
        return self.state(m, message) if m.t == "state" else self.event(m, message)

    def snapshot(self, m: Envelope, message: Message) -> list[Action]:
        """Take everything anew."""
        following = self._followed.get(m.hunt)
        if following is None:
            return []
        following.pieces = None
        following.snapshot(m.channels, m.seq)
        return [Snapshot(message)]

    def state(self, m: Envelope, message: Message) -> list[Action]:
        """Take conflated state."""
        following = self._followed.get(m.hunt)
        if following is not None and following.pieces is not None:
            following.pieces.held.append((m, message))
            return []
        return [State(message)] if m.hunt in self._followed else []

    # ---- the server's word

    def resumed(self, m: Envelope) -> list[Action]:
        """The server goes on with a hunt."""
        recovered = m.recovered is True
        if not m.hunt:
            return [Resumed("", recovered, True)]
        following = self._followed.get(m.hunt)
        if following is None:
            return []
        return [Resumed(m.hunt, recovered, following.resumed(recovered))]

    def refused(self, hunt: str, err: Any) -> list[Action]:
        """The server does not let us listen to a hunt."""
        return [Refused(hunt, err)] if self.leave(hunt) else []
