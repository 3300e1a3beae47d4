"""The unlock language: what opens a clue or a treasure to a team.

    rule   := term ("or" term)*        term := factor ("and" factor)*
    factor := "(" rule ")" | "not" factor | "after" H:MM | "points" ">=" NUMBER | "has" ITEM | "round" ROUND
            | NUMBER "of" "(" id, id, ... ")" | NUMBER "of" "round" ROUND | "draw" [NAME] NUMBER "of" NUMBER | id

An empty rule is always open. `not`, `points`, `has`, `round` and `draw` are words only where something that fits
follows, so a clue may be called so. Pure; parsing takes linear time and at most `RULE_MAX` characters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import msgspec

RULE_MAX: Final = 500
DEPTH_MAX: Final = 20
DRAW_MAX: Final = 1000
_TOKEN: Final = re.compile(r"\s*(?:(\d{1,3}:\d+)|(\d{1,7})\b|([A-Za-z][A-Za-z0-9_-]*)|(>=|[(),]))")
WORDS: Final = frozenset({"and", "or", "of", "after"})
Tree: TypeAlias = tuple[Any, ...]


class Own(NamedTuple):
    """What of a team a rule may look at beside solves and time: points, items as bits, its seat, what it drew."""

    score: int = 0
    items: int = 0
    seat: int = 0
    drawn: tuple[int, ...] = ()


NEWCOMER: Final = Own()
"""A team that has nothing, in a hunt whose rules do not look at more."""


class Opens(Protocol):
    """Tells whether a rule is met: mask of solved clues, seconds of play, what the team has."""

    def __call__(self, solved: int, elapsed_s: int, own: Own = NEWCOMER, /) -> bool:
        """Judge."""
        ...


class Rule(msgspec.Struct, frozen=True):
    """A parsed rule: `ids` it rests on, `after_s` the times it names, its tree; points, items, rounds and draws."""

    tree: Tree
    ids: tuple[str, ...]
    after_s: tuple[int, ...]
    points: tuple[int, ...] = ()
    items: tuple[str, ...] = ()
    rounds: tuple[str, ...] = ()
    draws: tuple[tuple[str, int], ...] = ()


class Things(NamedTuple):
    """The numbers of what rules name: items, draws; `rounds`: how many of which clues complete one. `hopeful`: every
    draw, seat and `not` may be met, as when one asks what can ever open."""

    items: Mapping[str, int] = {}
    draws: Mapping[tuple[str, int], int] = {}
    rounds: Mapping[str, tuple[int, tuple[str, ...]]] = {}
    feeders: Mapping[str, tuple[str, ...]] = {}
    hopeful: bool = False


NOTHING: Final = Things()


class RuleError(ValueError):
    """The rule is not in the language; the text says where and what was expected."""


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > RULE_MAX:
            raise RuleError(f"the rule has {len(text)} characters, allowed are {RULE_MAX}")
        self.tokens: list[str] = []
        self.places: list[int] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise RuleError(f"{text[at:].strip()[:10]!r} at character {at + 1} is no id, number, time or bracket")
            self.tokens.append(found.group().strip())
            at = found.end()
            self.places.append(at - len(self.tokens[-1]) + 1)
        self.at = 0
        self.ids: list[str] = []
        self.after_s: list[int] = []
        self.points: list[int] = []
        self.items: list[str] = []
        self.rounds: list[str] = []
        self.draws: list[tuple[str, int]] = []

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if wanted and token != wanted:
            raise self.expected(repr(wanted))
        self.at += 1
        return token

    def expected(self, what: str) -> RuleError:
        """Return the error that something else stands at the next token."""
        found = f"{self.peek()!r} at character {self.places[self.at]}" if self.peek() else "the end"
        return RuleError(f"expected {what}, found {found}")

    def rule(self, depth: int = 0) -> Tree:
        if depth > DEPTH_MAX:
            raise RuleError(f"brackets are nested deeper than {DEPTH_MAX}")
        terms = [self.term(depth)]
        while self.peek() == "or":
            self.take()
            terms.append(self.term(depth))
        return terms[0] if len(terms) == 1 else ("or", *terms)

    def term(self, depth: int) -> Tree:
        factors = [self.factor(depth)]
        while self.peek() == "and":
            self.take()
            factors.append(self.factor(depth))
        return factors[0] if len(factors) == 1 else ("and", *factors)

    def factor(self, depth: int) -> Tree:
        if self.peek() == "(":
            self.take()
            inner = self.rule(depth + 1)
            self.take(")")
            return inner
        if self.peek() == "after":
            return self.after()
        if self.peek().isdigit():
            return self.some_of(self.number())
        follows = self.peek(1)
        named = follows[:1].isalpha() and follows not in WORDS
        if self.peek() == "not" and (follows == "(" or follows[:1].isdigit() or follows == "after" or named):
            if depth > DEPTH_MAX:
                raise RuleError(f"nested deeper than {DEPTH_MAX}")
            self.take()
            return ("not", self.factor(depth + 1))
        if self.peek() == "points" and follows == ">=":
            return self.at_least()
        if self.peek() == "has" and named:
            self.take()
            self.items.append(self.take())
            return ("has", self.items[-1])
        if self.peek() == "round" and named:
            return self.round()
        if self.peek() == "draw" and (named or follows.isdigit()):
            return self.draw()
        return ("id", self.one_id())

    def after(self) -> Tree:
        self.take()
        hours, _, minutes = self.peek().partition(":")
        if len(minutes) != 2 or int(minutes) > 59:
            raise self.expected("a time H:MM behind 'after'")
        self.take()
        seconds = int(hours) * 3600 + int(minutes) * 60
        self.after_s.append(seconds)
        return ("after", seconds)

    def number(self) -> int:
        if not self.peek().isdigit():
            raise self.expected("a number")
        return int(self.take())

    def at_least(self) -> Tree:
        self.take()
        self.take(">=")
        self.points.append(self.number())
        return ("points", self.points[-1])

    def round(self) -> Tree:
        self.take()
        if not self.peek()[:1].isalpha() or self.peek() in WORDS:
            raise self.expected("a round's id")
        self.rounds.append(self.take())
        return ("round", self.rounds[-1])

    def draw(self) -> Tree:
        self.take()
        name = "" if self.peek().isdigit() else self.take()
        kept = self.number()
        self.take("of")
        most = self.number()
        if not 1 <= kept <= most <= DRAW_MAX:
            raise RuleError(f"draw {kept} of {most} can never be met; allowed is 1 to {min(most, DRAW_MAX)}")
        self.draws.append((name, most))
        return ("draw", name, most, kept)

    def some_of(self, number: int) -> Tree:
        self.take("of")
        if self.peek() == "round":
            return ("of round", number, self.round()[1])
        self.take("(")
        ids = [self.one_id()]
        while self.peek() == ",":
            self.take()
            ids.append(self.one_id())
        self.take(")")
        different = len(set(ids))
        if not 1 <= number <= different:
            raise RuleError(f"{number} of {different} clues can never be met; allowed is 1 to {different}")
        return ("of", number, *ids)

    def one_id(self) -> str:
        token = self.peek()
        if not token or token in WORDS or not token[0].isalpha():
            raise self.expected("a clue's id")
        self.ids.append(self.take())
        return token


@functools.lru_cache(maxsize=2048)
def parse(text: str) -> Rule:
    """Parse a rule; the same text is parsed once, where it is checked, and not again where it is played. Raises
    `RuleError`."""
    if not text.strip():
        return Rule(("true",), (), ())
    parser = _Parser(text)
    tree = parser.rule()
    if parser.peek():
        raise parser.expected("'and', 'or' or the end")
    return Rule(
        tree,
        tuple(dict.fromkeys(parser.ids)),
        tuple(sorted(set(parser.after_s))),
        tuple(sorted(set(parser.points))),
        tuple(dict.fromkeys(parser.items)),
        tuple(dict.fromkeys(parser.rounds)),
        tuple(dict.fromkeys(parser.draws)),
    )


def compile_rule(rule: Rule, index: Mapping[str, int], things: Things = NOTHING) -> Opens:
    """Turn a rule into a function; `index` gives each clue's bit, `things` the numbers of all else."""
    return _compile(rule.tree, index, things)


