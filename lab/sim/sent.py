"""Which copies of a keyed command could be decided under which tenure, as a judge from outside notes it: over links by
their stamps, and at each node from when it was given in until its answer was let out.

Owns these notes. A command that was refused may take effect later only by a copy that was sent to that very tenure, or
still waited at its node when the tenure began: a delayed duplicate. One that was answered waits no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import inf
from typing import Any

from actors.checker.call_judge import Which
from actors.cluster.links.frames import LinkCommand
from actors.cluster.serving import PeerSink
from actors.shard.actor import Caller
from actors.shard.mailbox import Key
from actors.system import ActorSystem
from lab.sim.faults import SimStore


class Copy:
    """One copy of a command at a node: the tenure that served there when it came (empty: none), and for how long it
    waited for its answer."""

    __slots__ = ("answered_s", "node", "nonce")

    def __init__(self, node: str, nonce: str) -> None:
        self.node = node
        self.nonce = nonce
        self.answered_s = inf


class SentCommands:
    """Who was sent what."""

    def __init__(self, store: SimStore, now_s: Callable[[], float]) -> None:
        self._store = store
        self._now_s = now_s
        self._stamped: set[tuple[Which, str]] = set()
        self._copies: dict[Which, list[Copy]] = {}
        self._open: dict[Hashable, Copy] = {}

    def over_a_link(self, frame: LinkCommand) -> None:
        """Note a command on its way to an owner."""
        which = (f"{frame.kind}/{frame.id}", frame.by, f"{frame.epoch}:{frame.number}")
        self._stamped.add((which, frame.nonce))

    def is_for(self, which: Which, nonce: str) -> bool:
        """Tell whether a copy was stamped for a tenure."""
        return (which, nonce) in self._stamped

    def given_to(self, node: str, which: Which, nonce: str, request: Hashable) -> None:
        """Note that a node took in a copy that was meant for the tenure `nonce`, or for whichever it will have. It may
        wait there for a recovery. `request` is what its answer will name."""
        self.answered(request)  # it came back: the copy before waits no longer where it was
        copy = self._open[request] = Copy(node, nonce)
        self._copies.setdefault(which, []).append(copy)

    def answered(self, request: Hashable) -> None:
        """Note that an answer was let out."""
        copy = self._open.pop(request, None)
        if copy is not None:
            copy.answered_s = self._now_s()

    def to(self, which: Which, nonce: str) -> bool:
        """Tell whether a copy was sent to a tenure, or waited at its node when it began."""
        if self.is_for(which, nonce):
            return True
        owner, since_s = self._store.opened_by(nonce)
        copies = self._copies.get(which, ())
        return any(copy.node == owner and (copy.nonce == nonce or copy.answered_s > since_s) for copy in copies)


class NotingSystem(ActorSystem):
    """Notes what is given to it."""

    sent: SentCommands
    node: str

    def submit(
        self, kind: str, id: str, command: Any, sink: Any, request: int, caller: Caller, key: Key | None
    ) -> None:
        """Submit a command."""
        if key is not None:
            which = (f"{kind}/{id}", caller.by, f"{key[0]}:{key[1]}")
            nonce = self.nonce(self.regions[kind].shard(id).id)
            if not isinstance(sink, PeerSink):
                self.sent.given_to(self.node, which, nonce, (sink, request))
            elif self.sent.is_for(which, nonce):
                self.sent.given_to(self.node, which, nonce, (sink._link, sink._n))
        super().submit(kind, id, command, sink, request, caller, key)
