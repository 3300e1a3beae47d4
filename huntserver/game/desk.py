"""What waits for a host's eye: questions of teams, and what they sent to be looked at; as it is stored. Pure data."""

from __future__ import annotations

import msgspec


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing said in a question's thread; `host`: by somebody who runs the hunt, else by a member of the team."""

    at_ms: int
    by: str
    name: str
    text: str
    host: bool


class TakenBy(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who has taken something up, and when; it is theirs for a while, so that two hosts do not do the same work."""

    by: str
    name: str
    at_ms: int


class HelpQuestion(msgspec.Struct, omit_defaults=True):
    """A question of a team about a clue. `turn`: who is to say something, `host` or `team`; "": it is answered.

    `paid`: what its answer cost and was not given back.
    """

    number: int
    team: str
    clue: str
    thread: list[Line]
    turn: str = "host"
    answered: bool = False
    paid: int = 0
    closed: bool = False
    held: TakenBy | None = None


class Desk(msgspec.Struct, omit_defaults=True):
    """What waits for hosts in one hunt: questions by number, rising; `asked` numbers them."""

    asked: int = 0
    questions: dict[int, HelpQuestion] = {}