def _compile(tree: Tree, index: Mapping[str, int], things: Things) -> Opens:
    match tree:
        case ("true",):
            return lambda solved, elapsed_s, own=NEWCOMER: True
        case ("id", str(id)):
            bit = 1 << index[id]
            return lambda solved, elapsed_s, own=NEWCOMER: bool(solved & bit)
        case ("after", int(seconds)):
            return lambda solved, elapsed_s, own=NEWCOMER: elapsed_s >= seconds
        case ("of", int(number), *ids):
            mask = sum(1 << index[str(id)] for id in dict.fromkeys(ids))
            return lambda solved, elapsed_s, own=NEWCOMER: (solved & mask).bit_count() >= number
        case ("and", *parts):
            all_of = [_compile(p, index, things) for p in parts]
            return lambda solved, elapsed_s, own=NEWCOMER: all(f(solved, elapsed_s, own) for f in all_of)
        case ("or", *parts):
            any_of = [_compile(p, index, things) for p in parts]
            return lambda solved, elapsed_s, own=NEWCOMER: any(f(solved, elapsed_s, own) for f in any_of)
    return _of_team(tree, index, things)


def _of_team(tree: Tree, index: Mapping[str, int], things: Things) -> Opens:
    match tree:
        case ("round", str(id)):
            number, ids = things.rounds[id]
            return _compile(("of", number, *ids), index, things)
        case ("of round", int(number), str(id)):
            return _compile(("of", number, *things.feeders[id]), index, things)
        case ("points", int(least)):
            return lambda solved, elapsed_s, own=NEWCOMER: own.score >= least
        case ("has", str(item)):
            bit = 1 << things.items[item]
            return lambda solved, elapsed_s, own=NEWCOMER: bool(own.items & bit)
        case ("not", inner) if not things.hopeful:
            met = _compile(inner, index, things)
            return lambda solved, elapsed_s, own=NEWCOMER: not met(solved, elapsed_s, own)
        case ("draw", str(name), int(most), int(kept)) if not things.hopeful:
            at = things.draws[name, most]
            return lambda solved, elapsed_s, own=NEWCOMER: len(own.drawn) > at and own.drawn[at] == kept
        case ("seat", int(seats), int(seat)) if not things.hopeful:
            return lambda solved, elapsed_s, own=NEWCOMER: own.seat % seats == seat
        case ("not" | "draw" | "seat", *_):
            return lambda solved, elapsed_s, own=NEWCOMER: True
    raise AssertionError(tree)
