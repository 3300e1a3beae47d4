"""Safeguards of hunts that move while somebody enters them, and how each is switched off.

Judged by the small world of `lab/sim/moving_hunt.py`.
"""

from __future__ import annotations

from typing import Any, Final

from actors.cluster.watches import Watches
from lab.ablations.safeguard import GATEWAY, Patches, Safeguard


def _with_views_of_any_owner(patches: Patches) -> None:
    """A view is taken by whichever link it comes; what it says of what was shown is still only its watch's."""

    def wrapped(old: Any) -> Any:
        def viewed(self: Watches, link: Any, kind: str, id: str, pos: int) -> bool:
            old(self, link, kind, id, pos)
            return True

        return viewed

    patches.wrap(Watches, "viewed", wrapped)


SAFEGUARDS: Final = {
    safeguard.name: safeguard
    for safeguard in (
        Safeguard(
            "views of the present owner",
            GATEWAY,
            "a view of the owner before is asked for again: what follows it is heard from the next one",
            ("I4",),
            _with_views_of_any_owner,
        ),
    )
}
