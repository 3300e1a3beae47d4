"""What entities of other nodes show, and who of the other nodes hears what entities here show.

`Watches` is the hearing side: one watch for each entity that somebody listens to here, aimed at the entity's owner,
taken up again where it stood when the owner changes. `Audience` is the showing side: each push goes once to each node
that watches. Between the two nothing is missed in silence: what is not known to be whole is said, and who listens asks
anew. Owns the watches; holds no pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from actors.cluster.links.frames import (
    LinkRewound,
    LinkShown,
    LinkUnwatch,
    LinkWatch,
    LinkWatching,
    PushFrame,
)
from actors.cluster.links.link import Link
from actors.entity import Push
from actors.shard.actor import Sink

Shown = tuple[int, int, Sequence[Push]]
"""A record as it was shown: seq, time in ms, pushes."""

_json: Final = msgspec.json.Encoder().encode


TOLD_MAX: Final = 10_000
"""Records that answers told of and that are not shown yet, of all entities."""


class Listeners(Protocol):
    """Who fans pushes out on this node, as watches see it: rooms."""

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Show a record; see `actors.shard.actor.Publisher`."""
        ...

    def rewind(self, kind: str, seq: Callable[[str], int | None]) -> None:
        """Records that were shown are gone."""
        ...

    def heard(self, kind: str, id: str) -> int:
        """Return the seq of the last record that was shown here; 0: none."""
        ...

    def listened(self, kind: str, id: str) -> bool:
        """Tell whether anybody listens to an entity."""
        ...

    def since(self, kind: str, id: str, seq: int) -> Sequence[Shown] | None:
        """Return every record that was shown after `seq`; None if that is not known to be all."""
        ...

    def broken(self, kind: str, id: str, seq: int, told: Mapping[Sink, Mapping[str, int]]) -> None:
        """What was shown after `seq` elsewhere may be missing: each listener asks for it, or for a snapshot. Those in
        `told` were given some channels further."""
        ...

    def forget(self, kind: str, gone: Callable[[str], bool]) -> None:
        """Entities that `gone` tells of are not shown here any more: what was shown is not all from now on."""
        ...


class EntityWatch:
    """One entity that is listened to here. `since`: everything up to it was heard, also by views."""

    __slots__ = ("id", "is_cut", "kind", "link", "since")

    def __init__(self, kind: str, id: str) -> None:
        self.kind = kind
        self.id = id
        self.since = -1
        self.link: Link | None = None  # to the owner; None: it lives here, or `is_cut`
        self.is_cut = False  # the link was lost, and the watch is not aimed again yet


class ToldRecords:
    """Who was told a record by the answer to its command, until it is shown: it is not shown to them again.

    By the record, not by the link that brought the answer: when the owner changes in between, the next one shows it.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, int], tuple[Sink, str, int]] = {}

    def note(self, kind: str, id: str, seq: int, sink: Sink, channel: str = "", prev: int = 0) -> None:
        """An answer says all of what record `seq` shows on `channel`, after its record `prev`.

        Of very many that are not shown the oldest is forgotten.
        """
        while len(self._told) >= TOLD_MAX:
            del self._told[next(iter(self._told))]
        self._told[kind, id, seq] = sink, channel, prev

    def take(self, kind: str, id: str, seq: int) -> Sink | None:
        """Return who was told a record that is shown now."""
        return self._told.pop((kind, id, seq), (None, "", 0))[0] if self._told else None

    def further(self, kind: str, id: str, seq: int) -> dict[Sink, dict[str, int]]:
        """Return who was given an entity's channels further than `seq`, by answers, without a gap: sink -> channel ->
        seq. They are forgotten: whoever is told this does not get them again."""
        found: dict[Sink, dict[str, int]] = {}
        for at in sorted(key[2] for key in self._told if key[:2] == (kind, id) and key[2] > seq):
            sink, channel, prev = self._told.pop((kind, id, at))
            given = found.setdefault(sink, {})
            if prev <= max(given.get(channel, 0), seq):
                given[channel] = at
        return found


class Watches:
    """The hearing side. `owner` tells over which link an entity's owner is reached (None: it lives here), or raises
    LookupError while nobody is known."""

    def __init__(
        self, listeners: Listeners, owner: Callable[[str, str], Link | None], told: ToldRecords | None = None
    ) -> None:
        self.told = told or ToldRecords()
        self._listeners = listeners
        self._owner = owner
        self._watches: dict[tuple[str, str], EntityWatch] = {}

    def watch(self, kind: str, id: str) -> None:
        """Hear an entity from now on, wherever it lives. Called before it is asked for the view that listeners begin
        with, so that what follows the view is heard."""
        key = (kind, id)
        if key not in self._watches:
            self._watches[key] = EntityWatch(kind, id)
        self.aim(kind, id)

    def aim(self, kind: str, id: str) -> None:
        """See that a watch is at the entity's owner, if there is one."""
        watch = self._watches.get((kind, id))
        if watch is None:
            return
        try:
            link = self._owner(kind, id)
        except LookupError:
            return  # aimed again when somebody is known
        was, lost = watch.link, watch.is_cut
        if link is was and not lost:
            return
        watch.link, watch.is_cut = link, False
        if was is not None:
            was.send(LinkUnwatch(kind, id))
        heard = max(watch.since, self._listeners.heard(kind, id))
        if link is not None:
            link.send(LinkWatch(kind, id, heard if heard > 0 else -1))
        elif was is not None or lost:
            self._broken(watch, heard)

    def aim_all(self) -> None:
        """Aim every watch anew: owners or links have changed."""
        for kind, id in list(self._watches):
            self.aim(kind, id)

    def viewed(self, link: Link, kind: str, id: str, pos: int) -> None:
        """A view of the entity at `pos` came: if by the link of its watch, what was shown before it was heard.

        By another link (of the owner before) it says nothing of what was heard: its records are dropped.
        """
        watch = self._watches.get((kind, id))
        if watch is not None and watch.link is link and pos > watch.since:
            watch.since = pos

    def sweep(self) -> None:
        """Forget what nobody listens to any more."""
        for key, watch in list(self._watches.items()):
            if not self._listeners.listened(*key):
                del self._watches[key]
                if watch.link is not None:
                    watch.link.send(LinkUnwatch(*key))

    def watching(self, link: Link, frame: LinkWatching) -> None:
        """The owner has taken the watch."""
        watch = self._watches.get((frame.kind, frame.id))
        if watch is not None and watch.link is link and not frame.whole:
            self._broken(watch, max(watch.since, self._listeners.heard(watch.kind, watch.id)))

    def shown(self, link: Link, frame: LinkShown, pushes: Sequence[Push]) -> None:
        """The owner shows a record. From a node that is the owner no more it is dropped: the new one's tail has it."""
        watch = self._watches.get((frame.kind, frame.id))
        if watch is not None and watch.link is link:
            origin = self.told.take(frame.kind, frame.id, frame.seq)
            self._listeners.publish(frame.kind, frame.id, frame.seq, frame.at_ms, pushes, origin)

    def is_shown(self, kind: str, id: str, seq: int) -> bool:
        """Tell whether a record was shown here already, to everybody who listened."""
        return self._listeners.heard(kind, id) >= seq

    def rewound(self, link: Link, frame: LinkRewound) -> None:
        """Records that the owner had shown are gone."""
        watch = self._watches.get((frame.kind, frame.id))
        if watch is not None and watch.link is link:
            watch.since = min(watch.since, frame.seq)
            self._listeners.rewind(frame.kind, lambda id: frame.seq if id == frame.id else None)

    def lost(self, link: Link) -> None:
        """A link is gone: its watches are aimed anew once an owner is known. Until then nothing is heard."""
        for watch in self._watches.values():
            if watch.link is link:
                watch.link, watch.is_cut = None, True
                watch.since = max(watch.since, self._listeners.heard(watch.kind, watch.id))

    def _broken(self, watch: EntityWatch, heard: int) -> None:
        seq = max(heard, 0)
        self._listeners.broken(watch.kind, watch.id, seq, self.told.further(watch.kind, watch.id, seq))

    def __len__(self) -> int:
        return len(self._watches)


