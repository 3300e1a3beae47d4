"""What entities of other nodes show, and who of the other nodes hears what entities here show.

`Watches` is the hearing side: one watch for each entity that somebody listens to here, aimed at the entity's owner,
taken up again where it stood when the owner changes. `Audience` is the showing side: each push goes once to each node
that watches. Between the two nothing is missed in silence: what is not known to be whole is said, and who listens asks
anew. Owns the watches; holds no pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def saw(self, kind: str, id: str, pos: int) -> None:
        """Everything up to `pos` was shown here, also if nothing was said of some of it."""
        ...

    def tell(self, kind: str, id: str, seq: int, sink: Sink, channel: str, prev: int) -> bool:
        """Tell whether an answer is to say what record `seq` shows on `channel`, after its record `prev`: then it is
        not shown to the sink again, whoever shows it. Not if it was shown, or if something before it was not."""
        ...

    def broken(self, kind: str, id: str) -> None:
        """What was shown elsewhere after what was heard may be missing: each listener asks for it, or a snapshot."""
        ...

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        """What another owner wrote is shown here from there on; see `actors.shard.actor.Publisher`."""
        ...

    def forget(self, kind: str, gone: Callable[[str], bool]) -> None:
        """Entities that `gone` tells of are not shown here any more: what was shown is not all from now on."""
        ...


class EntityWatch:
    """One entity that is listened to here."""

    __slots__ = ("id", "is_cut", "kind", "link")

    def __init__(self, kind: str, id: str) -> None:
        self.kind = kind
        self.id = id
        self.link: Link | None = None  # to the owner; None: it lives here, or `is_cut`
        self.is_cut = False  # nobody is heard now, and the watch is not aimed again yet


class Watches:
    """The hearing side. `owner` tells over which link an entity's owner is reached (None: it is served here), or raises
    LookupError while nobody is known."""

    def __init__(self, listeners: Listeners, owner: Callable[[str, str], Link | None]) -> None:
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
        except LookupError:  # aimed again when somebody is known
            watch.is_cut = watch.link is None
            return
        was = watch.link
        if link is was and not watch.is_cut:
            return
        watch.link, watch.is_cut = link, False
        if was is not None:
            was.send(LinkUnwatch(kind, id))
        if link is not None:  # what begins to be served here says so itself (`regained`)
            heard = self._listeners.heard(kind, id)
            link.send(LinkWatch(kind, id, heard if heard > 0 else -1))

    def aim_all(self) -> None:
        """Aim every watch anew: owners or links have changed."""
        for kind, id in list(self._watches):
            self.aim(kind, id)

    def viewed(self, link: Link, kind: str, id: str, pos: int) -> bool:
        """A view of the entity at `pos` came: by the link of its watch, all that was shown before it was heard.

        By another link (of the owner before) it does not fit what is heard: return False, it is to be asked for again.
        """
        watch = self._watches.get((kind, id))
        if watch is None:
            return True
        if watch.link is link:
            self._listeners.saw(kind, id, pos)
        return watch.link is link

    def is_here(self, kind: str, id: str) -> bool:
        """Tell whether what an entity shows is heard from this node itself."""
        watch = self._watches.get((kind, id))
        return watch is None or (watch.link is None and not watch.is_cut)

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        """A shard is served here now: what its entities show is heard from this node; see `Publisher.regained`."""
        for watch in self._watches.values():
            if watch.kind == kind and since(watch.id) is not None:
                was, watch.link, watch.is_cut = watch.link, None, False
                if was is not None:
                    was.send(LinkUnwatch(kind, watch.id))

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
            self._listeners.broken(watch.kind, watch.id)

    def shown(self, link: Link, frame: LinkShown, pushes: Sequence[Push]) -> None:
        """The owner shows a record. From a node that is the owner no more it is dropped: the new one's tail has it."""
        watch = self._watches.get((frame.kind, frame.id))
        if watch is not None and watch.link is link:
            self._listeners.publish(frame.kind, frame.id, frame.seq, frame.at_ms, pushes, None)

    def rewound(self, link: Link, frame: LinkRewound) -> None:
        """Records that the owner had shown are gone."""
        watch = self._watches.get((frame.kind, frame.id))
        if watch is not None and watch.link is link:
            self._listeners.rewind(frame.kind, lambda id: frame.seq if id == frame.id else None)

    def lost(self, link: Link) -> None:
        """A link is gone: its watches are aimed anew once an owner is known. Until then nothing is heard."""
        for watch in self._watches.values():
            if watch.link is link:
                watch.link, watch.is_cut = None, True

    def __len__(self) -> int:
        return len(self._watches)


class Audience:
    """The showing side: a `Publisher` that shows to the listeners here, and to each node that watches."""

    def __init__(self, listeners: Listeners, request_of: Callable[[Any, Link], int]) -> None:
        self.listeners = listeners
        self.regains: Callable[[str, Callable[[str], int | None]], None] = lambda kind, since: None
        self._request_of = request_of  # the number on a link of the request that a sink answers; 0: another's
        self._watchers: dict[tuple[str, str], dict[Link, None]] = {}

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Show a durable record; see `actors.shard.actor.Publisher`."""
        self.listeners.publish(kind, id, seq, at_ms, pushes, origin)
        watchers = self._watchers.get((kind, id))
        if watchers:
            framed = framed_pushes(pushes)
            for link in watchers:
                link.send(LinkShown(kind, id, seq, at_ms, framed, self._request_of(origin, link)))

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        """A shard is served here after another node may have served it; see `actors.shard.actor.Publisher`. A node that
        watched all the time, and heard of no other owner, hears that something may be missing."""
        self.regains(kind, since)
        self.listeners.regained(kind, since)
        for (watched, id), links in self._watchers.items():
            if watched == kind and since(id) is not None:
                for link in links:
                    link.send(LinkWatching(kind, id, False))

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
    return tuple(PushFrame(p.channel, p.prev, _json(p.events), p.told, p.state, p.parted, p.can_wait) for p in pushes)
