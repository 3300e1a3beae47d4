"""What a hunt derives from its definition once, so that judging a command looks things up and computes nothing. Pure.

Things are numbered: clues 0 to n-1 in the order of the file, treasures from n on. Never changed once made.
"""

from __future__ import annotations

import copy
import functools
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from huntserver.game.clues.kind import GuessJudge, Kind, Spot
from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.rules import feeding, rules_of, things_of
from huntserver.game.definition.shape import Attempts, Clue, Definition, Hint, Together
from huntserver.game.definition.unlocks import NEWCOMER, compile_rule
from huntserver.game.locks import locks_of
from huntserver.game.media import NO_MEDIA, Addresses, Medium, address, with_addresses
from huntserver.game.moment import ms
from huntserver.game.parts import Parts
from huntserver.game.standings import COUNTED, order_of
from huntserver.game.texts import Texts

HINTS_A_CLUE: Final = 32
CODES: Final = -1
CHECK_INS: Final = -2
"""What a team tried in vain by codes and check-ins is counted under these, beside the numbers of clues."""
NO_DEFINITION: Final = '{"title":""}'
_decode = msgspec.json.Decoder(Definition).decode


class Plan:
    """A definition, prepared: look-ups by id, and a function for every rule.

    `opens` tells of each thing whether it is open; `dependents` gives a clue's waiting things; `texts` are its texts by
    digest. Texts of `clues`, `treasures`, `rounds` and `intro` are as they are shown, those of `definition` as they
    were written. `clocked` are clues of which it is kept when they opened. `tallies`: more is counted of teams than
    usual.
    """

    def __init__(self, source: str) -> None:
        d = self.definition = _decode(source)
        self.clues = d.clues
        self.treasures = d.treasures
        self.rounds = d.rounds
        self.intro = d.intro
        self.media = NO_MEDIA
        self.clue_index = {c.id: i for i, c in enumerate(d.clues)}
        self.treasure_index = {t.id: i for i, t in enumerate(d.treasures)}
        self.kinds: list[Kind] = [KINDS[c.kind] for c in d.clues]
        of_kind = list(enumerate(zip(self.kinds, d.clues, strict=True)))
        self.judges: list[GuessJudge | None] = [kind.judge(c) if kind.judge else None for _, (kind, c) in of_kind]
        self.codes = {code: i for i, (kind, c) in of_kind if kind.codes for code in kind.codes(c)}
        self.places: list[tuple[int, Spot]] = [(i, kind.place(c)) for i, (kind, c) in of_kind if kind.place]
        self.parts = Parts(d.clues, self.kinds)
        self.asks = _asks(self.kinds, d.clues)
        rules, things = rules_of(d), things_of(d)
        self.opens = [compile_rule(r, self.clue_index, things) for r in rules]
        self.item_index = things.items
        self.loot_index = {loot.id: loot for t in d.treasures for loot in t.loot}
        self.draws = list(things.draws)
        self.thresholds = sorted({n for r in rules for n in r.points})
        self.scored = [i for i, r in enumerate(rules) if r.points]
        self.of_items = [i for i, r in enumerate(rules) if r.items]
        self.seats = math.lcm(*(len(loop.stops) for loop in d.rotations))
        self.plain = not (self.scored or self.of_items or self.draws or d.rotations)
        self.feeding = [[self.clue_index[id] + 1 for id in feeding(things.feeders, c)] for c in d.clues]
        self.after_s = sorted({s for r in rules for s in r.after_s if s})
        self.timed = [i for i, r in enumerate(rules) if r.after_s]
        self.dependents: list[list[int]] = [[] for _ in d.clues]
        for i, rule in enumerate(rules):
            for id in rule.ids:
                self.dependents[self.clue_index[id]].append(i)
        timed_help = d.help is not None and d.help.after_s > 0
        clocked = (timed_help or c.decay_s or any(h.after_s for h in c.hints) for c in d.clues)
        self.clocked = sum(1 << i for i, kept in enumerate(clocked) if kept)
        scoring = d.scoring
        self.streak = scoring.streak
        self.tallies = scoring.streak is not None or not COUNTED.isdisjoint(scoring.ranking)
        self.own_start = d.schedule.start == "own"
        self.order = order_of(scoring.ranking or (["score", "time"] if self.own_start else []))
        self.clue_bits = (1 << len(d.clues)) - 1
        self.final = sum(1 << i for i, c in enumerate(d.clues) if c.final)
        self.opens_ms = ms(d.schedule.opens_at)
        self.starts_ms = ms(d.schedule.starts_at)
        self.ends_ms = ms(d.schedule.ends_at)
        self.solo = d.teams.mode == "solo"
        self.bracket = d.brackets[0] if d.brackets else ""
        self._newcomers = (-1, 0)  # for which time of play, and what is open then
        self.locks = locks_of(d, rules)
        self.texts = Texts(d.intro, d.clues, d.treasures, self.asks, HINTS_A_CLUE)

    def attempts_of(self, index: int) -> Attempts:
        """Return what wrong tries at a clue cost, or wrong codes or check-ins."""
        tries = self.definition.tries
        if index < CHECK_INS:
            index = self.parts.numbered(index).of
        return self.clues[index].attempts if index >= 0 else tries.codes if index == CODES else tries.check_ins

    def together(self, how: str) -> Together:
        """Return what wrong codes, or check-ins, of all teams together may come to."""
        tries = self.definition.tries
        return tries.codes_together if how == "code" else tries.check_ins_together

    def open_to_newcomers(self, released_s: int) -> int:
        """Return the mask of what is open to a team that has solved nothing, after so many seconds of play."""
        if self._newcomers[0] != released_s:
            mask = sum(1 << i for i, opens in enumerate(self.opens) if opens(0, released_s, NEWCOMER))
            self._newcomers = (released_s, mask)
        return self._newcomers[1]

    def drawn(self, seed: int, team: str) -> tuple[int, ...]:
        """Return what a team draws, each draw from 1 on; the same for the same seed, wherever it is asked."""
        made = []
        for name, most in self.draws:
            lot = blake2b(f"{seed} {team} {name} {most}".encode(), digest_size=8).digest()
            made.append(int.from_bytes(lot, "big") % most + 1)
        return tuple(made)

    def reached(self, score: int) -> int:
        """Return the highest score that rules ask for and that is reached: teams with the same one open alike."""
        at = bisect_right(self.thresholds, score)
        return self.thresholds[at - 1] if at else 0

    def with_answers(self, index: int, definition: Definition) -> Plan:
        """Return the plan of a definition that differs in the answers of one clue alone."""
        made = copy.copy(self)
        made.definition, made.clues = definition, definition.clues
        if self.media:  # as written again
            made.treasures, made.rounds = definition.treasures, definition.rounds
            made.intro, made.media = definition.intro, NO_MEDIA
            made.asks = _asks(made.kinds, made.clues)
            made.texts = Texts(made.intro, made.clues, made.treasures, made.asks, HINTS_A_CLUE)
        clue, kind = made.clues[index], made.kinds[index]
        made.judges, made.asks = self.judges.copy(), made.asks.copy()
        made.judges[index] = kind.judge(clue) if kind.judge else None
        made.asks[index] = kind.shown(clue) if kind.shown else None
        if kind.made_of is not None:
            made.parts = Parts(made.clues, made.kinds)
        return made

    def showing(self, media: Addresses) -> Plan:
        """Return the same plan with the addresses of media in its texts."""
        shown = with_addresses(self.definition, media)
        if shown is self.definition:
            return self
        made = copy.copy(self)
        made.clues, made.treasures, made.rounds = shown.clues, shown.treasures, shown.rounds
        made.intro, made.media = shown.intro, media
        if made.parts.all:  # their texts are in what is shown beside the clue's
            made.asks = _asks(made.kinds, made.clues)
        made.texts = Texts(made.intro, made.clues, made.treasures, made.asks, HINTS_A_CLUE)
        return made

    def hint(self, clue: int, id: str) -> tuple[int, Hint] | None:
        """Return a hint of a clue and its number among all hints, or None."""
        for i, hint in enumerate(self.clues[clue].hints):
            if hint.id == id:
                return clue * HINTS_A_CLUE + i, hint
        return None


