"""What there is to be had over HTTP: health, metrics, the protocol document, hunts, guests, definitions, pages.

Owns the routes. Judges a request by its head alone, before any of its body:
who may not send one, or asks for nothing that takes one, is answered at once. Tokens come in the Authorization header.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, cast, get_args
from urllib.parse import parse_qs

import msgspec

from actors.background import Background
from actors.entity import Rejected
from actors.shard.actor import Caller, Sink
from huntserver import errors
from huntserver.auth import Tokens
from huntserver.auth.validity import IN_DOUBT
from huntserver.game.command import REASON_MAX
from huntserver.game.definition.part import Problem
from huntserver.game.definition.rewritten import as_written
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.amending import Existing, PreviewQuery
from huntserver.game.features.authoring import Define
from huntserver.game.look_alikes import spoof
from huntserver.game.names import name_problem, shown_name
from huntserver.game.plan import plan_of
from huntserver.gateway.door import Door
from huntserver.gateway.listing import Card, Listing
from huntserver.gateway.pages import File, pages
from huntserver.gateway.ports import Offload, ReadyState, System
from huntserver.gateway.text_blocks import TextBlocks
from huntserver.limits import Limits
from huntserver.wire.messages import HUNT_ID

DEFINITION: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/definition")
HUNT: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})")
TEXTS: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/texts/([0-9a-f]{{32}})")
Headers: TypeAlias = Sequence[tuple[str, str]]
NOT_KEPT: Final[Headers] = (("cache-control", "no-store"), ("connection", "close"))
GUEST_BODY_BYTES_MAX: Final = 1024
JSON: Final = "application/json"


class HttpRequest(NamedTuple):
    """The head of a request; header names in lower case. `address` is who asks, behind its proxies."""

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    address: str
    query: str = ""

    def header(self, name: bytes) -> str:
        """Return a header's value, "" without one; of several, the first."""
        return next((v for k, v in self.headers if k == name), b"").decode("latin-1")


class BodyStream(NamedTuple):
    """A body that is sent piece by piece, as the socket takes it.

    `read` returns the bytes from one place to another of it, and raises `OSError` where they are not to be had; `done`
    is called once, whatever becomes of it.
    """

    size: int
    read: Callable[[int, int], Awaitable[bytes]]
    done: Callable[[], None]


class Response(NamedTuple):
    """A whole answer. `headers` are sent beside the usual ones; without a word about it the connection closes.

    With a `stream`, that is the body.
    """

    status: int
    body: bytes
    kind: str = JSON
    headers: Headers = NOT_KEPT
    stream: BodyStream | None = None


class Reply(Sink, Protocol):
    """The exchange that waits: takes an answer, also that of the runtime."""

    def reply(self, answer: Response) -> None:
        """Send the answer; once."""
        ...

    def fail(self) -> None:
        """Answer that a bug stood in the way."""
        ...


class Upload(NamedTuple):
    """A body is asked for: `take` gets it whole, up to `bytes_max`, and answers in time.

    `lend` reserves memory for a body that others' do not count with (None: the door's); `bytes_per_s`: a longer body
    may take longer (0: none may).
    """

    bytes_max: int
    take: Callable[[bytes, Reply], None]
    lend: Callable[[int], Callable[[], None] | None] | None = None
    bytes_per_s: int = 0


class Routes(Protocol):
    """Further routes of the same port."""

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for one of these."""
        ...

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer it, or return what its body is asked for."""
        ...


def as_json(status: int, body: Any) -> Response:
    """Return an answer in JSON."""
    return Response(status, msgspec.json.encode(body))


def refused(rejected: Rejected) -> Response:
    """Return a refusal with the status of its code."""
    return as_json(errors.status(rejected.code), rejected)


def wrong(status: int, words: str) -> Response:
    """Return an answer to what is no request for anything here."""
    return as_json(status, {"code": "bad_frame", "msg": words})


def no_method(allowed: str, words: str) -> Response:
    """Return an answer to a method that is not possible here; `allowed` are those that are (RFC 9110, 15.5.6)."""
    return wrong(405, words)._replace(headers=(*NOT_KEPT, ("allow", allowed)))


def _faults(problems: list[Problem]) -> Response:
    """Return all that is wrong with a definition."""
    code, told = "bad_definition", [p._asdict() for p in problems]
    return as_json(errors.status(code), {"code": code, "msg": str(problems[0]), "problems": told})


