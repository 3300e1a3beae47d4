"""Safeguards of servers whose key rings differ, and how each is switched off.

Judged by whole nodes with rings of their own (`lab/sim/rings_workload.py`).
"""

from __future__ import annotations

from typing import Any, Final

from huntserver.game import stored
from huntserver.game.hunt import HuntType
from lab.ablations.safeguard import RECOVERY, Patches, Safeguard


def _without_plain_snapshots(patches: Patches) -> None:
    """A server that seals nothing in the log seals its snapshots all the same, under the ring that it has."""

    def sealing(old: Any) -> Any:
        def made(self: HuntType, *vault: Any, seals: bool = True) -> None:
            old(self, *vault, seals=seals)
            self.encode = stored.encode

        return made

    patches.wrap(HuntType, "__init__", sealing)


SAFEGUARDS: Final = {
    safeguard.name: safeguard
    for safeguard in (
        Safeguard(
            "snapshots that all can read",
            RECOVERY,
            "a server that seals nothing seals no snapshot: others of its log have rings of their own",
            ("I5",),
            _without_plain_snapshots,
        ),
    )
}
