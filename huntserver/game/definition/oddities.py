"""What is odd in a hunt though legal: told by `huntserver check`, and no reason not to publish. Pure.

As in `solvability`, no message names an answer or a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from statistics import median
from typing import Final

from huntserver.game.clues.compound import CluePart
from huntserver.game.clues.kind import GuessJudge
from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.odd_texts import odd_texts
from huntserver.game.definition.part import Problem
from huntserver.game.definition.rules import rules_of, things_of
from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.definition.solvability import ALWAYS_S, length_s
from huntserver.game.definition.unlocks import Own, compile_rule
from huntserver.game.geo import distance_m
from huntserver.game.judging.folding import signed
from huntserver.game.media import named, pictures, texts_of
from huntserver.game.pool import FIRST

WALK_M_PER_S: Final = 5000 / 3600
"""Walking speed, 5 km/h."""
FAR_M: Final = 100_000.0
"""A stop this far from the nearest other, while the others are near one another, is a mistyped position."""
SHORT_CODE: Final = 4
ODDS: Final = 100
"""A code that is found by trying in more than one of so many hunts is too short."""
DAY_S: Final = 86_400
"""How long codes are taken to be tried in a hunt that a host ends."""
ACCOUNTS: Final = 200
"""So many are taken to try codes of a hunt that does not bound what they try together."""
SHORT_ANSWER: Final = 3
_SIGN: Final = re.compile(r"[^\w\s]")
_BETWEEN_DIGITS: Final = re.compile(r"\d\s*[^\w\s]\s*\d")


def oddities(d: Definition, now: datetime | None = None) -> list[Problem]:
    """Return what is odd in a definition that can be played; given the present, also times that have passed."""
    return [*odd_texts(d, now), *_media(d), *_signs(d), *_codes(d), *_places(d), *_walks(d)]


def _media(d: Definition) -> Iterator[Problem]:
    """Find what is shown in place without words for it, or is not shown at all."""
    for path, text in texts_of(d):
        for alt, where in pictures(text):
            if not named(f"![]({where})"):
                cure = "save it, put it beside the hunt file and give its name"
                yield Problem(path, f"{where[:80]!r} is no medium of the hunt and is not shown", cure)
            elif not alt:
                cure = f"say what is to be seen or heard: ![An iron gate]({where})"
                yield Problem(path, f"{where!r} has no words for those who cannot see it", cure)


def _answered(d: Definition) -> Iterator[tuple[str, Clue | CluePart]]:
    """Yield every clue, and every part of one, with its path."""
    for i, clue in enumerate(d.clues):
        yield f"clues[{i}]", clue
        for k, part in enumerate(clue.parts):
            yield f"clues[{i}].parts[{k}]", part


def _signs(d: Definition) -> Iterator[Problem]:
    """Find signs that are dropped although they tell answers apart: C, C#, C++."""
    cure = 'if the signs matter, say mode = "signs"'
    for at, clue in _answered(d):
        judge_of = KINDS[clue.kind].judge
        answers = getattr(clue, "answers", [])
        if judge_of is None or clue.kind != "text":
            continue
        judge = judge_of(clue)
        seen: dict[str, tuple[int, str]] = {}
        for j, answer in enumerate(answers):
            if not isinstance(answer, str):
                continue
            path, normal = f"{at}.answers[{j}]", judge.normal(answer)
            first, spelled = seen.setdefault(normal, (j, signed(answer)))
            if first != j and spelled != signed(answer):
                yield Problem(path, f"is one with answers[{first}]: signs that tell them apart are dropped", cure)
            elif first == j and _loses(judge, answer):
                yield Problem(path, "is accepted without its signs too, and is another answer then", cure)


def _loses(judge: GuessJudge, answer: str) -> bool:
    """Tell whether a sign of a short answer, or one between digits, does not count."""
    bare = _SIGN.sub("", answer).strip()
    matters = len(re.sub(r"\s", "", bare)) <= SHORT_ANSWER or _BETWEEN_DIGITS.search(answer) is not None
    if not bare or bare == answer.strip() or not matters:
        return False
    return judge.normal(bare) == judge.normal(answer)


