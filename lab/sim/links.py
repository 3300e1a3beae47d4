"""The links of simulated nodes: the product's frames in bytes, in order each way, until a link is lost at any frame.

Owns what is under way. The two ends hear of a loss each at a time of its own, and a new link may be up before an end
has heard that the one before is gone. Decides nothing: who talks to whom is the group's (`lab/sim/mesh.py`).
"""

from __future__ import annotations

import random
from typing import Any, Final

from actors.cluster.links import frames
from actors.cluster.member import Member
from actors.shard.actor import has_gone
from lab.sim.loop import SimPlace

UP_S: Final = 0.002
APART_S: Final = 1e-6
NOTICED_S: Final = 0.3
"""The other end hears of a loss within this."""


class LinkEnd:
    """One end, as `actors.cluster.links.link.Link` is used by router, watches and requests."""

    def __init__(self, wire: SimWire, node: Any, peer: Member) -> None:
        self.node = node
        self.peer = peer
        self.closed = False
        self.leaving = False
        self.is_up = False
        self._wire = wire

    def send(self, frame: frames.LinkFrame) -> None:
        """Send a frame. Raises `BadLinkFrame` for one that is larger than a link carries."""
        if isinstance(frame, frames.LinkAccepted | frames.LinkRefused):
            self._wire.sim.answered((self, frame.n))
        if not self.closed:
            if isinstance(frame, frames.LinkCommand) and frame.epoch and self._is_waited_for(frame):
                self._wire.sim.sent.over_a_link(frame)
            self._wire.carry(self, frames.encode(frame))

    def _is_waited_for(self, frame: frames.LinkCommand) -> bool:
        """Tell whether the client's connection is still there, as far as this node knows: a command whose client has
        gone may have been refused elsewhere by now, and is sent to no tenure any more."""
        request = self.node.router.requests._asked[self][frame.n]
        return not has_gone(request.sink)

    def is_full(self) -> bool:
        """Never: what is slow here is the network alone."""
        return False

    def abort(self, why: str) -> None:
        """End the link now; who uses it hears of that in the next turn."""
        self._wire.sim.note("link", self.node.name, self.peer.node, why)
        self._wire.lose(self)

    def up(self) -> None:
        """The handshake is done."""
        links, key = self.node.links, (self.peer.node, self.peer.run)
        before = links.get(key)
        if before is not None:
            before.abort("the peer has dialled anew")
        links[key] = self
        self.is_up = True
        self.node.keeper.link_up(self.peer)
        self.node.router.up(self)

    def arrived(self, data: bytes) -> None:
        """Bytes have come."""
        if self.is_up and not self.closed:
            for frame in frames.decode(data):
                self.node.router.received(self, frame)

    def down(self) -> None:
        """The loss is noticed here."""
        self.closed = True
        links, key = self.node.links, (self.peer.node, self.peer.run)
        if links.get(key) is self:
            del links[key]
        if self.is_up:
            self.is_up = False
            self.node.router.down(self)


class SimWire:
    """One link: two ends, and what is under way between them."""

    def __init__(self, sim: Any, draw: random.Random, one: Any, other: Any) -> None:
        self.sim = sim
        self.lost = False
        self.one, self.other = LinkEnd(self, one, other.keeper.me), LinkEnd(self, other, one.keeper.me)
        self._draw = draw
        self._free_s = {self.one: 0.0, self.other: 0.0}  # when the last byte to an end has arrived
        for end in (self.one, self.other):
            sim.loop.post(end.node.place, UP_S, self._up, end)

    def _up(self, end: LinkEnd) -> None:
        if not self.lost:
            end.up()

    def is_between(self, place: SimPlace) -> bool:
        """Tell whether an end is at a place."""
        return place in (self.one.node.place, self.other.node.place)

    def stall(self, for_s: float) -> None:
        """Let nothing through for a while: packets are lost and sent again, the link stands."""
        for end in self._free_s:
            self._free_s[end] = max(self._free_s[end], self.sim.loop.time() + for_s)

    def carry(self, end: LinkEnd, data: bytes) -> None:
        """Bring bytes from an end to the other one, behind all that it sent before."""
        to, sim = self.other if end is self.one else self.one, self.sim
        delay_s = 0.0002 + self._draw.random() * 0.004
        if sim.plan.hits("net_slow"):
            delay_s += self._draw.random() ** 2
        now_s = sim.loop.time()
        self._free_s[to] = max(self._free_s[to] + APART_S, now_s + delay_s)
        sim.loop.post(to.node.place, self._free_s[to] - now_s, self._arrived, to, data)

    def _arrived(self, to: LinkEnd, data: bytes) -> None:
        if not self.lost:
            to.arrived(data)

    def lose(self, by: LinkEnd | None = None) -> None:
        """Lose it: what is under way never arrives. `by` is closed at once, else each end hears of it some time."""
        if self.lost:
            return
        self.lost = True
        for end in (self.one, self.other):
            end.closed = end.closed or end is by
            after_s = 0.0 if end is by else self._draw.random() ** 2 * NOTICED_S
            self.sim.loop.post(end.node.place, after_s, end.down)
