"""Several things in one answer: all of a set in any order, or a list in its order, parted as people part them. Pure.

A guess is parted at line ends, semicolons and bars if it has any, else at commas and their like, at words for "and" in
many languages, at spaces, or not at all ("redgreenblue"); the first way that gives a right answer counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from huntserver.game.judging.folding import folded, letters
from huntserver.game.judging.tables import conjunctions

PARTS_MAX: Final = 50
WORDS_MAX: Final = 40
WORDS_A_THING: Final = 5
RUN_ON_MAX: Final = 120
STATES_MAX: Final = 5_000
"""How far words are tried as things where nothing parts them."""
Fits = Callable[[str], bool]
_PLUS: Final = r"(?:(?<![\w+])\+(?!\+)|(?<=\w)\+(?=\w))"
"""A plus sign that parts things: not that of C++ or of A+."""
_STRONG: Final = (re.compile(r"[\n;|；｜]+"), re.compile(r"[,،、，､]+(?!\d)"), re.compile(r"[,،、，､;|\n]+"))
_WEAK: Final = (
    re.compile(rf"(?:[/&·・･•→>-]|{_PLUS})+|\s[–—-]\s"),
    re.compile(rf"(?:[\s،、，､;|/&·・･•→>–—-]|{_PLUS}|[.,](?!\d))+"),
)
_POINTED: Final = re.compile(r"\s*\w{1,9}(?:\.\w{1,9}){2,}\.?\s*")
"""1.2.3, which is no number."""
_PREFIXED: Final = re.compile(r"\s+[وו](?=\w)")
"""The "and" of Arabic and Hebrew, written together with what follows."""
_WITHIN: Final = re.compile(
    "(?<=[\u3041-\u30ff\u4e00-\u9fff])(?:および|及び|と|や|和|与|與|及)(?=[\u3041-\u30ff\u4e00-\u9fff])"
)
"""That of Japanese and Chinese, without spaces."""


class ListAnswer(NamedTuple):
    """Things, each judged by a function of its own. `ordered`: in this order; `at_least` of them (0: all)."""

    things: tuple[Fits, ...]
    ordered: bool = False
    at_least: int = 0
    spelled: tuple[frozenset[str], ...] = ()
    """The folded forms of each, where all are plain texts."""

    def fits(self, guess: str) -> bool:
        """Tell whether some way to part the guess gives the things."""
        if any(self._right(parts) for parts in partings(guess)) or self._spelled(_words(guess)):
            return True
        if self.ordered and any(self._right(parts) for parts in partings(guess, twice=True)):
            return True
        return bool(self.spelled) and not self.at_least and self._run_on(folded(guess))

    def _right(self, parts: Sequence[str]) -> bool:
        least = self.at_least or len(self.things)
        if not least <= len(parts) <= min(len(self.things), PARTS_MAX):
            return False
        if self.ordered:
            left = iter(self.things)
            return all(any(fits(part) for fits in left) for part in parts)
        return _matched(self.things, parts)

    def _spelled(self, words: list[str]) -> bool:
        """Tell whether words that nothing parts are the things: "red green dark blue"."""
        count, all_ = len(words), (1 << len(self.things)) - 1
        if self.at_least or not len(self.things) < count <= WORDS_MAX:
            return False
        fits = {
            (i, j): [n for n, thing in enumerate(self.things) if thing(" ".join(words[i:j]))]
            for i in range(count)
            for j in range(i + 1, min(count, i + WORDS_A_THING) + 1)
        }
        reached = {(0, 0)}  # (words used, things found)
        look = list(reached)
        while look and len(reached) < STATES_MAX:
            at, found = look.pop()
            if at == count:
                if found == all_:
                    return True
                continue
            for j in range(at + 1, min(count, at + WORDS_A_THING) + 1):
                for n in fits[at, j]:
                    state = (j, found | 1 << n)
                    after = found >> n == 0 if self.ordered else not found >> n & 1
                    if after and state not in reached:
                        reached.add(state)
                        look.append(state)
        return False

    def _run_on(self, text: str) -> bool:
        """Tell whether a guess is the things written together: redgreenblue."""
        if len(text) > RUN_ON_MAX:
            return False
        left, reached = [(0, 0)], {(0, 0)}  # (letters used, things found)
        while left and len(reached) < STATES_MAX:
            at, found = left.pop()
            if at == len(text) and found == (1 << len(self.spelled)) - 1:
                return True
            for n, forms in enumerate(self.spelled):
                if found >> n & 1 or (self.ordered and found != (1 << n) - 1):
                    continue
                for form in forms:
                    state = (at + len(form), found | 1 << n)
                    if form and text.startswith(form, at) and state not in reached:
                        reached.add(state)
                        left.append(state)
        return False


def _words(text: str) -> list[str]:
    return [word for word in _WEAK[-1].split(text) if word and letters(word) not in conjunctions()]


def _matched(things: Sequence[Fits], parts: Sequence[str]) -> bool:
    """Tell whether each part can be given a thing of its own (augmenting paths: a part may fit several)."""
    fits = [[i for i, thing in enumerate(things) if thing(part)] for part in parts]
    taken: dict[int, int] = {}

    def place(part: int, seen: set[int]) -> bool:
        for thing in fits[part]:
            if thing not in seen:
                seen.add(thing)
                if thing not in taken or place(taken[thing], seen):
                    taken[thing] = part
                    return True
        return False

    return all(fits) and all(place(part, set()) for part in range(len(parts)))


def partings(text: str, *, twice: bool = False) -> Iterator[list[str]]:
    """Yield the ways to part a guess, the most deliberate first. A thing said twice is said once, but with `twice`."""
    once = _each if twice else _once
    text = re.sub(r"^\s*(?:\d+[.)]|[-*•])\s+", "", text, flags=re.MULTILINE) if "\n" in text else text
    seen: list[list[str]] = []
    for pattern in (*_STRONG, None, *_WEAK, *(p for p in (_PREFIXED, _WITHIN) if p.search(text))):
        pieces = _at_words(text) if pattern is None else pattern.split(text)
        for parts in (once(pieces), once(p for piece in pieces for p in _at_words(piece))):
            if len(parts) > 1 and parts not in seen and len(parts) <= PARTS_MAX:
                seen.append(parts)
                yield parts
    said = {letters(word) for word in text.split()} & conjunctions()
    for word in sorted(said) if len(said) > 1 else ():  # one of them may be a thing: of "dhe and aaa"
        parts = once(_at_words(text, {word}))
        if 1 < len(parts) <= PARTS_MAX:
            yield parts
    if _POINTED.fullmatch(text):
        yield once(text.split("."))
    if text.strip():
        yield [text]


def _each(pieces: Sequence[str] | Iterator[str]) -> list[str]:
    return [piece.strip() for piece in pieces if folded(piece) or piece.strip()]


def _once(pieces: Sequence[str] | Iterator[str]) -> list[str]:
    found: dict[str, str] = {}
    for piece in pieces:
        key = folded(piece) or piece.strip()
        if key:
            found.setdefault(key, piece.strip())
    return list(found.values())


def _at_words(text: str, of: AbstractSet[str] | None = None) -> list[str]:
    """Part a text at the words for "and", or at those given."""
    between = conjunctions() if of is None else of
    words = text.split()
    parts: list[list[str]] = [[]]
    for i, word in enumerate(words):
        if 0 < i < len(words) - 1 and letters(word) in between:
            parts.append([])
        elif i == 0 and len(words) > 1 and letters(word) in between:
            continue
        else:
            parts[-1].append(word)
    return [" ".join(part) for part in parts]