def _asks(kinds: Sequence[Kind], clues: Sequence[Clue]) -> list[msgspec.Struct | None]:
    """Return what each clue shows beside its text."""
    return [kind.shown(clue) if kind.shown else None for kind, clue in zip(kinds, clues, strict=True)]


def worth(clue: Clue, solves: int, open_ms: int = 0) -> int:
    """Return a clue's points, without bonus, once so many teams have solved it, and after so many ms of being open."""
    if clue.decay_s:
        return clue.points - (clue.points - clue.points_min) * min(open_ms, clue.decay_s * 1000) // (
            clue.decay_s * 1000
        )
    if clue.decay_solves:
        if clue.decay_shape != "curve":
            return _sunk(clue, min(solves, clue.decay_solves))
        # In whole numbers: of 500 points, 7 of 10 solves take 245, and not a little less, which would be rounded up.
        sunk = (clue.points - clue.points_min) * min(solves, clue.decay_solves) ** 2
        return clue.points - sunk // clue.decay_solves**2
    return max(clue.points - clue.decay * solves, clue.points_min)


def _sunk(clue: Clue, solves: int) -> int:
    """Return what a clue is worth whose points sink along a line, or by the logarithm: fast at first, then slowly."""
    all_of, most = clue.points - clue.points_min, clue.decay_solves
    if clue.decay_shape == "line":
        return clue.points - all_of * solves // most
    if solves == most:
        return clue.points_min
    return clue.points - int(all_of * math.log1p(solves) / math.log1p(most))


_derived: dict[str, Plan] = {}
"""The plan that was last derived from another one, until it is asked for by its text."""


@functools.lru_cache(maxsize=4)
def plan_of(source: str) -> Plan:
    """Return the plan of a definition. It is never changed, so hunts and wakes of the same text share it."""
    return _derived.pop(source, None) or Plan(source)


def plan_for(source: str, hunt: str, media: Mapping[str, Medium]) -> Plan:
    """Return the plan of a definition with the addresses of a hunt's media in its texts."""
    if not media:
        return plan_of(source)
    return _showing(source, tuple((name, address(hunt, name, medium)) for name, medium in sorted(media.items())))


@functools.lru_cache(maxsize=8)
def _showing(source: str, media: Addresses) -> Plan:
    return plan_of(source).showing(media)


def plan_with_answers(old: Plan, index: int, definition: Definition, source: str) -> Plan:
    """Return the plan of an amended definition that differs in the answers of one clue alone, whose text `source` is;
    `plan_of` returns the same for that text. Spares the work for all other clues."""
    _derived.clear()
    _derived[source] = old.with_answers(index, definition)
    return plan_of(source)
