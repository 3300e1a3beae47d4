"""Safeguards that only show where sessions go over several nodes, and how each is switched off.

Judged by whole nodes with real gateways (`lab/sim/session_workload.py`).
"""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Rejected
from actors.shard.actor import Actor
from actors.shard.decider import Decider
from lab.ablations.safeguard import SESSION, Patches, Safeguard


def _without_proof_of_the_owner(patches: Patches) -> None:
    def hasty(self: Decider, actor: Actor, rejected: Rejected, sink: Any, request: int, pos: int) -> None:
        self._refuse(actor, rejected, sink, request, False, pos)

    patches.replace(Decider, "_refuse_again", hasty)


SAFEGUARDS: Final = {
    s.name: s
    for s in (
        Safeguard(
            "refused again by the owner",
            SESSION,
            "a refusal that a key got before is given again only by an owner that has just proved itself",
            ("I7",),
            _without_proof_of_the_owner,
            on=("takeover",),
        ),
    )
}
