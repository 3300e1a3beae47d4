"""What clients were told, held against the log: one effect for each accepted command, none for a refused one, the
order of real time, and every refusal and view given again by the rules at the `pos` that it names.

Owns the clients' calls while the checker folds the log. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from actors.checker.history import OK, REFUSED, VIEWED, Call
from actors.entity import Context, EntityType, Rejected
from actors.log.codec import Done
from actors.shard.dedup import EPOCHS_MAX
from actors.timekeeper import JUMP_MS

Add = Callable[[str, str, str], None]
Which = tuple[str, str, str]

RUNTIME: frozenset[str] = frozenset({"key_too_old", "too_many_devices", "too_large", "entity_damaged", "internal"})
"""Codes that the rules of an entity do not give."""

UNTOLD: frozenset[str] = frozenset({"too_many_devices", "entity_damaged"})
"""Refusals that do not say whether an earlier copy took effect, only that this one does not: what would tell is not
there any more. `key_too_old` is one of them for a device that eight others of its sender pushed out; any other that
keeps the span of keys hears the first answer."""


class Rules(NamedTuple):
    """What the promises say in numbers and codes.

    `proof_s`: what a refusal or view may miss; those that an entity type calls fresh miss nothing. `timed`: codes that
    depend on the clock, so that they are not asked for again.
    `views`: ask for views again. `strict`: a refused key is never executed, even under a later tenure.
    With `clock_skew_ms` given, they are asked for again at the first and the last time that may have been meant.
    `sent_to`: tells whether a copy of a key (entity, sender, EPOCH:N) was sent to a tenure, by its stamped nonce: one
    that was refused is not executed under any other (None: not known).
    `clock_skew_ms`: how far an owner's clock may be ahead of the log's (0: not judged); `epoch_ms`: the log's time, in
    ms since 1970, at 0 s of the clock by which records land.
    """

    proof_s: float = 1.0
    timed: frozenset[str] = frozenset()
    views: bool = True
    strict: bool = False
    clock_skew_ms: int = 0
    epoch_ms: int = 0
    sent_to: Callable[[Which, str], bool] | None = None


class Effect(NamedTuple):
    """Where a key took effect."""

    pos: int
    answer: bytes
    tenure: int
    nonce: str


class CallJudge:
    """Holds clients' calls against the effects in the log, and the rules' answers at each pos."""

    def __init__(self, rules: Rules, kinds: dict[str, EntityType[Any]]) -> None:
        self.count = 0
        self._kinds = kinds
        self._rules = rules
        self._calls: dict[str, list[Call]] = {}
        self._keys: set[Which] = set()
        self._effects: dict[Which, Effect] = {}
        self._to_judge: dict[tuple[str, int], list[Call]] = {}
        self._tenures: dict[str, list[int]] = {}
        self._wrong: list[tuple[str, str, str]] = []
        self._ctx = Context()

    def add(self, call: Call) -> None:
        """Take a call."""
        self.count += 1
        self._calls.setdefault(call.entity, []).append(call)
        if call.key:
            self._keys.add((call.entity, call.by, call.key))
        again = self._rules.views if call.outcome == VIEWED else call.code not in self._rules.timed | RUNTIME
        if call.outcome in (REFUSED, VIEWED) and call.command is not None and call.pos >= 0 and again:
            self._to_judge.setdefault((call.entity, call.pos), []).append(call)

    def effect(self, record: Done, tenure: int) -> None:
        """Take a counting record that a key stands on; called in log order."""
        if record.entity in self._calls:
            which = (record.entity, record.by, record.key)
            if which in self._keys:
                self._effects[which] = Effect(record.pos, bytes(record.answer), tenure, record.nonce)

    def at(self, kind: EntityType[Any], name: str, state: Any, pos: int, tenure: int, at_ms: int) -> None:
        """Ask the rules again for all that was refused or viewed at this pos of the entity."""
        if name in self._calls and pos:
            self._tenures.setdefault(name, []).append(tenure)
        for call in self._to_judge.pop((name, pos), ()):
            self._judge(kind, state, call, pos, at_ms)

    def create(self) -> None:
        """Judge what was said of entities that no record speaks of."""
        for name, pos in [where for where in self._to_judge if where[1] == 0]:
            kind_name, _, id = name.partition("/")
            for call in self._to_judge.pop((name, pos)):
                self._judge(self._kinds[kind_name], self._kinds[kind_name].create(id), call, 0, 0)

    def _judge(self, kind: EntityType[Any], state: Any, call: Call, pos: int, at_ms: int) -> None:
        ctx = self._ctx
        ctx.by, ctx.role, ctx.now_ms, ctx.seq, ctx.key = call.by, call.role, at_ms, pos + 1, call.key
        where = f"{call.session} {call.entity}:{pos} {call.key}"
        if call.outcome == VIEWED:
            ctx.seq = pos
            ctx.now_ms = getattr(call.answer, "now_ms", at_ms)  # one that shows a clock is asked for again at its time
            view = kind.query(state, call.command, ctx)
            if view != call.answer:
                self._wrong.append(("I7", f"{call.command} gave {call.answer}, the log gives {view}", where))
            return
        if not call.key:
            ctx.seq = pos
        ask = kind.decide if call.key else kind.query
        given: Any = None
        for now_ms in self._times(call, at_ms):
            ctx.now_ms = now_ms
            given = ask(state, call.command, ctx)
            if isinstance(given, Rejected) and given.code == call.code:
                return
        text = f"{call.command} was refused with {call.code}, the rules give {given} there"
        self._wrong.append(("I7", text, where))

    def _times(self, call: Call, at_ms: int) -> tuple[int, ...]:
        """Return the first and the last time at which the refusal may have been decided, in ms since 1970: that of the
        record at its pos, and that at which it was heard, by a clock that may be ahead. In between time passes without
        a record: what is due of one sender alone comes, a pause of his is over."""
        rules = self._rules
        if not rules.clock_skew_ms or call.answered_s == inf:
            return (at_ms,)
        return (at_ms, max(at_ms, rules.epoch_ms + int(call.answered_s * 1000) + rules.clock_skew_ms + JUMP_MS))

    # ---- the end

    def check(self, add: Add) -> None:
        """Report all that is wrong."""
        for wrong in self._wrong:
            add(*wrong)
        for (name, _), calls in self._to_judge.items():
            for call in calls:
                add("I3", f"{call.session} was told {call.code or 'a view'} at a pos that the log does not reach", name)
        for name, calls in self._calls.items():
            for call in calls:
                self._check_effect(name, call, add)
            self._check_order(name, [c for c in calls if c.outcome == OK], add)
            self._check_fresh(name, calls, add)

    def check_alone(self, add: Add) -> None:
        """Report what is wrong when there is no log to hold it against: order, freshness, one command at one pos."""
        for name, calls in self._calls.items():
            accepted = [c for c in calls if c.outcome == OK]
            at: dict[int, Call] = {}
            for call in accepted:
                other = at.setdefault(call.pos, call)
                if other is not call and (other.by, other.key) != (call.by, call.key):
                    add("I1", f"{other.key} and {call.key} were both accepted at {call.pos}", f"{name} {call.session}")
            for call in calls:
                self._check_floor(name, call, add)
            self._check_order(name, accepted, add)
            self._check_fresh(name, calls, add)

    def _check_effect(self, name: str, call: Call, add: Add) -> None:
        effect = self._effects.get((name, call.by, call.key)) if call.key else None
        where = f"{call.session} {call.by} {name} {call.key}"
        if call.outcome == OK and call.key:
            if effect is None:
                add("I1", f"{call.command} was accepted at {call.pos}, the log has no effect of it", where)
            elif effect.pos != call.pos:
                add("I1", f"{call.command} was accepted at {call.pos}, its effect is at {effect.pos}", where)
            elif call.answer is not None and bytes(call.answer) != effect.answer:
                add("I1", f"{call.command} was answered {call.answer!r}, the log says {effect.answer!r}", where)
        elif (
            call.outcome == REFUSED
            and effect
            and self._tells(name, call, effect)
            and self._excluded(name, call, effect)
        ):
            text = f"{call.command} was refused with {call.code} at {call.pos}, its effect is at {effect.pos}"
            add("I1", text, where)
        self._check_floor(name, call, add)

    def _tells(self, name: str, call: Call, effect: Effect) -> bool:
        """Tell whether a refusal says that the key took no effect."""
        if call.code != "key_too_old":
            return call.code not in UNTOLD
        others = {
            key.rpartition(":")[0]
            for (entity, by, key), other in self._effects.items()
            if entity == name and by == call.by and effect.pos < other.pos
        }
        return len(others - {call.key.rpartition(":")[0]}) < EPOCHS_MAX

    def _check_floor(self, name: str, call: Call, add: Add) -> None:
        if call.outcome in (REFUSED, VIEWED) and 0 <= call.pos < call.floor:
            where = f"{call.session} {call.by} {name} {call.key}"
            add("I7", f"pos {call.pos} although the session had seen {call.floor}", where)

    def _excluded(self, name: str, call: Call, effect: Effect) -> bool:
        """Tell whether the refused key must not have this effect. A delayed duplicate may execute under a later
        tenure, unless commands carry the tenure they are meant for: none at all (`strict`), or those that were sent to
        that one (`sent_to`). Before the first tenure there is none."""
        if self._rules.strict or call.pos < 0 or effect.pos <= call.pos or effect.tenure == 1:
            return True
        sent_to = self._rules.sent_to
        if sent_to is not None and not sent_to((name, call.by, call.key), effect.nonce):
            return True
        tenures = self._tenures.get(name, [])
        return 0 < call.pos <= len(tenures) and tenures[call.pos - 1] == effect.tenure

    def _check_order(self, name: str, accepted: list[Call], add: Add) -> None:
        latest = Call("", "", "", "", "", None, -inf)
        for call in sorted(accepted, key=lambda c: c.pos):
            if call.answered_s < latest.sent_s:
                text = f"{call.key} at {call.pos} was answered before {latest.key} at {latest.pos} was sent"
                add("I7", text, f"{name} {call.session} {latest.session}")
            if call.sent_s > latest.sent_s:
                latest = call

    def _check_fresh(self, name: str, calls: list[Call], add: Add) -> None:
        known = sorted((c.answered_s, c.pos) for c in calls if c.outcome == OK)
        times = [at for at, _ in known]
        highest: list[int] = [0]
        for _, pos in known:
            highest.append(max(highest[-1], pos))
        kind = self._kinds[name.partition("/")[0]]
        for call in calls:
            if call.outcome not in (REFUSED, VIEWED) or call.pos < 0:
                continue
            left_s = call.left_s if call.left_s < inf else call.sent_s
            before_s = left_s - self._rules.proof_s
            if call.outcome == REFUSED and (call.code in kind.fresh_codes or call.role in kind.fresh_roles):
                before_s = max(before_s, call.sent_s)
            must = highest[bisect_left(times, before_s)]
            if call.pos < must:
                text = f"{call.code or 'a view'} at {call.pos} misses {must}, acknowledged before {before_s:.4f} s"
                add("I7", text, f"{name} {call.session} {call.key}")
