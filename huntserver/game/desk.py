"""What waits for a host's eye: questions of teams, and what they sent to be looked at; as it is stored. Pure data."""

from __future__ import annotations

import enum

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


class PhotoVerdict(enum.StrEnum):
    """What became of a photo; "" while nobody has judged it."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"


class Photo(msgspec.Struct, omit_defaults=True):
    """A photo that a team handed in at a clue, or at a `part` of one, `played_ms` into play. Its bytes lie in the store
    of media under `digest`; `source` is the digest of what was sent, `key` the secret part of its address; sides are in
    pixels.

    `why`: what its team was told when it was rejected.
    """

    number: int
    team: str
    clue: str
    at_ms: int
    played_ms: int
    by: str
    name: str
    digest: str
    source: str
    bytes: int
    key: str
    width: int
    height: int
    verdict: str = ""
    why: str = ""
    held: TakenBy | None = None
    part: str = ""


class Desk(msgspec.Struct, omit_defaults=True):
    """What waits for hosts in one hunt: questions by number, rising; `asked` numbers them. Photos likewise."""

    asked: int = 0
    questions: dict[int, HelpQuestion] = {}
    handed_in: int = 0
    photos: dict[int, Photo] = {}
