"""The unlock language: which solves, and how much time, open a clue or a treasure.

    rule   := term ("or" term)*        term := factor ("and" factor)*
    factor := "(" rule ")" | "after" H:MM | NUMBER "of" "(" id, id, ... ")" | id

An empty rule is always open. Pure; parsing takes linear time and at most `RULE_MAX` characters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

RULE_MAX: Final = 500
DEPTH_MAX: Final = 20
_TOKEN: Final = re.compile(r"\s*(?:(\d{1,3}:\d+)|(\d{1,3})\b|([A-Za-z][A-Za-z0-9_-]*)|([(),]))")
WORDS: Final = frozenset({"and", "or", "of", "after"})

Opens: TypeAlias = Callable[[int, int], bool]
"""Tells whether a rule is met: (mask of solved clues, seconds of play)."""


class Rule(msgspec.Struct, frozen=True):
    """A parsed rule: `ids` it rests on, `after_s` the times it names, and its tree."""

    tree: tuple[object, ...]
    ids: tuple[str, ...]
    after_s: tuple[int, ...]


class RuleError(ValueError):
    """The rule is not in the language; the text says where and what was expected."""


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > RULE_MAX:
            raise RuleError(f"the rule has {len(text)} characters, allowed are {RULE_MAX}")
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise RuleError(f"{text[at:].strip()[:10]!r} at character {at} is no id, number, time or bracket")
            self.tokens.append(found.group().strip())
            at = found.end()
        self.at = 0
        self.ids: list[str] = []
        self.after_s: list[int] = []

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if wanted and token != wanted:
            raise RuleError(f"expected {wanted!r}, found {token or 'the end'!r}")
        self.at += 1
        return token

    def rule(self, depth: int = 0) -> tuple[object, ...]:
        if depth > DEPTH_MAX:
            raise RuleError(f"brackets are nested deeper than {DEPTH_MAX}")
        terms = [self.term(depth)]
        while self.peek() == "or":
            self.take()
            terms.append(self.term(depth))
        return terms[0] if len(terms) == 1 else ("or", *terms)

    def term(self, depth: int) -> tuple[object, ...]:
        factors = [self.factor(depth)]
        while self.peek() == "and":
            self.take()
            factors.append(self.factor(depth))
        return factors[0] if len(factors) == 1 else ("and", *factors)

    def factor(self, depth: int) -> tuple[object, ...]:
        token = self.take()
        if token == "(":
            inner = self.rule(depth + 1)
            self.take(")")
            return inner
        if token == "after":
            hours, _, minutes = self.take().partition(":")
            if len(minutes) != 2 or int(minutes) > 59:
                raise RuleError("expected a time H:MM behind 'after'")
            seconds = int(hours) * 3600 + int(minutes) * 60
            self.after_s.append(seconds)
            return ("after", seconds)
        if token.isdigit():
            return self.some_of(int(token))
        if not token or token in WORDS or not token[0].isalpha():
            raise RuleError(f"expected a clue's id, found {token or 'the end'!r}")
        self.ids.append(token)
        return ("id", token)

    def some_of(self, number: int) -> tuple[object, ...]:
        self.take("of")
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
        token = self.take()
        if not token or token in WORDS or not token[0].isalpha():
            raise RuleError(f"expected a clue's id, found {token or 'the end'!r}")
        self.ids.append(token)
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
        raise RuleError(f"expected 'and', 'or' or the end, found {parser.peek()!r}")
    return Rule(tree, tuple(dict.fromkeys(parser.ids)), tuple(sorted(set(parser.after_s))))


def compile_rule(rule: Rule, index: Mapping[str, int]) -> Opens:
    """Turn a rule into a function; `index` gives each clue's bit."""
    return _compile(rule.tree, index)


def _compile(tree: tuple[object, ...], index: Mapping[str, int]) -> Opens:
    match tree:
        case ("true",):
            return lambda solved, elapsed_s: True
        case ("id", str(id)):
            bit = 1 << index[id]
            return lambda solved, elapsed_s: bool(solved & bit)
        case ("after", int(seconds)):
            return lambda solved, elapsed_s: elapsed_s >= seconds
        case ("of", int(number), *ids):
            mask = sum(1 << index[str(id)] for id in dict.fromkeys(ids))
            return lambda solved, elapsed_s: (solved & mask).bit_count() >= number
        case ("and", *parts):
            all_of = [_compile(p, index) for p in parts if isinstance(p, tuple)]
            return lambda solved, elapsed_s: all(f(solved, elapsed_s) for f in all_of)
        case ("or", *parts):
            any_of = [_compile(p, index) for p in parts if isinstance(p, tuple)]
            return lambda solved, elapsed_s: any(f(solved, elapsed_s) for f in any_of)
    raise AssertionError(tree)
