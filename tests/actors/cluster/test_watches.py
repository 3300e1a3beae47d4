"""A watch goes to the owner, is taken up where it stood, and what is not known to be whole is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.cluster.links import frames as f
from actors.cluster.watches import Audience, Watches
from actors.entity import Push


class Wire:
    """A link that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, frame: Any) -> None:
        self.sent.append(frame)


class Room:
    """Listeners, and what they were shown or told."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, list[str]]] = []
        self.origins: list[Any] = []
        self.ring: list[tuple[int, int, list[Push]]] | None = None
        self.broke: list[int] = []
        self.regains: list[int | None] = []
        self.is_heard = True
        self.seen = 0

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Any) -> None:
        self.shown.append((seq, [push.channel for push in pushes]))
        self.origins.append(origin)

    def rewind(self, kind: str, seq: Callable[[str], int | None]) -> None:
        at = seq("h")
        self.shown = [one for one in self.shown if at is None or one[0] <= at]

    def heard(self, kind: str, id: str) -> int:
        return max(self.seen, self.shown[-1][0] if self.shown else 0)

    def saw(self, kind: str, id: str, pos: int) -> None:
        self.seen = max(self.seen, pos)

    def tell(self, kind: str, id: str, seq: int, sink: Any, channel: str, prev: int) -> bool:
        return self.heard(kind, id) < seq

    def listened(self, kind: str, id: str) -> bool:
        return self.is_heard

    def since(self, kind: str, id: str, seq: int) -> list[tuple[int, int, list[Push]]] | None:
        return None if self.ring is None else [one for one in self.ring if one[0] > seq]

    def broken(self, kind: str, id: str) -> None:
        self.broke.append(self.heard(kind, id))

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        self.regains.append(since("h"))

    def forget(self, kind: str, gone: Callable[[str], bool]) -> None:
        pass


class World:
    """One node that listens to the entity `h`, and the links to its owners."""

    def __init__(self) -> None:
        self.room = Room()
        self.owner: Any = Wire()
        self.watches = Watches(self.room, self._owner)

    def _owner(self, kind: str, id: str) -> Any:
        if self.owner == "nobody":
            raise LookupError
        return self.owner

    def moves(self, owner: Any) -> Any:
        was, self.owner = self.owner, owner
        self.watches.aim_all()
        return was


def show(watches: Watches, link: Any, seq: int) -> None:
    frame = f.LinkShown("k", "h", seq, 0, ())
    watches.shown(link, frame, [Push("all", seq - 1)])


def test_a_watch_begins_at_the_owner_and_is_taken_up_at_the_next_one_where_it_stood() -> None:
    world = World()
    world.watches.watch("k", "h")
    assert world.owner.sent == [f.LinkWatch("k", "h", -1)]
    show(world.watches, world.owner, 4)
    second = Wire()
    first = world.moves(second)
    assert first.sent[1:] == [f.LinkUnwatch("k", "h")]
    assert second.sent == [f.LinkWatch("k", "h", 4)]
    show(world.watches, first, 5)  # it is the owner no more
    show(world.watches, second, 5)
    assert [seq for seq, _ in world.room.shown] == [4, 5]


def test_what_a_view_held_counts_as_heard() -> None:
    world = World()
    world.watches.watch("k", "h")
    world.watches.viewed(world.owner, "k", "h", 9)
    second = Wire()
    world.moves(second)
    assert second.sent == [f.LinkWatch("k", "h", 9)]


def test_a_lost_link_is_watched_anew_once_an_owner_is_known() -> None:
    world = World()
    world.watches.watch("k", "h")
    show(world.watches, world.owner, 3)
    lost = world.moves("nobody")
    world.watches.lost(lost)
    world.watches.aim_all()
    assert not world.watches.is_here("k", "h")
    third = Wire()
    world.moves(third)
    assert third.sent == [f.LinkWatch("k", "h", 3)]


def test_what_begins_to_be_served_here_is_heard_from_here_and_who_watched_it_all_along_hears_of_a_gap() -> None:
    world, other = World(), Wire()
    audience = Audience(world.room, lambda origin, to: 0)
    audience.regains = world.watches.regained
    world.watches.watch("k", "h")
    audience.watch(other, f.LinkWatch("k", "h", -1))  # type: ignore[arg-type]
    audience.watch(other, f.LinkWatch("k", "else", -1))  # type: ignore[arg-type]
    audience.regained("k", lambda id: 7 if id == "h" else None)
    assert world.owner.sent[-1] == f.LinkUnwatch("k", "h")
    assert world.watches.is_here("k", "h")
    assert world.room.regains == [7]
    assert other.sent[2:] == [f.LinkWatching("k", "h", False)]


def test_an_entity_that_nobody_is_known_to_serve_is_not_taken_for_one_that_lives_here() -> None:
    world = World()
    world.owner = None
    world.watches.watch("k", "h")
    assert world.watches.is_here("k", "h")
    world.moves("nobody")
    assert not world.watches.is_here("k", "h")


def test_what_is_not_whole_is_told_to_who_listens_and_only_of_the_present_owner() -> None:
    world = World()
    world.watches.watch("k", "h")
    world.watches.watching(Wire(), f.LinkWatching("k", "h", False))  # type: ignore[arg-type]
    assert world.room.broke == []
    world.watches.watching(world.owner, f.LinkWatching("k", "h", False))
    assert world.room.broke == [0]


def test_who_is_not_listened_to_is_let_go() -> None:
    world = World()
    world.watches.watch("k", "h")
    world.watches.sweep()
    assert len(world.watches) == 1
    world.room.is_heard = False
    world.watches.sweep()
    assert len(world.watches) == 0
    assert world.owner.sent[-1] == f.LinkUnwatch("k", "h")


def test_an_audience_shows_once_a_node_tells_what_was_missed_and_who_made_it() -> None:
    room, link, other = Room(), Wire(), Wire()
    audience = Audience(room, lambda origin, to: 7 if origin == "ours" and to is link else 0)
    room.ring = [(2, 5, [Push("all", 1, ({"n": 2},))]), (3, 6, [Push("all", 2, ({"n": 3},))])]
    audience.watch(link, f.LinkWatch("k", "h", 2))  # type: ignore[arg-type]
    assert [type(one) for one in link.sent] == [f.LinkWatching, f.LinkShown]
    assert link.sent[0].whole
    assert (link.sent[1].seq, link.sent[1].pushes[0].events) == (3, b'[{"n":3}]')
    room.ring = None
    audience.watch(other, f.LinkWatch("k", "h", 2))  # type: ignore[arg-type]
    assert not other.sent[0].whole
    audience.publish("k", "h", 4, 7, [Push("all", 3, ({"n": 4},), parted="p:x")], "ours")  # type: ignore[arg-type]
    assert (link.sent[-1].n, other.sent[-1].n) == (7, 0)
    assert link.sent[-1].pushes[0].parted == "p:x"
    audience.rewind("k", lambda id: 1)
    assert link.sent[-1] == f.LinkRewound("k", "h", 1)
    audience.lost(link)  # type: ignore[arg-type]
    audience.unwatch(other, f.LinkUnwatch("k", "h"))  # type: ignore[arg-type]
    before = len(link.sent), len(other.sent)
    audience.publish("k", "h", 5, 8, [Push("all", 4)], None)
    assert (len(link.sent), len(other.sent)) == before


def test_a_view_of_the_owner_before_does_not_count_as_heard_so_that_nothing_is_left_out() -> None:
    world = World()
    world.watches.watch("k", "h")
    show(world.watches, world.owner, 4)
    first = world.moves(Wire())
    show(world.watches, first, 5)  # dropped
    assert not world.watches.viewed(first, "k", "h", 5)  # it is asked for again
    world.watches.watching(world.owner, f.LinkWatching("k", "h", False))
    assert world.room.broke == [4]
