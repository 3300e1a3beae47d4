"""The entities of one shard in memory: live ones, those on their way between memory and the spill file, and what was
refused in the name of entities that are neither (`ghosts`).

Owns them, their weight, and the steps by which a large entity is activated or passivated: no turn of the loop decodes
or encodes more than some hundred KiB of one. Decides nothing and writes nothing to the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Final

from actors.entity import EntityType
from actors.limits import Limits
from actors.passivation.passivation import PassiveEntities
from actors.shard.actor import Actor
from actors.shard.mailbox import Mailbox
from actors.shard.refusals import Ghosts, Refusals
from actors.snapshots.format import decode_steps, encode_steps, encoded_as

STEP_BYTES: Final = 128 * 1024
"""Encoded or decoded in one turn of the loop: a few milliseconds."""
ACTOR_BYTES: Final = 1500
MESSAGE_BYTES: Final = 400
PASSIVE_REFUSALS_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of one shard: refusals of passivated entities past it are kept as numbers only."""

Steps = Generator[int, None, None]


class Residents:
    """Live and passivated entities of one shard. `live` is read by the shard's hot path, and changed here alone.

    `activated` is told of an entity that is whole in memory, `leaving` of one that is put away, `resume` when the
    messages of one that was frozen may go on.
    """

    def __init__(
        self,
        kind: EntityType[Any],
        limits: Limits,
        passive: PassiveEntities,
        *,
        resume: Callable[[Actor], None],
        activated: Callable[[Actor], None],
        leaving: Callable[[Actor], None],
        contain: Callable[[BaseException], None],
    ) -> None:
        self.live: dict[str, Actor] = {}
        self.activating: dict[str, Actor] = {}  # their messages wait in their mailboxes
        self.ghosts = Ghosts(limits.ghosts_max)
        self._refused: dict[str, Refusals] = {}  # of passivated entities
        self._refused_bytes = 0
        self._passive = passive
        self._kind = kind
        self._limits = limits
        self._resume = resume
        self._activated = activated
        self._leaving = leaving
        self._contain = contain
        self._life = 0  # counts `clear`: what was under way before it is nobody's

    def find(self, id: str) -> Actor | None:
        """Return the entity if it is live or being activated."""
        return self.live.get(id) or self.activating.get(id)

    # ---- into memory

    def activate(self, id: str) -> Actor:
        """Return the entity, from its passivated state or from nothing. A large one is `frozen` until it is whole.

        Raises `SpillFailed`.
        """
        actor = self.activating.get(id)
        if actor is not None:
            return actor
        encoded = self._passive.take(id)
        box = Mailbox(self._limits.mailbox_max, self._limits.control_max)
        if encoded is None:
            actor = self._made(Actor(self._kind.kind, id, self._kind.create(id), box))
            self.live[id] = actor
            self._activated(actor)
            return actor
        actor = self._made(Actor(self._kind.kind, id, None, box))
        if isinstance(encoded, str):
            actor.damaged = encoded
        elif not self._advance(actor, steps := decode_steps(self._kind, actor, encoded)):
            actor.frozen = True
            self.activating[id] = actor
            asyncio.get_running_loop().call_soon(self._go_on, self._life, actor, steps)
            return actor
        self.live[id] = actor
        self._activated(actor)
        return actor

    def _made(self, actor: Actor) -> Actor:
        actor.refused = self._refused.pop(actor.id, None)
        if actor.refused is not None:
            self._refused_bytes -= actor.refused.weight()
        return actor

    def _advance(self, actor: Actor, steps: Steps) -> bool:
        """Decode for one turn; tell whether the actor is whole. Bytes that are no state close it."""
        size = 0
        try:
            for step in steps:
                size += step
                if size > STEP_BYTES:
                    return False
        except ValueError as error:  # closed, not guessed at
            actor.state = None
            actor.damaged = f"its passivated state cannot be read: {error}"
        except Exception as error:  # a bug in the entity's type: closed too, the others go on; reported
            self._contain(error)
            actor.state = None
            actor.damaged = f"its passivated state cannot be read: {error!r}"
        return True

    def _go_on(self, life: int, actor: Actor, steps: Steps) -> None:
        if life != self._life:
            return
        if not self._advance(actor, steps):
            asyncio.get_running_loop().call_soon(self._go_on, life, actor, steps)
            return
        del self.activating[actor.id]
        self.live[actor.id] = actor
        actor.frozen = False
        self._activated(actor)
        if len(actor.mailbox):
            self._resume(actor)

    # ---- out of memory

    def passivate(self, actor: Actor) -> None:
        """Put an entity away that is idle and has nothing undurable: at once, or in steps if it is large.

        In steps its messages wait; if any comes meanwhile it stays. Raises `SpillFailed`; then it stays too.
        """
        memory: list[bytes] = []
        state: list[bytes] = []
        steps = encode_steps(self._kind, actor, memory, state)
        if self._encoded(steps):
            self._put_away(actor, memory, state)
            return
        actor.frozen = True
        asyncio.get_running_loop().call_soon(self._encode_on, self._life, actor, steps, memory, state)

    def _encoded(self, steps: Steps) -> bool:
        size = 0
        for step in steps:
            size += step
            if size > STEP_BYTES:
                return False
        return True

    def _encode_on(self, life: int, actor: Actor, steps: Steps, memory: list[bytes], state: list[bytes]) -> None:
        if life != self._life:
            return
        try:
            if not len(actor.mailbox):
                if not self._encoded(steps):
                    asyncio.get_running_loop().call_soon(self._encode_on, life, actor, steps, memory, state)
                    return
                self._put_away(actor, memory, state)
        except Exception as error:  # the spill file, or a bug in the entity's type: it stays live; reported, counted
            self._contain(error)
        actor.frozen = False
        if len(actor.mailbox):  # it is wanted again
            self._resume(actor)

    def _put_away(self, actor: Actor, memory: list[bytes], state: list[bytes]) -> None:
        self._passive.put(actor.id, encoded_as(actor, memory, state))
        self._leaving(actor)
        del self.live[actor.id]
        if actor.refused is None:
            return
        self._refused[actor.id] = actor.refused
        self._refused_bytes += actor.refused.weight()
        for refused in list(self._refused.values()):
            if self._refused_bytes <= PASSIVE_REFUSALS_BYTES_MAX:
                break
            self._refused_bytes -= refused.weight()
            refused.shrink()
            self._refused_bytes += refused.weight()

    def forget_ghost(self, actor: Actor) -> None:
        """Drop an entity that never came to exist; what it refused by key is with `ghosts`."""
        self.live.pop(actor.id, None)

    # ---- all of them

    def all(self) -> list[Actor]:
        """Return the live entities and those that are being activated."""
        return [*self.live.values(), *self.activating.values()]

    def weight(self) -> int:
        """Return the estimated memory of all that is held, in bytes."""
        kind = self._kind
        size = self._refused_bytes + self.ghosts.weight()
        for actor in self.live.values():
            if not actor.damaged:
                size += kind.weight(actor.state) + actor.dedup.weight() + ACTOR_BYTES
            size += MESSAGE_BYTES * len(actor.mailbox)
            if actor.refused is not None:
                size += actor.refused.weight()
        return size

    def clear(self) -> None:
        """Forget all."""
        self._life += 1
        self.live.clear()
        self.activating.clear()
        self.ghosts.clear()
        self._refused.clear()
        self._refused_bytes = 0
        self._passive.clear()
