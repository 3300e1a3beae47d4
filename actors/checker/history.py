"""What clients and listeners saw, in types simple enough for a simulation and for files of a load run.

Owns nothing but values. Times are seconds on one clock of the observer's; `inf` means "never" or "not known".
"""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

OK, REFUSED, VIEWED, NONE = "ok", "refused", "viewed", "none"


class Call(NamedTuple):
    """One command key, or one question, with its final outcome at the client.

    `entity` is KIND/ID. `key` is EPOCH:N, empty for a question. `command` is the struct, or None where it is not
    known (then the rules are not asked again). `sent_s`: the first copy left the client; `answered_s`: the final
    answer arrived. `left_s`: the answer left the server (`inf`: not known). `floor`: the session's highest pos of this
    entity in refusals and views when the first copy was sent. `order`: the place of the answer in its session.
    """

    session: str
    by: str
    role: str
    entity: str
    key: str
    command: Any
    sent_s: float
    answered_s: float = inf
    outcome: str = NONE
    code: str = ""
    pos: int = -1
    answer: Any = None
    left_s: float = inf
    floor: int = 0
    order: int = 0


class Emission(NamedTuple):
    """Something let out by a node that rests on the record `pos` of an entity being durable."""

    node: str
    entity: str
    pos: int
    left_s: float
    what: str


class ReceivedPush(NamedTuple):
    """One push as a listener got it. `events` are encoded JSON, or None where they were not kept.

    `prev` below 0 means a snapshot: the listener was told the state of the channel at `seq`.
    """

    listener: str
    entity: str
    channel: str
    seq: int
    prev: int
    events: bytes | None


class LiveDigest(NamedTuple):
    """The digest of one entity's memory and state on a node, at its seq. `last`: the log's end must be that seq."""

    node: str
    entity: str
    seq: int
    digest: str
    last: bool = True


class Violation(NamedTuple):
    """A broken promise: which (`I1` to `I11`), in words, where."""

    invariant: str
    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.invariant}: {self.text}" + (f" [{self.where}]" if self.where else "")
