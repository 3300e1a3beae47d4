"""When may this node open a tenure on a shard? The rules of succession, as one node applies them.

Pure: no asyncio and no clock; times are arguments in s of any clock that does not go back. Knows the group's table, the
newest tenures as read or told, and the links that broke. The group proposes; the newest tenure in the log is the owner,
whatever the group says (docs/adr/0019-placement.md has each rule and the trace that asks for it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from actors.cluster.member import Member
from actors.cluster.succession import Newest, Ruling, Say
from actors.cluster.table import Held, ShardTable, rendezvous
from actors.log.port import ShardId

MOVE_S: Final = 2.0
"""A holder from which the table moved a shard has this long to give it up, once the next owner has replayed it."""
NEXT_S: Final = 2.0
"""The next in order follows when nothing was read after this long: the first replays meanwhile, and two that open a
tenure at once both begin anew."""

Run = tuple[str, str]


class Reset:
    """A link that broke: what it entitles to, and what of that is used up."""

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self.refused = self.majority = False
        self.used: set[ShardId] = set()

    def entitles(self, shard: ShardId) -> bool:
        """Tell whether a tenure on a shard of that peer may be opened by it."""
        return (self.refused or self.majority) and shard not in self.used


class PlacementRules:
    """One node's view of all shards, and its answers."""

    def __init__(self, me: Member, shards: Mapping[str, int], *, standby: bool = False) -> None:
        self.me = me
        self.standby = standby  # follow the shards that this node would take over first
        self.table = ShardTable()
        self.shards = [ShardId(topic, index) for topic, count in shards.items() for index in range(count)]
        self.newest: dict[ShardId, Newest] = {}
        self.holding: dict[ShardId, str] = {}  # stamped nonce of the tenure that this node serves under
        self._members: dict[Run, Member] = {}
        self._lines: dict[ShardId, list[Member]] = {}  # who may serve a shard, in rendezvous order
        self._grants: dict[ShardId, tuple[int, float]] = {}  # moved here by which table, and when
        self._following: set[ShardId] = set()  # of these: it has replayed
        self._leaving: set[ShardId] = set()  # held when a table moved it away
        self._dropped: dict[ShardId, str] = {}  # stamped nonce of the tenure that was dropped last, and not released
        self._resets: dict[Run, Reset] = {}
        self.version = 0  # the highest of a table that was heard of, in a tenure as well
        self._by_reset: set[ShardId] = set()  # the last OPEN rested on a broken link

    # ---- what happens

    def generation(self, table: ShardTable, now_s: float) -> None:
        """Take the table of a new generation of the group. Two may bear one version: the later to come counts."""
        if table.version < self.table.version:
            return
        before, self.table = self.table, table
        self.version = max(self.version, table.version)
        self._members = {(member.node, member.run): member for member in table.members}
        self._lines.clear()
        self._resets = {run: reset for run, reset in self._resets.items() if run in self._members}
        for located in table.located:
            member = table.members[located.member]
            held = located.held
            self._note(held.shard(), Newest(member.node, member.run, held.nonce, held.offset))
        for shard in self.shards:
            given, newest = table.owner(shard), self.newest.get(shard)
            ours = newest is not None and self._mine(newest) and not newest.released
            if given == self.me:
                self._leaving.discard(shard)
                if not ours:
                    waiting = self._grants.get(shard) if before.owner(shard) == self.me else None
                    self._grants[shard] = table.version, waiting[1] if waiting else now_s
                    if not waiting:
                        self._following.discard(shard)
            else:
                self._grants.pop(shard, None)
                if given is not None and ours:
                    self._leaving.add(shard)

    def saw(self, shard: ShardId, newest: Newest | None) -> None:
        """Take the newest tenure as read in the log, or as told by a peer: an older one than known changes nothing."""
        if newest is not None:
            self._note(shard, newest)

    def opened(self, shard: ShardId, newest: Newest) -> None:
        """This node serves the shard under this tenure now."""
        self._note(shard, newest)
        self.holding[shard] = newest.nonce

    def follows(self, shard: ShardId, now_s: float) -> None:
        """This node has replayed a shard, and says so: from now on its holder has its time to give it up."""
        grant = self._grants.get(shard)
        if grant is not None and shard not in self._following:
            self._following.add(shard)
            self._grants[shard] = grant[0], now_s

    def dropped(self, shard: ShardId, *, released: bool = False) -> None:
        """This node holds nothing of the shard any more; `released`: its log says so."""
        nonce = self._dropped[shard] = self.holding.pop(shard, self._dropped.get(shard, ""))
        newest = self.newest.get(shard)
        if released and newest is not None and newest.nonce == nonce:
            self.newest[shard] = newest._replace(released=True)
            self._leaving.discard(shard)

    def link_reset(self, member: Member, now_s: float, *, refused: bool, majority: bool) -> None:
        """The link to a member broke, or more is known of one that did: see `member.Placement`."""
        run = member.node, member.run
        if run not in self._members or member == self.me:
            return
        reset = self._resets.get(run)
        if reset is None:
            reset = self._resets[run] = Reset(now_s)
        if (refused or majority) and not (reset.refused or reset.majority):
            reset.at_s = now_s
        reset.refused, reset.majority = refused, majority

    def is_lost(self, member: Member) -> bool:
        """Tell whether the link to a member broke and did not come up again."""
        return (member.node, member.run) in self._resets

    def link_up(self, member: Member) -> None:
        """The link is up: only another reset entitles to anything again."""
        self._resets.pop((member.node, member.run), None)

    # ---- what follows

    def wanted(self, shard: ShardId, now_s: float) -> bool:
        """Tell whether this node is to serve the shard, or to follow it until it may."""
        newest = self.newest.get(shard)
        if newest is not None and self._mine(newest):
            if newest.released:
                return self.table.owner(shard) == self.me
            late = shard not in self.holding and newest.nonce != self._dropped.get(shard)  # to be opened, and given up
            return shard not in self._leaving or late
        return self._ruling(shard, now_s).say is not Say.STAND_BACK

    def stands_by(self, shard: ShardId) -> bool:
        """Tell whether this node is the first in line for a shard of another member, and is to follow its log."""
        if not self.standby or shard.topic not in self.me.roles:
            return False
        serves = self.holder(shard) or self.table.owner(shard)
        if serves is None or serves == self.me:
            return False
        line = self._lines.get(shard)
        if line is None:
            line = self._lines[shard] = rendezvous(shard, [m for m in self.table.members if shard.topic in m.roles])
        return next((member for member in line if member != serves), None) == self.me

    def ruling(self, shard: ShardId, now_s: float) -> Ruling:
        """Say whether a tenure may be opened now, on the newest one that was read up to the log's end."""
        found = self._ruling(shard, now_s)
        if found.say is Say.STAND_BACK and self.stands_by(shard):
            return Ruling(Say.WAIT, math.inf, f"stands by: {found.why}", self.table.version)
        return found

    def _ruling(self, shard: ShardId, now_s: float) -> Ruling:
        newest, given = self.newest.get(shard), self.table.owner(shard) == self.me
        if newest is None:
            return self._open("the log holds no tenure") if given else self._back("nobody serves it, the table not us")
        if self._mine(newest):
            return self._of_mine(newest, given)
        if not self._is_known(newest):
            if not given:
                return self._back(f"{newest.node} is gone, the table gives it to another")
            return self._of_stranger(newest)
        if given and newest.released:
            return self._open(f"{newest.node} gave it up")
        if given and shard in self._grants:
            left_s = self._grants[shard][1] + MOVE_S - now_s
            if left_s <= 0:
                return self._open(f"{newest.node} did not give it up in {MOVE_S:.0f} s")
            return Ruling(Say.WAIT, left_s, f"{newest.node} is to give it up", self.table.version)
        return self._after_reset(shard, newest, now_s)

    def owner(self, shard: ShardId) -> Member | None:
        """Return where a command goes: to the newest tenure's member, else to whom the table gives the shard. What this
        node still holds of a shard that another has taken can take long to end: nobody waits for that."""
        newest = self.newest.get(shard)
        if shard in self.holding and (newest is None or self._mine(newest)):
            return self.me
        if newest is not None and not newest.released:
            member = self._members.get((newest.node, newest.run))
            if member is not None and member != self.me:
                return member
        return self.table.owner(shard)

    def stranger(self, shard: ShardId) -> Newest | None:
        """Return the newest tenure if it is held by a node that the present generation does not have."""
        newest = self.newest.get(shard)
        return newest if newest is not None and not newest.released and not self._is_known(newest) else None

    def holder(self, shard: ShardId) -> Member | None:
        """Return the member that opened the newest tenure; None: nobody that is one, or none is known."""
        newest = self.newest.get(shard)
        return self._members.get((newest.node, newest.run)) if newest is not None else None

    def is_member(self, member: Member) -> bool:
        """Tell whether the present generation has a member."""
        return (member.node, member.run) in self._members

    def members(self) -> list[Member]:
        """Return all others of the present generation."""
        return [member for member in self.table.members if member != self.me]

    def behind(self) -> bool:
        """Tell whether table and log disagree for longer than a move takes: the group is to be asked for another table.

        A tenure rests on a table that is not here, or another member serves what this one was given.
        """
        for shard, newest in self.newest.items():
            if self.table.owner(shard) != self.me or self._mine(newest) or newest.released:
                continue
            if self._is_known(newest):
                if shard not in self._grants:
                    return True
            elif newest.table >= self.table.version:
                return True
        return False

    def held(self) -> tuple[Held, ...]:
        """Return what this node serves, and what it was given and has not opened yet: its report to the group."""
        found = [
            Held(shard.topic, shard.index, nonce, self.newest[shard].offset) for shard, nonce in self.holding.items()
        ]
        found += [
            Held(shard.topic, shard.index)
            for shard in self.table.shards_of(self.me)
            if shard not in self.holding and (shard in self._grants or shard not in self.newest)
        ]
        return tuple(found)

    # ---- the rules

    def _of_mine(self, newest: Newest, given: bool) -> Ruling:
        if newest.released and not given:
            return self._back("given up by this node")
        return self._open("the newest tenure is this node's own")

    def _of_stranger(self, newest: Newest) -> Ruling:
        """Its node may be a member by a table that is not here: two nodes that the group lost, each with the table of
        its own, would take a shard from each other for ever. A report of its version makes the next table a later one.
        """
        if newest.table >= self.table.version and not newest.released:
            why = f"{newest.node}'s tenure rests on table {newest.table}, this node has {self.table.version}"
            return Ruling(Say.WAIT, math.inf, why, self.table.version)
        return self._open(f"{newest.node} is no member")

    def _after_reset(self, shard: ShardId, newest: Newest, now_s: float) -> Ruling:
        reset = self._resets.get((newest.node, newest.run))
        if reset is None or not reset.entitles(shard) or shard.topic not in self.me.roles:
            why = f"{newest.node} serves it"
            if self.table.owner(shard) == self.me:  # read on: what it does next nobody else will tell for sure
                return Ruling(Say.WAIT, math.inf, why, self.table.version)
            return self._back(why)
        left_s = reset.at_s + NEXT_S * self._place_in_line(shard) - now_s
        if left_s > 0:
            return Ruling(Say.WAIT, left_s, f"{newest.node} is out of reach, another is first", self.table.version)
        self._by_reset.add(shard)
        return Ruling(Say.OPEN, 0.0, f"{newest.node} is out of reach", self.table.version)

    def _place_in_line(self, shard: ShardId) -> int:
        able = [m for run, m in self._members.items() if run not in self._resets and shard.topic in m.roles]
        return rendezvous(shard, able).index(self.me) if self.me in able else len(able)

    def _open(self, why: str) -> Ruling:
        return Ruling(Say.OPEN, 0.0, why, self.table.version)

    def _back(self, why: str) -> Ruling:
        return Ruling(Say.STAND_BACK, math.inf, why, self.table.version)

    # ---- bookkeeping

    def _is_known(self, newest: Newest) -> bool:
        return (newest.node, newest.run) in self._members or self._mine(newest)

    def _mine(self, newest: Newest) -> bool:
        return self.me.same(newest.node, newest.run)

    def _note(self, shard: ShardId, newest: Newest) -> None:
        known = self.newest.get(shard)
        self.version = max(self.version, newest.table)
        if known is not None and newest.offset <= known.offset:
            if newest.offset == known.offset:  # more may be known of it
                released, table = known.released or newest.released, max(known.table, newest.table)
                self.newest[shard] = known._replace(released=released, table=table)
            return
        self.newest[shard] = newest
        if self._mine(newest):
            self._grants.pop(shard, None)
            if known is not None and (reset := self._resets.get((known.node, known.run))) is not None:
                reset.used.add(shard)
            if shard in self._by_reset:  # taken from a peer: no table knew of it when it moved the shard
                self._by_reset.discard(shard)
                self._leaving.discard(shard)
        else:
            self._leaving.discard(shard)
            grant = self._grants.get(shard)
            if grant is not None and newest.table >= grant[0] and self._is_known(newest):
                del self._grants[shard]  # another member took it under the same table: it is not taken back