def _definition(text: str, query: str, base: str, written: str) -> Define | PreviewQuery | Rejected:
    """Return what a definition goes up for: to hold, or (`?preview`) to see what it would change."""
    asked = parse_qs(query, keep_blank_values=True)
    if "preview" in asked:
        return PreviewQuery(text, base)
    existing = asked.get("existing", ["keep"])[-1]
    if existing not in get_args(Existing):
        allowed = ", ".join(get_args(Existing))
        return Rejected("bad_field", f"existing is {existing[:40]!r}, allowed are {allowed}")
    reason = asked.get("reason", [""])[-1][:REASON_MAX] or None
    return Define(text, cast(Existing, existing), base, written, reason=reason)


def _base(asked: HttpRequest) -> str:
    """Return the digest of what a definition was made from, as `If-Match` says it (RFC 9110, 13.1.1); "" for any."""
    return asked.header(b"if-match").strip().strip('"').replace("*", "")


def prepared(body: bytes, style: str) -> Definition | list[Problem]:
    """Check a definition, and make ready what its hunt derives from it, so that the loop need not."""
    checked = check_definition(body, style)
    if isinstance(checked, Definition):
        text = source(checked)
        check_definition(text.encode(), "json")
        plan_of(text)
    return checked


def _file(asked: HttpRequest, file: File) -> Response:
    """Return a file as the request wants it: compressed, or not at all where it has it."""
    kept = [("etag", file.etag), ("cache-control", file.cache), ("vary", "accept-encoding")]
    if asked.header(b"if-none-match") == file.etag:
        return Response(304, b"", file.kind, kept)
    if file.packed is not None and "gzip" in asked.header(b"accept-encoding"):
        return Response(200, file.packed, file.kind, [*kept, ("content-encoding", "gzip")])
    return Response(200, file.body, file.kind, kept)


def _block(asked: HttpRequest, found: File | Rejected | None) -> Response:
    if isinstance(found, Rejected):
        return refused(found)
    return wrong(404, "no page names these texts; ask for the page anew") if found is None else _file(asked, found)


def _card(cards: list[Card]) -> Response:
    if cards:
        return as_json(200, {"card": cards[0]})
    return refused(Rejected("no_such_hunt", "there is no hunt with this id"))


