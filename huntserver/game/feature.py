"""What a feature of the game is: the commands that it takes, the events it makes, the questions it answers, its timers.

A feature is one file in `features` with a constant `FEATURE`; `hunt.FEATURES` lists them. Unions, tables, the wire's
operations and the host's commands in the terminal are derived from that list. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

import msgspec

from actors.entity import Context, Decision, Reaction, Rejected, Timer
from huntserver.game.channels import Telling
from huntserver.game.command import Command, Query
from huntserver.game.event import GameEvent
from huntserver.game.state import Hunt

Decide: TypeAlias = Callable[[Hunt, Any, Context], Decision | Rejected]
"""Judges a command of its class; changes nothing."""
Apply: TypeAlias = Callable[[Hunt, Any, int], None]
"""Changes the state by an event of its class, written at a time in ms; never refuses."""
Show: TypeAlias = Callable[[Telling, Hunt, Any], None]
"""Tells channels about an event of its class, once it is applied."""
React: TypeAlias = Callable[[Any, str], Sequence[Reaction]]
"""Returns the commands to players that follow from an event in the hunt of that id, numbered by place: a newer server
must number old records alike."""


class SentBy(Enum):
    """Who sends a command, and by which way."""

    PLAYER = "player"
    HOST = "host"
    BOTH = "both"
    HTTP = "http"
    """A host, by an HTTP request: no operation on the WebSocket."""


class Takes(NamedTuple):
    """A command. `confirm`: what it does to everybody, that a host in the terminal is asked about before it is sent."""

    command: type[Command]
    decide: Decide
    sender: SentBy = SentBy.PLAYER
    confirm: str = ""


class Makes(NamedTuple):
    """An event. `times`: it can change when the next timer is due. `undo` names the operation that undoes it."""

    event: type[GameEvent]
    apply: Apply
    show: Show | None = None
    react: React | None = None
    times: bool = False
    undo: Callable[[Any], str] | None = None


class AnswersTo(NamedTuple):
    """A question, and the struct that answers it. `wire`: clients may ask it; else only the server does."""

    query: type[Query]
    answer: Callable[[Hunt, Any, Context], Any]
    view: type[msgspec.Struct]
    wire: bool = True


class Times(NamedTuple):
    """A timer. `due` returns when it fires next; `fire` its events, for ids that begin with `name`."""

    name: str
    due: Callable[[Hunt], Timer | None]
    fire: Callable[[Hunt, Context], Sequence[GameEvent]]


class Feature(NamedTuple):
    """One thing that hosts or players do, with all that belongs to it."""

    takes: Sequence[Takes] = ()
    makes: Sequence[Makes] = ()
    answers: Sequence[AnswersTo] = ()
    times: Sequence[Times] = ()
