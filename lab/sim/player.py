"""Players of bare messages: they send a key again until it is answered.

Owns the clients' side: keys with the span rule, the floor of `pos`, the histories. Lives in the world, not in a node.
"""

from __future__ import annotations

import random
from math import inf
from typing import Any, Final

from actors.checker.history import OK, REFUSED, VIEWED, Call, Emission
from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from actors.shard.shard import Shard
from huntserver.client.requests import WINDOW
from huntserver.errors import RESENT_WITH_SAME_KEY
from lab.sim.stage import Process, Stage

BY_THE_TABLE: Final = frozenset({"key_too_old", "too_many_devices"})
"""Refusals that every copy is given anew, by what the entity remembers of its sender."""


class Pending:
    """A command or question on its way, until it has a final answer."""

    __slots__ = ("arrived_s", "command", "done", "floor", "id", "key", "kind", "number", "refused", "sent_s", "tries")

    def __init__(self, number: int, kind: str, id: str, command: Any, key: tuple[str, int] | None) -> None:
        self.number = number
        self.kind = kind
        self.id = id
        self.command = command
        self.key = key
        self.sent_s = 0.0
        self.arrived_s = inf
        self.floor = 0
        self.tries = 0
        self.done = False
        self.refused: set[tuple[str, str]] = set()  # which node let a refusal of it out, under which tenure

    def entity(self) -> str:
        """Return KIND/ID."""
        return f"{self.kind}/{self.id}"

    def text_key(self) -> str:
        """Return EPOCH:N, or nothing for a question."""
        return f"{self.key[0]}:{self.key[1]}" if self.key else ""


class ScriptedPlayer:
    """One session of one client: plays its script, a few commands at a time."""

    holds_floor = True
    holds_span = True

    def __init__(self, sim: Stage[Any], number: int, caller: Caller, count: int) -> None:
        self.sim = sim
        self.name = f"s{number}"
        self.caller = caller
        self.epoch = f"e{number}"
        self.pending: dict[int, Pending] = {}
        self.floors: dict[str, int] = {}
        self.left = count
        self.order = 0
        self._resting = False
        self._number = 0
        self._n = 0
        self._node: Process | None = None
        self._random = random.Random(f"{sim.seed}/player{number}")
        slow = random.Random(f"{sim.seed}/pace").random() < 0.25  # all of them: entities fall asleep in between
        self._patience_s = (0.1 + 0.4 * self._random.random()) * self._random.choice((1, 1, 6))
        self._think_s = self._random.choice((0.003, 0.02, 0.06)) * (15 if slow else 1)
        self._most = self._random.choice((1, 4, 8, 12))
        self._roams = self._random.random() < 0.3  # every message may take another way in

    # ---- the script

    def start(self) -> None:
        """Begin to play."""
        self._next()

    def done(self) -> bool:
        """Tell whether all was sent and answered."""
        return not self.left and not self.pending

    def _next(self) -> None:
        self._resting = False
        self.sim.loop.post(self.sim.loop.world, self._think_s * 2 * self._random.random(), self._step)

    def _step(self) -> None:
        if not self.left:
            return
        if not self._room():
            self._resting = True  # until an answer comes
            return
        move = self.sim.workload.next(self._random, self.caller)
        if move is None:
            self._next()
            return
        self.left -= 1
        kind, id, command, asks = move
        self._number += 1
        key = None
        if not asks:
            self._n += 1
            key = (self.epoch, self._n)
        pending = self.pending[self._number] = Pending(self._number, kind, id, command, key)
        pending.sent_s = self.sim.loop.time()
        pending.floor = self.floors.get(pending.entity(), 0)
        self._send(pending)
        self._next()

    def ask(self, number: int, move: Any) -> None:
        """Ask one question outside the script."""
        pending = self.pending[number] = Pending(number, move.kind, move.id, move.command, None)
        pending.sent_s = self.sim.loop.time()
        self._send(pending)

    def _room(self) -> bool:
        if not self.holds_span:
            return len(self.pending) < 60
        lowest = next((p.key[1] for p in self.pending.values() if p.key), self._n + 1)
        return len(self.pending) < self._most and self._n + 1 - lowest < WINDOW

    def _goes_again(self, pending: Pending, code: str) -> bool:
        return code in RESENT_WITH_SAME_KEY

    # ---- out

    def _send(self, pending: Pending) -> None:
        if pending.done:
            return
        sim = self.sim
        pending.tries += 1
        node = self._node
        if node is None or node.place.dead or self._roams:
            node = self._node = sim.any_node(self._random, roams=self._roams)
        if node is not None:
            sim.note("send", self.name, pending.number, node.name, pending.tries)
            sim.net.carry(node.place, node.receive, self, pending)
        wait_s = self._patience_s * (1 + 0.5 * self._random.random())
        sim.loop.post(sim.loop.world, wait_s, self._impatient, pending, pending.tries)

    def _impatient(self, pending: Pending, tries: int) -> None:
        if not pending.done and pending.tries == tries:
            self._node = None
            self._send(pending)

    # ---- in

    def hear(self, number: int, outcome: str, code: str, pos: int, answer: Any, left_s: float) -> None:
        """An answer has arrived."""
        pending = self.pending.get(number)
        if pending is None:
            return
        sim = self.sim
        sim.note("hear", self.name, number, outcome, code, pos)
        entity = pending.entity()
        stale = outcome != OK and 0 <= pos < pending.floor and self.holds_floor
        if (outcome == REFUSED and self._goes_again(pending, code)) or stale:
            if code != "busy":
                self._node = None
            tries = pending.tries
            after_s = 0.01 + 0.05 * self._random.random()
            sim.loop.post(sim.loop.world, after_s, self._impatient, pending, tries)
            return
        pending.done = True
        del self.pending[number]
        self.order += 1
        if self._resting:
            self._next()
        if outcome != OK:
            self.floors[entity] = max(pos, self.floors.get(entity, 0))
        sim.calls.append(
            Call(
                self.name,
                self.caller.by,
                self.caller.role,
                entity,
                pending.text_key(),
                pending.command,
                pending.sent_s,
                sim.loop.time(),
                outcome,
                code,
                pos,
                answer,
                left_s,
                pending.floor,
                self.order,
            )
        )

    def unanswered(self) -> list[Call]:
        """Return what never had a final answer."""
        by, role = self.caller.by, self.caller.role
        return [Call(self.name, by, role, p.entity(), p.text_key(), p.command, p.sent_s) for p in self.pending.values()]


