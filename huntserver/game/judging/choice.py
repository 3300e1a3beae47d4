"""One of several options that players are shown: named by its text, its letter or its number. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from huntserver.game.judging.folding import folded, guess_forms, symbols

OPTIONS_MAX: Final = 26


def chosen(guess: str, options: Sequence[str]) -> int | None:
    """Return the option that a guess names, counted from 0, or None.

    An option's text goes before letters and numbers: where an option is "2", the guess "2" means that one.
    """
    forms = guess_forms(guess) or (symbols(guess),)
    texts = [folded(option) or symbols(option) for option in options]
    for form in forms:
        if form and texts.count(form) == 1:
            return texts.index(form)
    found = re.fullmatch(r"\W*(?:option|answer|antwort|no|nr)?\W*([a-z]|\d{1,2})\W*", guess.casefold().strip())
    if found is None:
        return None
    name = found[1]
    at = int(name) - 1 if name.isdecimal() else ord(name) - ord("a")
    if not 0 <= at < len(options):
        return None
    taken = any(re.fullmatch(r"[a-z]|\d{1,2}", text) for text in texts)
    return None if taken else at


def option_problem(options: Sequence[str]) -> str:
    """Return why options cannot be told apart, or ""."""
    texts = [folded(option) or symbols(option) for option in options]
    if "" in texts:
        return "has an option in which nothing can be seen"
    if len(set(texts)) < len(texts):
        return "has two options that are the same when folded"
    return ""
