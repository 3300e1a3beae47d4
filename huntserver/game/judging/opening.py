"""What people say before an answer: "the answer is", "it's", an article; a guess may be right without. Pure.

What the host wrote must be there, what a player adds is forgiven; of a host's own article only those that are never a
part of a name in another language may be left out ("The Beatles", not "La Paz").
"""

from __future__ import annotations

import re
from typing import Final

from huntserver.game.judging.folding import folded

REST_MIN: Final = 2
"""Letters and digits that must follow an article: "the A" is a name."""
_APOSTROPHE: Final = "['’‘`´ʼ]"
_SAID: Final = re.compile(
    rf"""\s*(?:
    (?:(?:i\s+think|i\s+guess|we\s+think|we\s+say|maybe|perhaps)\s*,?\s+)?
    (?:(?:(?:the|my|our)\s+)?(?:final\s+)?(?:answer|solution)(?:\s+is|\s+was|\s*[:=])
    | (?:it|that|this){_APOSTROPHE}s | (?:it|that|this|there|they)\s+(?:is|was|are|were)
    | i\s+think | i\s+guess | we\s+think | we\s+say | maybe | perhaps
    | (?:die\s+)?(?:antwort|lösung)(?:\s+ist|\s+lautet|\s*[:=]) | (?:es|das)\s+(?:ist|war|sind|waren)
    | (?:la\s+)?(?:réponse|reponse)(?:\s+est|\s*[:=]) | c{_APOSTROPHE}est | ce\s+sont
    | (?:la\s+)?respuesta(?:\s+es|\s*[:=]) | (?:la\s+)?risposta(?:\s+è|\s*[:=]) | (?:a\s+)?resposta(?:\s+é|\s*[:=])
    | (?:het\s+)?antwoord(?:\s+is|\s*[:=]) | (?:het|dat)\s+(?:is|was|zijn|waren)))
    (?:\s*:)?\s*(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_ARTICLE: Final = re.compile(
    rf"\s*(?:(?:the|an?|der|die|das|den|dem|eine?|einen|le|la|les|une?|el|los|las|una|il|lo|gli|uno|het|een|os|um|uma)"
    rf"\s+|[ldLD]{_APOSTROPHE})(?=\S)",
    re.IGNORECASE,
)
_FIRST_WORD: Final = re.compile(r"\s*([^\W\d_]+)")
_FIRST: Final = """
i we maybe perhaps the my our final answer solution it that this there they die antwort lösung es das la réponse reponse
c ce respuesta risposta a resposta het antwoord dat an der den dem ein eine einen le les un une el los las una il lo gli
uno een os um uma l d
"""
_FIRST_WORDS: Final = frozenset(_FIRST.split())
"""What the two begin with: most guesses are told at once to have neither."""
_OF_HOSTS: Final = re.compile(rf"\s*(?:(?:the|der|das|les)\s+|[lL]{_APOSTROPHE})(?=\S)", re.IGNORECASE)


def said(text: str) -> str:
    """Return a guess without "the answer is" and its like before it."""
    found = _SAID.match(text)
    return text[found.end() :] if found else text


def bare(text: str) -> tuple[str, ...]:
    """Return a guess without what was only said before it, then also without an article; empty if there is neither."""
    first = _FIRST_WORD.match(text)
    if first is None or first[1].lower() not in _FIRST_WORDS:
        return ()
    rest = said(text)
    found = _ARTICLE.match(rest)
    name = rest[found.end() :] if found and _is_name(rest[found.end() :]) else rest
    return tuple(one for one in dict.fromkeys((rest, name)) if len(one) < len(text))


def without_article(text: str) -> str | None:
    """Return an answer of a host without its article, where it may be left out; else None."""
    found = _OF_HOSTS.match(text)
    return text[found.end() :] if found and _is_name(text[found.end() :]) else None


def _is_name(rest: str) -> bool:
    form = folded(rest)
    return len(form) >= REST_MIN and not form.isdigit()
