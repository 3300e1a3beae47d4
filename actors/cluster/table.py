"""The shard table of a cluster: what members report, and which member is to serve which shard.

Pure: reports in, table out, the same on every node. Sticky: a shard stays where it is served unless that member is
gone, leaves, or has more than its share; new homes come by rendezvous hashing. A proposal: the log decides who owns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from actors.cluster.member import Member
from actors.log.port import ShardId

NOBODY = -1


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A shard that a member serves under a tenure (its stamped nonce, the offset it landed at).

    With an offset of -1 it was given the shard by a table and has opened no tenure yet.
    """

    topic: str
    index: int
    nonce: str = ""
    offset: int = -1

    def shard(self) -> ShardId:
        """Return which shard."""
        return ShardId(self.topic, self.index)


class Report(msgspec.Struct, frozen=True):
    """What a member tells the group's leader.

    `table`: the highest version it heard of; `leaving`: give it nothing more; `shards`: how many it knows, by topic;
    `asks`: counts requests for another table (Kafka makes one only when a member says something new).
    """

    member: Member
    table: int = 0
    held: tuple[Held, ...] = ()
    leaving: bool = False
    shards: dict[str, int] = {}
    asks: int = 0


class Located(msgspec.Struct, frozen=True, array_like=True):
    """Whose tenure of a shard was the newest that was reported; `member` counts in the table's list."""

    held: Held
    member: int


class ShardTable(msgspec.Struct, frozen=True):
    """Who is to serve what. `owners`: by topic, for each shard the place of its member in `members`, -1 for nobody."""

    version: int = 0
    members: tuple[Member, ...] = ()
    owners: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    located: tuple[Located, ...] = ()

    def owner(self, shard: ShardId) -> Member | None:
        """Return the member that is to serve a shard."""
        owners = self.owners.get(shard.topic, ())
        at = owners[shard.index] if shard.index < len(owners) else NOBODY
        return self.members[at] if at >= 0 else None

    def shards_of(self, member: Member) -> list[ShardId]:
        """Return what a member is to serve."""
        return [
            ShardId(topic, index)
            for topic, owners in self.owners.items()
            for index, at in enumerate(owners)
            if at >= 0 and self.members[at] == member
        ]


def rendezvous(shard: ShardId, members: Iterable[Member]) -> list[Member]:
    """Return the members in this shard's order of preference, the same on every node (highest random weight)."""

    def weight(member: Member) -> tuple[bytes, str]:
        return hashlib.blake2b(f"{shard}|{member.node}".encode(), digest_size=8).digest(), member.run

    return sorted(members, key=weight, reverse=True)


def assign(reports: Sequence[Report], shards: Mapping[str, int]) -> ShardTable:
    """Make the next table: every shard at a member that has the topic's role and is not leaving, evenly, few moves.

    Of two that report one shard the tenure further on in the log counts. A shard that nobody may have stays with who
    serves it, if anybody does.
    """
    ordered = sorted(reports, key=lambda report: (report.member.node, report.member.run))
    members = [report.member for report in ordered]
    newest = dict(_newest(ordered))
    at = {shard: place for shard, (place, _) in newest.items()}
    owners: dict[str, tuple[int, ...]] = {}
    for topic, count in shards.items():
        load = [sum(row.count(place) for row in owners.values()) for place in range(len(ordered))]
        owners[topic] = _spread(topic, count, ordered, at, load)
    located = tuple(Located(held, place) for place, held in newest.values() if held.offset >= 0)
    return ShardTable(1 + max((r.table for r in ordered), default=0), tuple(members), owners, located)


def _newest(reports: Sequence[Report]) -> Iterator[tuple[ShardId, tuple[int, Held]]]:
    best: dict[ShardId, tuple[tuple[int, int], int, Held]] = {}
    for place, report in enumerate(reports):
        for held in report.held:
            rank = (held.offset, report.table)
            if held.shard() not in best or rank > best[held.shard()][0]:
                best[held.shard()] = rank, place, held
    for shard, (_, place, held) in best.items():
        yield shard, (place, held)


def _spread(
    topic: str, count: int, reports: Sequence[Report], at: Mapping[ShardId, int], load: Sequence[int]
) -> tuple[int, ...]:
    owners = [at.get(ShardId(topic, index), NOBODY) for index in range(count)]
    able = [place for place, report in enumerate(reports) if topic in report.member.roles and not report.leaving]
    if not able:
        return tuple(owners)
    kept: dict[int, list[int]] = {place: [] for place in able}
    for index, place in enumerate(owners):
        if place in kept:
            kept[place].append(index)
    base, more = divmod(count, len(able))
    room: dict[int, int] = {}
    # one more than the others may be at who has most (fewest moves), then at who has least of the topics before
    for place in sorted(able, key=lambda place: (-len(kept[place]), load[place])):
        room[place] = base + (more > 0)
        more -= 1
    owners = [NOBODY] * count
    for place, indices in kept.items():
        mine = reports[place].member
        others = [reports[other].member for other in able]
        indices.sort(key=lambda index: rendezvous(ShardId(topic, index), others).index(mine))
        for index in indices[: room[place]]:
            owners[index] = place
    for place in able:
        room[place] -= owners.count(place)
    places = {reports[place].member: place for place in able}
    for index in range(count):
        if owners[index] == NOBODY:
            order = rendezvous(ShardId(topic, index), places)
            owners[index] = next(places[member] for member in order if room[places[member]] > 0)
            room[owners[index]] -= 1
    return tuple(owners)
