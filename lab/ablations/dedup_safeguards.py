"""Safeguards of de-duplication, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Rejected
from actors.shard.actor import Actor
from actors.shard.decider import Decider
from actors.shard.dedup import ANSWERS_MAX, EPOCHS_MAX, TOO_OLD, Answers
from actors.shard.refusals import EpochRefusals, Ghosts, Refusals
from actors.shard.residents import Residents
from lab.ablations.safeguard import DEDUP, SESSION, Patches, Safeguard, nothing


def _without_deduplication(patches: Patches) -> None:
    patches.replace(Answers, "find", nothing)


def _without_floors(patches: Patches) -> None:
    def forgetful(old: Any) -> Any:
        def find(self: Answers, epoch: str, n: int) -> Any:
            found = old(self, epoch, n)
            return None if found is TOO_OLD else found

        return find

    patches.wrap(Answers, "find", forgetful)


def _without_window_of_each_device(patches: Patches) -> None:
    """The sixteen answers are those that all devices of a player had last."""

    def shared(old: Any) -> Any:
        def add(self: Answers, epoch: str, n: int, pos: int, answer: bytes) -> None:
            old(self, epoch, n, pos, answer)
            while sum(device.count for device in self.devices) > ANSWERS_MAX:
                device = next(device for device in self.devices if device.count)
                _, device.floor, end = next(device.entries())
                device.data = device.data[end:]
                device.count -= 1

        return add

    patches.wrap(Answers, "add", shared)


def _without_longest_unused(patches: Patches) -> None:
    """The device that was used last is pushed out."""

    def turned(old: Any) -> Any:
        def turn_to(self: Answers, epoch: str) -> Any:
            if len(self.devices) >= EPOCHS_MAX:
                self.devices.insert(0, self.devices.pop())
            return old(self, epoch)

        return turn_to

    patches.wrap(Answers, "_turn_to", turned)


def _without_refused_devices(patches: Patches) -> None:
    patches.replace(EpochRefusals, "shrink", lambda self: self.given.clear())


def _without_refusal_memory(patches: Patches) -> None:
    patches.replace(Refusals, "find", nothing)


def _without_ghosts(patches: Patches) -> None:
    patches.replace(Ghosts, "remember", nothing)


def _without_refusals_asleep(patches: Patches) -> None:
    def forgetful(old: Any) -> Any:
        def put_away(self: Residents, actor: Actor, *parts: Any) -> None:
            actor.refused = None
            old(self, actor, *parts)

        return put_away

    patches.wrap(Residents, "_put_away", forgetful)


def _without_proof_of_the_owner(patches: Patches) -> None:
    def hasty(self: Decider, actor: Actor, rejected: Rejected, sink: Any, request: int, pos: int) -> None:
        self._refuse(actor, rejected, sink, request, False, pos)

    patches.replace(Decider, "_refuse_again", hasty)


SAFEGUARDS: Final = (
    Safeguard(
        "refused again by the owner",
        SESSION,
        "a refusal that a key got before is given again only by an owner that has just proved itself",
        ("I7",),
        _without_proof_of_the_owner,
        "refused again",
        on=("takeover", "net_double"),
    ),
    Safeguard(
        "de-duplication",
        DEDUP,
        "a key that took effect gets its first answer again",
        ("I2", "I11"),
        _without_deduplication,
    ),
    Safeguard(
        "window",
        DEDUP,
        "a key below what is remembered is refused, not executed",
        ("I2",),
        _without_floors,
        on=("net_double",),
    ),
    Safeguard(
        "window of each device",
        DEDUP,
        "a device that waits hears the first answer, however much the others of its player do",
        ("I1",),
        _without_window_of_each_device,
        "key_too_old",
    ),
    Safeguard(
        "longest unused",
        DEDUP,
        "a device too many pushes out the one that was not used longest",
        ("I1",),
        _without_longest_unused,
        "key_too_old",
    ),
    Safeguard(
        "refusals of many devices",
        DEDUP,
        "a device whose refusals were pushed out by others' is not given another answer",
        ("I1",),
        _without_refused_devices,
        on=("net_double",),
    ),
    Safeguard(
        "refusal memory",
        DEDUP,
        "a command that was refused is not executed by a copy that comes later",
        ("I1",),
        _without_refusal_memory,
    ),
    Safeguard(
        "ghosts",
        DEDUP,
        "what an entity refused before it existed is remembered too",
        ("I1",),
        _without_ghosts,
    ),
    Safeguard(
        "refusals asleep",
        DEDUP,
        "what an entity refused is remembered while it sleeps",
        ("I1",),
        _without_refusals_asleep,
        on=("net_double",),
    ),
)
