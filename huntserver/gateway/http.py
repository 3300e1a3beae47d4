"""HTTP on the same port: health, readiness, metrics, the protocol document, guests, definitions, pages.

Owns one HTTP connection that asked for no WebSocket; parsing is h11's. After a file of the page the connection goes on
(a phone asks for twenty of them), after any other answer it is closed. Bodies are bounded; a token comes in the
Authorization header only.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import h11
import msgspec

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver import errors
from huntserver.auth import Tokens
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Define
from huntserver.gateway.door import Door
from huntserver.gateway.listing import Card, Listing
from huntserver.gateway.pages import pages
from huntserver.gateway.ports import ReadyState, System
from huntserver.limits import Limits
from huntserver.wire.messages import HUNT_ID

DEFINITION: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/definition")
HUNT: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})")
POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""Nothing inline, nothing from elsewhere: what others wrote can run nowhere."""

Headers: TypeAlias = Sequence[tuple[str, str]]
NOT_KEPT: Final[Headers] = (("cache-control", "no-store"), ("connection", "close"))
_SLACK: Final = 64 * 1024


class Site(msgspec.Struct, kw_only=True):
    """What there is to be had over HTTP. `listed` are the hunts shown on the front page."""

    system: System
    tokens: Tokens
    door: Door
    limits: Limits
    guests: bool
    readiness: Callable[[], ReadyState]
    metrics: Callable[[], bytes]
    protocol_document: Callable[[], bytes]
    listed: list[str] = []

    def guest(self, address: str, name: str) -> tuple[str, str] | Rejected:
        """Return (player, token) of a new guest, or why there is none."""
        if not self.guests:
            return Rejected("not_allowed", "this server has no guests")
        if not 1 <= len(name) <= 40 or not name.isprintable():
            return Rejected("bad_text", "a name has 1 to 40 characters that can be shown")
        return self.door.admit_guest(address) or self.tokens.guest(name)


