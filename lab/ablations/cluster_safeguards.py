"""Safeguards of a cluster's succession, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from actors.checker.history import Violation
from actors.cluster import placement
from actors.cluster.keeper import Keeper
from actors.cluster.placement import PlacementRules, Reset
from actors.cluster.succession import Newest, Ruling
from actors.log.port import ShardId
from actors.snapshots import recovery
from lab.ablations.safeguard import FENCE, FEW_OTHERS, Patches, Safeguard, no, nothing
from lab.sim.busy import unless_asked
from lab.sim.cluster import ClusterSimulation


def play(seed: int, on: Sequence[str] = (), off: Sequence[str] = ()) -> Sequence[Violation]:
    """Play a seed of the cluster; it has the faults `on`, not those `off`, whatever else it has."""
    return ClusterSimulation(seed, on=on, off=unless_asked(on, off)).run().violations


def _without_one_for_each_reset(patches: Patches) -> None:
    def entitles(self: Reset, shard: ShardId) -> bool:
        return self.refused or self.majority

    patches.replace(Reset, "entitles", entitles)
    patches.replace(placement, "NEXT_S", 0.5)  # turns of 2 s are too slow to be told from what faults bring


def _without_late_opened_anew(patches: Patches) -> None:
    def of_mine(self: PlacementRules, newest: Newest, given: bool) -> Ruling:
        return self._back("it was given up")

    patches.replace(PlacementRules, "_of_mine", of_mine)


def _without_telling_all(patches: Patches) -> None:
    patches.replace(Keeper, "known", lambda self: [])


def _without_asking(patches: Patches) -> None:
    patches.replace(PlacementRules, "behind", no)


def _without_proof(patches: Patches) -> None:
    patches.replace(Keeper, "told", nothing)


def _without_moving(patches: Patches) -> None:
    def generation(old: Any) -> Any:
        def taken(self: PlacementRules, table: Any, now_s: float) -> None:
            old(self, table, now_s)
            self._leaving.clear()
            self._grants.clear()

        return taken

    patches.wrap(PlacementRules, "generation", generation)


def _without_asking_strangers(patches: Patches) -> None:
    patches.replace(PlacementRules, "stranger", nothing)


def _without_reading_on(patches: Patches) -> None:
    def replayed_to(old: Any) -> Any:
        async def taken(replay: Any, end: int, nonce: str = "", tail: Any = None) -> None:
            if not nonce:
                await old(replay, end)
            else:
                replay.fold.tenure(end, nonce, "")

        return taken

    patches.wrap(recovery, "_replay_to", replayed_to)


SAFEGUARDS: Final = {
    safeguard.name: safeguard
    for safeguard in (
        Safeguard(
            "one tenure per link reset",
            FENCE,
            "a failing link does not make two members open tenures in turn",
            ("I10",),
            _without_one_for_each_reset,
            on=("bad_link",),
            without=FEW_OTHERS,
        ),
        Safeguard(
            "own late tenure",
            FENCE,
            "a tenure of its own that a node gave up and that landed all the same is opened anew",
            ("I10",),
            _without_late_opened_anew,
        ),
        Safeguard(
            "all that is known to a new link",
            FENCE,
            "an idle owner hears of a tenure that was announced while its link was down",
            ("I10",),
            _without_telling_all,
        ),
        Safeguard(
            "another table is asked for",
            FENCE,
            "while table and log disagree, or a tenure rests on a table that is not here, the group makes another one",
            ("I10",),
            _without_asking,
        ),
        Safeguard(
            "proof when told",
            FENCE,
            "an owner that is told of a newer tenure looks into its log",
            ("I10",),
            _without_proof,
        ),
        Safeguard(
            "moves by the table",
            FENCE,
            "what the table moves is given up, and taken after 2 s at the latest",
            ("I10",),
            _without_moving,
        ),
        Safeguard(
            "who serves is asked",
            FENCE,
            "a node that took a shard while the group had lost it is sent its commands, though no table has it",
            ("I10",),
            _without_asking_strangers,
            sign="asks another",
        ),
        Safeguard(
            "standby reads on to its tenure",
            FENCE,
            "what the old owner wrote after a standby last read is folded before the standby serves",
            ("I1", "I2", "I5", "I7", "I10"),
            _without_reading_on,
        ),
    )
}
