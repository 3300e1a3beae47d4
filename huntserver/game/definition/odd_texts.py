"""What is odd in the words of a hunt though legal: HTML, links that lead nowhere, expressions that take all or nothing,
times that have passed. Pure.

As in `solvability`, no message names an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.judging.answer import Answer
from huntserver.game.judging.judge import TextJudge
from huntserver.game.media import named, texts_of

_HTML: Final = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|img|div|span|em|strong|h[1-6]|ul|ol|li|table|font|center|script|style|iframe|video|audio)\b"
    r"[^<>\n]*>|&(?:nbsp|amp|lt|gt|quot|[a-z]{1,6}uml|#\d{2,5});",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"(?s)```.*?```|`[^`\n]*`")
_LINK: Final = re.compile(r"(?<!!)\[[^\[\]]+\]\([ \t]*<?([^\s()<>]+)")
_SHOWN: Final = re.compile(r"https?://", re.IGNORECASE)
_ANYTHING: Final = ("qzxj wvk", "73519")
"""Guesses that no clue is about."""


def odd_texts(d: Definition, now: datetime | None = None) -> Iterator[Problem]:
    """Yield what is odd in titles, texts, brackets and expressions, and, given the present, in the schedule."""
    for path, title in _titles(d):
        yield from _html(path, title, "titles are plain text")
    for path, text in texts_of(d):
        yield from _html(path, text, "write **bold**, *emphasis*, [words](https://example.org)")
        for where in _LINK.findall(text):
            if not _SHOWN.match(where) and not named(f"[]({where})"):
                cure = "begin it with https://, or name a file of the hunt"
                yield Problem(path, f"{where[:80]!r} is no link that can be followed", cure)
    for i, bracket in enumerate(d.brackets):
        if bracket != bracket.strip():
            yield Problem(f"brackets[{i}]", f"{bracket!r} begins or ends with a space", f"write {bracket.strip()!r}")
    yield from _expressions(d)
    for name in ("opens_at", "starts_at", "ends_at"):
        at = getattr(d.schedule, name)
        if now is not None and at is not None and at.tzinfo is not None and at < now:
            yield Problem(f"schedule.{name}", f"{at.isoformat()} has passed", "look at year, day and offset")


def _titles(d: Definition) -> Iterator[tuple[str, str]]:
    yield "title", d.title
    titles = {"clues": [c.title for c in d.clues], "treasures": [t.title for t in d.treasures]}
    for name, some in {**titles, "rounds": [r.title for r in d.rounds]}.items():
        for i, title in enumerate(some):
            yield f"{name}[{i}].title", title


def _html(path: str, text: str, cure: str) -> Iterator[Problem]:
    if found := _HTML.search(_CODE.sub("", text)):
        yield Problem(path, f"{found[0][:40]!r} is shown as it is written", cure)


def _expressions(d: Definition) -> Iterator[Problem]:
    """Find expressions that are written between strokes, and those that whatever is guessed fits."""
    for i, clue in enumerate(d.clues):
        for k, part in [(None, clue), *enumerate(clue.parts)]:
            at = f"clues[{i}]" if k is None else f"clues[{i}].parts[{k}]"
            for j, answer in enumerate(getattr(part, "answers", [])):
                if isinstance(answer, Answer) and answer.regex:
                    yield from _expression(f"{at}.answers[{j}].regex", answer)


def _expression(path: str, answer: Answer) -> Iterator[Problem]:
    if re.fullmatch(r"/.*/[a-z]*", answer.regex):
        yield Problem(path, "stands between strokes, which are part of it", "leave them out; case does not count")
    judge = TextJudge([answer])
    if all(judge.correct(guess) for guess in _ANYTHING):
        yield Problem(path, "takes whatever is guessed", "write what the answer is; a question to all is a survey")
