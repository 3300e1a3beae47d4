"""Safeguards of what players hear of hunts on other nodes, and how each is switched off.

Judged by whole nodes of a cluster (`lab/sim/mesh.py`).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.cluster import router
from actors.cluster.keeper import FOLLOWS, Keeper, News
from actors.cluster.placement import PlacementRules
from actors.cluster.router import Router
from actors.cluster.serving import Serving
from actors.cluster.watches import Audience, Watches
from actors.log.port import ShardId
from huntserver.gateway import rooms
from huntserver.gateway.cluster_rooms import ClusterRooms
from huntserver.gateway.room import Channel
from huntserver.gateway.rooms import Rooms
from lab.ablations.safeguard import FENCE, FEW_OTHERS, GATEWAY, SESSION, Patches, Safeguard, no, nothing, yes
from lab.sim.mesh import WEATHER


def _without_noting_what_was_told(patches: Patches) -> None:
    def tell(self: ClusterRooms, kind: str, id: str, seq: int, sink: Any, channel: str, prev: int) -> bool:
        room = self._rooms.get(id) if kind == "hunt" else None
        return room is not None and sink in room.channels.get(channel, ()) and room.last_seq < seq

    patches.replace(ClusterRooms, "tell", tell)


def _without_noting_how_far_it_entered(patches: Patches) -> None:
    def enter(old: Any) -> Any:
        def taken(self: Rooms, hunt: str, channels: Any, listener: Any, pos: int = 0) -> None:
            old(self, hunt, dict.fromkeys(channels, 0), listener, pos)

        return taken

    patches.wrap(Rooms, "enter", enter)
    patches.replace(Channel, "given", lambda self, listener: 1 << 60)  # and nobody is found behind


def _without_giving_up_what_is_followed(patches: Patches) -> None:
    def following(self: Keeper, shard: ShardId) -> None:
        if shard in self.rules.newest:
            self.announce(News(shard, self.me, "", FOLLOWS))
        self._tell()

    def owner(old: Any) -> Any:
        return lambda self, shard: self.me if shard in self.holding else old(self, shard)

    patches.replace(Keeper, "following", following)
    patches.wrap(PlacementRules, "owner", owner)  # each of the two alone hides that the other is gone


def _without_finding_who_is_behind(patches: Patches) -> None:
    """A push goes to everybody, also to who was not given the one before it: who misses what is looked for here would
    be found by the next push on the channel."""

    def careless(old: Any) -> Any:
        def give(hunt: str, run: Any, channel: Channel, told: Any) -> Any:
            channel.last = max(channel.last, run[0].prev)
            return old(hunt, run, channel, told)

        return give

    patches.wrap(rooms, "give", careless)


def _without_what_is_regained(patches: Patches) -> None:
    patches.replace(Audience, "regained", lambda self, kind, since: self.regains(kind, since))
    _without_finding_who_is_behind(patches)


def _without_saying_that_it_is_not_whole(patches: Patches) -> None:
    patches.replace(Watches, "watching", nothing)
    _without_finding_who_is_behind(patches)


def _without_the_stamp(patches: Patches) -> None:
    """A message is taken for one to the tenure that serves now."""

    def careless(old: Any) -> Any:
        def is_served(self: Serving, link: Any, frame: Any) -> bool:
            shard = self._system.regions[frame.kind].shard(frame.id).id
            now = msgspec.structs.replace(frame, nonce=self._system.nonce(shard))
            return bool(old(self, link, now))

        return is_served

    patches.wrap(Serving, "_is_served", careless)


def _without_giving_up_for_who_has_gone(patches: Patches) -> None:
    patches.replace(router, "has_gone", no)


def _without_age_of_answers(patches: Patches) -> None:
    patches.replace(Router, "_is_fresh", yes)


SAFEGUARDS: Final = {
    safeguard.name: safeguard
    for safeguard in (
        Safeguard(
            "what was told by an answer",
            GATEWAY,
            "what an answer over a link has told a player is not shown to it again, whichever node shows it",
            ("I4",),
            _without_noting_what_was_told,
            without=WEATHER,
        ),
        Safeguard(
            "how far a listener entered",
            GATEWAY,
            "what an owner shows again after a recovery is not shown to who has it from a view",
            ("I4",),
            _without_noting_how_far_it_entered,
            without=WEATHER,
        ),
        Safeguard(
            "what is followed is given up",
            FENCE,
            "a node that follows a shard that it has lost does not take itself for its owner",
            ("I10",),
            _without_giving_up_what_is_followed,
            without=WEATHER,
        ),
        Safeguard(
            "nonce stamp on commands",
            FENCE,
            "a command is decided only by the tenure that it was sent to",
            ("I1",),
            _without_the_stamp,
            on=("three", "stall"),
            without=FEW_OTHERS,
        ),
        Safeguard(
            "nothing for who has gone",
            SESSION,
            "a command whose client has gone is sent to no further owner: it may have been refused elsewhere by now",
            ("I1",),
            _without_giving_up_for_who_has_gone,
            on=("three", "stall"),
            without=FEW_OTHERS,
        ),
        Safeguard(
            "what is regained",
            GATEWAY,
            "who serves a shard again says from where on it shows all, and who has not heard what lies before asks",
            ("I4",),
            _without_what_is_regained,
            on=("three", "aside"),
            without=FEW_OTHERS,
        ),
        Safeguard(
            "what is not whole is said",
            GATEWAY,
            "listeners ask anew when the next owner does not know all that was shown since they last heard",
            ("I4",),
            _without_saying_that_it_is_not_whole,
            on=("three", "aside"),
            without=FEW_OTHERS,
        ),
        Safeguard(
            "age of answers over links",
            SESSION,
            "an answer to a question that lay about for long is asked for again",
            ("I7",),
            _without_age_of_answers,
            on=("three", "stall", "pause"),
            without=FEW_OTHERS,
        ),
    )
}