class HttpExchange:
    """One connection: a request, its answer, and perhaps the next one."""

    def __init__(self, site: Site, transport: asyncio.Transport, address: str) -> None:
        self._site = site
        self._transport = transport
        self._address = address
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=site.limits.request_head_bytes_max)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._answered = False

    def data_received(self, data: bytes) -> None:
        """Take bytes; answer when the request is whole."""
        if self._answered:
            return
        self._h11.receive_data(data)
        self._events()

    def _events(self) -> None:
        try:
            while not self._answered:
                event = self._h11.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Request):
                    self._request = event
                    if self._h11.they_are_waiting_for_100_continue:
                        go_on = h11.InformationalResponse(status_code=100, headers=[])
                        self._transport.write(self._h11.send(go_on) or b"")
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    most = self._site.limits.definition_bytes_max
                    if len(self._body) > most + _SLACK:
                        self._json(
                            413, {"code": "too_large", "msg": f"the body is too large, allowed are {most} bytes"}
                        )
                elif isinstance(event, h11.EndOfMessage):
                    self._route()
                else:
                    self._transport.close()
                    return
        except h11.RemoteProtocolError as error:
            self._json(error.error_status_hint, {"code": "bad_frame", "msg": f"not valid HTTP: {error}"})

    def _route(self) -> None:
        assert self._request is not None
        method = self._request.method.decode()
        path = self._request.target.decode("latin-1").partition("?")[0]
        site = self._site
        definition = DEFINITION.fullmatch(path)
        if definition is not None:
            self._define(method, definition.group(1))
        elif path == "/guest":
            self._guest(method)
        elif method not in ("GET", "HEAD"):
            self._json(405, {"code": "bad_frame", "msg": f"{method} is not possible here, GET is"})
        elif path == "/healthz":
            self._json(200, {"ok": True})
        elif path == "/readyz":
            state = site.readiness()
            self._json(200 if state.ready else 503, state)
        elif path == "/metrics":
            self._answer(200, site.metrics(), "text/plain; version=0.0.4; charset=utf-8")
        elif path == "/protocol":
            self._answer(200, site.protocol_document(), "application/json")
        elif path == "/hunts":
            Listing(site.system, site.listed, self._listed)
        elif (hunt := HUNT.fullmatch(path)) is not None:
            Listing(site.system, [hunt.group(1)], self._one)
        else:
            self._page(path)

    def _page(self, path: str) -> None:
        file = pages().find(path)
        if file is None:
            self._json(404, {"code": "bad_frame", "msg": "there is no such page"})
            return
        kept = [("etag", file.etag), ("cache-control", file.cache), ("vary", "accept-encoding")]
        if self._header(b"if-none-match") == file.etag:
            self._answer(304, b"", file.kind, kept)
        elif file.packed is not None and "gzip" in self._header(b"accept-encoding"):
            self._answer(200, file.packed, file.kind, [*kept, ("content-encoding", "gzip")])
        else:
            self._answer(200, file.body, file.kind, kept)

    def _listed(self, cards: list[Card]) -> None:
        self._json(200, {"hunts": self._site.listed, "cards": cards})

    def _one(self, cards: list[Card]) -> None:
        if cards:
            self._json(200, {"card": cards[0]})
        else:
            self._refused(Rejected("no_such_hunt", "there is no hunt with this id"))

    def _header(self, name: bytes) -> str:
        assert self._request is not None
        return next((v for k, v in self._request.headers if k == name), b"").decode("latin-1")

    def _guest(self, method: str) -> None:
        if method != "POST":
            self._json(405, {"code": "bad_frame", "msg": "POST a JSON object with a name"})
            return
        try:
            name = msgspec.json.decode(bytes(self._body), type=dict[str, str]).get("name", "")
        except (ValueError, RecursionError):  # ValueError: also bytes that are no UTF-8
            self._json(400, {"code": "bad_frame", "msg": 'the body is a JSON object like {"name": "Ada"}'})
            return
        made = self._site.guest(self._address, name)
        if isinstance(made, Rejected):
            self._json(429 if made.retry else 400, made)
        else:
            self._json(200, {"player": made[0], "token": made[1]})

    def _caller(self) -> Caller | Rejected:
        scheme, _, token = self._header(b"authorization").partition(" ")
        if scheme.lower() != "bearer":
            return Rejected("bad_token", "send the token as: Authorization: Bearer TOKEN")
        return self._site.tokens.verify(token.strip())

    def _define(self, method: str, hunt: str) -> None:
        if method != "PUT":
            self._json(405, {"code": "bad_frame", "msg": "PUT the definition here, TOML or JSON"})
            return
        caller = self._caller()
        if isinstance(caller, Rejected):
            self._refused(caller)
            return
        if caller.role not in ("host", "admin"):
            self._refused(Rejected("not_allowed", "only hosts define hunts"))
            return
        style = "json" if "json" in self._header(b"content-type") else "toml"
        checked = check_definition(bytes(self._body), style)
        if isinstance(checked, list):
            problems = [{"path": p.path, "what": p.what, "cure": p.cure} for p in checked]
            self._json(422, {"code": "bad_definition", "msg": str(checked[0]), "problems": problems})
            return
        self._site.system.submit("hunt", hunt, Define(source(checked)), self, 0, caller, None)

    # ---- the runtime's sink, for a definition

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """The definition is durable."""
        self._answer(200, answer, "application/json")

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self._refused(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""

    def _refused(self, rejected: Rejected) -> None:
        self._json(errors.status(rejected.code), rejected)

    def _json(self, status: int, body: Any) -> None:
        self._answer(status, msgspec.json.encode(body), "application/json")

    def _answer(self, status: int, body: bytes, kind: str, more: Headers = NOT_KEPT) -> None:
        if self._answered or self._transport.is_closing():
            return
        self._answered = True
        head = self._request is not None and self._request.method == b"HEAD"
        headers = [
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", POLICY),
            ("referrer-policy", "no-referrer"),  # a link may hold an invite code
            *more,
        ]
        try:
            out = self._h11.send(h11.Response(status_code=status, headers=headers)) or b""
            if not head:
                out += self._h11.send(h11.Data(data=body)) or b""
            out += self._h11.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError:
            out = b"HTTP/1.1 %d Error\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body
        self._transport.write(out)
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._request, self._body, self._answered = None, bytearray(), False
            asyncio.get_running_loop().call_soon(self._events)  # what was sent behind this request
        elif self._h11.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED):
            self._transport.close()
        else:
            self._transport.write_eof()  # the rest of the body is read away: a reset would lose the answer
