"""A record of a hunt as anybody may have it: all that the rules need, and nothing of persons, private texts or codes.

Owns what is left out. Rests on nothing but the log: the pseudonyms' key is made of the hunt's first record, so the
same log gives the same bytes with any token key, at any time. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import msgspec

from actors.log.codec import Done
from huntserver.game.event import Author
from huntserver.game.features.guessing import Guessed
from huntserver.game.hunt import HuntEvent

PSEUDONYMS_MAX: Final = 20_000
"""Kept at once; more are made again when they are needed."""

PERSONS: Final = frozenset({"owner", "person", "player", "players", "members", "who", "results"})
"""Fields that name clients by their ids: pseudonyms stand there."""
CODES: Final = frozenset({"invite"})
"""Fields with a code that lets somebody in: one that lets nobody in stands there."""
TEXTS: Final = frozenset({"reason", "text", "written"})
"""Fields that hosts wrote for those whom it concerned, or for themselves (the comments of a hunt file): empty."""
DIGESTS_OF_CODES: Final = frozenset({"role_offered", "role_taken", "pairing_offered", "pairing_used"})
"""Events whose `digest` is that of a one-time code."""
NAMING: Final = frozenset({"joined", "enrolled", "renamed"})
"""Events that name a team: `#POS` stands for the name."""
PLAIN: Final = frozenset(
    {
        "accepted", "admitted", "after_s", "ask", "at_ms", "back", "bracket", "changed", "clue", "corrects",
        "definition", "digest", "dissolved", "ends_ms", "extra_ms", "first", "for_ms", "from_ms", "given",
        "held", "hint", "how", "kicked", "last", "leave", "loot", "marks", "medium", "name", "number",
        "only_part", "other", "out_of", "paid", "part", "photo", "played_ms", "points", "pool", "price", "rank",
        "removed_ms", "role", "roll", "secret", "seed", "solves", "starts_ms", "team", "teams", "title",
        "to_ms", "treasure", "unofficial", "until_ms", "used_ms", "verdict", "vouched", "wait_ms",
    }
)  # fmt: skip
"""Fields that are as they were written. A new field stands in one of these sets, or a test fails."""


class PublicRecord(msgspec.Struct, frozen=True):
    """A record: the hunt's `pos`-th, written at `at` (ms since 1970) by a pseudonym, `timer` or `system`."""

    pos: int
    at: int
    by: str
    events: list[Any]


class _Read(PublicRecord, frozen=True):
    events: list[HuntEvent]


Cleaning: TypeAlias = Callable[["Redactor", Any, int], Any]
"""Returns what stands for a field's value in the record of a number."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Read).decode


def decoded(body: bytes) -> PublicRecord:
    """Return a public record. Raises ValueError (msgspec's errors are) for bytes that are none."""
    return _decode(body)


class Redactor:
    """Makes the public records of one hunt. Made from the hunt's first record."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._known: dict[str, str] = {}

    @classmethod
    def of(cls, first: Done) -> Redactor:
        """Return the one of the hunt whose first record this is: its tenure's nonce is known to the log alone."""
        return cls(blake2b(f"{first.nonce}.{first.seq} {first.entity}".encode(), digest_size=32).digest())

    def pseudonym(self, client: str) -> str:
        """Return what stands for a client's id (`X:ID`); what is no client's stands for itself."""
        known = self._known.get(client)
        if known is None:
            kind, parted, _ = client.partition(":")
            if not parted:
                return client
            if len(self._known) >= PSEUDONYMS_MAX:
                self._known.clear()
            known = f"{kind}:u{blake2b(client.encode(), key=self.key, digest_size=9).hexdigest()}"
            self._known[client] = known
        return known

    def record(self, record: Done) -> bytes:
        """Return the bytes that are chained, stored in bundles, and read by `decoded`."""
        pos = record.pos
        events = [self._event(event, pos) for event in record.events]
        return _encode(PublicRecord(pos, record.at, self.pseudonym(record.by), events))

    def _event(self, event: Any, pos: int) -> Any:
        of = event.__class__
        if of is Guessed:  # nearly all records. The mark is a checksum of what a person wrote
            by = Author(self.pseudonym(event.personal.by))
            return Guessed(event.team, event.clue, event.verdict, 0, by, event.wait_ms, event.part)
        rule = _RULES.get(of)
        if rule is None:
            rule = _RULES[of] = _rule(of)
        if not rule:
            return event
        return msgspec.structs.replace(
            event, **{name: clean(self, getattr(event, name), pos) for name, clean in rule.items()}
        )


def _rule(of: Any) -> Mapping[str, Cleaning]:
    """Return how the fields of an event's class are cleaned; those that are plain have no entry."""
    tag = of.__struct_config__.tag
    made: dict[str, Cleaning] = {}
    for name in of.__struct_fields__:
        if name == "personal":
            made[name] = _named_author if tag in NAMING else _author
        elif name in PERSONS:
            made[name] = _clients
        elif name in CODES:
            made[name] = _code
        elif name in TEXTS:
            made[name] = _empty
        elif name == "mark":
            made[name] = _no_mark
        elif name == "digest" and tag in DIGESTS_OF_CODES:
            made[name] = _client
    return made


_RULES: Final[dict[type, Mapping[str, Cleaning]]] = {}


def _author(to: Redactor, author: Author | None, pos: int) -> Author | None:
    return None if author is None else author.__class__(to.pseudonym(author.by))


def _named_author(to: Redactor, author: Author | None, pos: int) -> Author | None:
    return None if author is None else Author(to.pseudonym(author.by), team_name=f"#{pos}")


def _client(to: Redactor, client: str, pos: int) -> str:
    return to.pseudonym(f"code:{client}")


def _clients(to: Redactor, value: Any, pos: int) -> Any:
    """Return the same with pseudonyms: of one client, of a list of them, of rows that begin with one."""
    if isinstance(value, str):
        return to.pseudonym(value)
    if isinstance(value, tuple):
        return (to.pseudonym(value[0]), *value[1:])
    return [_clients(to, one, pos) for one in value]


def _code(to: Redactor, code: str, pos: int) -> str:
    return f"none{pos}" if code else ""


def _empty(to: Redactor, text: str, pos: int) -> str:
    return ""


def _no_mark(to: Redactor, mark: int, pos: int) -> int:
    return 0
