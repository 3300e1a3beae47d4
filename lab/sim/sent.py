"""To which tenures each keyed command was sent, as a judge from outside notes it: over links by their stamps, and to
nodes that had it when they had no tenure, or one that it was meant for.

Owns these notes. A command that was refused may take effect later only where it was sent to: a delayed duplicate.
"""

from __future__ import annotations

from typing import Any

from actors.checker.call_judge import Which
from actors.cluster.links.frames import LinkCommand
from actors.cluster.serving import PeerSink
from actors.shard.actor import Caller
from actors.shard.mailbox import Key
from actors.system import ActorSystem
from lab.sim.faults import SimStore


class SentCommands:
    """Who was sent what."""

    def __init__(self, store: SimStore) -> None:
        self._store = store
        self._stamped: set[tuple[Which, str]] = set()
        self._given: dict[Which, set[str]] = {}

    def over_a_link(self, frame: LinkCommand) -> None:
        """Note a command on its way to an owner."""
        which = (f"{frame.kind}/{frame.id}", frame.by, f"{frame.epoch}:{frame.number}")
        self._stamped.add((which, frame.nonce))

    def is_for(self, which: Which, nonce: str) -> bool:
        """Tell whether a copy was stamped for a tenure."""
        return (which, nonce) in self._stamped

    def given_to(self, node: str, which: Which) -> None:
        """Note that a node took a command into whichever tenure it has by the time it decides: a client's at that node,
        or a peer's that was stamped for the tenure which it had when it came. It may wait there for a recovery."""
        self._given.setdefault(which, set()).add(node)

    def to(self, which: Which, nonce: str) -> bool:
        """Tell whether a copy was sent to a tenure."""
        return self.is_for(which, nonce) or self._store.opened_by(nonce) in self._given.get(which, ())


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
            if not isinstance(sink, PeerSink) or self.sent.is_for(which, nonce):
                self.sent.given_to(self.node, which)
        super().submit(kind, id, command, sink, request, caller, key)
