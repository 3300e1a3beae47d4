"""The API's requests and answers: judged by path, token and parameters, asked beside the loop, answered with an ETag.

Owns the shape of an answer over HTTP. Holds no rows: nothing is cached here, what is asked again is looked up again.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec

from actors.entity import Rejected
from huntserver import errors
from huntserver.api.asking import Asking
from huntserver.api.openapi import document
from huntserver.api.questions import QUESTIONS, Inquiry, Question
from huntserver.auth import Tokens
from huntserver.gateway.site import HttpRequest, Reply, Response, refused, wrong
from huntserver.projections import queries
from huntserver.projections.paging import BadCursor
from huntserver.projections.store import ReadSource, StoreError

DOCUMENT: Final = "/api/openapi.json"
GONE: Final = Rejected("unavailable", "the read models cannot be asked at the moment; the game goes on", True, 2000)
BUSY: Final = Rejected("busy", "too many questions at once; ask again later", True, 1000)
OFF: Final = "this server keeps no read models (projections.store is empty)"
_PATTERNS: Final = [(question.pattern, question) for question in QUESTIONS]


class Api:
    """Answers what is asked below `/api/`. Without `asking` there are no read models."""

    def __init__(self, asking: Asking | None, tokens: Tokens, version: str) -> None:
        self._asking = asking
        self._tokens = tokens
        self._document = msgspec.json.encode(document(version))

    def answer(self, request: HttpRequest, reply: Reply) -> None:
        """Answer a request, at once or when the store has told."""
        if request.path == DOCUMENT:
            reply.reply(_kept(request, self._document, None))
            return
        for pattern, question in _PATTERNS:
            found = pattern.fullmatch(request.path)
            if found is not None:
                self._ask(question, request, unquote(found.group(1)) if found.groups() else "", reply)
                return
        reply.reply(wrong(404, f"there is no such page; {DOCUMENT} says what there is"))

    def _ask(self, question: Question, request: HttpRequest, id: str, reply: Reply) -> None:
        if self._asking is None:
            reply.reply(wrong(404, OFF))
            return
        asked = self._asked(question, request, id)
        if isinstance(asked, Rejected):
            reply.reply(refused(asked))
            return

        def look(store: ReadSource) -> tuple[Any, int]:
            return question.ask(store, asked), queries.caught_up_ms(store)

        if not self._asking.ask(_cursor_judged(look), lambda told: reply.reply(_told(request, told))):
            reply.reply(refused(BUSY))

    def _asked(self, question: Question, request: HttpRequest, id: str) -> Inquiry | Rejected:
        given: dict[str, str] = {}
        known = {parameter.name: parameter for parameter in question.parameters}
        for name, value in parse_qsl(request.query, keep_blank_values=True):
            parameter = known.get(name)
            if parameter is None:
                return Rejected("bad_field", f"parameter {name[:40]!r} is not known, allowed are {', '.join(known)}")
            if value and not parameter.fits(value):
                return Rejected("bad_field", f"{name} is {value[:40]!r}, allowed is {parameter.allowed}")
            if value:
                given[name] = value
        if "\0" in id:
            return Rejected("bad_field", "an id has no NUL in it")
        header = request.header(b"authorization")
        if not header and not question.needs_token:
            return Inquiry(id, given, None)
        caller = self._tokens.bearer(header)
        return caller if isinstance(caller, Rejected) else Inquiry(id, given, caller)


def _cursor_judged(look: Callable[[ReadSource], tuple[Any, int]]) -> Callable[[ReadSource], tuple[Any, int]]:
    def judged(store: ReadSource) -> tuple[Any, int]:
        try:
            return look(store)
        except BadCursor as error:
            return Rejected("bad_field", f"cursor: {error}"), 0

    return judged


def _told(request: HttpRequest, told: Any) -> Response:
    """Return the answer to what the store told."""
    if told is None:
        return refused(Rejected("internal", errors.REFUSALS["internal"].text, True))
    if isinstance(told, StoreError):
        return refused(GONE)
    body, folded_ms = told
    return refused(body) if isinstance(body, Rejected) else _kept(request, msgspec.json.encode(body), folded_ms)


def _kept(request: HttpRequest, body: bytes, folded_ms: int | None) -> Response:
    """Return a body with its ETag, or 304 where the asker has it. `no-cache`: kept, and asked for again each time."""
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = [("etag", etag), ("cache-control", "private, no-cache"), ("vary", "authorization")]
    if folded_ms is not None:
        headers.append(("x-folded-ms", str(folded_ms)))
    had = {tag.strip().removeprefix("W/") for tag in request.header(b"if-none-match").split(",")}
    if etag in had or "*" in had:
        return Response(304, b"", headers=headers)
    return Response(200, body, headers=headers)