def _codes(d: Definition) -> Iterator[Problem]:
    """Find codes that many accounts, each trying a few, come upon within the hunt's time."""
    length = length_s(d.schedule) or DAY_S
    tries = _tries_together(d, length)
    for at, clue in _answered(d):
        codes_of = KINDS[clue.kind].codes
        for j, code in enumerate(codes_of(clue) if codes_of else ()):
            signs = 10 if code.isdigit() else 26 if code.isalpha() else 36
            odds = signs ** len(code) // tries
            if len(code) > SHORT_CODE and odds >= ODDS:
                continue
            of = "digits" if signs == 10 else "letters" if signs == 26 else "letters and digits"
            found = "found by trying" if odds <= 1 else f"found by trying once in {odds:,} such hunts"
            what = f"has {len(code)} {of}: accounts that try together have {tries:,} tries in {length / 3600:,.0f} h"
            yield Problem(f"{at}.codes[{j}]", f"{what}, so it is {found}", f"make it longer than {len(code)}")


def _tries_together(d: Definition, length_s: int) -> int:
    """Return how many wrong codes all accounts of one standing may try in a hunt, at most."""
    terms, own = d.tries.codes_together, d.tries.codes
    if terms.per_min:
        return int((FIRST + 1) * terms.free + 2 * terms.per_min * length_s / 60)
    return int(ACCOUNTS * (1 + own.free + length_s / max(own.max_s if own.cool_down_s else 0, 1)))


def _stops(d: Definition) -> dict[int, tuple[float, float]]:
    stops = {}
    for i, clue in enumerate(d.clues):
        place_of = KINDS[clue.kind].place
        if place_of is not None:
            spot = place_of(clue)
            stops[i] = (spot.lat, spot.lon)
    return stops


def _places(d: Definition) -> Iterator[Problem]:
    """Find equal places, and one that lies far from all others."""
    paths = []
    stops = []
    for at, clue in _answered(d):
        place_of = KINDS[clue.kind].place
        if place_of is not None:
            spot = place_of(clue)
            paths.append(at)
            stops.append((spot.lat, spot.lon))
            if abs(spot.lat) < 0.01 and abs(spot.lon) < 0.01:
                yield Problem(f"{at}.location", "lies in the sea off Africa, at 0, 0", "give the position of the stop")
    nearest: dict[int, tuple[float, int]] = {}
    for i, here in enumerate(stops):
        away = [(distance_m(*here, *there), j) for j, there in enumerate(stops) if j != i]
        if away:
            nearest[i] = min(away)
            twin = min((j for m, j in away if m < 1.0), default=i)
            if twin < i:
                what = f"is the place of {paths[twin]}: one check-in is near both"
                yield Problem(f"{paths[i]}.location", what, "give each its own, or name the clue when checking in")
    usual = median([m for m, _ in nearest.values()]) if len(nearest) > 2 else 0.0
    for i, (away_m, j) in nearest.items():
        if away_m > FAR_M and away_m > 20 * usual and (j > i or nearest[j][0] < away_m):
            what = f"is {away_m / 1000:,.0f} km from the nearest other place, {paths[j]}"
            yield Problem(f"{paths[i]}.location", what, "look whether lat and lon are right, and not swapped")


def _walks(d: Definition) -> Iterator[Problem]:
    """Find places that nobody reaches on foot in the hunt's time, by the shortest way through what must come before."""
    stops, length = _stops(d), length_s(d.schedule)
    if length is None or not stops:
        return
    needed = _needed(d)
    known: dict[int, dict[int, float]] = {}

    def walked(i: int) -> dict[int, float]:
        """Return for each place where a team can be last when clue `i` is solved, the least way in metres to there."""
        if i not in known:
            known[i] = {}  # a circle is none here: it was found before
            ways = [walked(j) for j in needed[i]]
            best = max(ways, key=lambda way: min(way.values(), default=0.0), default={})
            if i in stops:
                known[i] = {i: min((m + distance_m(*stops[j], *stops[i]) for j, m in best.items()), default=0.0)}
            else:
                known[i] = best
        return known[i]

    for i in stops:
        way_m = walked(i)[i]
        if way_m / WALK_M_PER_S > length:
            hours, lasts = way_m / WALK_M_PER_S / 3600, length / 3600
            far = f"is {way_m / 1000:,.0f} km on foot from where one must have been, {hours:,.1f} h"
            what = f"{far}; the hunt lasts {lasts:,.1f} h"
            yield Problem(f"clues[{i}].location", what, "give more time, or check the positions")


def _needed(d: Definition) -> list[list[int]]:
    """Return of each clue those without which it never opens."""
    index = {c.id: i for i, c in enumerate(d.clues)}
    things, everything, rich = things_of(d, hopeful=True), (1 << len(index)) - 1, Own(1 << 62, (1 << 10_000) - 1)
    made = []
    for rule in rules_of(d)[: len(index)]:
        opens = compile_rule(rule, index, things)
        made.append([index[id] for id in rule.ids if not opens(everything & ~(1 << index[id]), ALWAYS_S, rich)])
    return made
