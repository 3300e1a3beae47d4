"""The table of codes that a client can be told: shared by server, clients, protocol document, docs and pages.

Owns the words, and what a client does about each; imports nothing of the project. A code once published keeps its
meaning for ever.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple


class Resend(enum.StrEnum):
    """Whether the same command may go again, and under which key.

    `SAME_KEY`: nothing is decided, or the outcome is not known; the client sends the command again by itself, with the
    key it had, until it gets another answer. `NEW_KEY`: decided and refused, but the same command may be accepted
    later; a person sends it again, with a key of its own, because the refusal is remembered under the old one. `NO`:
    the same command is refused for good.
    """

    SAME_KEY = "same_key"
    NEW_KEY = "new_key"
    NO = "no"


NO, NEW_KEY, SAME_KEY = Resend.NO, Resend.NEW_KEY, Resend.SAME_KEY


class Code(NamedTuple):
    """What a code means: a row of the table.

    `text` is for people. `delay_ms`: wait so long before sending again when the refusal names no `after_ms` (clients
    add jitter); 0 where a client never sends again by itself. `status`: the HTTP status that goes with the code.
    """

    text: str
    resend: Resend = NO
    delay_ms: int = 0
    status: int = 409

    @property
    def retry(self) -> bool:
        """Whether the same command may be accepted later, unchanged."""
        return self.resend is not NO


REFUSALS: Final[dict[str, Code]] = {
    # the frame or the session
    "bad_frame": Code("the frame is not a valid message", status=400),
    "unknown_op": Code("no such operation", status=400),
    "bad_field": Code("a field is missing or has the wrong type", status=400),
    "bad_key": Code("a key is EPOCH:N, or N with an epoch named in hello", status=400),
    "hello_first": Code("the first command on a connection is hello", status=400),
    "hello_twice": Code("hello was said already on this connection", status=400),
    "bad_token": Code("the token is not valid", status=401),
    "token_expired": Code("the token has expired; ask for a new one", status=401),
    "not_allowed": Code("your role does not allow this", status=403),
    "rate_limited": Code("too many commands; wait and send again", SAME_KEY, 500, status=429),
    "busy": Code("the server has too much to do; wait and send again", SAME_KEY, 200, status=503),
    "window": Code("16 commands wait for their answers; send this one later", SAME_KEY, 50, status=503),
    "unavailable": Code(
        "the hunt cannot be reached at the moment; send again with the same key", SAME_KEY, 500, status=503
    ),
    "unknown": Code("the outcome is not known; send again with the same key", SAME_KEY, 200, status=503),
    "internal": Code("a fault in the server; it was recorded", SAME_KEY, 1000, status=500),
    "entity_damaged": Code("stored data of this hunt is damaged; an operator must look at it", status=500),
    # de-duplication
    "key_too_old": Code("the key is below the window; its command was not executed now"),
    "too_many_devices": Code("too many devices have used this player"),
    # the hunt
    "no_such_hunt": Code("there is no hunt with this id", status=404),
    "hunt_exists": Code("a hunt with this id exists already"),
    "bad_definition": Code("the hunt definition has faults", status=422),
    "conflict": Code("the hunt has another definition than this one was made from; look at it first", status=412),
    "no_definition": Code("the hunt has no definition yet; PUT it first"),
    "wrong_phase": Code("not possible in the hunt's present phase", NEW_KEY),
    "not_running": Code("the hunt is not running", NEW_KEY),
    "paused": Code("the hunt is paused", NEW_KEY),
    "too_late": Code("the hunt, or this part of it, is over"),
    "not_joined": Code("join the hunt first", NEW_KEY),
    "already_joined": Code("you are in this hunt already"),
    "no_such_team": Code("there is no such team, or the invite code is wrong", status=404),
    "team_full": Code("the team is full", NEW_KEY),
    "in_other_team": Code("you are in another team; leave it first, or ask a host", NEW_KEY),
    "waiting": Code("the team's captain has not let you in yet", NEW_KEY),
    "no_such_offer": Code("this code offers nothing, or not any more", status=404),
    "no_such_player": Code("nobody has this id or name", status=404),
    "team_name_taken": Code("another team has this name"),
    "no_such_bracket": Code("there is no such bracket", status=404),
    "disqualified": Code("your team was taken out of this hunt"),
    "hunt_full": Code("the hunt has as many players as it allows", NEW_KEY),
    # play
    "no_such_clue": Code("there is no such clue, or you cannot see it yet", NEW_KEY, status=404),
    "locked": Code("the clue is locked", NEW_KEY),
    "already_solved": Code("your team has solved this clue"),
    "duplicate": Code("your team has tried this before; it costs nothing"),
    "cool_down": Code("wait before the next guess on this clue", NEW_KEY),
    "wrong_kind": Code("this clue is not answered that way"),
    "guess_too_long": Code("the guess is too long", status=413),
    "not_there": Code("you are not close enough yet", NEW_KEY),
    "inaccurate": Code("your device does not know its place well enough", NEW_KEY),
    "bad_position": Code("latitude is -90..90, longitude -180..180", status=400),
    "no_such_hint": Code("there is no such hint", status=404),
    "hint_taken": Code("your team has this hint"),
    "hint_locked": Code("this hint is not on offer yet", NEW_KEY),
    "too_expensive": Code("your team has too few points for this", NEW_KEY),
    "no_help": Code("this hunt takes no questions"),
    "no_such_question": Code("there is no such question, or it is not your team's", status=404),
    "question_closed": Code("this question is closed"),
    "too_many_questions": Code("your team has as many open questions as the hunt allows", NEW_KEY),
    "held": Code("somebody else has taken this up", NEW_KEY),
    "photo_waiting": Code("a photo of your team waits for the hosts", NEW_KEY),
    "no_such_photo": Code("there is no such photo, or it is not your team's", status=404),
    "photo_judged": Code("this photo does not wait any more"),
    "no_such_treasure": Code("there is no such treasure, or you cannot see it yet", NEW_KEY, status=404),
    "lost": Code("all of this treasure is taken"),
    "treasure_taken": Code("your team holds this treasure"),
    "bad_text": Code("the text is empty, too long, or has characters that cannot be shown", status=400),
    "too_large": Code("too large to be stored", status=413),
    "bad_medium": Code("this is no picture, sound, video or file of a type that is taken", status=415),
    "no_such_medium": Code("the hunt has no medium of this name", status=404),
    "no_room": Code("there is no room left for media; an operator must make some", NEW_KEY, status=507),
}

RESENT_WITH_SAME_KEY: Final = frozenset(name for name, code in REFUSALS.items() if code.resend is SAME_KEY)
"""The codes after which a client sends the same command again with the same key: the one list of them."""


def status(code: str) -> int:
    """Return the HTTP status that goes with a code; 409 for one that is not in the table."""
    known = REFUSALS.get(code)
    return known.status if known is not None else 409


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
