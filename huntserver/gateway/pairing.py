"""`POST /pair`: a code from an old device becomes a token for a new one. Wrong codes cost their address.

The hunt says whom a code stands for, durably and once; the token is made here, and never written down.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.features.pairing import PairedName, PairedNameQuery, UsePairing
from huntserver.gateway.ports import System
from huntserver.gateway.site import HttpRequest, Reply, Upload, as_json, no_method, refused, wrong
from huntserver.gateway.trials import Trials

PATH: Final = "/pair"
BODY_BYTES_MAX: Final = 1024
SERVER: Final = Caller("system", "system")


class _Asked(msgspec.Struct):
    """The body: a code, and the hunt that it belongs to."""

    hunt: str
    code: str


class _Found(msgspec.Struct):
    """The hunt's answer."""

    player: str


class Pairing:
    """The route."""

    def __init__(self, system: System, tokens: Tokens, trials: Trials) -> None:
        self._system = system
        self._tokens = tokens
        self._trials = trials

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for this route."""
        return asked.path == PATH

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request, or return what its body is asked for."""
        if asked.method != "POST":
            reply.reply(no_method("POST", "POST a JSON object with hunt and code"))
            return None
        return Upload(BODY_BYTES_MAX, partial(self._exchange, asked.address))

    def _exchange(self, address: str, body: bytes, reply: Reply) -> None:
        try:
            asked = msgspec.json.decode(body, type=_Asked)
        except (ValueError, RecursionError):
            reply.reply(wrong(400, 'the body is a JSON object like {"hunt": "museum", "code": "K7WQ2M9A"}'))
            return
        held = self._trials.waits(asked.hunt, "", address)
        if held is not None:
            reply.reply(refused(held))
            return
        sink = _Exchange(self._system, self._tokens, self._trials, asked.hunt, address, reply)
        self._system.submit("hunt", asked.hunt, UsePairing(asked.code), sink, 0, SERVER, None)


class _Exchange:
    """Waits for the hunt's word on a code."""

    def __init__(self, system: System, tokens: Tokens, trials: Trials, hunt: str, address: str, reply: Reply) -> None:
        self._system = system
        self._player = ""
        self._tokens = tokens
        self._trials = trials
        self._hunt = hunt
        self._address = address
        self._reply = reply

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """The code is used up, durably: ask what the player is called, for the token."""
        self._player = msgspec.json.decode(answer, type=_Found).player
        self._system.query("hunt", self._hunt, PairedNameQuery(self._player), self, 0, SERVER)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """No such code."""
        if rejected.code in ("no_such_offer", "no_such_hunt"):
            self._trials.wrong(self._hunt, "", self._address)
        self._reply.reply(refused(rejected))

    def viewed(self, request: int, view: PairedName, pos: int) -> None:
        """Make the token."""
        token = self._tokens.paired(self._player.partition(":")[2], view.name)
        self._reply.reply(as_json(200, {"player": self._player, "name": view.name, "token": token}))