class AnswerSink:
    """The sink of one player at one node: notes what is let out, and sends it back over the network."""

    def __init__(self, node: str, player: ScriptedPlayer, pending: Pending, shard: Shard) -> None:
        self._node = node
        self._player = player
        self._pending = pending
        self._shard = shard
        self._came_s = player.sim.loop.time()

    def _out(self, outcome: str, code: str, pos: int, answer: Any) -> None:
        sim = self._player.sim
        now = sim.loop.time()
        # A further copy of a refused key gets the refusal that the first one got: that may be as old as its arrival.
        left_s = min(now, self._pending.arrived_s) if outcome == REFUSED and self._pending.key else now
        if pos > 0:
            what = f"{outcome} {code} {self._player.name} {self._pending.number}"
            sim.shown.append(Emission(self._node, self._pending.entity(), pos, now, what))
        sim.net.carry(sim.loop.world, self._player.hear, self._pending.number, outcome, code, pos, answer, left_s)

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Accepted and durable."""
        self._out(OK, "", pos, answer)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Refused."""
        if pos >= 0 and self._pending.key and rejected.code not in BY_THE_TABLE:
            self._judge_again()
        self._out(REFUSED, rejected.code, pos, None)

    def _judge_again(self) -> None:
        """I7: a refusal that the key got before is given again only by who owned the shard when this copy came."""
        pending, nonce = self._pending, self._shard.ownership.nonce
        owner = (self._node, nonce)
        if owner not in pending.refused:
            pending.refused.add(owner)
            return
        sim = self._player.sim
        newest = sim.store.tenure_at(self._shard.id, self._came_s)
        if int(newest.rpartition("@")[2] or -1) > int(nonce.rpartition("@")[2]):
            text = f"{pending.text_key()} was refused again by {nonce}, when this copy came {newest} owned the shard"
            sim.broken("I7", text, f"{self._node} {pending.entity()}")

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A view."""
        self._out(VIEWED, "", pos, view)
