"""The table of codes that a client can be told, shared by server, protocol document, docs and pages.

Owns the words; imports nothing of the project. A code once published keeps its meaning for ever.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Code(NamedTuple):
    """What a code means: `text` for people, `retry`: the same command may be accepted later, unchanged."""

    text: str
    retry: bool


REFUSALS: Final[dict[str, Code]] = {
    # the frame or the session
    "bad_frame": Code("the frame is not a valid message", False),
    "unknown_op": Code("no such operation", False),
    "bad_field": Code("a field is missing or has the wrong type", False),
    "bad_key": Code("a key is EPOCH:N, or N with an epoch named in hello", False),
    "hello_first": Code("the first command on a connection is hello", False),
    "hello_twice": Code("hello was said already on this connection", False),
    "bad_token": Code("the token is not valid", False),
    "token_expired": Code("the token has expired; ask for a new one", False),
    "not_allowed": Code("your role does not allow this", False),
    "rate_limited": Code("too many commands; wait and send again", True),
    "busy": Code("the server has too much to do; wait and send again", True),
    "window": Code("16 commands wait for their answers; send this one later", True),
    "unavailable": Code("the hunt cannot be reached at the moment; send again with the same key", True),
    "unknown": Code("the outcome is not known; send again with the same key", True),
    "internal": Code("a fault in the server; it was recorded", True),
    "entity_damaged": Code("stored data of this hunt is damaged; an operator must look at it", False),
    # de-duplication
    "key_too_old": Code("the key is below the window; its command was not executed now", False),
    "too_many_devices": Code("too many devices have used this player", False),
    # the hunt
    "no_such_hunt": Code("there is no hunt with this id", False),
    "hunt_exists": Code("a hunt with this id exists already", False),
    "bad_definition": Code("the hunt definition has faults", False),
    "no_definition": Code("the hunt has no definition yet; PUT it first", False),
    "wrong_phase": Code("not possible in the hunt's present phase", True),
    "not_running": Code("the hunt is not running", True),
    "paused": Code("the hunt is paused", True),
    "too_late": Code("the hunt, or this part of it, is over", False),
    "not_joined": Code("join the hunt first", True),
    "already_joined": Code("you are in this hunt already", False),
    "no_such_team": Code("there is no such team, or the invite code is wrong", False),
    "team_full": Code("the team is full", True),
    "team_name_taken": Code("another team has this name", False),
    "no_such_bracket": Code("there is no such bracket", False),
    "disqualified": Code("your team was taken out of this hunt", False),
    "hunt_full": Code("the hunt has as many players as it allows", True),
    # play
    "no_such_clue": Code("there is no such clue, or you cannot see it yet", True),
    "locked": Code("the clue is locked", True),
    "already_solved": Code("your team has solved this clue", False),
    "duplicate": Code("your team has tried this before; it costs nothing", False),
    "cool_down": Code("wait before the next guess on this clue", True),
    "wrong_kind": Code("this clue is not answered that way", False),
    "guess_too_long": Code("the guess is too long", False),
    "no_such_code": Code("this code belongs to nothing that you can see", False),
    "not_there": Code("you are not close enough yet", True),
    "bad_position": Code("latitude is -90..90, longitude -180..180", False),
    "no_such_hint": Code("there is no such hint", False),
    "hint_taken": Code("your team has this hint", False),
    "hint_locked": Code("this hint is not on offer yet", True),
    "too_expensive": Code("your team has too few points for this", True),
    "no_such_treasure": Code("there is no such treasure, or you cannot see it yet", True),
    "lost": Code("all of this treasure is taken", False),
    "treasure_taken": Code("your team holds this treasure", False),
    "bad_text": Code("the text is empty, too long, or has characters that cannot be shown", False),
    "too_large": Code("too large to be stored", False),
}


class Close(NamedTuple):
    """A WebSocket close code: 4000-4099 do not come back, 4100-4199 come back after a delay, 4200-4299 at once."""

    number: int
    name: str
    text: str


CLOSES: Final[dict[str, Close]] = {
    c.name: c
    for c in (
        Close(4000, "bad_token", "the token was refused"),
        Close(4001, "hello_timeout", "no hello came within the time allowed"),
        Close(4002, "protocol", "too many bad frames"),
        Close(4003, "replaced", "the same device connected again"),
        Close(4004, "banned", "this player may not connect"),
        Close(4100, "draining", "the server restarts; come back after the delay"),
        Close(4101, "too_many_connections", "too many connections; come back later"),
        Close(4102, "rate", "far too many commands; come back later"),
        Close(4200, "slow_consumer", "you read too slowly; come back and resume"),
        Close(4201, "resync", "come back and resume"),
    )
}
