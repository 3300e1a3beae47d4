"""A record of the log as others may read it: what happened, without persons, free texts and answers. Pure.

Owns the schema of the feed (`docs/feed.md`). A field of an event is in it only if it stands here: one that is added to
an event later is left out until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from actors.log.codec import Done
from actors.log.port import ShardId

SCHEMA: Final = 1

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    # hunts
    "joined": ("team", "bracket"),
    "guessed": ("team", "clue", "verdict", "wait_ms", "part"),
    "missed": ("team", "how", "wait_ms"),
    "tries_spent": ("how", "teams"),
    "solved": ("team", "clue", "points", "rank", "how", "members", "held", "used_ms", "at_ms", "given"),
    "unsolved": ("team", "clue", "points", "part", "only_part", "last", "members", "first", "photo"),
    "hint_taken": ("team", "clue", "hint", "price"),
    "claimed": ("team", "treasure", "rank", "points", "loot", "roll"),
    "part_solved": ("team", "clue", "part", "how", "given", "at_ms", "played_ms"),
    "question_asked": ("team", "clue", "number"),
    "question_added": ("team", "number"),
    "question_withdrawn": ("team", "number"),
    "question_answered": ("team", "clue", "number", "price", "back"),
    "question_closed": ("team", "clue", "number"),
    "question_refunded": ("team", "clue", "number", "points"),
    "taken_up": ("number", "back", "team", "photo"),
    "photo_handed_in": ("team", "clue", "number", "part"),
    "photo_taken_back": ("team", "number"),
    "photo_judged": ("team", "clue", "number", "accepted", "wait_ms", "part"),
    "created": (),
    "defined": ("digest",),
    "amended": ("digest", "paid"),
    "rejudged": ("team",),
    "released": ("after_s",),
    "published": (),
    "started": ("ends_ms", "seed"),
    "paused": (),
    "unpaused": ("for_ms",),
    "extended": ("ends_ms",),
    "ended": (),
    "rescheduled": ("starts_ms", "ends_ms"),
    "unstarted": ("starts_ms",),
    "reopened": ("ends_ms", "removed_ms"),
    "withdrawn": ("players",),
    "extra_time_given": ("team", "extra_ms"),
    "interval_removed": ("from_ms", "to_ms"),
    "cool_down_cleared": ("team", "clue", "vouched"),
    "placed": ("results",),
    "announced": ("team", "bracket"),
    "erratum_given": ("clue",),
    "erratum_withdrawn": ("clue",),
    "medium_added": ("name",),
    "medium_removed": ("name",),
    "adjusted": ("team", "points"),
    "removed": ("team", "back"),
    "begun": ("team",),
    "unbegun": ("team",),
    "team_released": ("team", "after_s"),
    "counting_changed": ("team", "unofficial"),
    "frozen": (),
    "thawed": (),
    "revealed": ("leave",),
    "solves_told": ("team", "members", "solves"),
    "renamed": ("team",),
    "enrolled": ("team", "bracket"),
    "unenrolled": ("team",),
    "bracket_changed": ("team", "bracket"),
    "pairing_offered": (),
    "pairing_used": (),
    "role_offered": ("role", "until_ms"),
    "role_taken": ("role",),
    "role_revoked": (),
    "left": ("team", "player", "kicked", "dissolved"),
    "captain_changed": ("team", "player"),
    "invite_changed": ("team",),
    "approval_changed": ("team", "ask"),
    "asked_in": ("team",),
    "declined": ("team", "player"),
    "moved": ("player", "team", "out_of", "dissolved"),
    "merged": ("team", "other", "members", "points"),
    "erased": ("teams",),
    # players
    "entered": ("hunt", "team"),
    "credited": ("hunt", "clue", "points", "first"),
    "credit_taken": ("hunt", "clue", "points", "first"),
    "awarded": ("hunt", "treasure", "rank"),
    "closed": ("hunt", "place", "points"),
    "place_withdrawn": ("hunt",),
    "set_aside": ("what", "hunt"),
    "team_changed": ("hunt", "team"),
    "left_hunt": ("hunt", "team", "kicked"),
}
"""By event: its fields in the feed. Of those that name players, pseudonyms are."""


class Clean(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of the feed. `shard` and `seq` name it for ever; `pos` counts the entity's records.

    `kind` and `id`: a hunt's id, or a player's pseudonym. `by`: player, host, timer, system or entity; `player` is the
    pseudonym of the player who did it.
    """

    v: int
    shard: str
    seq: int
    at_ms: int
    kind: str
    id: str
    pos: int
    by: str
    events: list[dict[str, Any]]
    player: str = ""


class Cleaner:
    """Cleans records. `secret` makes the pseudonyms: with the same one, a player has the same pseudonym everywhere."""

    def __init__(self, secret: bytes) -> None:
        self._key = blake2b(secret, digest_size=32, person=b"feed").digest()

    def pseudonym(self, player: str) -> str:
        """Return what stands for a player's id (with or without its `p:`)."""
        return "u" + blake2b(player.removeprefix("p:").encode(), key=self._key, digest_size=9).hexdigest()

    def clean(self, shard: ShardId, offset: int, record: Done) -> Clean:
        """Return the record as the feed has it."""
        kind, _, id = record.entity.partition("/")
        by, player = _author(record.by)
        return Clean(
            SCHEMA,
            str(shard),
            offset,
            record.at,
            kind,
            self.pseudonym(id) if kind == "player" else id,
            record.pos,
            by,
            [self._event(event) for event in record.events],
            self.pseudonym(player) if player else "",
        )

    def _event(self, event: Any) -> dict[str, Any]:
        tag = event.__struct_config__.tag
        kept = {name: msgspec.to_builtins(getattr(event, name)) for name in FIELDS.get(tag, ())}
        for name in ("members", "players"):
            if name in kept:
                kept[name] = [self.pseudonym(player) for player in kept[name]]
        if "player" in kept:
            kept["player"] = self.pseudonym(kept["player"])
        if "results" in kept:
            kept["results"] = [[self.pseudonym(player), *rest] for player, *rest in kept["results"]]
        return {"type": tag, **kept}


def _author(by: str) -> tuple[str, str]:
    kind, _, id = by.partition(":")
    names = {"p": "player", "h": "host"}
    return names.get(kind, kind or "system"), id if kind == "p" else ""


__all__ = ["FIELDS", "SCHEMA", "Clean", "Cleaner"]
