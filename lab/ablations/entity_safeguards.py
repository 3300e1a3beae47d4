"""Safeguards of reactions, timers and of a client's side, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from actors.shard.actor import NO_SINK, Actor
from actors.shard.decider import Decider
from actors.shard.reactions import Outgoing, Route
from actors.shard.shard import Shard
from actors.snapshots.replay import Replay
from lab.ablations.safeguard import REACTIONS, SESSION, TIMERS, Patches, Safeguard, nothing
from lab.sim.player import ScriptedPlayer

# ---- reactions


def _without_marks(patches: Patches) -> None:
    def blind(old: Any) -> Any:
        def react(self: Decider, actor: Actor, batch: Any, sink: Any, request: int) -> None:
            actor.dedup.marks.pop(batch.source, None)
            old(self, actor, batch, sink, request)

        return react

    patches.wrap(Decider, "_react", blind)


def _without_places_in_marks(patches: Patches) -> None:
    """A mark holds the source's seq alone: the second reaction of one record looks like the first sent again."""

    def coarse(old: Any) -> Any:
        def react(self: Decider, actor: Actor, batch: Any, sink: Any, request: int) -> None:
            last = actor.dedup.marks.get(batch.source, (0, 0))[0]
            items = []
            for item in batch.items:
                if item.seq > last:
                    items.append(item)
                    last = item.seq
            old(self, actor, batch._replace(items=items), sink, request)

        return react

    patches.wrap(Decider, "_react", coarse)


def _without_held_duplicates(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        def react(self: Decider, actor: Actor, batch: Any, sink: Any, request: int) -> None:
            marks = actor.dedup.marks
            again = all((item.seq, item.n) <= marks.get(batch.source, (0, 0)) for item in batch.items)
            if again:
                sink.accepted(request, b"", actor.seq, None)
            else:
                old(self, actor, batch, sink, request)

        return react

    patches.wrap(Decider, "_react", hasty)


def _without_durable_acknowledgement(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        def react(self: Decider, actor: Actor, batch: Any, sink: Any, request: int) -> None:
            old(self, actor, batch, NO_SINK, request)
            sink.accepted(request, b"", actor.seq, None)

        return react

    patches.wrap(Decider, "_react", hasty)


def _without_cursor_behind(patches: Patches) -> None:
    patches.replace(Outgoing, "cursor", lambda self, end: end)


def _without_resending(patches: Patches) -> None:
    def refused(self: Route, request: int, rejected: Any, pos: int) -> None:
        self.waiting.clear()
        self.outstanding = 0

    patches.replace(Route, "refused", refused)


def _without_reactions_in_replay(patches: Patches) -> None:
    patches.replace(Replay, "_react", nothing)


def _without_order_to_a_target(patches: Patches) -> None:
    """Each reaction travels by itself, whatever became of the one before it."""

    def add(self: Outgoing, source: str, seq: int, offset: int, reactions: Any) -> None:
        from actors.shard.reactions import ReactionItem, _Waiting

        self._open[offset] = self._open.get(offset, 0) + len(reactions)
        for n, reaction in enumerate(reactions):
            where = (source, reaction.kind, reaction.id)
            line = self._routes[where] = Route(self, *where)
            line.waiting.append(_Waiting(ReactionItem(seq, n, reaction.command), offset))
            line.send()

    patches.replace(Outgoing, "add", add)


# ---- timers


def _without_firing_first(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        def command(self: Decider, actor: Actor, *rest: Any) -> None:
            due, actor.due = actor.due, None
            old(self, actor, *rest)
            if actor.due is None:
                actor.due = due

        return command

    patches.wrap(Decider, "_command", hasty)


def _without_looking_again(patches: Patches) -> None:
    """A timer that was set fires, whatever the entity says by now."""

    def stubborn(old: Any) -> Any:
        def fire_due(self: Decider, actor: Actor, now: int) -> None:
            kept = actor.due
            old(self, actor, now)
            if kept is not None and kept.due_ms <= now and not actor.damaged:
                key = f"{kept.id}@{kept.due_ms}"
                ctx = self._context(_timer(), now, actor.seq + 1, key)
                self._accept(actor, self.kind.fire(actor.state, kept.id, ctx), {}, "timer", key, now, None, 0)

        return fire_due

    patches.wrap(Decider, "_fire_due", stubborn)


def _timer() -> Any:
    from actors.shard.decider import TIMER

    return TIMER


def _without_timers_asleep(patches: Patches) -> None:
    """A sleeping entity leaves no due time behind, and its snapshot's envelope names none."""

    def silent(old: Any) -> Any:
        def leaving(self: Shard, actor: Actor) -> None:
            old(self, actor)
            if self.kind.due(actor.state) is not None:
                heap = self.timers._heap
                heap[:] = sorted(entry for entry in heap if entry[1] != actor.id)

        return leaving

    patches.wrap(Shard, "_leaving", silent)
    patches.wrap(Shard, "settle", lambda old: lambda self, due_ms: old(self, {}))


# ---- a client's side


def _without_pos_floor(patches: Patches) -> None:
    patches.replace(ScriptedPlayer, "holds_floor", False)


def _without_key_span(patches: Patches) -> None:
    patches.replace(ScriptedPlayer, "holds_span", False)


SAFEGUARDS: Final = (
    Safeguard(
        "marks",
        REACTIONS,
        "a reaction that arrives again is not applied again",
        ("I11",),
        _without_marks,
    ),
    Safeguard(
        "(seq, n) marks",
        REACTIONS,
        "two reactions of one record to one target are told apart",
        ("I11",),
        _without_places_in_marks,
    ),
    Safeguard(
        "held duplicates",
        REACTIONS,
        "a duplicate is answered only when the mark that it rests on is durable",
        ("I11",),
        _without_held_duplicates,
    ),
    Safeguard(
        "durable acknowledgement",
        REACTIONS,
        "a target says that it has a reaction only when that is durable",
        ("I11",),
        _without_durable_acknowledgement,
    ),
    Safeguard(
        "cursor behind what is open",
        REACTIONS,
        "the cursor passes only what was acknowledged",
        ("I11",),
        _without_cursor_behind,
    ),
    Safeguard(
        "resending",
        REACTIONS,
        "what has no good answer is sent again",
        ("I10", "I11"),
        _without_resending,
    ),
    Safeguard(
        "reactions in replay",
        REACTIONS,
        "what was not acknowledged before a crash is sent after it",
        ("I11",),
        _without_reactions_in_replay,
    ),
    Safeguard(
        "one message a target",
        REACTIONS,
        "the next reaction to a target goes out when the one before it is durable there",
        ("I11",),
        _without_order_to_a_target,
    ),
    Safeguard(
        "fire before decide",
        TIMERS,
        "a timer that is due fires before a command is decided",
        ("I7",),
        _without_firing_first,
        "although timer",
    ),
    Safeguard(
        "a timer fires once",
        TIMERS,
        "what the entity says is due decides, not what was set",
        ("I2",),
        _without_looking_again,
    ),
    Safeguard(
        "timers asleep",
        TIMERS,
        "a sleeping entity's timer fires on time",
        ("I10",),
        _without_timers_asleep,
    ),
    Safeguard(
        "pos floor",
        SESSION,
        "what a session has seen it does not see undone",
        ("I7",),
        _without_pos_floor,
        "the session had seen",
        on=("pause_sent", "takeover"),
    ),
    Safeguard(
        "key span",
        SESSION,
        "a client sends no key while one 16 before it waits",
        ("I1", "I2"),
        _without_key_span,
    ),
)