class Audience:
    """The showing side: a `Publisher` that shows to the listeners here, and to each node that watches."""

    def __init__(self, listeners: Listeners, request_of: Callable[[Any, Link], int]) -> None:
        self.told = ToldRecords()
        self.listeners = listeners
        self._request_of = request_of  # the number on a link of the request that a sink answers; 0: another's
        self._watchers: dict[tuple[str, str], dict[Link, None]] = {}

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Show a durable record; see `actors.shard.actor.Publisher`."""
        if origin is None:  # also what another node's owner wrote, and this one's tail brings
            origin = self.told.take(kind, id, seq)
        self.listeners.publish(kind, id, seq, at_ms, pushes, origin)
        watchers = self._watchers.get((kind, id))
        if watchers:
            framed = framed_pushes(pushes)
            for link in watchers:
                link.send(LinkShown(kind, id, seq, at_ms, framed, self._request_of(origin, link)))

    def rewind(self, kind: str, seq: Callable[[str], int | None]) -> None:
        """Records that were shown are gone."""
        self.listeners.rewind(kind, seq)
        for (watched, id), links in self._watchers.items():
            at = seq(id) if watched == kind else None
            if at is not None:
                for link in links:
                    link.send(LinkRewound(kind, id, at))

    def watch(self, link: Link, frame: LinkWatch) -> None:
        """Show an entity to a node from here on, and what it missed since it last heard, if that is known."""
        missed = [] if frame.since < 0 else self.listeners.since(frame.kind, frame.id, frame.since)
        link.send(LinkWatching(frame.kind, frame.id, missed is not None))
        for seq, at_ms, pushes in missed or ():
            link.send(LinkShown(frame.kind, frame.id, seq, at_ms, framed_pushes(pushes)))
        self._watchers.setdefault((frame.kind, frame.id), {})[link] = None

    def unwatch(self, link: Link, frame: LinkUnwatch) -> None:
        """Show it to that node no more."""
        self._drop((frame.kind, frame.id), link)

    def lost(self, link: Link) -> None:
        """A link is gone."""
        for key in list(self._watchers):
            self._drop(key, link)

    def _drop(self, key: tuple[str, str], link: Link) -> None:
        watchers = self._watchers.get(key)
        if watchers is not None:
            watchers.pop(link, None)
            if not watchers:
                del self._watchers[key]


def framed_pushes(pushes: Sequence[Push]) -> tuple[PushFrame, ...]:
    """Return pushes as a link carries them."""
    return tuple(PushFrame(p.channel, p.prev, _json(p.events), p.told, p.state, p.parted) for p in pushes)
