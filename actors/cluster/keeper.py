"""The keeper of a node's shards: what the group, the log and the links say, carried out on the actor system.

Owns the rules' state and the order of taking and releasing; answers supervisors (`Succession`) and the router
(`Placement`). Decides by `placement` alone; writes nothing, and reads the log only through the supervisors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from actors.cluster.member import Member
from actors.cluster.placement import PlacementRules
from actors.cluster.succession import Newest, Ruling
from actors.cluster.table import Report, ShardTable
from actors.log.port import ShardId
from actors.reporter import Reporter
from actors.system import ActorSystem

LOOK_S: Final = 0.1
"""How often rules that depend on time alone are looked at."""
ASK_S: Final = 1.0
"""Between two requests for another generation."""
FOLLOWED_S: Final = 8.0
"""A shard that the table moves is served on for so long at most, until its next owner has replayed it, which takes its
time on a machine that does other work. That one takes it by itself `placement.MOVE_S` later."""
JOINED_S: Final = 5.0
"""A node that joins asks for no shards until it reaches all other members; after so long, until it reaches most."""
HANDED_S: Final = 8.0
"""A node that leaves waits this long for a table that gives its shards to others, before it gives them up."""


FOLLOWS: Final = -2


class News(NamedTuple):
    """A tenure as nodes tell each other of it: `nonce` is the stamped one, `released`: its owner gave the shard up.

    With the offset `FOLLOWS` it tells of none: `owner` has replayed the shard, and follows its log.
    """

    shard: ShardId
    owner: Member
    nonce: str
    offset: int
    released: bool = False


class Group(Protocol):
    """Where tables come from (`membership.GroupMember`)."""

    def rejoin(self) -> None:
        """Ask for another generation."""
        ...

    async def leave(self) -> None:
        """Leave at once."""
        ...


class KeeperStatistics(NamedTuple):
    """Figures of a node in its cluster. `moves_in`/`moves_out` count shards that it began and ended to serve."""

    members: int
    table: int
    shards_given: int
    shards_held: int
    shards_standing_by: int
    moves_in: int
    moves_out: int
    tables: int


class Keeper:
    """One node's shards in a cluster. Made before the actor system that asks it; `start` joins the two.

    `announce` is called with each tenure of this node, with its end, and with one of another that superseded it: the
    links tell all peers, whose `told` takes it. When a link comes up, each end tells the other all that is `known`.
    `reaches` tells to how many other members links are up: a shard that moves to a node that others do not reach yet is
    served by nobody, for them. `linked` returns who is at the other end of a link, by node and run.
    """

    def __init__(
        self,
        me: Member,
        shards: Mapping[str, int],
        report: Reporter,
        *,
        standby: bool = False,
        reaches: Callable[[], int] | None = None,
        linked: Callable[[str, str], Member | None] = lambda node, run: None,
    ) -> None:
        self.me = me
        self.rules = PlacementRules(me, shards, standby=standby)
        self.announce: Callable[[News], None] = lambda news: None
        self._shards = dict(shards)
        self._report = report
        self._system: ActorSystem | None = None
        self._group: Group | None = None
        self._listeners: list[Callable[[], None]] = []
        self._event = asyncio.Event()
        self._leaving = False
        self._reaches = reaches
        self._linked = linked
        self._joining = reaches is not None
        self._first_table_s = 0.0
        self._given_away = asyncio.Event()
        self._asked_s = -ASK_S
        self._releasing: set[ShardId] = set()
        self._followers: dict[ShardId, Member] = {}  # who said, since the newest tenure, that it follows a shard
        self._in = self._out = self._tables = self._asks = 0

    # ---- life

    def start(self, system: ActorSystem, group: Group) -> None:
        """Begin to take and release shards of a system that has started."""
        self._system, self._group = system, group
        system.background.run("keeper", self._run)
        system.background.watch("keeper", lambda: self._waits() if self._tables else "has no table of the cluster yet")

    async def leave(self) -> None:
        """Hand all shards over and leave the group: a clean stop. The system is drained on return."""
        assert self._system is not None
        self._leaving = True
        self.rules.standby = False  # what is only followed here is let go at once
        self._changed()
        if self._group is not None:
            self._group.rejoin()
            await _within(HANDED_S, self._given_away)
        mine = [shard for shard in self._system.owned() if self._system.nonce(shard)]
        await asyncio.gather(*(self._until_followed(shard) for shard in mine))
        await self._system.drain([shard for shard in mine if self._is_followed(shard)])
        if self._group is not None:
            await self._group.leave()

    async def _run(self) -> None:
        while True:
            self._look()
            await _within(LOOK_S, self._event)

    def _look(self) -> None:
        """Take what is wanted and release what is not; ask the group for a table when the one here is too old."""
        if self._leaving or self._system is None:
            return
        now_s = self._now_s()
        self._join(self._group, now_s)
        served, followed = set(self._system.owned()), set(self._system.followed())
        for shard in self.rules.shards:
            wanted = self.rules.wanted(shard, now_s)
            if shard in self._releasing:
                continue
            if wanted and shard not in served:
                self._in += 1
                self._report.note("shard_taken", shard=str(shard), table=self.rules.table.version)
                if shard in followed:
                    self.following(shard)  # it was said to who served the shard then
                self._system.take(shard)
            elif wanted:
                continue
            elif self.rules.stands_by(shard) and not self._system.nonce(shard):
                if shard not in followed:
                    self._system.follow(shard)
            elif shard in served or shard in followed:
                self._releasing.add(shard)
                self._system.background.once(f"release {shard}", self._release(self._system, shard))
        if self.rules.behind() and self._group is not None and now_s - self._asked_s >= ASK_S:
            self._asked_s = now_s
            self._asks += 1
            self._group.rejoin()

    def _join(self, group: Group | None, now_s: float) -> None:
        """Ask for shards once all members are reached, or most of them for a while: one that most do not reach, for its
        address is wrong or its network is cut, would serve nobody."""
        if not (self._joining and self._reaches and self._tables and group is not None):
            return
        reached, others = self._reaches(), len(self.members())
        late = now_s - self._first_table_s >= JOINED_S
        if reached >= others or (late and (reached + 1) * 2 > others + 1):
            self._joining = False
            self._asks += 1
            group.rejoin()

    def _waits(self) -> str:
        """Return why this node is given no shards, if that takes long; empty: it has asked for them."""
        if not (self._joining and self._reaches) or self._now_s() - self._first_table_s < JOINED_S:
            return ""
        reached, others = self._reaches(), len(self.members())
        return f"reaches {reached} of {others} other nodes, and is given no shards: do they reach it at {self.me.node}?"

    def _is_followed(self, shard: ShardId) -> bool:
        """Tell whether the node that the table gives a shard to has replayed it."""
        given = self.rules.table.owner(shard)
        return given is not None and given != self.me and self._followers.get(shard) == given

    async def _until_followed(self, shard: ShardId) -> None:
        until_s = self._now_s() + FOLLOWED_S
        while (left_s := until_s - self._now_s()) > 0 and not self._is_followed(shard):
            given = self.rules.table.owner(shard)
            if given is None or given == self.me or self.rules.is_lost(given):
                return
            await _within(left_s, self._event)

    async def _release(self, system: ActorSystem, shard: ShardId) -> None:
        try:
            if system.nonce(shard):
                await self._until_followed(shard)
            await system.release(shard, followed=self._is_followed(shard))
        finally:
            self._releasing.discard(shard)
            self._changed()

    # ---- what the group says

    def report(self) -> Report:
        """Return what this node tells the group's leader."""
        return Report(
            self.me, self.rules.version, self.rules.held(), self._leaving or self._joining, self._shards, self._asks
        )

    def generation(self, table: ShardTable) -> None:
        """Take the table of a new generation."""
        self._tables += 1
        self._first_table_s = self._first_table_s or self._now_s()
        known = {shard: self.rules.newest.get(shard) for shard in self.rules.holding}
        self.rules.generation(table, self._now_s())
        for shard, newest in known.items():  # a table tells of tenures, too
            if self.rules.newest.get(shard) != newest and self._system is not None:
                self._system.prove(shard)
        mine = len(table.shards_of(self.me))
        self._report.note("table_taken", table=table.version, members=len(table.members), shards=mine)
        if self._leaving and not mine:
            self._given_away.set()
        self._changed()

    # ---- what the supervisors ask and say (`Succession`)

    def saw(self, shard: ShardId, newest: Newest | None) -> None:
        """Take the newest tenure as the log has it."""
        self.rules.saw(shard, newest)

    def ruling(self, shard: ShardId) -> Ruling:
        """Say whether a tenure may be opened now."""
        return self.rules.ruling(shard, self._now_s())

    def following(self, shard: ShardId) -> None:
        """Tell the peers that this node has replayed a shard: who is to give it up to it need not wait. Who listens
        hears that it is not served here now, whatever it was before."""
        self.rules.follows(shard, self._now_s())
        if shard in self.rules.newest:  # peers of earlier versions take it for an old tenure
            self.announce(News(shard, self.me, "", FOLLOWS))
        if shard in self.rules.holding:  # it was served here, and who serves it now was read in its log
            self.dropped(shard, "another serves it", released=False)
        self._tell()

    def opened(self, shard: ShardId, newest: Newest) -> None:
        """A tenure of this node is durable."""
        self.rules.opened(shard, newest)
        self._followers.pop(shard, None)
        self.announce(News(shard, self.me, newest.nonce, newest.offset))
        self._changed()

    def dropped(self, shard: ShardId, why: str, *, released: bool) -> None:
        """The shard is not served here any more."""
        self._out += shard in self.rules.holding
        self.rules.dropped(shard, released=released)
        news = self._news(shard)
        if news is not None and (
            released or news.owner != self.me
        ):  # that one may not know of a late tenure of its own
            self.announce(news)
        self._changed()

    async def changed(self) -> None:
        """Return when a ruling may have changed."""
        await self._event.wait()

    # ---- what the router asks and the links say (`Placement`)

    def owner(self, shard: ShardId) -> Member | None:
        """Return where a command goes now. Who serves the shard without being a member of this table (the group has
        lost it, or tells of it later than its link does) is asked all the same, if it is reached."""
        newest = self.rules.stranger(shard)
        serves = self._linked(newest.node, newest.run) if newest is not None else None
        return serves or self.rules.owner(shard)

    def members(self) -> Sequence[Member]:
        """Return all others that should have a link."""
        return self.rules.members()

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever owners or members may have changed."""
        self._listeners.append(changed)

    def known(self) -> list[News]:
        """Return the newest tenures that were heard of: for a peer whose link has just come up."""
        return [news for shard in self.rules.shards if (news := self._news(shard)) is not None]

    def _news(self, shard: ShardId) -> News | None:
        newest = self.rules.newest.get(shard)
        owner = self.rules.holder(shard)
        return News(shard, owner, newest.nonce, newest.offset, newest.released) if newest and owner else None

    def newest(self, shard: ShardId) -> Newest | None:
        """Return the newest tenure that was heard of: who answers `moved` names its node and nonce."""
        return self.rules.newest.get(shard)

    def told(self, shard: ShardId, owner: Member, nonce: str, offset: int, released: bool = False) -> None:
        """Note what a peer said. If it is news of a shard that is served here, prove whether it still is ours."""
        if offset == FOLLOWS:
            member = next((m for m in self.rules.members() if m.same(owner.node, owner.run)), None)
            if member is not None:
                self._followers[shard] = member
                self._changed()
            return
        known = self.rules.newest.get(shard)
        self.rules.saw(shard, Newest(owner.node, owner.run, nonce, offset, 0, released))
        if (newest := self.rules.newest.get(shard)) != known:
            if known is None or newest is None or newest.nonce != known.nonce:  # who followed until then may not now
                self._followers.pop(shard, None)
            if shard in self.rules.holding and self._system is not None:
                self._system.prove(shard)
            self._changed()

    def link_reset(self, member: Member, *, refused: bool, majority: bool) -> None:
        """The link to a member broke."""
        self.rules.link_reset(member, self._now_s(), refused=refused, majority=majority)
        self._changed()

    def link_up(self, member: Member) -> None:
        """The link to a member is up."""
        self.rules.link_up(member)
        self._changed()

    # ---- figures

    def statistics(self) -> KeeperStatistics:
        """Return the node's figures."""
        rules = self.rules
        given = len(rules.table.shards_of(self.me))
        return KeeperStatistics(
            len(rules.table.members),
            rules.table.version,
            given,
            len(rules.holding),
            len(self._system.followed()) if self._system is not None else 0,
            self._in,
            self._out,
            self._tables,
        )

    def _changed(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


async def _within(most_s: float, event: asyncio.Event) -> None:
    """Wait for an event, so long at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await event.wait()