class Site:
    """The routes. `listed` are the hunts shown on the front page, `more` routes that others answer."""

    def __init__(
        self,
        system: System,
        tokens: Tokens,
        door: Door,
        limits: Limits,
        *,
        worker: Offload,
        background: Background,
        guests: bool,
        readiness: Callable[[], ReadyState],
        metrics: Callable[[], bytes],
        protocol_document: Callable[[], bytes],
        api: Callable[[HttpRequest, Reply], None] | None = None,
    ) -> None:
        self.limits = limits
        self.door = door
        self.background = background
        self.listed: list[str] = []
        self._system = system
        self._tokens = tokens
        self._worker = worker
        self._guests = guests
        self._readiness = readiness
        self._api = api
        self._texts = TextBlocks(system)
        self.more: list[Routes] = []
        self._plain: dict[str, Callable[[], Response]] = {
            "/healthz": lambda: as_json(200, {"ok": True}),
            "/readyz": self._ready,
            "/metrics": lambda: Response(200, metrics(), "text/plain; version=0.0.4; charset=utf-8"),
            "/protocol": lambda: Response(200, protocol_document()),
        }

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request, at once or when a hunt has told; or return what its body is asked for."""
        for routes in self.more:
            if routes.has(asked):
                return routes.judge(asked, reply)
        definition = DEFINITION.fullmatch(asked.path)
        if definition is not None:
            return self._or_answer(self._define(asked, definition.group(1)), reply)
        if asked.path == "/guest":
            return self._or_answer(self._guest(asked), reply)
        if asked.method not in ("GET", "HEAD"):
            reply.reply(no_method("GET, HEAD", f"{asked.method[:20]} is not possible here, GET is"))
        elif asked.path == "/hunts":
            Listing(self._system, self.listed, lambda cards: reply.reply(self._cards(cards)))
        elif (hunt := HUNT.fullmatch(asked.path)) is not None:
            Listing(self._system, [hunt.group(1)], lambda cards: reply.reply(_card(cards)))
        elif (texts := TEXTS.fullmatch(asked.path)) is not None:
            self._texts.find(texts[1], texts[2], lambda found: reply.reply(_block(asked, found)))
        elif self._api is not None and asked.path.startswith("/api/"):
            self._api(asked, reply)
        elif (plain := self._plain.get(asked.path)) is not None:
            reply.reply(plain())
        else:
            reply.reply(self._page(asked))
        return None

    @staticmethod
    def _or_answer(judged: Response | Upload, reply: Reply) -> Upload | None:
        if isinstance(judged, Upload):
            return judged
        reply.reply(judged)
        return None

    def _ready(self) -> Response:
        state = self._readiness()
        return as_json(200 if state.ready else 503, state)

    def _cards(self, cards: list[Card]) -> Response:
        return as_json(200, {"hunts": self.listed, "cards": cards})

    def _page(self, asked: HttpRequest) -> Response:
        file = pages().find(asked.path)
        if file is None:
            return self._no_page(asked)
        answer = _file(asked, file)
        hunt = parse_qs(asked.query).get("hunt", [""])[-1] if asked.path == "/" else ""
        if not HUNT_ID.fullmatch(hunt):
            return answer
        # The page asks for it first of all: so it is on its way while the page's own files are.
        ahead = ("link", f"<hunts/{hunt}>; rel=preload; as=fetch; crossorigin")
        return answer._replace(headers=[*answer.headers, ahead])

    def _no_page(self, asked: HttpRequest) -> Response:
        if asked.path != "/ws":
            return wrong(404, "there is no such page")
        self.door.refuse("no_upgrade", asked.address)
        words = "this is the WebSocket's address; a proxy in between must pass on Upgrade and Connection"
        return wrong(426, words)._replace(headers=(*NOT_KEPT[:1], ("upgrade", "websocket"), ("connection", "close")))

    # ---- guests

    def _guest(self, asked: HttpRequest) -> Response | Upload:
        if asked.method != "POST":
            return no_method("POST", "POST a JSON object with a name")
        if not self._guests:
            return refused(Rejected("not_allowed", "this server has no guests"))
        return Upload(GUEST_BODY_BYTES_MAX, lambda body, reply: reply.reply(self._admit_guest(body, asked.address)))

    def _admit_guest(self, body: bytes, address: str) -> Response:
        try:
            name = msgspec.json.decode(body, type=dict[str, str]).get("name", "")
        except (ValueError, RecursionError):  # ValueError: also bytes that are no UTF-8
            return wrong(400, 'the body is a JSON object like {"name": "Ada"}')
        name = shown_name(name)
        if problem := name_problem(name) or spoof(name):
            return refused(Rejected("bad_text", problem))
        if self._tokens.in_doubt():  # a token that is dated by a wrong clock is refused once it is right
            return refused(IN_DOUBT)
        limited = self.door.admit_guest(address)
        if limited is not None:
            return refused(limited)
        player, token = self._tokens.guest(name)
        return as_json(200, {"player": player, "token": token})

    # ---- definitions

    def _define(self, asked: HttpRequest, hunt: str) -> Response | Upload:
        if asked.method != "PUT":
            return no_method("PUT", "PUT the definition here, TOML or JSON")
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            return refused(caller)
        if caller.role not in ("host", "admin"):
            return refused(Rejected("not_allowed", "only hosts define hunts"))
        limited = self.door.admit_upload(asked.address)
        if limited is not None:
            return refused(limited)
        kind = asked.header(b"content-type")
        style = "json" if "json" in kind else "yaml" if "yaml" in kind else "toml"

        def judged(checked: Definition | list[Problem], body: bytes, reply: Reply) -> None:
            if isinstance(checked, list):
                reply.reply(_faults(checked))
                return
            written = as_written(body, style)
            message = _definition(source(checked), asked.query, _base(asked), written)
            if isinstance(message, Rejected):
                reply.reply(refused(message))
            else:
                self._submit_definition(hunt, caller, message, reply)

        def take(body: bytes, reply: Reply) -> None:
            check = partial(prepared, body, style)
            if not self._worker.run(check, lambda checked: judged(checked, body, reply), reply.fail):
                self.door.refuse("checks", asked.address)
                busy = Rejected("busy", "other definitions are being checked; send it again", True, 2000)
                reply.reply(refused(busy))

        return Upload(self.limits.definition_bytes_max, take)

    def _submit_definition(self, hunt: str, caller: Caller, message: Any, reply: Reply) -> None:
        if isinstance(message, PreviewQuery):
            self._system.query("hunt", hunt, message, reply, 0, caller)
        else:
            self._system.submit("hunt", hunt, message, reply, 0, caller, None)
