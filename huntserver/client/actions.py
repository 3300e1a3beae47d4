"""What a client's session wants done, and what it has to tell: the values that its calls return, in order. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

Message = dict[str, Any]


class Connect(NamedTuple):
    """Open a WebSocket; then call `connected`, or `closed` if that fails."""


class Drop(NamedTuple):
    """Close the socket, whose end is noted already: nothing more of it may be given to the session. `why`: for a log.

    `hello_timeout`, `connect_timeout`, `answer_timeout`, `hello_refused`, `bad_message`, or `gap`.
    """

    why: str


class Send(NamedTuple):
    """Send a message on the present connection."""

    message: Message


class Greeted(NamedTuple):
    """The server knows us. `again`: not for the first time; the player's own channel may have missed something."""

    about: Message
    again: bool


class Lost(NamedTuple):
    """The connection is gone; `Connect` follows from `tick` in `after_ms`. Nothing is lost: commands wait."""

    after_ms: int


class Over(NamedTuple):
    """The server does not want this client: it does not come back by itself.

    `unanswered` names the requests that have no answer; they stay in `kept()`, and `renew` would go on with them.
    """

    code: str
    msg: str
    unanswered: list[int]


class Answer(NamedTuple):
    """The final answer to a request: `ok` or `err`, `pos`, and perhaps `ch` and `prev`: then it is a push, too."""

    reply: Message


class Event(NamedTuple):
    """A push of events, in order: nothing between it and the channel's push before it was missed."""

    message: Message


class Snapshot(NamedTuple):
    """Everything that may be seen of a hunt; it takes the place of all that was known."""

    message: Message


class State(NamedTuple):
    """Conflated state; the last one is right."""

    message: Message


class Gap(NamedTuple):
    """A push did not follow what was seen; it is left out, and the hunt is resumed."""

    hunt: str
    channel: str
    seen: int
    prev: int


class Resumed(NamedTuple):
    """The server goes on with a hunt. `recovered`: with all that was missed; else it was missed, a snapshot follows.

    `known`: something is known that this adds to, or makes out of date. Where `recovered` comes without it, all pushes
    from the first on follow, but no snapshot: ask for `page`. Without a hunt it is the player's own channel, of which
    pushes were missed: ask for `profile`.
    """

    hunt: str
    recovered: bool
    known: bool


class Refused(NamedTuple):
    """The server does not let us listen to a hunt."""

    hunt: str
    err: Message


class GoAway(NamedTuple):
    """The server closes soon; the session comes back by itself, not before `after_ms`."""

    after_ms: int


Action = (
    Connect | Drop | Send | Greeted | Lost | Over | Answer | Event | Snapshot | State | Gap | Resumed | Refused | GoAway
)
