"""Clues that are answered by choosing one of some options; a wrong choice counts as a wrong guess. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final
from zlib import crc32

import msgspec

from huntserver.game.answers import GUESS_MAX
from huntserver.game.clues.kind import GuessJudge, Kind
from huntserver.game.definition.part import Part, Wrong, printable
from huntserver.game.judging.folding import signed

OPTIONS_MAX: Final = 20


class ChoiceKeys(Part, frozen=True):
    """The `options` are shown in this order; each of `right`, word for word one of them, solves the clue."""

    options: list[str] = []
    right: list[str] = []


class ChoiceShown(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="choice"):
    """What there is to choose from: one of the `options` is sent as the guess's text."""

    options: list[str]


def option_key(text: str) -> str:
    """Return the form in which options are compared: case and the number of spaces do not count, signs do."""
    return " ".join(text.split()).casefold()


def loose_key(text: str) -> str:
    """Return the form in which a typed option is known: no accents, one kind of quotes and dashes, no point behind."""
    return signed(text).rstrip(".!,")


class ChoiceJudge(GuessJudge):
    """Judges by the options alone: what is none of them was not chosen, and costs nothing."""

    __slots__ = ("_alike", "_options", "texts")

    texts: frozenset[str]
    nothing: Final = "choose one of the options that are shown"
    replies: Final = False

    def __init__(self, options: list[str], right: list[str]) -> None:
        self._options = frozenset(map(option_key, options))
        self.texts = frozenset(map(option_key, right))
        forms = [(loose_key(option), option_key(option)) for option in options]
        once = Counter(form for form, _ in forms)
        self._alike = {form: key for form, key in forms if once[form] == 1}

    def normal(self, raw: str) -> str:
        """Return the key of the option as it stands, or of the only one that was meant; else of the text itself."""
        key = option_key(raw)
        return key if key in self._options else self._alike.get(loose_key(raw), key)

    def mark(self, raw: str, normal: str) -> int:
        """Return 32 bits that stand for an option; 0: it is none."""
        return (crc32(normal.encode()) or 1) if normal in self._options else 0

    def fits(self, raw: str) -> bool:
        """Options are texts: nothing else is accepted."""
        return False

    def reply(self, raw: str, normal: str) -> str | None:
        """No option is on the right way."""
        return None


def check(wrong: Wrong, path: str, clue: ChoiceKeys) -> None:
    """Report options that look alike or cannot be sent, and right ones that are not shown."""
    seen: dict[str, int] = {}
    for i, option in enumerate(clue.options):
        at = f"{path}.options[{i}]"
        printable(wrong, at, option)
        if not 1 <= len(option.strip()) <= GUESS_MAX:
            wrong(at, f"has {len(option.strip())} characters", f"allowed is 1 to {GUESS_MAX}")
        if (first := seen.setdefault(option_key(option), i)) != i:
            wrong(at, f"is the same as options[{first}]", "give each option once")
    right = {option_key(option) for option in clue.right}
    for i, option in enumerate(clue.right):
        if option_key(option) not in seen:
            wrong(f"{path}.right[{i}]", "is none of the options", "write it as it stands in options")
    if clue.options and not clue.right:
        wrong(f"{path}.right", "is missing beside options", "name the option, or options, that solve the clue")
    elif clue.options and right >= seen.keys():
        wrong(f"{path}.right", "holds every option, so nothing is to be chosen", "leave one out")


KIND: Final = Kind(
    "choice",
    ChoiceKeys,
    owns=("options", "right"),
    check=check,
    ranges={"options": (0, OPTIONS_MAX), "right": (0, OPTIONS_MAX)},
    judge=lambda clue: ChoiceJudge(clue.options, clue.right),
    shown=lambda clue: ChoiceShown(clue.options),
    shows=ChoiceShown,
)
