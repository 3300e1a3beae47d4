"""`POST /hunts/HUNT/watchers`: a link to a hunt's board, for a big screen or guests, until its owner revokes it.

The hunt keeps who may watch (a spectator without a name of a person); the token is made here and never written down.
Whoever has the link watches, many at once, and may do nothing else.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

import msgspec

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.features.roles import Grant, TakeRole
from huntserver.game.permission import WATCHER
from huntserver.gateway.door import Door
from huntserver.gateway.ports import System
from huntserver.gateway.site import HttpRequest, Reply, as_json, refused, wrong
from huntserver.wire.messages import HUNT_ID

WATCHERS: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/watchers")
NAME: Final = "Board link"
OFFER_S: Final = 60
WATCHING_TTL_S: Final = 60 * 86_400


class _Offered(msgspec.Struct):
    """The hunt's answer to `grant`."""

    code: str


class Watching:
    """The route."""

    def __init__(self, system: System, tokens: Tokens, door: Door) -> None:
        self._system = system
        self._tokens = tokens
        self._door = door

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for this route."""
        return WATCHERS.fullmatch(asked.path) is not None

    def judge(self, asked: HttpRequest, reply: Reply) -> None:
        """Make a link, if the hunt lets the sender: by a code that is taken at once."""
        found = WATCHERS.fullmatch(asked.path)
        assert found is not None
        if asked.method != "POST":
            reply.reply(wrong(405, "POST here for a link to the board; no body is needed"))
            return
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            reply.reply(refused(caller))
        elif (limited := self._door.admit_upload(asked.address)) is not None:
            reply.reply(refused(limited))
        else:
            sink = _Granted(self._system, self._tokens, found[1], reply)
            self._system.submit("hunt", found[1], Grant("spectator", OFFER_S, reason=NAME), sink, 0, caller, None)


class _Granted:
    """Waits for the code, then takes it for the link."""

    def __init__(self, system: System, tokens: Tokens, hunt: str, reply: Reply) -> None:
        self._system = system
        self._tokens = tokens
        self._hunt = hunt
        self._reply = reply

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Take the role for somebody new."""
        code = msgspec.json.decode(answer, type=_Offered).code
        watcher = Caller("w:" + secrets.token_urlsafe(9), WATCHER, NAME)
        sink = _Taken(self._tokens, watcher, self._reply)
        self._system.submit("hunt", self._hunt, TakeRole(code), sink, 0, watcher, None)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """The sender does not own the hunt."""
        self._reply.reply(refused(rejected))

    def viewed(self, request: int, view: object, pos: int) -> None:
        """Never: a command was sent."""


class _Taken:
    """Waits until the hunt has noted the link."""

    def __init__(self, tokens: Tokens, watcher: Caller, reply: Reply) -> None:
        self._tokens = tokens
        self._watcher = watcher
        self._reply = reply

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Durably so: make the token."""
        token = self._tokens.mint(WATCHER, self._watcher.by[2:], NAME, WATCHING_TTL_S)
        self._reply.reply(as_json(200, {"who": self._watcher.by, "token": token}))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """There are too many roles, or the code was revoked in between."""
        self._reply.reply(refused(rejected))

    def viewed(self, request: int, view: object, pos: int) -> None:
        """Never: a command was sent."""
